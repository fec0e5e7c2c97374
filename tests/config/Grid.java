// Says what Apache Kafka takes and what it refuses of the values that grid.py tries:
// python -m tests.config.grid | java -cp "KAFKA/libs/*" tests/config/Grid.java > tests/data/config/grid.json

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import kafka.server.KafkaConfig;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

public class Grid {
    static Map<String, String> base;

    public static void main(String[] arguments) throws Exception {
        var grid = new ObjectMapper().readTree(System.in);
        base = strings(grid.get("base"));
        var broker = KafkaConfig.fromProps(properties(base), false);
        var topics = broker.extractLogConfigMap();
        var groups = broker.groupCoordinatorConfig();
        var shares = broker.shareGroupConfig();
        var found = new LinkedHashMap<String, Object>();
        found.put("broker", tried(grid.get("broker"), Grid::start));
        found.put("topic", tried(grid.get("topic"), made -> LogConfig.validate(Map.of(), made, topics, false)));
        found.put("group", tried(grid.get("group"), made -> GroupConfig.validate(made, groups, shares)));
        found.put("client_metrics", tried(
            grid.get("client_metrics"), made -> ClientMetricsConfigs.validate("subscription", properties(made))));
        var pairs = new ArrayList<Object>();
        for (var pair : grid.get("pairs"))
            pairs.add(List.of(strings(pair), isTaken(Grid::start, strings(pair))));
        found.put("pairs", pairs);
        System.out.println(new ObjectMapper().writeValueAsString(found));
    }

    static void start(Map<String, String> made) {
        var whole = properties(base);
        whole.putAll(made);
        var config = KafkaConfig.fromProps(whole, false);
        config.earlyStartListeners();
        LogConfig.validateBrokerLogConfigValues(new LogConfig(config.extractLogConfigMap()).values(), false);
    }

    static Map<String, Object> tried(JsonNode grid, Consumer<Map<String, String>> attempt) {
        var found = new LinkedHashMap<String, Object>();
        grid.fields().forEachRemaining(setting -> {
            var taken = new ArrayList<String>();
            var refused = new ArrayList<String>();
            for (var value : setting.getValue())
                (isTaken(attempt, Map.of(setting.getKey(), value.asText())) ? taken : refused).add(value.asText());
            found.put(setting.getKey(), Map.of("taken", taken, "refused", refused));
        });
        return found;
    }

    static boolean isTaken(Consumer<Map<String, String>> attempt, Map<String, String> made) {
        try {
            attempt.accept(made);
            return true;
        } catch (RuntimeException error) {
            return false;
        }
    }

    static Map<String, String> strings(JsonNode node) {
        var found = new LinkedHashMap<String, String>();
        node.fields().forEachRemaining(field -> found.put(field.getKey(), field.getValue().asText()));
        return found;
    }

    static Properties properties(Map<String, String> values) {
        var found = new Properties();
        found.putAll(values);
        return found;
    }
}

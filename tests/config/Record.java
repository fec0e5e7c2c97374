// Records anew, from the code of Apache Kafka, what tests/data/config holds beside the descriptions:
// java -cp "KAFKA/libs/*" tests/config/Record.java tests/data/config

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import kafka.server.KafkaConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

public class Record {
    static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        JSON.writeValue(folder.resolve("definitions.json").toFile(), definitions());
        Path startup = folder.resolve("startup.json");
        JSON.writeValue(startup.toFile(), started(JSON.readValue(startup.toFile(), List.class)));
        Path files = folder.resolve("properties.json");
        JSON.writeValue(files.toFile(), read(JSON.readValue(files.toFile(), List.class)));
        JSON.writeValue(folder.resolve("api_versions_4.3.1.json").toFile(), apiVersions());
    }

    static Map<String, Object> definitions() throws Exception {
        var modes = new TreeMap<>(DynamicBrokerConfig.dynamicConfigUpdateModes());
        var found = new LinkedHashMap<String, Object>();
        found.put("broker", rows(AbstractKafkaConfig.CONFIG_DEF, modes));
        found.put("topic", rows(LogConfig.configDefCopy(), null));
        found.put("group", rows(GroupConfig.CONFIG_DEF, null));
        var metrics = Arrays.stream(ClientMetricsConfigs.class.getDeclaredFields())
            .filter(field -> field.getType() == ConfigDef.class).findFirst().get();
        metrics.setAccessible(true);
        found.put("client_metrics", rows((ConfigDef) metrics.get(null), null));
        found.put("quota", rows(QuotaConfig.brokerQuotaConfigs(), null));
        return found;
    }

    /** Type, default, internal or not, valid values, and when a broker's may change. */
    static Map<String, Object> rows(ConfigDef definition, Map<String, String> modes) {
        var found = new TreeMap<String, Object>();
        definition.configKeys().forEach((name, key) -> found.put(name, Arrays.asList(
            key.type.toString().toLowerCase(),
            key.hasDefault() ? ConfigDef.convertToString(key.defaultValue, key.type) : null,
            key.internalConfig,
            key.validator == null ? null : key.validator.toString(),
            modes == null ? "" : modes.getOrDefault(name, "read-only"))));
        return found;
    }

    /** Whether a broker takes each set of properties, and what it says if not. */
    static List<Object> started(List<Map<String, Map<String, String>>> cases) {
        var found = new ArrayList<Object>();
        for (var each : cases) {
            var properties = new Properties();
            properties.putAll(each.get("properties"));
            String refused = null;
            try {
                var config = KafkaConfig.fromProps(properties, false);
                config.earlyStartListeners();
                LogConfig.validateBrokerLogConfigValues(new LogConfig(config.extractLogConfigMap()).values(), false);
            } catch (RuntimeException error) {
                refused = error.getClass().getSimpleName() + ": " + error.getMessage();
            }
            var row = new LinkedHashMap<String, Object>();
            row.put("properties", each.get("properties"));
            row.put("refused", refused);
            found.add(row);
        }
        return found;
    }

    /** What java.util.Properties makes of each file. */
    static List<Object> read(List<Map<String, String>> cases) throws Exception {
        var found = new ArrayList<Object>();
        for (var each : cases) {
            var properties = new Properties();
            properties.load(new StringReader(each.get("file")));
            var row = new LinkedHashMap<String, Object>();
            row.put("file", each.get("file"));
            row.put("read", new TreeMap<>(properties));
            found.add(row);
        }
        return found;
    }

    static Map<String, Object> apiVersions() {
        var found = new LinkedHashMap<String, Object>();
        var keys = ApiKeys.apisForListener(ListenerType.BROKER);
        for (var each : ApiVersionsResponse.collectApis(ListenerType.BROKER, keys, false))
            found.put(String.valueOf(each.apiKey()), List.of(each.minVersion(), each.maxVersion()));
        return found;
    }
}

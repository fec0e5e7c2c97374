// Cleans logs with Apache Kafka's own cleaner. One JSON object a line says what; one line answers each:
// java -cp "KAFKA/libs/*" tests/storage/Clean.java

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

public class Clean {
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(JSON.writeValueAsString(clean(JSON.readTree(line))));
            System.out.flush();
        }
    }

    static Time at(long now) {
        return (Time) Proxy.newProxyInstance(Clean.class.getClassLoader(), new Class<?>[] {Time.class}, (self, method, arguments) ->
            method.getName().equals("milliseconds") ? now : method.invoke(Time.SYSTEM, arguments));
    }

    static Map<String, Object> clean(JsonNode asked) throws Exception {
        var settings = new Properties();
        asked.get("config").fields().forEachRemaining(each -> settings.put(each.getKey(), each.getValue().asText()));
        var time = at(asked.get("now").asLong());
        var log = UnifiedLog.create(
            new File(asked.get("directory").asText()), new LogConfig(settings), 0L, Long.MAX_VALUE, new KafkaScheduler(1),
            new BrokerTopicStats(), time, 900000, new ProducerStateManagerConfig(Integer.MAX_VALUE, false),
            Integer.MAX_VALUE, new LogDirFailureChannel(10), false, Optional.empty());
        log.updateHighWatermark(log.logEndOffset());
        var offsets = new SkimpyOffsetMap(asked.get("memory").asInt(), "MD5");
        var cleaner = new Cleaner(
            0, offsets, 524288, 1048588, asked.get("load").asDouble(),
            new Throttler(Double.MAX_VALUE, 300, "cleaner", "bytes", Time.SYSTEM), Time.SYSTEM, partition -> { });
        var todo = new LogToClean(log, asked.get("first_dirty").asLong(), asked.get("first_uncleanable").asLong(), true);
        var threads = ManagementFactory.getThreadMXBean();
        var begun = threads.getCurrentThreadCpuTime();
        var found = new HashMap<String, Object>();
        found.put("end_offset", cleaner.doClean(todo, asked.get("now").asLong()).getKey());
        found.put("cpu_ns", threads.getCurrentThreadCpuTime() - begun);
        log.close();
        return found;
    }
}

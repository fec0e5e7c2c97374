// A long random life of Apache Kafka's cache of fetch sessions, step by step, with what it answered:
// java -cp "KAFKA/libs/*" KafkaSessions.java > run.jsonl

import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchMetadata;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.FetchContext;
import org.apache.kafka.server.FetchManager;
import org.apache.kafka.server.FetchSession;
import org.apache.kafka.server.FetchSessionCacheShard;

public class KafkaSessions {
    static final int SLOTS = 19, STEPS = 2500, SHARDS = 8, PARTITIONS = 6;
    static final Random random = new Random(7);
    static long now = 1_700_000_000_000L;
    static final long[] ends = new long[PARTITIONS];

    public static void main(String[] arguments) throws Exception {
        var time = (Time) Proxy.newProxyInstance(
            Time.class.getClassLoader(), new Class<?>[] {Time.class}, (proxy, method, given) -> now);
        var shards = new ArrayList<FetchSessionCacheShard>();
        for (int number = 0; number < SHARDS; number++)
            shards.add(new FetchSessionCacheShard(SLOTS / SHARDS, 120_000, Integer.MAX_VALUE / SHARDS, number));
        var manager = new FetchManager(time, new FetchSession.FetchSessionCache(shards));
        var names = new LinkedHashMap<Integer, Integer>();
        var epochs = new ArrayList<Integer>();
        var steps = new ArrayList<List<Object>>();
        for (int number = 0; number < STEPS; number++) {
            now += random.nextInt(20) == 0 ? random.nextInt(130_000) : random.nextInt(3_000);
            ends[random.nextInt(PARTITIONS)]++;
            steps.add(step(manager, names, epochs));
        }
        for (var step : steps)
            System.out.println(new ObjectMapper().writeValueAsString(step));
    }

    /** One request: time, log ends, session, epoch, version, by a follower or not, partitions asked for, forgotten and
     * with records; and the answer: error, session, partitions. */
    static List<Object> step(FetchManager manager, Map<Integer, Integer> names, List<Integer> epochs) {
        int named = epochs.isEmpty() || random.nextInt(5) == 0 ? -1
            : Math.max(0, epochs.size() - 1 - (int) Math.abs(random.nextGaussian() * 8));
        int kind = random.nextInt(20);
        int epoch = named < 0 || kind == 0 ? 0 : kind == 1 ? -1 : kind == 2 ? epochs.get(named) + 1 : epochs.get(named);
        boolean full = epoch <= 0;
        boolean follower = random.nextInt(3) == 0;
        int version = random.nextInt(60) == 0 ? 13 : 12;
        var asked = chosen(full ? 3 : 1);
        var forgotten = full ? new TreeSet<Integer>() : chosen(1);
        var withRecords = chosen(1);
        int id = named < 0 ? 0 : List.copyOf(names.keySet()).get(named);
        var wanted = new LinkedHashMap<TopicIdPartition, FetchRequest.PartitionData>();
        asked.forEach(index -> wanted.put(
            partition(index, version), new FetchRequest.PartitionData(partition(index, version).topicId(), 0, -1, 1, java.util.Optional.empty())));
        var context = manager.newContext((short) version, new FetchMetadata(id, epoch), follower, wanted,
            forgotten.stream().map(index -> partition(index, version)).toList(), Map.of());
        var updates = new LinkedHashMap<TopicIdPartition, FetchResponseData.PartitionData>();
        context.foreachPartition((part, data) -> updates.put(part, new FetchResponseData.PartitionData()
            .setPartitionIndex(part.partition()).setHighWatermark(ends[part.partition()]).setLogStartOffset(0)
            .setRecords(withRecords.contains(part.partition())
                ? MemoryRecords.readableRecords(ByteBuffer.allocate(1)) : MemoryRecords.EMPTY)));
        FetchResponse answer = context.updateAndGenerateResponseData(updates, List.of());
        var answered = new ArrayList<Integer>();
        answer.data().responses().forEach(topic -> topic.partitions().forEach(part -> answered.add(part.partitionIndex())));
        int session = answer.sessionId();
        if (session != 0 && !names.containsKey(session)) {
            names.put(session, names.size());
            epochs.add(1);
        } else if (session != 0) {
            epochs.set(names.get(session), epochs.get(names.get(session)) + 1);
        }
        return List.of(now, ends.clone(), id, epoch, version, follower, asked, forgotten, withRecords,
            answer.error().code(), session, answered);
    }

    static TopicIdPartition partition(int index, int version) {
        return new TopicIdPartition(version < 13 ? Uuid.ZERO_UUID : new Uuid(1, 1), new TopicPartition("t", index));
    }

    static TreeSet<Integer> chosen(int mean) {
        var found = new TreeSet<Integer>();
        for (int count = random.nextInt(2 * mean + 1); count > 0; count--)
            found.add(random.nextInt(PARTITIONS));
        return found;
    }
}

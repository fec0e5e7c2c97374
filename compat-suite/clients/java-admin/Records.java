// What a partition holds: offsets of every kind, producers, deleted records, directories, leaders and replicas.

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.LogDirNotFoundException;
import org.apache.kafka.common.errors.NoReassignmentInProgressException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringSerializer;

final class Records {
    private static final long FIRST_TIMESTAMP = System.currentTimeMillis() - 10_000;
    private static final int NO_BROKER = 9999;

    private final Admin admin;
    private final String bootstrap;
    private final String topic;
    private final TopicPartition partition;
    private final TopicPartition nowhere;
    private int broker;

    Records(Admin admin, String bootstrap, String prefix) {
        this.admin = admin;
        this.bootstrap = bootstrap;
        this.topic = prefix + "-records";
        this.partition = new TopicPartition(topic, 0);
        this.nowhere = new TopicPartition(prefix + "-no", 0);
    }

    void run() throws Exception {
        broker = Check.get(admin.describeCluster().nodes()).iterator().next().id();
        Check.get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());
        produce();
        offsets();
        producers();
        deletions();
        directories();
        elections();
        reassignments();
        Check.get(admin.deleteTopics(List.of(topic)).all());
    }

    private void produce() throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (long second : new long[] {0, 3, 1}) {
                producer.send(new ProducerRecord<>(topic, 0, FIRST_TIMESTAMP + second * 1000, "key", "value")).get();
            }
        }
    }

    private void offsets() throws Exception {
        isAt("earliest", OffsetSpec.earliest(), 0, -1, Optional.of(0));
        isAt("latest", OffsetSpec.latest(), 3, -1, Optional.of(0));
        isAt("the greatest timestamp", OffsetSpec.maxTimestamp(), 1, FIRST_TIMESTAMP + 3000, Optional.of(0));
        isAt("a time", OffsetSpec.forTimestamp(FIRST_TIMESTAMP + 1), 1, FIRST_TIMESTAMP + 3000, Optional.of(0));
        isAt("a time before all", OffsetSpec.forTimestamp(1), 0, FIRST_TIMESTAMP, Optional.of(0));
        isAt("a time after all", OffsetSpec.forTimestamp(FIRST_TIMESTAMP + 5000), -1, -1, Optional.empty());
        isAt("earliest here", OffsetSpec.earliestLocal(), 0, -1, Optional.of(0));
        isAt("latest elsewhere", OffsetSpec.latestTiered(), -1, -1, Optional.empty());
        isAt("earliest to go elsewhere", OffsetSpec.earliestPendingUpload(), -1, -1, Optional.empty());
        var committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
        var end = Check.get(admin.listOffsets(Map.of(partition, OffsetSpec.latest()),
                committed).partitionResult(partition));
        Check.equal("latest that is committed", end.offset(), 3L);
    }

    private void isAt(String what, OffsetSpec asked, long offset, long timestamp,
            Optional<Integer> epoch) throws Exception {
        ListOffsetsResultInfo found = Check.get(admin.listOffsets(Map.of(partition, asked)).partitionResult(partition));
        Check.equal(what, found.offset(), offset);
        Check.equal(what + ", its timestamp", found.timestamp(), timestamp);
        Check.equal(what + ", its epoch", found.leaderEpoch(), epoch);
    }

    private void producers() throws Exception {
        var described = Check.get(admin.describeProducers(List.of(partition)).partitionResult(partition));
        var states = described.activeProducers();
        Check.equal("producers", states.size(), 1);
        var state = states.get(0);
        Check.that("a producer's id", state.producerId() >= 0);
        Check.equal("its epoch", state.producerEpoch(), 0);
        Check.equal("its last sequence", state.lastSequence(), 2);
        Check.equal("its last timestamp", state.lastTimestamp(), FIRST_TIMESTAMP + 1000);
        Check.equal("its transaction", state.currentTransactionStartOffset(), OptionalLong.empty());
        Check.equal("its coordinator", state.coordinatorEpoch(), OptionalInt.empty());
    }

    private void deletions() throws Exception {
        delete(2, 2);
        delete(1, 2);
        isAt("earliest that is left", OffsetSpec.earliest(), 2, -1, Optional.of(0));
        isAt("earliest here that is left", OffsetSpec.earliestLocal(), 2, -1, Optional.of(0));
        Check.fails("beyond the end", OffsetOutOfRangeException.class,
                admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(4))).all());
        delete(-1, 3);
        isAt("latest of an empty log", OffsetSpec.latest(), 3, -1, Optional.of(0));
    }

    private void delete(long before, long lowest) throws Exception {
        var deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before)));
        Check.equal("low watermark", Check.get(deleted.lowWatermarks().get(partition)).lowWatermark(), lowest);
    }

    private void directories() throws Exception {
        var directories = Check.get(admin.describeLogDirs(List.of(broker)).allDescriptions()).get(broker);
        Check.equal("directories", directories.size(), 1);
        var name = directories.keySet().iterator().next();
        var directory = directories.get(name);
        Check.equal("error of the directory", directory.error(), null);
        Check.equal("cordoned", directory.isCordoned(), false);
        Check.that("bytes in all", directory.totalBytes().getAsLong() > directory.usableBytes().getAsLong());
        var ours = directory.replicaInfos().get(partition);
        Check.that("size", ours.size() > 0);
        Check.equal("lag", ours.offsetLag(), 0L);
        Check.equal("future", ours.isFuture(), false);

        var replica = new TopicPartitionReplica(topic, 0, broker);
        var found = Check.get(admin.describeReplicaLogDirs(List.of(replica)).values().get(replica));
        Check.equal("directory of a replica", found.getCurrentReplicaLogDir(), name);
        Check.equal("lag of a replica", found.getCurrentReplicaOffsetLag(), 0L);
        Check.equal("future directory", found.getFutureReplicaLogDir(), null);
        Check.get(admin.alterReplicaLogDirs(Map.of(replica, name)).all());
        Check.fails("a directory that is not there", LogDirNotFoundException.class,
                admin.alterReplicaLogDirs(Map.of(replica, name + "-no")).all());
    }

    private void elections() throws Exception {
        for (ElectionType type : ElectionType.values()) {
            var elected = Check.get(admin.electLeaders(type, Set.of(partition, nowhere)).partitions());
            Check.equal("no need of " + type, elected.get(partition).get().getClass(),
                    ElectionNotNeededException.class);
            Check.equal("nowhere " + type, elected.get(nowhere).get().getClass(),
                    UnknownTopicOrPartitionException.class);
        }
        var everywhere = Check.get(admin.electLeaders(ElectionType.PREFERRED, null).partitions());
        Check.equal("elections where none is needed", everywhere, Map.of());
    }

    private void reassignments() throws Exception {
        Check.get(admin.alterPartitionReassignments(Map.of(partition, to(broker))).all());
        Check.equal("under way", Check.get(admin.listPartitionReassignments().reassignments()), Map.of());
        Check.equal("under way here", Check.get(admin.listPartitionReassignments(Set.of(partition)).reassignments()),
                Map.of());
        Check.fails("to a broker that is not there", InvalidReplicaAssignmentException.class,
                admin.alterPartitionReassignments(Map.of(partition, to(NO_BROKER))).all());
        Check.fails("nothing to cancel", NoReassignmentInProgressException.class,
                admin.alterPartitionReassignments(Map.of(partition, Optional.empty())).all());
        Check.fails("nothing to reassign", UnknownTopicOrPartitionException.class,
                admin.alterPartitionReassignments(Map.of(nowhere, to(broker))).all());
    }

    private static Optional<NewPartitionReassignment> to(int broker) {
        return Optional.of(new NewPartitionReassignment(List.of(broker)));
    }
}

// Topics: made, described, listed, grown, deleted, and refused where they must be.

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

final class Topics {
    private static final int NO_BROKER = 9999;
    private static final Set<AclOperation> ON_TOPICS = Set.of(
            AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.DELETE, AclOperation.ALTER,
            AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS);

    private final Admin admin;
    private final String topic;
    private final String other;

    Topics(Admin admin, String prefix) {
        this.admin = admin;
        this.topic = prefix + "-topics";
        this.other = prefix + "-other.topic";
    }

    void run() throws Exception {
        create();
        refuseToCreate();
        describe();
        grow();
        delete();
    }

    private void create() throws Exception {
        var wanted = new NewTopic(topic, Optional.of(2), Optional.empty()).configs(Map.of("retention.ms", "3600000"));
        var tried = admin.createTopics(List.of(wanted), new CreateTopicsOptions().validateOnly(true));
        Check.equal("partitions of a try", Check.get(tried.numPartitions(topic)), 2);
        Check.that("only tried", !Check.get(admin.listTopics().names()).contains(topic));

        var created = admin.createTopics(List.of(wanted, new NewTopic(other, Map.of(0, List.of(broker())))));
        Check.get(created.all());
        Check.equal("partitions", Check.get(created.numPartitions(topic)), 2);
        Check.equal("replication factor", Check.get(created.replicationFactor(topic)), 1);
        Check.equal("assigned partitions", Check.get(created.numPartitions(other)), 1);
        Check.that("an id", !Check.get(created.topicId(topic)).equals(Uuid.ZERO_UUID));
        Check.becomes("both in the list",
                () -> Check.get(admin.listTopics().names()).containsAll(List.of(topic, other)), true);
        Check.equal("retention.ms", Check.get(created.config(topic)).get("retention.ms").value(), "3600000");
    }

    private void refuseToCreate() throws Exception {
        var one = new NewTopic(topic + "-no", 1, (short) 1);
        refused("a topic that exists", TopicExistsException.class, new NewTopic(topic, 1, (short) 1));
        refused("a name with a space", InvalidTopicException.class, new NewTopic("no name", 1, (short) 1));
        refused("a name that collides", InvalidTopicException.class,
                new NewTopic(other.replace('.', '_'), 1, (short) 1));
        refused("no partitions", InvalidPartitionsException.class, new NewTopic(topic + "-no", 0, (short) 1));
        refused("too many replicas", InvalidReplicationFactorException.class,
                new NewTopic(topic + "-no", 1, (short) 99));
        refused("a broker that is not there", InvalidReplicaAssignmentException.class,
                new NewTopic(topic + "-no", Map.of(0, List.of(NO_BROKER))));
        refused("an unknown setting", InvalidConfigurationException.class, one.configs(Map.of("no.such.setting", "1")));
        refused("a wrong setting", InvalidConfigurationException.class, one.configs(Map.of("segment.bytes", "1")));
    }

    private void describe() throws Exception {
        var description = described();
        Check.equal("name", description.name(), topic);
        Check.equal("internal", description.isInternal(), false);
        Check.equal("operations not asked for", description.authorizedOperations(), null);
        for (TopicPartitionInfo partition : description.partitions()) {
            Check.equal("leader", partition.leader().id(), broker());
            Check.equal("replicas", partition.replicas(), List.of(partition.leader()));
            Check.equal("in sync", partition.isr(), partition.replicas());
            Check.equal("eligible leaders", partition.elr(), List.of());
            Check.equal("last known eligible leaders", partition.lastKnownElr(), List.of());
        }
        var withOperations = new DescribeTopicsOptions().includeAuthorizedOperations(true);
        var operations = Check.get(admin.describeTopics(List.of(topic), withOperations).topicNameValues().get(topic));
        Check.equal("operations", operations.authorizedOperations(), ON_TOPICS);
        var inPieces = new DescribeTopicsOptions().partitionSizeLimitPerResponse(1);
        Check.equal("in pieces", Check.get(admin.describeTopics(List.of(topic), inPieces).allTopicNames()).get(topic),
                description);

        var id = description.topicId();
        var byId = Check.get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds()).get(id);
        Check.equal("name by id", byId.name(), topic);
        Check.equal("partitions by id", byId.partitions().size(), 2);
        var unknown = Uuid.randomUuid();
        Check.fails("an unknown id", UnknownTopicIdException.class,
                admin.describeTopics(TopicCollection.ofTopicIds(List.of(unknown))).topicIdValues().get(unknown));
        Check.fails("an unknown topic", UnknownTopicOrPartitionException.class,
                admin.describeTopics(List.of(topic + "-no")).topicNameValues().get(topic + "-no"));
        Check.equal("id in the list", Check.get(admin.listTopics().namesToListings()).get(topic).topicId(), id);
        var all = Check.get(admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
        Check.that("both in the list", all.containsAll(List.of(topic, other)));
    }

    private void grow() throws Exception {
        var tried = new CreatePartitionsOptions().validateOnly(true);
        Check.get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3)), tried).all());
        Check.equal("only tried to grow", described().partitions().size(), 2);
        var assigned = NewPartitions.increaseTo(4, List.of(List.of(broker()), List.of(broker())));
        Check.get(admin.createPartitions(Map.of(topic, assigned)).all());
        Check.becomes("partitions", () -> described().partitions().size(), 4);
        refusedToGrow("as many", InvalidPartitionsException.class, topic, NewPartitions.increaseTo(4));
        refusedToGrow("fewer", InvalidPartitionsException.class, topic, NewPartitions.increaseTo(1));
        refusedToGrow("no topic", UnknownTopicOrPartitionException.class, topic + "-no", NewPartitions.increaseTo(4));
        refusedToGrow("a broker that is not there", InvalidReplicaAssignmentException.class, topic,
                NewPartitions.increaseTo(5, List.of(List.of(NO_BROKER))));
    }

    private void delete() throws Exception {
        var id = Check.get(admin.describeTopics(List.of(other)).allTopicNames()).get(other).topicId();
        Check.get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
        Check.get(admin.deleteTopics(List.of(topic)).all());
        Check.fails("deleted before", UnknownTopicOrPartitionException.class, admin.deleteTopics(List.of(topic)).all());
        Check.fails("deleted before by id", UnknownTopicIdException.class,
                admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
        Check.becomes("both gone",
                () -> new ArrayList<>(Check.get(admin.listTopics().names())).removeAll(List.of(topic, other)), false);
    }

    private void refused(String what, Class<? extends Throwable> error, NewTopic refused) throws Exception {
        Check.fails(what, error, admin.createTopics(List.of(refused)).all());
    }

    private void refusedToGrow(String what, Class<? extends Throwable> error, String name,
            NewPartitions to) throws Exception {
        KafkaFuture<Void> answer = admin.createPartitions(Map.of(name, to)).values().get(name);
        Check.fails("to grow: " + what, error, answer);
    }

    private TopicDescription described() throws Exception {
        return Check.get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
    }

    private int broker() throws Exception {
        return Check.get(admin.describeCluster().nodes()).iterator().next().id();
    }
}

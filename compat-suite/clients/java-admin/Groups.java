// Groups: with a member, without, their offsets altered, deleted, refused.

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClassicGroupsOptions;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ClassicGroupState;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;

final class Groups {
    private static final String INSTANCE = "instance-1";
    private static final Duration TURN = Duration.ofMillis(100);

    private final Admin admin;
    private final String bootstrap;
    private final String topic;
    private final String group;
    private final TopicPartition first;
    private final TopicPartition second;

    Groups(Admin admin, String bootstrap, String prefix) {
        this.admin = admin;
        this.bootstrap = bootstrap;
        this.topic = prefix + "-groups";
        this.group = prefix + "-group";
        this.first = new TopicPartition(topic, 0);
        this.second = new TopicPartition(topic, 1);
    }

    void run() throws Exception {
        Check.get(admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all());
        withMember();
        offsets();
        listed();
        deleted();
        Check.get(admin.deleteTopics(List.of(topic)).all());
    }

    private void withMember() throws Exception {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrap, "group.id", group, "group.instance.id", INSTANCE, "client.id",
                        "a-client");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (consumer.assignment().isEmpty()) {
                consumer.poll(TURN);
            }
            consumer.commitSync(Map.of(first, new OffsetAndMetadata(0, "of a member")));
            described();
            refused();
            var removed = new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove(INSTANCE)));
            Check.get(admin.removeMembersFromConsumerGroup(group, removed).all());
        }
        Check.fails("removed before", UnknownMemberIdException.class, admin.removeMembersFromConsumerGroup(group,
                new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove(INSTANCE)))).all());
        Check.equal("state", Check.get(admin.describeConsumerGroups(List.of(group)).all()).get(group).groupState(),
                GroupState.EMPTY);
    }

    private void described() throws Exception {
        var options = new DescribeClassicGroupsOptions().includeAuthorizedOperations(true);
        var classic = Check.get(admin.describeClassicGroups(List.of(group), options).all()).get(group);
        Check.equal("state", classic.state(), ClassicGroupState.STABLE);
        Check.equal("protocol", classic.protocol(), "consumer");
        Check.equal("assignor", classic.protocolData(), "range");
        Check.equal("operations", classic.authorizedOperations(), Set.of(
                AclOperation.READ, AclOperation.DELETE, AclOperation.DESCRIBE,
                AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS));
        var consumers = Check.get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
        Check.equal("type", consumers.type(), GroupType.CLASSIC);
        Check.equal("coordinator", consumers.coordinator(),
                Check.get(admin.describeCluster().nodes()).iterator().next());
        Check.equal("members", consumers.members().size(), 1);
        var member = consumers.members().iterator().next();
        Check.that("an id of the instance", member.consumerId().startsWith(INSTANCE + "-"));
        Check.equal("instance", member.groupInstanceId(), Optional.of(INSTANCE));
        Check.equal("client", member.clientId(), "a-client");
        Check.that("a host", member.host().startsWith("/"));
        Check.equal("assignment", member.assignment().topicPartitions(), Set.of(first, second));
    }

    private void refused() throws Exception {
        Check.fails("deleted with a member", GroupNotEmptyException.class,
                admin.deleteConsumerGroups(List.of(group)).all());
        Check.fails("offsets deleted under a member", GroupSubscribedToTopicException.class,
                admin.deleteConsumerGroupOffsets(group, Set.of(first)).partitionResult(first));
        Check.fails("offsets altered under a member", UnknownMemberIdException.class,
                admin.alterConsumerGroupOffsets(group, Map.of(first, new OffsetAndMetadata(1))).all());
    }

    private void offsets() throws Exception {
        var committed = new OffsetAndMetadata(7, Optional.of(0), "of an admin");
        Check.get(admin.alterConsumerGroupOffsets(group,
                Map.of(first, committed, second, new OffsetAndMetadata(8))).all());
        var offsets = Check.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        Check.equal("offsets", offsets, Map.of(first, committed, second, new OffsetAndMetadata(8)));
        var other = group + "-other";
        Check.get(admin.alterConsumerGroupOffsets(other, Map.of(second, new OffsetAndMetadata(9))).all());
        var asked = Map.of(
                group, new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(first)),
                other, new ListConsumerGroupOffsetsSpec());
        var stable = new ListConsumerGroupOffsetsOptions().requireStable(true);
        Check.equal("of two groups", Check.get(admin.listConsumerGroupOffsets(asked, stable).all()),
                Map.of(group, Map.of(first, committed), other, Map.of(second, new OffsetAndMetadata(9))));
        var nowhere = new TopicPartition(topic + "-no", 0);
        Check.fails("offsets of no topic", UnknownTopicOrPartitionException.class,
                admin.alterConsumerGroupOffsets(group,
                        Map.of(nowhere, new OffsetAndMetadata(1))).partitionResult(nowhere));
        Check.get(admin.deleteConsumerGroupOffsets(group, Set.of(first)).all());
        Check.equal("offsets left", Check.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()),
                Map.of(second, new OffsetAndMetadata(8)));
        Check.equal("offsets of nobody",
                Check.get(admin.listConsumerGroupOffsets(group + "-no").partitionsToOffsetAndMetadata()), Map.of());
    }

    private void listed() throws Exception {
        var listing = Check.get(admin.listGroups().all()).stream().filter(g -> g.groupId().equals(group)).toList();
        Check.equal("listed", listing, List.of(
                new GroupListing(group, Optional.of(GroupType.CLASSIC), "consumer", Optional.of(GroupState.EMPTY))));
        expectListed("empty ones", new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY)), true);
        expectListed("stable ones", new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE)), false);
        expectListed("classic ones", new ListGroupsOptions().withTypes(Set.of(GroupType.CLASSIC)), true);
        expectListed("share groups", ListGroupsOptions.forShareGroups(), false);
        expectListed("consumers", new ListGroupsOptions().withProtocolTypes(Set.of("consumer")), true);
        expectListed("connect", new ListGroupsOptions().withProtocolTypes(Set.of("connect")), false);
    }

    private void expectListed(String what, ListGroupsOptions options, boolean expected) throws Exception {
        var names = Check.get(admin.listGroups(options).all()).stream().map(GroupListing::groupId).toList();
        Check.equal("listed among " + what, names.contains(group), expected);
    }

    private void deleted() throws Exception {
        Check.get(admin.deleteConsumerGroups(Arrays.asList(group, group + "-other")).all());
        Check.fails("deleted before", GroupIdNotFoundException.class, admin.deleteConsumerGroups(List.of(group)).all());
        Check.fails("described when deleted", GroupIdNotFoundException.class,
                admin.describeClassicGroups(List.of(group)).describedGroups().get(group));
        Check.fails("described as consumers", GroupIdNotFoundException.class,
                admin.describeConsumerGroups(List.of(group)).all());
        Check.fails("offsets of a deleted group", GroupIdNotFoundException.class,
                admin.deleteConsumerGroupOffsets(group, Set.of(first)).all());
    }
}

"""Stock clients administer the cluster: topics grow, leaders are elected, and what there is is described."""

from __future__ import annotations

import confluent_kafka
import kafka
import pytest
from confluent_kafka import ElectionType
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]
from kafka.admin import KafkaAdminClient

from tests.clients.conftest import NewTopic, OpenConsumer
from tests.clients.drivers import WAIT_S, Client, Message, wait_for

UNKNOWN_TOPIC_OR_PARTITION = 3
INVALID_PARTITIONS = 37
ELECTION_NOT_NEEDED = 84
NO_REASSIGNMENT_IN_PROGRESS = 85


def test_a_topic_grows(client: Client, topic: str) -> None:
    """The new partitions are seen and written to; fewer or as many are refused, as is a topic that is not there."""
    assert client.grow_topic(topic, 3) == 0
    wait_for(lambda: client.partitions_of(topic) == [0, 1, 2])
    assert client.produce(topic, [Message(b"value", partition=2)]) == [0]
    assert client.grow_topic(topic, 3) == INVALID_PARTITIONS
    assert client.grow_topic(topic, 2) == INVALID_PARTITIONS
    assert client.grow_topic(topic + "-nowhere", 2) == UNKNOWN_TOPIC_OR_PARTITION


def test_consumers_read_partitions_that_came_later(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """A consumer that was there before reads on; one that comes afterwards reads the new partition too."""
    consumer = open_consumer(client, topic)
    consumer.assign(0)
    consumer.poll()
    assert client.grow_topic(topic, 2) == 0
    wait_for(lambda: client.partitions_of(topic) == [0, 1])
    client.produce(topic, [Message(b"old"), Message(b"new", partition=1)])
    wait_for(lambda: len(consumer.received) == 1, consumer)
    later = open_consumer(client, topic)
    later.assign(0, 1)
    wait_for(lambda: len(later.received) == 2, later)
    assert sorted((record.partition, record.value) for record in later.received) == [(0, b"old"), (1, b"new")]


def test_growth_is_only_validated(confluent: AdminClient, topic: str) -> None:
    """librdkafka asks whether a topic could grow, by number and laid out by hand."""
    for wanted in (NewPartitions(topic, 3), NewPartitions(topic, 3, replica_assignment=[[1], [1]])):
        confluent.create_partitions([wanted], validate_only=True)[topic].result(WAIT_S)
    assert list(confluent.list_topics(topic, timeout=WAIT_S).topics[topic].partitions) == [0]


def test_described_with_rights(confluent: AdminClient, new_topic: NewTopic) -> None:
    """librdkafka is told a topic's id and partitions, its own rights, and the cluster's."""
    topic = new_topic(2)
    asked = confluent_kafka.TopicCollection([topic])
    found = confluent.describe_topics(asked, include_authorized_operations=True)[topic].result(WAIT_S)
    assert (found.name, len(found.partitions), found.is_internal) == (topic, 2, False)
    assert {operation.name for operation in found.authorized_operations} == {
        *("READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"),
    }
    cluster = confluent.describe_cluster(include_authorized_operations=True).result(WAIT_S)
    assert cluster.controller.id == cluster.nodes[0].id
    assert {operation.name for operation in cluster.authorized_operations} == {
        *("CREATE", "ALTER", "DESCRIBE", "CLUSTER_ACTION", "DESCRIBE_CONFIGS", "ALTER_CONFIGS", "IDEMPOTENT_WRITE"),
    }


@pytest.mark.parametrize("kind", [ElectionType.PREFERRED, ElectionType.UNCLEAN])
def test_nothing_to_elect_for_librdkafka(confluent: AdminClient, topic: str, kind: ElectionType) -> None:
    """A partition that has its leader needs no election; of all partitions none is told."""
    asked = confluent_kafka.TopicPartition(topic, 0)
    answers = confluent.elect_leaders(kind, [asked]).result(WAIT_S)
    assert [error.code() for error in answers.values()] == [ELECTION_NOT_NEEDED]
    assert confluent.elect_leaders(kind).result(WAIT_S) == {}


def test_nothing_to_elect_for_kafka_python(kafka_python: KafkaAdminClient, topic: str) -> None:
    """The same for kafka-python, for one topic and for all."""
    for kind, topics in ((0, {topic: [0]}), (1, {topic: [0]}), (0, None)):
        answer = kafka_python.elect_leaders(kind, topics, raise_errors=False).to_dict()
        results = [result for each in answer["replica_election_results"] for result in each["partition_result"]]
        assert {result["error_code"] for result in results} == {ELECTION_NOT_NEEDED}


def test_replicas_stay_where_they_are(kafka_python: KafkaAdminClient, topic: str) -> None:
    """A reassignment to the same broker is accepted and over; there is none to call off, and none is listed."""
    [broker] = kafka_python.describe_cluster()["brokers"]
    at = kafka.TopicPartition(topic, 0)
    assert kafka_python.alter_partition_reassignments({at: [broker["broker_id"]]}) == {at: None}
    assert kafka_python.list_partition_reassignments() == {}
    assert kafka_python.list_partition_reassignments({topic: [0]}) == {}
    [error] = kafka_python.alter_partition_reassignments({at: None}).values()
    assert error.errno == NO_REASSIGNMENT_IN_PROGRESS


def test_topics_page_by_page(kafka_python: KafkaAdminClient, new_topic: NewTopic) -> None:
    """kafka-python describes the partitions of topics (KIP-966), in the order of their names."""
    topics = sorted(new_topic(3) for _ in range(2))
    described = kafka_python.describe_topic_partitions(topics[::-1])
    found = described["topics"] if isinstance(described, dict) else described
    assert [topic["name"] for topic in found] == topics
    assert [[part["partition_index"] for part in topic["partitions"]] for topic in found] == [[0, 1, 2]] * 2


def test_the_quorum_is_one_node(kafka_python: KafkaAdminClient) -> None:
    """The broker leads the metadata log and is its only voter."""
    [broker] = kafka_python.describe_cluster()["brokers"]
    quorum = kafka_python.describe_metadata_quorum()
    [partition] = quorum["topics"][0]["partitions"]
    assert partition["leader_id"] == broker["broker_id"]
    assert [voter["replica_id"] for voter in partition["current_voters"]] == [broker["broker_id"]]
    assert partition["high_watermark"] > 0
    assert partition["observers"] == []


def test_features_go_down_and_up(kafka_python: KafkaAdminClient) -> None:
    """A feature is given up and taken again; one that nobody has is refused, as is a level that nobody has."""
    feature = "eligible.leader.replicas.version"
    before = kafka_python.describe_features()[feature]["finalized"]
    kafka_python.update_features({feature: ("SAFE_DOWNGRADE", 0)})
    wait_for(lambda: "finalized" not in kafka_python.describe_features()[feature])
    kafka_python.update_features({feature: 1})
    wait_for(lambda: kafka_python.describe_features()[feature].get("finalized") == before)
    for refused in ({"no.such.feature": 1}, {feature: 9}):
        with pytest.raises(kafka.errors.InvalidUpdateVersionError):
            kafka_python.update_features(refused)

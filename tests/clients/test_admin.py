"""Stock clients administer topics and groups."""

from __future__ import annotations

import pytest

from tests.clients.conftest import NewTopic, OpenConsumer
from tests.clients.drivers import Client, Consumer, Group, Message, wait_for

UNKNOWN_TOPIC_OR_PARTITION = 3
TOPIC_ALREADY_EXISTS = 36
INVALID_TOPIC_EXCEPTION = 17
INVALID_PARTITIONS = 37
INVALID_CONFIG = 40
NON_EMPTY_GROUP = 68
GROUP_ID_NOT_FOUND = 69


def first_record(consumer: Consumer) -> bytes | None:
    """The value of the first record of partition 0; the consumer is closed after it."""
    consumer.assign(0)
    wait_for(lambda: bool(consumer.received), consumer)
    consumer.close()
    return consumer.received[0].value


def test_create_and_delete_topic(client: Client, name: str) -> None:
    """A created topic is listed and described; a deleted one is gone."""
    assert client.create_topic(name, partitions=3) == 0
    wait_for(lambda: name in client.list_topics())
    assert client.partitions_of(name) == [0, 1, 2]
    assert client.delete_topic(name) == 0
    wait_for(lambda: name not in client.list_topics())


def test_refused_topics(client: Client, topic: str, name: str) -> None:
    """What cannot be created or deleted is refused by its own code."""
    assert client.create_topic(topic) == TOPIC_ALREADY_EXISTS
    assert client.create_topic("not/a/name") == INVALID_TOPIC_EXCEPTION
    assert client.create_topic(name, partitions=0) == INVALID_PARTITIONS
    assert client.create_topic(name, settings={"retention.ms": "soon"}) == INVALID_CONFIG
    assert client.create_topic(name, settings={"no.such.setting": "1"}) == INVALID_CONFIG
    assert client.delete_topic(name) == UNKNOWN_TOPIC_OR_PARTITION


def test_topic_made_anew_is_empty(client: Client, name: str, open_consumer: OpenConsumer) -> None:
    """A topic that is deleted and created again starts at offset zero."""
    for content in (b"old", b"new"):
        wait_for(lambda: client.create_topic(name) == 0)
        wait_for(lambda: name in client.list_topics())
        assert client.produce(name, [Message(content)]) == [0]
        assert first_record(open_consumer(client, name)) == content
        assert client.delete_topic(name) == 0
        wait_for(lambda: name not in client.list_topics())


def test_topic_settings(client: Client, name: str) -> None:
    """A topic's settings are those it was created with, and Kafka's defaults for the rest."""
    assert client.create_topic(name, settings={"retention.ms": "12345", "cleanup.policy": "compact"}) == 0
    wait_for(lambda: name in client.list_topics())
    settings = client.topic_settings(name)
    assert settings["retention.ms"] == "12345"
    assert settings["cleanup.policy"] == "compact"
    assert settings["segment.bytes"] == "1073741824"
    assert settings["compression.type"] == "producer"


def test_altered_settings(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """What a topic is told while it lives is described, and holds for the next record; what it cannot be is refused."""
    assert client.alter_topic(topic, {"message.timestamp.type": "LogAppendTime"}) == 0
    wait_for(lambda: client.topic_settings(topic)["message.timestamp.type"] == "LogAppendTime")
    assert client.alter_topic(topic, {"retention.ms": "soon"}) == INVALID_CONFIG
    assert client.alter_topic(f"{topic}-not-there", {"retention.ms": "1000"}) == UNKNOWN_TOPIC_OR_PARTITION
    consumer = open_consumer(client, topic)
    consumer.assign(0)

    def is_stamped() -> bool:
        client.produce(topic, [Message(b"value", timestamp_ms=1000)])
        return bool(consumer.received) and consumer.received[-1].timestamp_ms > 1000

    wait_for(is_stamped, consumer)  # Apache Kafka describes it a moment before it holds


def test_replaced_settings(client: Client, topic: str) -> None:
    """The older request does the same for what it names."""
    assert client.replace_topic(topic, {"retention.ms": "12345", "cleanup.policy": "compact"}) == 0
    wait_for(lambda: client.topic_settings(topic)["retention.ms"] == "12345")
    assert client.topic_settings(topic)["cleanup.policy"] == "compact"
    assert client.replace_topic(topic, {"segment.bytes": "1"}) == INVALID_CONFIG


def test_describe_cluster(client: Client) -> None:
    """The cluster has an id and a broker."""
    cluster_id, brokers = client.describe_cluster()
    assert len(cluster_id) == 22  # a UUID in base64
    assert brokers == 1


def test_list_and_describe_groups(client: Client, new_topic: NewTopic, group: str, open_consumer: OpenConsumer) -> None:
    """A group is listed and described with its members while they are there, and empty after they left."""
    topic = new_topic(2)
    members = [open_consumer(client, topic, group) for _ in range(2)]
    for member in members:
        member.subscribe()
    wait_for(lambda: all(member.assignment() for member in members), *members)
    assert group in client.list_groups()
    wait_for(lambda: client.describe_group(group) == Group("STABLE", 2), *members)
    for member in members:
        member.close()
    wait_for(lambda: client.describe_group(group) == Group("EMPTY", 0))


@pytest.mark.parametrize("client", ["kafka-python", "confluent-kafka"], indirect=True)  # aiokafka has no such operation
def test_delete_groups(client: Client, topic: str, group: str, open_consumer: OpenConsumer) -> None:
    """A group with members is not deleted; without, it is gone with its offsets; then it is unknown."""
    client.produce(topic, [Message(b"value")])
    member = open_consumer(client, topic, group)
    member.subscribe()
    wait_for(lambda: len(member.received) == 1, member)
    member.commit()
    assert client.delete_group(group) == NON_EMPTY_GROUP
    member.close()
    wait_for(lambda: client.describe_group(group).state == "EMPTY")
    assert client.delete_group(group) == 0
    assert group not in client.list_groups()
    assert client.delete_group(group) == GROUP_ID_NOT_FOUND
    later = open_consumer(client, topic, group)
    later.assign(0)
    assert later.committed(0) is None

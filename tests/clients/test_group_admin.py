"""Stock clients administer groups: offsets set and deleted, lists by state, static members back again, full groups."""

from __future__ import annotations

import socket
from typing import Any

import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient
from kafka.admin import KafkaAdminClient, MemberToRemove

from kpybroker import Broker
from kpybroker.wire.declare import type_of
from kpybroker.wire.messages.describe_groups import DescribeGroupsRequest
from kpybroker.wire.messages.heartbeat import HeartbeatRequest
from tests.clients.conftest import GetClient, NewTopic, OpenConsumer
from tests.clients.drivers import WAIT_S, Client, Message, wait_for
from tests.frames import read_answer, request_frame, sized

UNKNOWN_MEMBER_ID, GROUP_MAX_SIZE_REACHED = 25, 81
DESCRIBE_VERSION, HEARTBEAT_VERSION = 5, 4
MOST_GENERATIONS = 20


def test_delete_group_offsets(
    kafka_python: KafkaAdminClient,
    get_client: GetClient,
    new_topic: NewTopic,
    group: str,
    open_consumer: OpenConsumer,
) -> None:
    """Offsets in a topic that a member reads stay; in another they go, and all once the member has left (KIP-496)."""
    read, other = new_topic(), new_topic()
    client = get_client("kafka-python")
    where, elsewhere = kafka.TopicPartition(read, 0), kafka.TopicPartition(other, 0)
    kafka_python.alter_group_offsets(group, {elsewhere: kafka.OffsetAndMetadata(5, "", -1)})
    member = open_consumer(client, read, group)
    member.subscribe()
    wait_for(lambda: member.assignment() == {0}, member)
    member.commit({0: 3})
    deleted = kafka_python.delete_group_offsets(group, [where, elsewhere])
    assert deleted == {where: kafka.errors.GroupSubscribedToTopicError, elsewhere: kafka.errors.NoError}
    assert set(kafka_python.list_group_offsets({group: None})[group]) == {where}
    member.close()
    assert kafka_python.delete_group_offsets(group, [where]) == {where: kafka.errors.NoError}
    assert kafka_python.list_group_offsets({group: None})[group] == {}


def test_delete_offsets_of_no_group(kafka_python: KafkaAdminClient, topic: str, group: str) -> None:
    """A group that is not there is GROUP_ID_NOT_FOUND."""
    with pytest.raises(kafka.errors.GroupIdNotFoundError):
        kafka_python.delete_group_offsets(group, [kafka.TopicPartition(topic, 0)])


def test_alter_offsets_with_kafka_python(
    kafka_python: KafkaAdminClient, get_client: GetClient, topic: str, group: str, open_consumer: OpenConsumer
) -> None:
    """Where an administrator sets the group is where its member begins; while it is in, nobody else may."""
    client, where = get_client("kafka-python"), kafka.TopicPartition(topic, 0)
    client.produce(topic, [Message(b"%d" % i) for i in range(10)])
    altered = kafka_python.alter_group_offsets(group, {where: kafka.OffsetAndMetadata(7, "set", -1)})
    assert altered == {where: kafka.errors.NoError}
    assert kafka_python.list_group_offsets({group: [where]})[group][where].metadata == "set"
    member = open_consumer(client, topic, group)
    member.subscribe()
    wait_for(lambda: len(member.received) == 3, member)
    refused = kafka_python.alter_group_offsets(group, {where: kafka.OffsetAndMetadata(1, "", -1)})
    assert refused == {where: kafka.errors.UnknownMemberIdError}


def test_alter_offsets_with_confluent(
    confluent: AdminClient, get_client: GetClient, topic: str, group: str, open_consumer: OpenConsumer
) -> None:
    """The same through librdkafka."""

    def alter(offset: int) -> Any:
        where = confluent_kafka.TopicPartition(topic, 0, offset)
        asked = confluent_kafka.ConsumerGroupTopicPartitions(group, [where])
        ((_, future),) = confluent.alter_consumer_group_offsets([asked]).items()
        return future.result(WAIT_S).topic_partitions[0].error

    client = get_client("confluent-kafka")
    client.produce(topic, [Message(b"%d" % i) for i in range(10)])
    assert alter(7) is None
    member = open_consumer(client, topic, group)
    member.subscribe()
    wait_for(lambda: len(member.received) == 3, member)
    assert alter(1).code() == UNKNOWN_MEMBER_ID


def test_list_groups_by_state(
    kafka_python: KafkaAdminClient,
    confluent: AdminClient,
    get_client: GetClient,
    topic: str,
    group: str,
    open_consumer: OpenConsumer,
) -> None:
    """A group is listed under the state that it is in (KIP-518)."""

    def states() -> tuple[set[str], set[str]]:
        known = confluent_kafka.ConsumerGroupState
        rdkafka = {
            state.name
            for state in (known.STABLE, known.EMPTY)
            for listed in confluent.list_consumer_groups(states={state}).result(WAIT_S).valid
            if listed.group_id == group
        }
        python = {
            state
            for state in ("Stable", "Empty")
            for listed in kafka_python.list_groups(states_filter=[state])
            if listed["group_id"] == group
        }
        return python, rdkafka

    assert states() == (set(), set())
    member = open_consumer(get_client("kafka-python"), topic, group)
    member.subscribe()
    wait_for(lambda: member.assignment() == {0}, member)
    assert states() == ({"Stable"}, {"STABLE"})
    member.close()
    assert states() == ({"Empty"}, {"EMPTY"})


def test_a_static_member_restarts_without_a_rebalance(
    client: Client, bootstrap: str, new_topic: NewTopic, group: str, open_consumer: OpenConsumer
) -> None:
    """The group's generation is the same after a static member has gone and come back, and so is everybody's share."""
    topic = new_topic(2)
    stays = open_consumer(client, topic, group, instance="stays")
    returns = open_consumer(client, topic, group, instance="returns")
    stays.subscribe()
    returns.subscribe()
    wait_for(lambda: len(stays.assignment()) == len(returns.assignment()) == 1, stays, returns)
    wait_for(lambda: generation(bootstrap, group, "stays") > 0, stays, returns)
    before, share = generation(bootstrap, group, "stays"), returns.assignment()
    returns.close()
    returned = open_consumer(client, topic, group, instance="returns")
    returned.subscribe()
    wait_for(lambda: bool(returned.assignment()), returned, stays)
    assert returned.assignment() == share
    assert generation(bootstrap, group, "stays") == before


def test_remove_a_static_member(
    kafka_python: KafkaAdminClient, get_client: GetClient, topic: str, group: str, open_consumer: OpenConsumer
) -> None:
    """An administrator removes a static member that is gone by its instance id (KIP-345)."""
    member = open_consumer(get_client("kafka-python"), topic, group, instance="one")
    member.subscribe()
    wait_for(lambda: member.assignment() == {0}, member)
    member.close()
    assert get_client("kafka-python").describe_group(group) == ("STABLE", 1)
    removed = kafka_python.remove_group_members(group, [MemberToRemove(group_instance_id="one")])
    assert list(removed.values()) == [kafka.errors.NoError]
    assert get_client("kafka-python").describe_group(group) == ("EMPTY", 0)


def test_a_full_group(group: str) -> None:
    """A client that a full group has no room for says so: GROUP_MAX_SIZE_REACHED."""
    with Broker(config={"group.max.size": "1"}) as broker:
        where = broker.bootstrap_servers
        admin = KafkaAdminClient(bootstrap_servers=where)
        admin.create_topics({"orders": {"num_partitions": 1, "replication_factor": 1}})
        admin.close()
        first = kafka.KafkaConsumer("orders", bootstrap_servers=where, group_id=group)
        second = kafka.KafkaConsumer("orders", bootstrap_servers=where, group_id=group)
        third = confluent_kafka.Consumer({"bootstrap.servers": where, "group.id": group})
        try:
            first.poll(timeout_ms=1000)
            assert first.assignment()
            with pytest.raises(kafka.errors.GroupMaxSizeReachedError):
                second.poll(timeout_ms=1000)
            third.subscribe(["orders"])
            message = third.poll(WAIT_S)
            assert message is not None
            error = message.error()
            assert error is not None
            assert error.code() == GROUP_MAX_SIZE_REACHED
        finally:
            first.close()
            second.close()
            third.close()


def generation(bootstrap: str, group: str, instance: str) -> int:
    """The generation that a static member's heartbeat is good for; -1 in the middle of a rebalance."""
    with socket.create_connection(bootstrap.split(":")) as connection:  # type: ignore[arg-type]
        (described,) = ask(connection, DescribeGroupsRequest(groups=[group]), DESCRIBE_VERSION).groups
        for member in described.members:
            if member.group_instance_id != instance:
                continue
            for number in range(MOST_GENERATIONS):
                beat = HeartbeatRequest(
                    group_id=group, generation_id=number, member_id=member.member_id, group_instance_id=instance
                )
                if ask(connection, beat, HEARTBEAT_VERSION).error_code == 0:
                    return number
    return -1


def ask(connection: socket.socket, request: Any, version: int) -> Any:
    connection.sendall(sized(request_frame(request, version, 1)))
    answer = connection.makefile("rb")
    frame = answer.read(int.from_bytes(answer.read(4), "big"))
    return read_answer(frame, type_of(type(request)).key, version, 1)

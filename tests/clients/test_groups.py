"""Stock clients share a topic's partitions in a group, and pick up where the group stopped."""

from __future__ import annotations

from collections.abc import Iterable

from tests.clients.conftest import CLIENTS, GetClient, NewTopic, OpenConsumer
from tests.clients.drivers import Client, Consumer, Message, wait_for


def shared(partitions: Iterable[int], *consumers: Consumer) -> bool:
    """Whether every partition belongs to one consumer, and every consumer has one or more."""
    assigned = [consumer.assignment() for consumer in consumers]
    return all(assigned) and sorted(p for of_one in assigned for p in of_one) == sorted(partitions)


def offsets(consumer: Consumer, partition: int = 0) -> list[int]:
    return [record.offset for record in consumer.received if record.partition == partition]


def test_consume_in_a_group(client: Client, topic: str, group: str, open_consumer: OpenConsumer) -> None:
    """A group's only member is assigned the topic and reads it from the start."""
    client.produce(topic, [Message(b"%d" % i) for i in range(10)])
    member = open_consumer(client, topic, group)
    member.subscribe()
    wait_for(lambda: len(member.received) == 10, member)
    assert member.assignment() == {0}
    assert offsets(member) == list(range(10))


def test_commit_and_resume(client: Client, topic: str, group: str, open_consumer: OpenConsumer) -> None:
    """A new member goes on at the committed offset; nothing is committed before a commit."""
    client.produce(topic, [Message(b"%d" % i) for i in range(10)])
    first = open_consumer(client, topic, group)
    first.subscribe()
    wait_for(lambda: len(first.received) == 10, first)
    assert first.committed(0) is None
    first.commit({0: 4})
    assert first.committed(0) == 4
    first.close()

    second = open_consumer(client, topic, group)
    second.subscribe()
    wait_for(lambda: len(second.received) == 6, second)
    assert offsets(second) == list(range(4, 10))
    second.commit()
    assert second.committed(0) == 10


def test_commit_without_membership(client: Client, topic: str, group: str, open_consumer: OpenConsumer) -> None:
    """A consumer that chose its partitions itself may commit to a group that has no members."""
    client.produce(topic, [Message(b"%d" % i) for i in range(10)])
    first = open_consumer(client, topic, group)
    first.assign(0)
    wait_for(lambda: len(first.received) == 10, first)
    first.commit({0: 7})
    first.close()

    second = open_consumer(client, topic, group)
    second.assign(0)
    wait_for(lambda: len(second.received) == 3, second)
    assert offsets(second) == [7, 8, 9]


def test_rebalance_as_members_come_and_go(
    client: Client, new_topic: NewTopic, group: str, open_consumer: OpenConsumer
) -> None:
    """A second member takes its share, and gives it back when it leaves; no record is lost or read twice."""
    topic = new_topic(2)
    stays, leaves = open_consumer(client, topic, group), open_consumer(client, topic, group)
    stays.subscribe()
    wait_for(lambda: shared([0, 1], stays), stays)
    leaves.subscribe()
    wait_for(lambda: shared([0, 1], stays, leaves), stays, leaves)

    client.produce(topic, [Message(b"%d" % i, partition=i % 2) for i in range(20)])
    wait_for(lambda: len(stays.received) == 10 and len(leaves.received) == 10, stays, leaves)
    [given_back] = leaves.assignment()
    assert offsets(leaves, given_back) == list(range(10))
    stays.commit()
    leaves.commit()
    leaves.close()

    wait_for(lambda: shared([0, 1], stays), stays)
    client.produce(topic, [Message(b"%d" % i, partition=i % 2) for i in range(20, 40)])
    wait_for(lambda: len(stays.received) == 30, stays)
    assert offsets(stays, given_back) == list(range(10, 20))
    assert offsets(stays, 1 - given_back) == list(range(20))


def test_different_clients_in_one_group(
    get_client: GetClient, new_topic: NewTopic, group: str, open_consumer: OpenConsumer
) -> None:
    """Members of different libraries agree on an assignor and share the partitions."""
    topic = new_topic(3)
    members = [open_consumer(get_client(name), topic, group) for name in CLIENTS]
    for member in members:
        member.subscribe()
    wait_for(lambda: shared(range(3), *members), *members)
    get_client("confluent-kafka").produce(topic, [Message(b"%d" % i, partition=i % 3) for i in range(30)])
    wait_for(lambda: sum(len(member.received) for member in members) == 30, *members)
    for member in members:
        [partition] = member.assignment()
        assert offsets(member, partition) == list(range(10))


def test_static_member_comes_back(client: Client, new_topic: NewTopic, group: str, open_consumer: OpenConsumer) -> None:
    """A member with an instance id that closes and returns within its session finds its own partition again."""
    topic = new_topic(2)
    stays = open_consumer(client, topic, group, instance="stays")
    returns = open_consumer(client, topic, group, instance="returns")
    stays.subscribe()
    returns.subscribe()
    wait_for(lambda: shared([0, 1], stays, returns), stays, returns)
    before = returns.assignment()
    returns.close()

    returned = open_consumer(client, topic, group, instance="returns")
    returned.subscribe()
    wait_for(lambda: bool(returned.assignment()), returned)
    assert returned.assignment() == before
    assert shared([0, 1], stays, returned)

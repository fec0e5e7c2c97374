"""CreatePartitions at its bounds: what is too much, who leads new partitions, and what a restart finds."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_partitions import CreatePartitionsRequest
from tests.core import Bench, CoreClient
from tests.metadata.cluster import partition, with_brokers, with_topic
from tests.requests import create_topic, end_offset, fetch, fetched, metadata, produce, produced

Wanted = CreatePartitionsRequest.CreatePartitionsTopic
Assignment = Wanted.CreatePartitionsAssignment


def wanted(name: str, count: int, *replicas: list[int]) -> Wanted:
    by_hand = [Assignment(broker_ids=nodes) for nodes in replicas] or None
    return Wanted(name=name, count=count, assignments=by_hand)


def grow(client: CoreClient, *topics: Wanted, **more: Any) -> dict[str, int]:
    request = CreatePartitionsRequest(topics=list(topics), timeout_ms=1000, validate_only=more.get("only", False))
    return {result.name: result.error_code for result in client.ask(request, 3).results}


def partitions(client: CoreClient, name: str) -> int:
    return len(client.ask(metadata(name), 9).topics[0].partitions)


def test_what_is_too_much_is_not_half_done() -> None:
    """A request makes at most 10,000 partitions; the topic that would be more does not grow at all."""
    client = Bench().connect()
    for name in ("a", "b", "c"):
        client.ask(create_topic(name), 7)
    answers = grow(client, wanted("a", 3), wanted("b", 10_001), wanted("c", 2))
    assert answers == {"a": Error.NONE, "b": Error.UNKNOWN_SERVER_ERROR, "c": Error.NONE}
    assert [partitions(client, name) for name in ("a", "b", "c")] == [3, 1, 2]
    assert grow(client, wanted("b", 2**31 - 1), wanted("c", 3)) == {
        "b": Error.UNKNOWN_SERVER_ERROR,
        "c": Error.NONE,
    }


def test_as_many_as_a_request_may_make() -> None:
    """10,000 new partitions of one topic are one request's work."""
    client = Bench().connect()
    client.ask(create_topic("t"), 7)
    assert grow(client, wanted("t", 10_001), only=True) == {"t": Error.NONE}
    assert grow(client, wanted("t", 10_002), only=True) == {"t": Error.UNKNOWN_SERVER_ERROR}


def test_a_restart_finds_the_partitions_and_their_records() -> None:
    """What a topic has grown to is in the metadata log."""
    files = MemoryFiles()
    first = Bench(files=files)
    client = first.connect()
    client.ask(create_topic("t"), 7)
    grow(client, wanted("t", 3))
    assert produced(client.ask(produce("t", b"value", index=2), 9)) == (0, 0)
    first.state.close(first.now)
    again = Bench(files=files).connect()
    assert partitions(again, "t") == 3
    assert fetched(again.ask(fetch(("t", 2, 0)), 12)) == {("t", 2): [b"value"]}


def test_replicas_are_as_many_as_before() -> None:
    """New partitions have the replication factor of the old ones, on brokers that are there."""
    bench = with_brokers(2, 3, fenced=(3,))
    client = with_topic(bench, ([1, 2], [1, 2]))
    assert grow(client, wanted("t", 2)) == {"t": Error.NONE}
    made = partition(bench, 1)
    assert (made.replicas, made.isr, made.leader, made.leader_epoch) == ([1, 2], [1, 2], 1, 0)


def test_too_few_brokers_for_the_factor() -> None:
    """Where fewer brokers are there than a topic has replicas, it does not grow."""
    bench = with_brokers(2, fenced=(2,))
    client = with_topic(bench, ([1, 2], [1]))
    assert grow(client, wanted("t", 2)) == {"t": Error.INVALID_REPLICATION_FACTOR}


@pytest.mark.parametrize(
    ("replicas", "answer"),
    [
        ([2, 1], Error.NONE),
        ([1, 3], Error.NONE),  # a fenced broker may have a replica, but not alone
        ([3, 4], Error.INVALID_REPLICA_ASSIGNMENT),
        ([1], Error.INVALID_REPLICA_ASSIGNMENT),
        ([1, 2, 3], Error.INVALID_REPLICA_ASSIGNMENT),
        ([1, 9], Error.INVALID_REPLICA_ASSIGNMENT),
        ([2, 2], Error.INVALID_REPLICA_ASSIGNMENT),
    ],
)
def test_replicas_by_hand(replicas: list[int], answer: int) -> None:
    """Distinct registered brokers, as many as before, one of them there: the first of those leads."""
    bench = with_brokers(2, 3, 4, fenced=(3, 4))
    client = with_topic(bench, ([1, 2], [1, 2]))
    assert grow(client, wanted("t", 2, replicas)) == {"t": answer}
    if answer == Error.NONE:
        made = partition(bench, 1)
        assert made.isr == [node for node in replicas if node != 3]
        assert made.leader == made.isr[0]


def test_a_partition_that_comes_is_empty() -> None:
    """A new partition begins with offset 0, whatever the others hold."""
    client = Bench().connect()
    client.ask(create_topic("t"), 7)
    client.ask(produce("t", b"a", b"b"), 9)
    grow(client, wanted("t", 2))
    ends = [client.ask(end_offset("t", index), 7).topics[0].partitions[0].offset for index in (0, 1)]
    assert ends == [2, 0]

"""Reassignments: replicas that come and go, those in sync that decide when it is over, what is called off (KIP-455)."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.wire.errors import Error
from kpybroker.wire.messages.alter_partition_reassignments import AlterPartitionReassignmentsRequest
from tests.core import Bench, CoreClient
from tests.metadata.cluster import LIST_REASSIGNMENTS, ask, change, partition, with_brokers, with_topic

Topic = AlterPartitionReassignmentsRequest.ReassignableTopic


def reassign(client: CoreClient, replicas: list[int] | None, *, allow: bool = True) -> int:
    part = Topic.ReassignablePartition(partition_index=0, replicas=replicas)
    request = AlterPartitionReassignmentsRequest(
        allow_replication_factor_change=allow, topics=[Topic(name="t", partitions=[part])]
    )
    answer = client.ask(request, 1)
    assert answer.error_code == Error.NONE
    error: int = answer.responses[0].partitions[0].error_code
    return error


def under_way(client: CoreClient) -> list[tuple[int, list[int], list[int], list[int]]]:
    """Of topic t: partition, replicas, those that come, those that go."""
    topics: Any = ask(client, LIST_REASSIGNMENTS, 0, topics=None).topics
    return [
        (part.partition_index, part.replicas, part.adding_replicas, part.removing_replicas)
        for topic in topics
        for part in topic.partitions
    ]


def shape(bench: Bench) -> tuple[list[int], list[int], int, int]:
    """Replicas, those in sync, leader and its epoch."""
    found = partition(bench)
    return found.replicas, found.isr, found.leader, found.leader_epoch


def test_a_replica_that_comes_has_to_be_in_sync_first() -> None:
    """Until then it is listed, and those that go stay."""
    bench = with_brokers(2, 3)
    client = with_topic(bench, ([1, 2], [1, 2]))
    assert reassign(client, [1, 3]) == Error.NONE
    assert under_way(client) == [(0, [1, 3, 2], [3], [2])]
    assert shape(bench) == ([1, 3, 2], [1, 2], 1, 0)


def test_another_order_is_done_at_once() -> None:
    """The same replicas in another order: the leader stays in its epoch, though another is preferred now."""
    bench = with_brokers(2)
    client = with_topic(bench, ([1, 2], [1, 2]))
    assert reassign(client, [2, 1]) == Error.NONE
    assert under_way(client) == []
    assert shape(bench) == ([2, 1], [1, 2], 1, 0)


def test_a_replica_that_goes_is_gone_at_once() -> None:
    """Nothing has to come first; the leader stays, in a new epoch."""
    bench = with_brokers(2)
    client = with_topic(bench, ([1, 2], [1, 2]))
    assert reassign(client, [1]) == Error.NONE
    assert under_way(client) == []
    assert shape(bench) == ([1], [1], 1, 1)


def test_a_leader_that_goes_is_replaced() -> None:
    """Another one in sync leads, in a new epoch."""
    bench = with_brokers(2)
    client = with_topic(bench, ([1, 2], [1, 2]))
    assert reassign(client, [2]) == Error.NONE
    assert shape(bench) == ([2], [2], 2, 1)


def test_the_last_in_sync_does_not_go() -> None:
    """A reassignment to replicas of which none is in sync waits."""
    bench = with_brokers(2)
    client = with_topic(bench, ([1, 2], [1]))
    assert reassign(client, [2]) == Error.NONE
    assert under_way(client) == [(0, [2, 1], [], [1])]
    assert shape(bench) == ([2, 1], [1], 1, 0)


def test_called_off() -> None:
    """What was to come goes again, what was to go stays; a second time there is nothing to call off."""
    bench = with_brokers(2, 3)
    client = with_topic(bench, ([1, 2], [1, 2]))
    reassign(client, [1, 3])
    assert reassign(client, None) == Error.NONE
    assert under_way(client) == []
    assert shape(bench) == ([1, 2], [1, 2], 1, 1)  # 3 is gone, so the leader has a new epoch
    assert reassign(client, None) == Error.NO_REASSIGNMENT_IN_PROGRESS


def test_called_off_where_only_new_ones_are_in_sync() -> None:
    """It cannot be called off without losing records, which is not done unless a topic allows it."""
    bench = with_brokers(2, 3)
    client = with_topic(bench, ([1, 2], [1]))
    reassign(client, [3, 2])
    change(bench, isr=[3], leader=3)
    assert reassign(client, None) == Error.INVALID_REPLICA_ASSIGNMENT
    assert partition(bench).adding == [3]


def test_another_target_meanwhile() -> None:
    """A reassignment under way can be given another aim."""
    bench = with_brokers(2, 3, 4)
    client = with_topic(bench, ([1, 2], [1, 2]))
    reassign(client, [1, 3])
    assert reassign(client, [1, 4]) == Error.NONE
    assert under_way(client) == [(0, [1, 4, 2, 3], [4], [2, 3])]


@pytest.mark.parametrize(("replicas", "answer"), [([2, 1], 0), ([1], 38), ([1, 2, 3], 38)])
def test_a_factor_that_may_not_change(replicas: list[int], answer: int) -> None:
    """As many replicas as before, or INVALID_REPLICATION_FACTOR, where the request says so (KIP-860)."""
    client = with_topic(with_brokers(2, 3), ([1, 2], [1, 2]))
    assert reassign(client, replicas, allow=False) == answer

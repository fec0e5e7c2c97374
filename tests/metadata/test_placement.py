"""New topics on a cluster of several brokers: where replicas may be, and who leads."""

from __future__ import annotations

import pytest

from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from tests.core import CoreClient
from tests.metadata.cluster import partition, with_brokers

Wanted = CreateTopicsRequest.CreatableTopic
Assignment = Wanted.CreatableReplicaAssignment


def create(client: CoreClient, *replicas: list[int], count: int = -1, factor: int = -1) -> int:
    by_hand = [Assignment(partition_index=index, broker_ids=nodes) for index, nodes in enumerate(replicas)]
    topic = Wanted(name="t", num_partitions=count, replication_factor=factor, assignments=by_hand, configs=[])
    (result,) = client.ask(CreateTopicsRequest(topics=[topic], timeout_ms=1000), 7).topics
    error: int = result.error_code
    return error


@pytest.mark.parametrize(
    ("replicas", "answer"),
    [
        ([[1, 2], [2, 1]], Error.NONE),
        ([[3, 2], [1, 3]], Error.NONE),  # 3 is fenced: it has a replica, and is not in sync
        ([[3]], Error.INVALID_REPLICA_ASSIGNMENT),
        ([[1, 4]], Error.INVALID_REPLICA_ASSIGNMENT),
        ([[1, 2], [1]], Error.INVALID_REPLICA_ASSIGNMENT),
    ],
)
def test_by_hand(replicas: list[list[int]], answer: int) -> None:
    """Replicas may be on any registered broker; the first of those that are there leads."""
    bench = with_brokers(2, 3, fenced=(3,))
    assert create(bench.connect(), *replicas) == answer
    if answer == Error.NONE:
        found = [partition(bench, index) for index in range(len(replicas))]
        assert [part.replicas for part in found] == replicas
        assert [part.isr for part in found] == [[node for node in nodes if node != 3] for nodes in replicas]
        assert [part.leader for part in found] == [part.isr[0] for part in found]


@pytest.mark.parametrize(("factor", "answer"), [(2, Error.NONE), (3, Error.INVALID_REPLICATION_FACTOR)])
def test_by_number(factor: int, answer: int) -> None:
    """A fenced broker gets no replica where nobody asks for it by name."""
    bench = with_brokers(2, 3, fenced=(2,))
    assert create(bench.connect(), count=2, factor=factor) == answer
    if answer == Error.NONE:
        assert [partition(bench, index).replicas for index in (0, 1)] == [[1, 3]] * 2

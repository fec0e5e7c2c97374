"""The group coordinators of a node: a coordinator that fails is dropped, and its log is what it comes back from."""

from __future__ import annotations

import logging

import pytest

from kpybroker.groups.shard import Shard
from kpybroker.machine import Decision, Instant
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_partitions import CreatePartitionsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from tests.core import Bench, CoreClient

Topic = OffsetCommitRequest.OffsetCommitRequestTopic


class BrokenShard(Shard):
    """A coordinator with a bug in what it does when time is up."""

    def due(self) -> Instant | None:
        return 0

    def expire(self, now: Instant) -> Decision:
        raise RuntimeError("a bug")


def commit(client: CoreClient, offset: int) -> int:
    part = Topic.OffsetCommitRequestPartition(partition_index=0, committed_offset=offset, committed_metadata="")
    request = OffsetCommitRequest(group_id="readers", topics=[Topic(name="orders", partitions=[part])])
    (topic,) = client.ask(request, 8).topics
    code: int = topic.partitions[0].error_code
    return code


def committed(client: CoreClient) -> int:
    group = OffsetFetchRequest.OffsetFetchRequestGroup(group_id="readers", topics=None)
    (answer,) = client.ask(OffsetFetchRequest(groups=[group]), 8).groups
    offset: int = answer.topics[0].partitions[0].committed_offset
    return offset


def test_a_bug_when_time_is_up_costs_no_offset_and_not_the_broker(caplog: pytest.LogCaptureFixture) -> None:
    """The coordinator is dropped and loaded again from its log; the bug is in the log and among the core's."""
    bench = Bench()
    assert bench.state.create_topic("orders", 1, bench.now) == Error.NONE
    client = bench.connect()
    assert commit(client, 7) == Error.NONE
    groups = bench.state.groups
    ((number, stream),) = groups._streams.items()
    broken = BrokenShard(stream.machine.settings, stream.machine.random)  # type: ignore[attr-defined]
    groups._streams[number] = stream._replace(machine=broken)
    groups._deadlines.note(number, groups._streams[number])
    with caplog.at_level(logging.ERROR, "kpybroker"):
        bench.core.wake(bench.now)
    assert [str(bug) for bug in bench.core.bugs] == ["a bug"]
    assert "what was due failed" in caplog.text
    assert committed(client) == 7
    assert bench.core.due() != 0


def test_offsets_stay_where_they_are_when_the_topic_behind_them_grows() -> None:
    """A group's partition goes by the count that the coordinators started with (GroupCoordinatorService.startup)."""
    bench = Bench()
    assert bench.state.create_topic("orders", 1, bench.now) == Error.NONE
    client = bench.connect()
    assert commit(client, 7) == Error.NONE
    grown = CreatePartitionsRequest.CreatePartitionsTopic(name="__consumer_offsets", count=53, assignments=None)
    request = CreatePartitionsRequest(topics=[grown], timeout_ms=1000, validate_only=False)
    assert [result.error_code for result in client.ask(request, 3).results] == [Error.NONE]
    assert committed(client) == 7

"""Every setting of the group coordinator that a client can feel, through a whole broker: time is moved by hand."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.wire.apis import request_type
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from tests.core import Bench, CoreClient
from tests.requests import create_topic, metadata

MINUTE_MS = 60_000
DELAY = "group.initial.rebalance.delay.ms"
CommitTopic = OffsetCommitRequest.OffsetCommitRequestTopic


def join(**more: Any) -> JoinGroupRequest:
    protocol = JoinGroupRequest.JoinGroupRequestProtocol(name="range", metadata=b"\0\0\0\0\0\0\0\0\0\0")
    fields: dict[str, Any] = {
        "group_id": "readers",
        "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000,
        "member_id": "",
    }
    return JoinGroupRequest(**(fields | {"protocol_type": "consumer", "protocols": [protocol]} | more))


def commit(client: CoreClient, note: str = "", *, version: int = 8, **more: Any) -> int:
    part = CommitTopic.OffsetCommitRequestPartition(partition_index=0, committed_offset=7, committed_metadata=note)
    topics = [CommitTopic(name="orders", partitions=[part])]
    answer = client.ask(OffsetCommitRequest(group_id="readers", topics=topics, **more), version)
    code: int = answer.topics[0].partitions[0].error_code
    return code


def is_committed(client: CoreClient) -> bool:
    group = OffsetFetchRequest.OffsetFetchRequestGroup(group_id="readers", topics=None)
    (answer,) = client.ask(OffsetFetchRequest(groups=[group]), 8).groups
    return bool(answer.topics)


def groups(client: CoreClient) -> list[str]:
    return [group.group_id for group in client.ask(blank(request_type(16)), 4).groups]


def opened(**config: Any) -> tuple[Bench, CoreClient]:
    """A broker with these settings, dots written as underscores, and a topic; one client."""
    bench = Bench(config={name.replace("_", "."): str(value) for name, value in config.items()})
    client = bench.connect()
    client.ask(create_topic("orders"), 7)
    return bench, client


@pytest.mark.parametrize(("configured", "longest"), [({}, 4096), ({"offset_metadata_max_bytes": 10}, 10)])
def test_offset_metadata_max_bytes(configured: dict[str, int], longest: int) -> None:
    """A note may be as long as the setting says; one character more is OFFSET_METADATA_TOO_LARGE."""
    _, client = opened(**configured)
    assert commit(client, "n" * longest) == Error.NONE
    assert commit(client, "n" * (longest + 1)) == Error.OFFSET_METADATA_TOO_LARGE


@pytest.mark.parametrize(("configured", "minutes"), [({}, 10_080), ({"offsets_retention_minutes": 60}, 60)])
def test_offsets_retention_minutes(configured: dict[str, int], minutes: int) -> None:
    """Offsets without members are forgotten after the retention, when it is next looked for, and their group is."""
    bench, client = opened(**configured)
    assert commit(client) == Error.NONE
    bench.advance(minutes * MINUTE_MS - 1)
    assert is_committed(client)
    bench.advance(10 * MINUTE_MS)  # offsets.retention.check.interval.ms
    assert not is_committed(client)
    assert groups(client) == []


@pytest.mark.parametrize(
    ("configured", "interval_ms"), [({}, 600_000), ({"offsets_retention_check_interval_ms": 50}, 50)]
)
def test_offsets_retention_check_interval_ms(configured: dict[str, int], interval_ms: int) -> None:
    """What is past its retention stays until the broker looks for it; a client's own retention counts from version 2
    to 4."""
    bench, client = opened(**configured)
    began = bench.now
    assert commit(client, version=3, retention_time_ms=1) == Error.NONE
    bench.advance(began + interval_ms - 1 - bench.now)
    assert is_committed(client)
    bench.advance(1)
    assert not is_committed(client)


@pytest.mark.parametrize(("configured", "count"), [({}, 50), ({"offsets_topic_num_partitions": 3}, 3)])
def test_offsets_topic_num_partitions(configured: dict[str, int], count: int) -> None:
    """The topic of groups has as many partitions; groups are spread over them and found again."""
    _, client = opened(**configured)
    for _ in range(2):
        assert commit(client) == Error.NONE
    (topic,) = client.ask(metadata("__consumer_offsets"), 9).topics
    assert len(topic.partitions) == count


def test_group_session_timeouts() -> None:
    """A session timeout below the least or above the greatest that is allowed is INVALID_SESSION_TIMEOUT (26)."""
    _, client = opened(group_min_session_timeout_ms=100, group_max_session_timeout_ms=200)
    expected = {99: Error.INVALID_SESSION_TIMEOUT, 201: Error.INVALID_SESSION_TIMEOUT}
    for timeout_ms in (99, 100, 200, 201):
        answer = client.ask(join(group_id=f"readers-{timeout_ms}", session_timeout_ms=timeout_ms), 3)
        assert answer.error_code == expected.get(timeout_ms, Error.NONE)


def test_a_short_session_is_over_soon() -> None:
    """A member with the shortest session that is allowed is out when it was silent for that long."""
    bench, client = opened(group_min_session_timeout_ms=100)
    member_id = client.ask(join(session_timeout_ms=100, rebalance_timeout_ms=MINUTE_MS), 3).member_id
    heartbeat = blank(request_type(12), group_id="readers", generation_id=1, member_id=member_id)
    bench.advance(99)
    assert client.ask(heartbeat, 3).error_code == Error.NONE
    bench.advance(100)
    assert client.ask(heartbeat, 3).error_code == Error.UNKNOWN_MEMBER_ID


def test_group_initial_rebalance_delay_ms() -> None:
    """The first members of a group are all let in when the delay has passed in which nobody else came."""
    bench, client = opened(**{DELAY.replace(".", "_"): 1000})
    other = bench.connect()
    client.send(join(), 3)
    bench.advance(999)
    other.send(join(), 3)
    bench.advance(1000)  # somebody came: the delay begins anew
    assert not client.answers
    bench.advance(1)
    first, second = client.answer(), other.answer()
    assert first.generation_id == second.generation_id == 1
    assert len(first.members) == 2


def test_group_max_size() -> None:
    """A full group refuses further members with GROUP_MAX_SIZE_REACHED (81), until one leaves."""
    bench, client = opened(group_max_size=1)
    member_id = client.ask(join(), 3).member_id
    other = bench.connect()
    assert other.ask(join(), 3).error_code == Error.GROUP_MAX_SIZE_REACHED
    client.ask(blank(request_type(13), group_id="readers", member_id=member_id), 2)
    assert other.ask(join(), 3).error_code == Error.NONE

"""A broker on a directory of Apache Kafka 4.3.1 with a metadata log cut behind a snapshot and groups of all kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kpybroker.storage.files import StorageError
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.internal import decode_coordinator
from kpybroker.wire.records import records
from tests.core import Bench, CoreClient
from tests.directories.kafkas import BASE, CUT_AT, METADATA, SNAPSHOTS, copied, started
from tests.metadata.logs import newest
from tests.requests import metadata

GROUPS = {
    "simple": "classic",
    "emptied": "consumer",
    "consuming": "consumer",
    "sharing": "share",
    "streaming": "streams",
}
COMMITTED = {0: 1, 1: 2, 2: 3}
SESSION_MS = 45_000
UNKNOWN_MEMBER, INCONSISTENT, MEMBER_ID_REQUIRED = 25, 23, 79
NON_EMPTY, NOT_FOUND = 68, 69


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return started(copied(tmp_path))


@pytest.fixture
def client(bench: Bench) -> CoreClient:
    return bench.connect()


def ask(client: CoreClient, key: int, version: int, **fields: Any) -> Any:
    return client.ask(blank(request_type(key), **fields), version)


def join(client: CoreClient, group: str) -> int:
    request = request_type(11)
    protocol = request.JoinGroupRequestProtocol(name="range", metadata=b"")
    fields = {
        "group_id": group,
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 10_000,
        "protocol_type": "consumer",
    }
    error: int = ask(client, 11, 9, **fields, protocols=[protocol]).error_code
    return error


def commit(client: CoreClient, group: str) -> int:
    """Without being a member."""
    topic = request_type(8).OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(partition_index=0, committed_offset=7, committed_metadata="ours")
    topics = [topic(name="orders", partitions=[part])]
    answer = ask(client, 8, 9, group_id=group, generation_id_or_member_epoch=-1, topics=topics)
    error: int = answer.topics[0].partitions[0].error_code
    return error


def committed(client: CoreClient, group: str) -> dict[int, int]:
    asked = request_type(9).OffsetFetchRequestGroup(group_id=group, topics=None)
    (found,) = ask(client, 9, 8, groups=[asked]).groups
    return {part.partition_index: part.committed_offset for topic in found.topics for part in topic.partitions}


def listed(client: CoreClient) -> dict[str, tuple[str, str]]:
    return {group.group_id: (group.group_type, group.group_state) for group in ask(client, 16, 5).groups}


def keys_of(bench: Bench) -> dict[Any, Any]:
    """What the log of the groups comes to: the last value of every key."""
    partition = bench.state.replicas.get("__consumer_offsets", 0, bench.now)
    assert partition is not None
    found: dict[Any, Any] = {}
    for header, data in partition.log.batches():
        for row in records(data, header):
            record = decode_coordinator(row.key or b"", row.value)
            assert record is not None
            found[record.key] = record.value
    return {key: value for key, value in found.items() if value is not None}


def test_the_log_goes_on_behind_kafkas_snapshot(bench: Bench, client: CoreClient) -> None:
    """What the snapshot says and what came after it; the epoch of the quorum is the next."""
    assert newest(bench).offset == CUT_AT
    assert bench.state.cluster.leader_epoch == 2
    topics = {topic.name: len(topic.partitions) for topic in client.ask(metadata(), 9).topics}
    assert topics == {"orders": 3, "gone": 1, "compacted": 1, "__consumer_offsets": 1, "__share_group_state": 1}
    assert bench.state.image.topic_configs("orders") == {"retention.ms": "86400119"}, "the last, after the snapshot"
    assert bench.state.image.configs[32, "sharing"] == {"share.auto.offset.reset": "earliest"}


def test_a_broken_snapshot_is_one_line(tmp_path: Path) -> None:
    """Kafka's log begins behind it, so that nothing else could tell what was before."""
    data = copied(tmp_path)
    for snapshot in SNAPSHOTS:
        whole = (data / snapshot).read_bytes()
        (data / snapshot).write_bytes(whole[:-1])
    before = {path: path.read_bytes() for path in data.rglob("*") if path.suffix in (".log", ".checkpoint")}
    with pytest.raises(StorageError, match=rf"{METADATA}: begins at offset {BASE}.*not whole"):
        started(data)
    assert {path: path.read_bytes() for path in before} == before


def test_every_group_has_its_offsets(client: CoreClient) -> None:
    """Also those of kinds that are not served: consumers find where they were."""
    for group in ("simple", "emptied", "consuming", "streaming"):
        assert committed(client, group) == COMMITTED


def test_groups_of_all_kinds_are_listed(bench: Bench, client: CoreClient) -> None:
    """With their types; members that Kafka knew are there until their session would be over."""
    assert {name: kind for name, (kind, _) in listed(client).items()} == GROUPS
    states = {name: state for name, (_, state) in listed(client).items()}
    assert states == {
        "simple": "Empty", "emptied": "Empty", "consuming": "Stable", "sharing": "Stable", "streaming": "Stable",
    }  # fmt: skip
    bench.advance(SESSION_MS)
    assert {state for _, state in listed(client).values()} == {"Empty"}
    only = ask(client, 16, 5, types_filter=["share"], states_filter=["Empty"]).groups
    assert [group.group_id for group in only] == ["sharing"]


def test_classic_members_do_not_take_such_groups_over(client: CoreClient) -> None:
    """As Kafka answered for share and streams groups, and for offsets from outside. A consumer group it lets classic
    members into, which is not done here while it has members of its own."""
    assert {group: join(client, group) for group in ("consuming", "sharing", "streaming")} == {
        "consuming": INCONSISTENT,
        "sharing": INCONSISTENT,
        "streaming": INCONSISTENT,
    }
    assert {group: commit(client, group) for group in GROUPS} == {
        "simple": 0, "emptied": 0, "consuming": UNKNOWN_MEMBER, "sharing": NOT_FOUND, "streaming": UNKNOWN_MEMBER,
    }  # fmt: skip
    for group in ("consuming", "sharing", "streaming"):
        described = ask(client, 15, 6, groups=[group]).groups[0]
        assert (described.error_code, described.group_state) == (NOT_FOUND, "Dead")
        assert ask(client, 12, 4, group_id=group, generation_id=1, member_id="m").error_code == UNKNOWN_MEMBER


def test_an_empty_consumer_group_becomes_a_classic_one(bench: Bench, client: CoreClient) -> None:
    """As with Kafka: its records go, its offsets stay."""
    bench.advance(SESSION_MS)
    assert join(client, "consuming") == MEMBER_ID_REQUIRED
    assert join(client, "sharing") == INCONSISTENT
    assert join(client, "streaming") == INCONSISTENT
    assert listed(client)["consuming"] == ("classic", "Empty")
    assert committed(client, "consuming") == COMMITTED
    kinds = {type(key).__name__ for key in keys_of(bench) if getattr(key, "group_id", "") == "consuming"}
    assert kinds == set()


def test_nothing_of_the_unknown_is_lost(tmp_path: Path) -> None:
    """A run that refuses them leaves every record of theirs in the log."""
    data = copied(tmp_path)
    bench = started(data)
    before = keys_of(bench)
    client = bench.connect()
    for group in ("consuming", "sharing", "streaming"):
        join(client, group)
        commit(client, group)
    bench.state.close(bench.now)
    after = keys_of(started(data))
    assert {key: value for key, value in after.items() if key in before} == before


def test_deleting_such_groups(bench: Bench, client: CoreClient) -> None:
    """Not while they have members; then with all their records. A share group has a part elsewhere, and stays."""
    deleted = {result.group_id: result.error_code for result in ask(client, 42, 2, groups_names=list(GROUPS)).results}
    assert deleted == {
        "simple": 0, "emptied": 0, "consuming": NON_EMPTY, "sharing": NON_EMPTY, "streaming": NON_EMPTY,
    }  # fmt: skip
    bench.advance(SESSION_MS)
    names = ["consuming", "sharing", "streaming"]
    deleted = {result.group_id: result.error_code for result in ask(client, 42, 2, groups_names=names).results}
    assert deleted == {"consuming": 0, "sharing": NOT_FOUND, "streaming": 0}
    assert set(listed(client)) == {"sharing"}
    assert {getattr(key, "group_id", None) or key.group for key in keys_of(bench)} == {"sharing"}

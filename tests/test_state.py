"""The state behind the handlers: what a restart brings back, what is never given twice, and a disk that fails."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.coordinators import java_hash
from kpybroker.storage.files import StorageError
from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from kpybroker.wire.messages.sync_group import SyncGroupRequest
from kpybroker.wire.records import build, place, read_header
from tests.core import Bench, CoreClient, FullDisk
from tests.requests import create_topic, fetch, fetched, init_producer_id, metadata, produce, produced
from tests.scripted import COMMIT_VERSION, JOIN_VERSION, SESSION_MS, SYNC_VERSION, commit, enter, join, settle

NOT_COORDINATOR, KAFKA_STORAGE_ERROR = 16, 56
MEMBER_ID_REQUIRED = 79
FEW_SHARDS = {"offsets.topic.num.partitions": "3"}


def delete(*names: str) -> Any:
    return blank(request_type(20), topic_names=list(names), timeout_ms=1000)


def describe(*groups: str) -> Any:
    return blank(request_type(15), groups=list(groups))


def committed(client: CoreClient, group: str) -> dict[str, int]:
    request = OffsetFetchRequest(groups=[OffsetFetchRequest.OffsetFetchRequestGroup(group_id=group, topics=None)])
    (answer,) = client.ask(request, 8).groups
    return {topic.name: topic.partitions[0].committed_offset for topic in answer.topics}


def commit_error(client: CoreClient, group: str, topic: str, offset: int) -> int:
    answer = client.ask(commit(group, -1, "", topic, offset), COMMIT_VERSION)
    error: int = answer.topics[0].partitions[0].error_code
    return error


# -- a restart is a replay -----------------------------------------------------------------------------------------


def test_what_a_kill_leaves_is_a_whole_broker() -> None:
    """From the files alone: topics with their ids and settings, records, groups with their members, and offsets."""
    files = MemoryFiles()
    bench = Bench(files=files, config=FEW_SHARDS)
    client = bench.connect()
    client.ask(create_topic("t", 2, {"retention.ms": "4321"}), 7)
    client.ask(create_topic("gone"), 7)
    client.ask(delete("gone"), 4)
    client.ask(produce("t", b"x", b"y", index=1), 9)
    members = {enter(client, "group"): client}
    generation = settle(bench, members, "group")
    member = next(iter(members))
    client.ask(commit("group", generation, member, "t", 1), COMMIT_VERSION)
    before = client.ask(metadata(), 12)

    again = Bench(files=files.copy(), config=FEW_SHARDS, now=bench.now)
    other = again.connect()
    after = other.ask(metadata(), 12)
    assert after.cluster_id == before.cluster_id
    assert sorted((t.name, t.topic_id, len(t.partitions)) for t in after.topics) == sorted(
        (t.name, t.topic_id, len(t.partitions)) for t in before.topics
    )
    assert again.state.image.topic_configs("t") == {"retention.ms": "4321"}
    assert fetched(other.ask(fetch(("t", 1, 0)), 12)) == {("t", 1): [b"x", b"y"]}
    (group,) = other.ask(describe("group"), 5).groups
    assert (group.group_state, [each.member_id for each in group.members]) == ("Stable", [member])
    assert committed(other, "group") == {"t": 1}
    assert not bench.core.bugs + again.core.bugs


def test_a_reloaded_group_outlives_its_sessions_by_one(bench_files: MemoryFiles) -> None:
    """After a restart every member has a whole session timeout to be heard of; then the group is empty."""
    bench = Bench(files=bench_files, config=FEW_SHARDS)
    client = bench.connect()
    settle(bench, {enter(client, "group"): client}, "group")
    again = Bench(files=bench_files.copy(), config=FEW_SHARDS, now=bench.now + 5 * SESSION_MS)
    other = again.connect()
    again.advance(SESSION_MS - 1)
    assert other.ask(describe("group"), 5).groups[0].group_state == "Stable"
    again.advance(1)
    assert other.ask(describe("group"), 5).groups[0].group_state == "Empty"


@pytest.fixture
def bench_files() -> MemoryFiles:
    return MemoryFiles()


def test_producer_ids_are_never_given_twice(bench_files: MemoryFiles) -> None:
    """Ids come from blocks that are taken before the first of them is given: a restart begins with another block."""
    given: list[int] = []
    files = bench_files
    for start in range(3):
        bench = Bench(seed=start, files=files)
        given += [bench.connect().ask(init_producer_id(), 4).producer_id for _ in range(1500)]
        files = files.copy()
    assert len(set(given)) == len(given)
    assert given[0] == 0
    assert given[:1500] == sorted(given[:1500])


def test_an_idempotent_producer_outlives_a_kill(bench_files: MemoryFiles) -> None:
    """What a producer sent before the kill is known as sent: its batch again is a duplicate, the next one is next."""

    def batch(sequence: int) -> bytes:
        rows = [(1_700_000_000_000, None, b"x", ())]
        return build(rows, producer_id=0, producer_epoch=0, base_sequence=sequence)

    bench = Bench(files=bench_files)
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    assert client.ask(init_producer_id(), 4).producer_id == 0
    for sequence in range(3):
        assert produced(client.ask(produce("t", data=batch(sequence)), 9)) == (0, sequence)
    other = Bench(files=bench_files.copy()).connect()
    assert produced(other.ask(produce("t", data=batch(2)), 9)) == (0, 2)
    assert produced(other.ask(produce("t", data=batch(3)), 9)) == (0, 3)
    assert produced(other.ask(produce("t", data=batch(9)), 9)) == (45, -1)


# -- topics that go ------------------------------------------------------------------------------------------------


def test_a_deleted_topic_takes_everything_with_it() -> None:
    """Records, files, settings and committed offsets: a topic of the same name begins anew, with another id."""
    bench = Bench(config=FEW_SHARDS)
    client = bench.connect()
    client.ask(create_topic("t", 1, {"retention.ms": "1"}), 7)
    client.ask(produce("t", b"old"), 9)
    assert commit_error(client, "group", "t", 1) == 0
    old = client.ask(metadata("t"), 12).topics[0].topic_id
    assert client.ask(delete("t"), 4).responses[0].error_code == 0
    assert not [name for name in bench.state.directory.files.list("") if name.startswith("t-")]
    assert committed(client, "group") == {}
    client.ask(create_topic("t"), 7)
    assert client.ask(metadata("t"), 12).topics[0].topic_id != old
    assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): []}
    assert bench.state.image.topic_configs("t") == {}
    assert produced(client.ask(produce("t", b"new"), 9)) == (0, 0)


def test_what_a_kill_left_of_a_deleted_topic_stays_gone() -> None:
    """A kill between the record of a deletion and the removal of the files: a later topic of the name is empty."""
    files = MemoryFiles()
    client = Bench(files=files).connect()
    client.ask(create_topic("t"), 7)
    client.ask(produce("t", b"old"), 9)
    before = files.copy()
    client.ask(delete("t"), 4)
    left = files.copy()
    left.make_directory("t-0")
    for name in before.list("t-0"):
        left.write_whole(f"t-0/{name}", before.read_whole(f"t-0/{name}") or b"")

    other = Bench(files=left, seed=2).connect()
    other.ask(create_topic("t"), 7)
    assert fetched(other.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): []}
    assert produced(other.ask(produce("t", b"new"), 9)) == (0, 0)


@pytest.mark.parametrize("name", ["__cluster_metadata", "__consumer_offsets"])
def test_a_log_that_cannot_be_read_is_one_line(name: str) -> None:
    """A record that a newer release has written, or damage: the broker does not start, and says which log it is."""
    files = MemoryFiles()
    bench = Bench(files=files, config={"offsets.topic.num.partitions": "1"})
    commit_error(bench.connect(), "group", "t", 1)
    bench.connect().ask(describe("group"), 5)
    log = bench.state.directory.logs.get((name, 0))
    assert log is not None
    strange = bytearray(build([(bench.now, bytes([0, 1]), bytes([1, 99, 0]), ())]))
    place(memoryview(strange), log.end_offset, 0)
    log.append(strange, [read_header(strange)], bench.now)
    with pytest.raises(StorageError, match=f"memory/{name}-0: cannot be read: "):
        Bench(files=files.copy(), config={"offsets.topic.num.partitions": "1"})


def test_the_metadata_log_is_no_topic(bench: Bench) -> None:
    """As from Apache Kafka's brokers, clients can neither read it nor write to it."""
    client = bench.connect()
    unknown = 3
    assert produced(client.ask(produce("__cluster_metadata", b"x"), 9)) == (unknown, -1)
    (topic,) = client.ask(fetch(("__cluster_metadata", 0, 0)), 12).responses
    assert topic.partitions[0].error_code == unknown


def test_the_offsets_topic_may_be_deleted() -> None:
    """Who deletes __consumer_offsets deletes what groups have committed; they begin anew, in memory and on disk."""
    files = MemoryFiles()
    bench = Bench(files=files, config=FEW_SHARDS)
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    groups = [f"group-{number}" for number in range(6)]
    for group in groups:
        assert commit_error(client, group, "t", 1) == 0
    waiting = bench.connect()
    member = waiting.ask(join("other"), JOIN_VERSION).member_id
    waiting.send(join("other", member), JOIN_VERSION)
    assert client.ask(delete("__consumer_offsets"), 4).responses[0].error_code == 0
    for group in groups[:3]:
        assert committed(client, group) == {}
        assert commit_error(client, group, "t", 2) == 0
    bench.advance(2 * SESSION_MS)
    again = Bench(files=files.copy(), config=FEW_SHARDS, now=bench.now).connect()
    assert [committed(again, group) for group in groups] == [{"t": 2}] * 3 + [{}] * 3
    assert not bench.core.bugs


# -- a disk that fails ---------------------------------------------------------------------------------------------


@pytest.fixture
def disk() -> FullDisk:
    return FullDisk()


@pytest.fixture
def bench(disk: FullDisk) -> Bench:
    made = Bench(files=disk, config=FEW_SHARDS)
    made.connect().ask(create_topic("t"), 7)
    return made


def test_a_full_disk_is_no_bug(bench: Bench, disk: FullDisk) -> None:
    """What cannot be written is not acknowledged, and the directory is offline until the next start, with room again or
    without (ReplicaManager.handleLogDirFailure); with the only one nothing goes on, and the metadata is answered."""
    client = bench.connect()
    client.ask(produce("t", b"before"), 9)
    disk.is_full = True
    refused = bench.connect()
    assert produced(refused.ask(produce("t", b"lost"), 9)) == (KAFKA_STORAGE_ERROR, -1)
    (created,) = bench.connect().ask(create_topic("new"), 7).topics
    assert (created.name, created.error_code) == ("new", KAFKA_STORAGE_ERROR)
    assert client.ask(init_producer_id(), 4).error_code == KAFKA_STORAGE_ERROR
    (part,) = client.ask(fetch(("t", 0, 0)), 12).responses[0].partitions
    assert (part.error_code, part.high_watermark) == (KAFKA_STORAGE_ERROR, -1)
    assert [topic.name for topic in client.ask(metadata(), 9).topics] == ["t"]
    disk.is_full = False
    assert produced(client.ask(produce("t", b"lost"), 9)) == (KAFKA_STORAGE_ERROR, -1)
    bench.state.close(bench.now)
    again = Bench(files=disk, config=FEW_SHARDS)
    client = again.connect()
    assert produced(client.ask(produce("t", b"after"), 9)) == (0, 1)
    assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"before", b"after"]}
    assert client.ask(create_topic("new"), 7).topics[0].error_code == 0
    assert not bench.core.bugs
    assert not again.core.bugs


def test_a_full_disk_and_a_group(bench: Bench, disk: FullDisk) -> None:
    """A commit that cannot be written is not remembered; who is coordinated from there is told to look elsewhere, and
    at the next start the group's coordinator is loaded from its log."""
    client = bench.connect()
    assert commit_error(client, "group", "t", 1) == 0
    disk.is_full = True
    assert commit_error(client, "group", "t", 2) == NOT_COORDINATOR
    disk.is_full = False
    assert commit_error(client, "group", "t", 2) == NOT_COORDINATOR
    bench = Bench(files=disk, config=FEW_SHARDS)
    client = bench.connect()
    assert committed(client, "group") == {"t": 1}
    assert commit_error(client, "group", "t", 3) == 0
    assert committed(client, "group") == {"t": 3}
    assert not bench.core.bugs


def test_a_full_disk_when_time_passes(bench: Bench, disk: FullDisk) -> None:
    """A session that ends while nothing can be written does not end the broker; the group is there at the next one."""
    client = bench.connect()
    settle(bench, {enter(client, "group"): client}, "group")
    disk.is_full = True
    bench.advance(3 * SESSION_MS)
    assert client.ask(metadata("t"), 9).topics[0].error_code == 0
    disk.is_full = False
    assert client.ask(describe("group"), 5).groups[0].error_code == NOT_COORDINATOR
    assert not bench.core.bugs
    bench = Bench(files=disk, config=FEW_SHARDS, now=bench.now)
    client = bench.connect()
    assert client.ask(describe("group"), 5).groups[0].group_state == "Stable"
    bench.advance(SESSION_MS)
    assert client.ask(describe("group"), 5).groups[0].group_state == "Empty"
    assert not bench.core.bugs


def test_a_full_disk_leaves_nobody_waiting(bench: Bench, disk: FullDisk) -> None:
    """An assignment that cannot be written reaches nobody, and its followers are told to look for their coordinator."""
    leader, follower = bench.connect(), bench.connect()
    first = enter(leader, "group")
    settle(bench, {first: leader}, "group")
    second = enter(follower, "group")
    leader.send(join("group", first), JOIN_VERSION)
    generation = leader.answer().generation_id
    assert follower.answer().leader == first
    asked = [
        SyncGroupRequest(group_id="group", generation_id=generation, member_id=member_id, assignments=[])
        for member_id in (second, first)
    ]
    follower.send(asked[0], SYNC_VERSION)
    assert follower.is_waiting
    disk.is_full = True
    leader.send(asked[1], SYNC_VERSION)
    assert [follower.answer().error_code, leader.answer().error_code] == [NOT_COORDINATOR, NOT_COORDINATOR]
    assert not bench.core.bugs


# -- which coordinator ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),
        ("a", 97),
        ("hello", 99162322),
        ("Hello World", 862545276),
        ("polygenelubricants", 0),  # its hashCode() is -2**31, whose absolute value Kafka's Utils.abs takes as 0
        ("é", 233),
        ("\U0001d11e", 55348 * 31 + 56606),  # two UTF-16 units
    ],
)
def test_a_groups_shard_is_where_kafka_looks_for_it(text: str, code: int) -> None:
    """abs(String.hashCode) modulo the partitions of __consumer_offsets: Kafka finds our groups, and we find its."""
    assert java_hash(text) == code

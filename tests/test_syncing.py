"""What is synced before it is seen or answered: `--sync`, flush.messages, with syncs that end when a test says so."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from kpybroker.storage.faulty import FaultyFiles
from kpybroker.storage.files import DiskError, File
from kpybroker.storage.memory import MemoryFile, MemoryFiles
from kpybroker.storage.volatile import Disk
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.delete_groups import DeleteGroupsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest
from kpybroker.wire.messages.produce import ProduceRequest
from kpybroker.wire.records import build
from tests.core import START, Bench, CoreClient
from tests.requests import create_topic, end_offset, fetch, fetched, init_producer_id, metadata, produce, produced

UNKNOWN_TOPIC_OR_PARTITION, REQUEST_TIMED_OUT, NOT_COORDINATOR, UNKNOWN_MEMBER_ID, KAFKA_STORAGE_ERROR = (
    3,
    7,
    16,
    25,
    56,
)
BROKEN = DiskError("disk", errno.EIO)
LOG = "t-0/00000000000000000000.log"
PRODUCED, FETCHED = 9, 12


class CountingFiles(MemoryFiles):
    """A disk in memory that counts its syncs, by path."""

    def __init__(self) -> None:
        super().__init__()
        self.syncs: Counter[str] = Counter()

    def open(self, path: str) -> File:
        return _CountingFile(self, path, new=False)

    def create(self, path: str) -> File:
        return _CountingFile(self, path, new=True)

    def sync_directory(self, path: str) -> None:
        self.syncs[path + "/"] += 1

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        super().write_whole(path, data, sync=sync)
        self.syncs[path] += sync


class _CountingFile(MemoryFile):
    def sync(self) -> None:
        assert isinstance(self._files, CountingFiles)
        self._files.syncs[self.path] += 1


def held(
    *topics: str, sync: bool = True, config: dict[str, str] | None = None, **configs: str
) -> tuple[Bench, CountingFiles, CoreClient]:
    """A broker with these topics and the coordinators, whose syncs wait from now on."""
    files = CountingFiles()
    bench = Bench(files=files, sync=sync, config=config)
    client = bench.connect()
    for topic in topics:
        client.ask(create_topic(topic, configs={name.replace("_", "."): value for name, value in configs.items()}), 7)
    client.ask(commit("warm", "t"), 8)
    bench.holds_syncs = True
    files.syncs.clear()
    return bench, files, client


def commit(group: str, topic: str, offset: int = 5) -> OffsetCommitRequest:
    part = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition(
        partition_index=0, committed_offset=offset, committed_metadata=""
    )
    asked = OffsetCommitRequest.OffsetCommitRequestTopic(name=topic, partitions=[part])
    return OffsetCommitRequest(
        group_id=group, generation_id_or_member_epoch=-1, member_id="", topics=[asked], retention_time_ms=-1
    )


def numbered(topic: str, sequence: int, producer_id: int = 7) -> ProduceRequest:
    rows = [(START, None, b"x", ())]
    data = build(rows, producer_id=producer_id, producer_epoch=0, base_sequence=sequence)
    return produce(topic, data=data)


def latest(client: CoreClient, topic: str) -> int:
    offset: int = client.ask(end_offset(topic), 7).topics[0].partitions[0].offset
    return offset


def delete(*topics: str) -> DeleteTopicsRequest:
    return DeleteTopicsRequest(topic_names=list(topics), timeout_ms=1000)


# -- produce and fetch ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("acks", [1, -1])
def test_an_acknowledgement_waits_for_the_sync(acks: int) -> None:
    """Nothing is answered, and nobody sees the records, until the log was synced; then both at once."""
    bench, files, client = held("t")
    reader = bench.connect()
    client.send(produce("t", b"a", b"b", acks=acks), PRODUCED)
    reader.send(fetch(("t", 0, 0), max_wait_ms=10_000), FETCHED)
    job = bench.take()
    assert job is not None
    assert client.is_waiting and reader.is_waiting
    looker = bench.connect()
    assert latest(looker, "t") == 0
    assert fetched(looker.ask(fetch(("t", 0, 0)), FETCHED)) == {("t", 0): []}
    bench.finish(job)
    assert produced(client.answer()) == (0, 0)
    assert fetched(reader.answer()) == {("t", 0): [b"a", b"b"]}
    assert latest(looker, "t") == 2
    assert files.syncs[LOG] == 1


def test_nobody_waits_without_acknowledgement() -> None:
    """acks=0 answers nothing, as ever; its records are seen once they were synced."""
    bench, _, client = held("t")
    client.send(produce("t", b"a", acks=0), PRODUCED)
    assert client.silences == 1
    assert latest(bench.connect(), "t") == 0
    bench.sync()
    assert latest(bench.connect(), "t") == 1


def test_group_commit() -> None:
    """While one sync is under way, all that comes is gathered: however many there are, they need exactly one more."""
    bench, files, client = held("t")
    client.send(produce("t", b"first"), PRODUCED)
    job = bench.take()
    assert job is not None
    others = [bench.connect() for _ in range(50)]
    for each in others:
        each.send(produce("t", b"more"), PRODUCED)
    assert bench.take() is None  # one at a time
    files.syncs.clear()
    bench.finish(job)
    assert produced(client.answer()) == (0, 0)
    assert all(each.is_waiting for each in others)
    assert latest(client, "t") == 1
    assert bench.sync()
    assert [produced(each.answer()) for each in others] == [(0, offset) for offset in range(1, 51)]
    assert not bench.sync()
    assert files.syncs[LOG] == 2


def test_what_is_synced() -> None:
    """The first time the names that lead to the records too, and the small files beside them; from then on one file."""
    bench, files, client = held("t")
    for expected in (
        {LOG: 1, "t-0/": 1, "/": 1, "t-0/partition.metadata": 1, "t-0/leader-epoch-checkpoint": 1},
        {LOG: 1},
        {LOG: 1},
    ):
        client.send(produce("t", b"a"), PRODUCED)
        bench.sync()
        assert produced(client.answer())[0] == 0
        assert files.syncs == expected
        files.syncs.clear()


def test_one_sync_for_all_partitions_that_wait() -> None:
    """A request for several partitions is answered when all of them were synced, and one job has them all."""
    bench, _, client = held("t", "u")
    one = ProduceRequest(
        acks=-1, timeout_ms=1000, topic_data=produce("t", b"a").topic_data + produce("u", b"b").topic_data
    )
    client.send(one, PRODUCED)
    job = bench.take()
    assert job is not None
    assert [part.hold.key for part in job.parts] == [("t", 0), ("u", 0)]
    bench.finish(job)
    answer = client.answer()
    assert [part.error_code for topic in answer.responses for part in topic.partition_responses] == [0, 0]


def test_a_duplicate_waits_as_the_first_did() -> None:
    """A batch that comes again is acknowledged no earlier than the sync of the first; one that was synced at once."""
    bench, _, client = held("t")
    again = bench.connect()
    client.send(numbered("t", 0), PRODUCED)
    again.send(numbered("t", 0), PRODUCED)
    assert client.is_waiting and again.is_waiting
    bench.sync()
    assert produced(client.answer()) == produced(again.answer()) == (0, 0)
    assert produced(again.ask(numbered("t", 0), PRODUCED)) == (0, 0)


def test_a_request_that_comes_too_late() -> None:
    """acks=all is answered REQUEST_TIMED_OUT after timeout_ms, with the offset (DelayedProduce); acks=1 has no such
    limit. The records are there all the same."""
    bench, _, client = held("t")
    patient = bench.connect()
    client.send(produce("t", b"a"), PRODUCED)
    patient.send(produce("t", b"b", acks=1), PRODUCED)
    bench.advance(999)
    assert client.is_waiting
    bench.advance(1)
    assert produced(client.answer()) == (REQUEST_TIMED_OUT, 0)
    bench.advance(100_000)
    assert patient.is_waiting
    bench.sync()
    assert produced(patient.answer()) == (0, 1)
    assert latest(client, "t") == 2


def test_a_connection_that_closes_while_it_waits() -> None:
    """Its records are synced like all others; nobody is answered."""
    bench, _, client = held("t")
    client.send(produce("t", b"a"), PRODUCED)
    job = bench.take()
    assert job is not None
    client.close()
    bench.finish(job)
    assert latest(bench.connect(), "t") == 1
    assert not client.answers
    assert not bench.core.bugs


def test_a_topic_that_is_deleted_while_its_sync_is_under_way() -> None:
    """Whoever waits is told that there is no such topic; what the sync comes to does not matter any more."""
    for failures in (None, [BROKEN, None]):
        bench, _, client = held("t")
        client.send(produce("t", b"a"), PRODUCED)
        job = bench.take()
        assert job is not None
        admin = bench.connect()
        admin.send(delete("t"), 4)
        assert produced(client.answer()) == (UNKNOWN_TOPIC_OR_PARTITION, 0)
        bench.finish(job, failures and failures[: len(job.parts)])
        bench.sync()
        assert admin.answer().responses[0].error_code == 0
        admin.send(create_topic("t"), 7)
        bench.sync()
        assert admin.answer().topics[0].error_code == 0
        assert not bench.core.bugs


def test_a_topic_that_is_deleted_before_its_sync_begins() -> None:
    """Nothing of it is synced any more: its directory, where its leader epochs were to be written, is gone, and that is
    no failure of the disk."""
    bench, _, client = held("t")
    client.send(produce("t", b"a"), PRODUCED)
    admin = bench.connect()
    admin.send(delete("t"), 4)
    assert produced(client.answer()) == (UNKNOWN_TOPIC_OR_PARTITION, 0)
    bench.sync()
    assert admin.answer().responses[0].error_code == 0
    assert not bench.state.outages.lost


def test_a_log_that_goes_on_in_another_segment() -> None:
    """What is behind in the old segment is synced with what is in the new one, whose name is synced as well."""
    bench, files, client = held("t", segment_bytes="1048576")
    client.send(produce("t", bytes(700_000)), PRODUCED)
    client2 = bench.connect()
    client2.send(produce("t", bytes(700_000)), PRODUCED)
    bench.sync()
    assert produced(client.answer()) == (0, 0) and produced(client2.answer()) == (0, 1)
    assert {name: count for name, count in files.syncs.items() if count and name.startswith("t-0/")} == {
        LOG: 1, "t-0/00000000000000000001.log": 1, "t-0/": 1, "t-0/partition.metadata": 1,
        "t-0/leader-epoch-checkpoint": 1,
    }  # fmt: skip
    client.send(produce("t", b"a"), PRODUCED)
    files.syncs.clear()
    bench.sync()
    assert files.syncs == {"t-0/00000000000000000001.log": 1}


# -- what is decided -----------------------------------------------------------------------------------------------


def answered_after_sync(bench: Bench, request: Any, version: int) -> Any:
    """The answer, which may not come before the sync."""
    client = bench.connect()
    client.send(request, version)
    assert client.is_waiting
    assert not client.answers
    assert bench.sync()
    return client.answer()


def test_decisions_are_told_when_they_are_synced() -> None:
    """Committed offsets, deleted groups, topics and producer ids: each answer waits for the log that it stands in."""
    bench, _, client = held("t")
    assert answered_after_sync(bench, commit("g", "t"), 8).topics[0].partitions[0].error_code == 0
    assert answered_after_sync(bench, create_topic("new"), 7).topics[0].error_code == 0
    assert answered_after_sync(bench, init_producer_id(), 4).error_code == 0
    assert client.ask(init_producer_id(), 4).producer_id == 1  # of a block that is synced
    part = OffsetDeleteRequest.OffsetDeleteRequestTopic.OffsetDeleteRequestPartition(partition_index=0)
    topics = [OffsetDeleteRequest.OffsetDeleteRequestTopic(name="t", partitions=[part])]
    deleted = answered_after_sync(bench, OffsetDeleteRequest(group_id="g", topics=topics), 0)
    assert deleted.topics[0].partitions[0].error_code == 0
    answered = answered_after_sync(bench, DeleteGroupsRequest(groups_names=["warm"]), 2)
    assert [(each.group_id, each.error_code) for each in answered.results] == [("warm", 0)]
    assert answered_after_sync(bench, delete("new"), 4).responses[0].error_code == 0


def test_answers_that_may_tell_of_what_is_not_synced_yet_wait_too() -> None:
    """A coordinator's answer without records waits for the last that has some (CoordinatorRuntime); once nothing is
    held it comes at once."""
    bench, _, client = held("t", config={"offsets.topic.num.partitions": "1"})
    other = bench.connect()
    beat = blank(request_type(12), group_id="h", generation_id=1, member_id="m")
    assert other.ask(beat, 4).error_code == UNKNOWN_MEMBER_ID
    client.send(commit("g", "t"), 8)
    other.send(beat, 4)
    assert client.is_waiting and other.is_waiting
    bench.sync()
    assert client.answer().topics[0].partitions[0].error_code == 0
    assert other.answer().error_code == UNKNOWN_MEMBER_ID


def test_a_topic_is_synced_no_later_than_what_is_in_it() -> None:
    """Somebody else may use a topic before its creation was answered: records are acknowledged after both syncs."""
    bench, _, client = held("t")
    maker = bench.connect()
    maker.send(create_topic("new"), 7)
    assert client.ask(metadata("new"), 9).topics[0].error_code == 0
    client.send(produce("new", b"a"), PRODUCED)
    job = bench.take()
    assert job is not None
    assert [part.hold.key for part in job.parts] == [("__cluster_metadata", 0), ("new", 0)]
    bench.core.synced(job, [BROKEN, None], bench.now)
    bench.deliver()
    assert produced(client.answer())[0] == KAFKA_STORAGE_ERROR


# -- failures ------------------------------------------------------------------------------------------------------


def test_a_sync_that_fails() -> None:
    """Who waits is told so, nobody ever sees the records, and the file is not synced again: it would say that all is
    well (fsyncgate). Other partitions go on."""
    bench, files, client = held("t", "u")
    other, reader = bench.connect(), bench.connect()
    client.send(produce("t", b"a"), PRODUCED)
    other.send(produce("u", b"b"), PRODUCED)
    reader.send(fetch(("t", 0, 0), max_wait_ms=1000), FETCHED)
    job = bench.take()
    assert job is not None
    later = bench.connect()
    later.send(produce("t", b"c"), PRODUCED)
    bench.core.synced(job, [BROKEN, None], bench.now)
    files.syncs.clear()
    while bench.sync():
        pass
    assert produced(client.answer())[0] == KAFKA_STORAGE_ERROR
    assert produced(later.answer())[0] == KAFKA_STORAGE_ERROR
    assert produced(other.answer())[0] == 0
    assert files.syncs[LOG] == 0
    assert produced(client.ask(produce("t", b"d"), PRODUCED))[0] == KAFKA_STORAGE_ERROR
    assert not bench.sync()
    assert not bench.core.bugs


def test_a_duplicate_of_what_could_not_be_synced() -> None:
    """It is in the file, and may be gone after the next start: it is not acknowledged."""
    bench, _, client = held("t")
    client.send(numbered("t", 0), PRODUCED)
    job = bench.take()
    assert job is not None
    bench.finish(job, [BROKEN])
    assert produced(client.answer())[0] == KAFKA_STORAGE_ERROR
    assert produced(client.ask(numbered("t", 0), PRODUCED))[0] == KAFKA_STORAGE_ERROR


def test_a_commit_that_cannot_be_synced() -> None:
    """Clients of a group look for its coordinator anew, as with any failure of its disk."""
    bench, _, client = held("t")
    client.send(commit("g", "t"), 8)
    job = bench.take()
    assert job is not None
    bench.finish(job, [BROKEN] * len(job.parts))
    assert client.answer().topics[0].partitions[0].error_code == NOT_COORDINATOR


def test_files_that_are_deleted_while_they_are_synced() -> None:
    """A segment that retention takes away is no failure of the disk: the rest is synced again."""
    files = FaultyFiles()
    bench = Bench(files=files, config={"log.initial.task.delay.ms": "0", "log.retention.check.interval.ms": "1000"})
    client = bench.connect()
    configs = {"segment.bytes": "1048576", "retention.bytes": "1048576"}
    client.ask(create_topic("t", configs=configs), 7)
    bench.holds_syncs = True
    for _ in range(5):
        client.ask(produce("t", bytes(700_000)), PRODUCED)
    job = bench.take(bench.state.syncs.background)
    assert job is not None
    log = job.parts[0].hold.log
    bench.advance(1000)
    assert log.start_offset > 0
    bench.finish(job)
    assert log.durable.failure is None
    while bench.sync(bench.state.syncs.background):
        pass
    assert log.recovery_point == 4


# -- after the power is gone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_what_was_acknowledged_survives(seed: int) -> None:
    """Topics, records, commits: after a loss of power that takes whatever POSIX lets it take, all that was answered is
    there, whole and at its offset, and what was seen by readers too."""
    rng = Random(seed)
    disk = Disk()
    promised: dict[str, list[bytes]] = {}
    now = START
    for run in range(3):
        bench = Bench(files=FaultyFiles(disk), sync=True, now=now)
        client = bench.connect()
        for topic, values in promised.items():
            found = read_all(client, topic)
            assert found[: len(values)] == values
            promised[topic] = found
        if run:
            assert committed(client) == run - 1
        topic = f"t{run}"
        client.ask(create_topic(topic, configs={"segment.bytes": "1048576"}), 7)
        promised[topic] = []
        for number in range(rng.randrange(1, 12)):
            name = rng.choice(list(promised))
            value = b"%d-%d-%d" % (run, number, rng.randrange(10**6)) * rng.choice((1, 1, 1, 30_000))
            assert produced(client.ask(produce(name, value), PRODUCED))[0] == 0
            promised[name].append(value)
        client.ask(commit("g", topic, run), 8)
        bench.holds_syncs = True
        client.send(produce(topic, b"not answered"), PRODUCED)
        disk.lose_power(rng)
        now = bench.now + 1000


def read_all(client: CoreClient, topic: str) -> list[bytes]:
    """Segment by segment."""
    found: list[bytes] = []
    while more := fetched(client.ask(fetch((topic, 0, len(found))), FETCHED))[topic, 0]:
        found += [value or b"" for value in more]
    return found


def committed(client: CoreClient) -> int:
    request = blank(request_type(9), group_id="g", topics=None)
    answer = client.ask(request, 7)
    offsets: Sequence[int] = [part.committed_offset for topic in answer.topics for part in topic.partitions]
    return max(offsets)


def test_what_a_killed_run_has_left_is_synced_first() -> None:
    """Before anybody is served: a duplicate of what the killed run had written is acknowledged, and readers see it."""
    _, files, client = held("t")
    client.send(numbered("t", 0), PRODUCED)
    next_run = Bench(files=files.copy(), sync=True)
    assert next_run.state.directory.logs["t", 0].recovery_point == 1
    assert produced(next_run.connect().ask(numbered("t", 0), PRODUCED)) == (0, 0)
    assert latest(next_run.connect(), "t") == 1


# -- flush.messages, flush.ms and segments that end ----------------------------------------------------------------


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_flush_messages(scope: str) -> None:
    """flush.messages, or log.flush.interval.messages of the broker: the batch with which so many messages are not
    flushed is acknowledged after the flush, others at once (UnifiedLog.append); the recovery point is the end then."""
    name = {"topic": "flush_messages", "broker": "log.flush.interval.messages"}[scope]
    config = {name: "3"} if scope == "broker" else {}
    bench, files, client = held("t", sync=False, config=config, **({name: "3"} if scope == "topic" else {}))
    while bench.sync():
        pass
    log = bench.state.directory.logs.get(("t", 0))
    waits = []
    for number in range(1, 8):
        client.send(produce("t", b"x"), PRODUCED)
        waits.append(client.is_waiting and not client.answers)
        reader = bench.connect()
        assert latest(reader, "t") == (number if not waits[-1] else number - 1)
        bench.sync()
        assert produced(client.answer()) == (0, number - 1)
    assert waits == [False, False, True, False, False, True, False]
    log = bench.state.directory.logs["t", 0]
    assert log.recovery_point == 6
    assert (files.syncs[LOG], files.syncs[LOG.replace(".log", ".index")]) == (2, 2)


def test_a_batch_of_many_messages_is_flushed_itself() -> None:
    """Messages count, not batches: flush.messages=3 and a batch of five."""
    bench, _, client = held("t", sync=False, flush_messages="3")
    client.send(produce("t", *[b"x"] * 5), PRODUCED)
    other = bench.connect()
    other.send(produce("t", b"y"), PRODUCED)
    assert client.is_waiting
    assert other.is_waiting  # in Kafka it would wait for the lock: nobody sees it before those that were first
    bench.sync()
    assert produced(client.answer()) == (0, 0) and produced(other.answer()) == (0, 5)


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_flush_ms(scope: str) -> None:
    """flush.ms, or log.flush.interval.ms: a log that was not flushed for so long is, at the looks that begin after
    log.initial.task.delay.ms and come every log.flush.scheduler.interval.ms (LogManager.flushDirtyLogs)."""
    config = {"log.initial.task.delay.ms": "1000", "log.flush.scheduler.interval.ms": "500"}
    if scope == "broker":
        config["log.flush.interval.ms"] = "1400"
    bench = Bench(files=MemoryFiles(), config=config)
    client = bench.connect()
    client.ask(create_topic("t", configs={"flush.ms": "1400"} if scope == "topic" else {}), 7)
    client.ask(produce("t", b"a"), PRODUCED)
    log = bench.state.directory.logs["t", 0]
    points = []
    for _ in range(8):
        bench.advance(500)
        points.append(log.recovery_point)
        client.ask(produce("t", b"b"), PRODUCED)
    # Looks at 1000, 1500, ...: 1500 after its creation it is flushed, 1500 after that again.
    assert points == [0, 0, 3, 3, 3, 6, 6, 6]


def test_segments_that_end_are_flushed() -> None:
    """In the background, and then the recovery point is where the active one begins (UnifiedLog.roll); nobody waits."""
    bench, files, client = held("t", sync=False, segment_bytes="1048576")
    for _ in range(4):
        assert produced(client.ask(produce("t", bytes(700_000)), PRODUCED))[0] == 0
    log = bench.state.directory.logs["t", 0]
    assert (log.recovery_point, files.syncs[LOG]) == (0, 0)
    assert not bench.sync()
    assert bench.sync(bench.state.syncs.background)
    assert log.recovery_point == log.segments.all[-1].base_offset == 3
    names = [f"t-0/{base:020d}" for base in range(3)]
    assert all(files.syncs[f"{name}{end}"] == 1 for name in names for end in (".log", ".index", ".timeindex"))
    assert files.syncs[f"t-0/{3:020d}.log"] == 0
    assert (files.syncs[f"t-0/{3:020d}.snapshot"], files.syncs["t-0/"]) == (1, 1)


def test_nothing_is_synced_where_nothing_is_kept() -> None:
    """Nobody will look into that directory: segments that end, and flush.messages, cost nothing."""
    bench = Bench()
    bench.holds_syncs = True
    client = bench.connect()
    client.ask(create_topic("t", configs={"flush.messages": "1", "segment.bytes": "1048576"}), 7)
    for _ in range(3):
        assert produced(client.ask(produce("t", bytes(700_000)), PRODUCED))[0] == 0
    assert not bench.sync() and not bench.sync(bench.state.syncs.background)


def test_a_clean_stop_flushes() -> None:
    """The next start trusts every file, so all of them are synced first: also what a sync was under way for."""
    for sync in (False, True):
        disk = Disk()
        bench = Bench(files=FaultyFiles(disk), sync=sync)
        client = bench.connect()
        client.ask(create_topic("t"), 7)
        bench.holds_syncs = True
        client.send(produce("t", b"a"), PRODUCED)
        bench.take()
        bench.state.close(bench.now)
        disk.lose_power(Random(1))
        bench = Bench(files=FaultyFiles(disk), sync=sync)
        assert bench.state.directory.was_clean
        assert fetched(bench.connect().ask(fetch(("t", 0, 0)), FETCHED)) == {("t", 0): [b"a"]}

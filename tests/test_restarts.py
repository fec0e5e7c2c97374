"""Restarts on a kept directory: leader epochs, the start of logs and producers, as Apache Kafka 4.3.1 has them then.

Every expected number was recorded from a node of Apache Kafka that was stopped (SIGTERM) or killed (SIGKILL) and
started again on its directory.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Protocol

import pytest

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.messages.delete_records import DeleteRecordsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.describe_producers import DescribeProducersRequest
from kpybroker.wire.messages.fetch import FetchRequest
from kpybroker.wire.messages.list_offsets import ListOffsetsRequest
from kpybroker.wire.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from kpybroker.wire.records import build
from tests.core import START, Bench, CoreClient
from tests.process import BrokerProcess
from tests.requests import create_topic, metadata, parts_of, produce, produced

Restart = Callable[[Bench], Bench]
LATEST, EARLIEST = -1, -2
FIRST_LOOK_MS = 30_000  # log.initial.task.delay.ms
OUT_OF_RANGE, OUT_OF_ORDER, FENCED, UNKNOWN = 1, 45, 74, 75
Asked = FetchRequest.FetchTopic.FetchPartition


class Asker(Protocol):
    """A client of a core, or a link to a process."""

    def ask(self, request: Any, version: int) -> Any: ...


def stop(bench: Bench) -> Bench:
    """A clean stop, and the next run."""
    bench.state.close(bench.now)
    return Bench(files=files_of(bench), now=bench.now)


def kill(bench: Bench) -> Bench:
    """The next run on what the disk had at this moment."""
    return Bench(files=files_of(bench).copy(), now=bench.now)


def files_of(bench: Bench) -> MemoryFiles:
    files = bench.state.directory.files
    assert isinstance(files, MemoryFiles)
    return files


def begin(*topics: str) -> tuple[Bench, CoreClient]:
    bench = Bench(files=MemoryFiles())
    client = bench.connect()
    for topic in topics:
        client.ask(create_topic(topic), 7)
    return bench, client


def leader_epoch(client: Asker, topic: str) -> int:
    ((partition,),) = [each.partitions for each in client.ask(metadata(topic), 9).topics]
    assert (partition.leader_id, partition.isr_nodes) == (1, [1])
    epoch: int = partition.leader_epoch
    return epoch


def end_of(client: Asker, topic: str, epoch: int, current: int = -1) -> tuple[int, int, int]:
    """(error, epoch, end offset)."""
    part = OffsetForLeaderEpochRequest.OffsetForLeaderTopic.OffsetForLeaderPartition(
        partition=0, current_leader_epoch=current, leader_epoch=epoch
    )
    asked = OffsetForLeaderEpochRequest.OffsetForLeaderTopic(topic=topic, partitions=[part])
    answer = client.ask(OffsetForLeaderEpochRequest(replica_id=-1, topics=[asked]), 4)
    found = answer.topics[0].partitions[0]
    return found.error_code, found.leader_epoch, found.end_offset


def listed(client: Asker, topic: str, timestamp: int, current: int = -1) -> tuple[int, int, int]:
    """(error, offset, leader epoch)."""
    part = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition(
        partition_index=0, timestamp=timestamp, current_leader_epoch=current
    )
    asked = ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[part])
    found = client.ask(ListOffsetsRequest(replica_id=-1, topics=[asked]), 7).topics[0].partitions[0]
    return found.error_code, found.offset, found.leader_epoch


def read(client: CoreClient, topic: str, offset: int, *, current: int = -1, last: int = -1) -> Any:
    asked = Asked(
        partition=0,
        fetch_offset=offset,
        partition_max_bytes=1 << 20,
        current_leader_epoch=current,
        last_fetched_epoch=last,
    )
    topics = [FetchRequest.FetchTopic(topic=topic, partitions=[asked])]
    (part,) = parts_of(client.ask(FetchRequest(max_wait_ms=0, min_bytes=1, topics=topics), 12)).values()
    return part


def delete_records(client: Asker, topic: str, offset: int) -> tuple[int, int]:
    """(error, low watermark)."""
    part = DeleteRecordsRequest.DeleteRecordsTopic.DeleteRecordsPartition(partition_index=0, offset=offset)
    asked = DeleteRecordsRequest.DeleteRecordsTopic(name=topic, partitions=[part])
    found = client.ask(DeleteRecordsRequest(topics=[asked], timeout_ms=1000), 2).topics[0].partitions[0]
    return found.error_code, found.low_watermark


def send(client: CoreClient, topic: str, producer_id: int, epoch: int, sequence: int) -> tuple[int, int]:
    """(error, offset) of a batch of one record."""
    rows = [(START, None, b"x", ())]
    data = build(rows, producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence)
    return produced(client.ask(produce(topic, data=data), 9))


def known_producers(client: CoreClient, topic: str) -> list[tuple[int, int, int]]:
    """(id, epoch, last sequence) of each."""
    asked = DescribeProducersRequest.TopicRequest(name=topic, partition_indexes=[0])
    answer = client.ask(DescribeProducersRequest(topics=[asked]), 0)
    found = answer.topics[0].partitions[0].active_producers
    return [(each.producer_id, each.producer_epoch, each.last_sequence) for each in found]


# -- leader epochs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", [stop, kill])
def test_the_leader_epoch_rises_by_two_with_each_start(restart: Restart) -> None:
    """A node that starts again has lost its partitions and leads them anew: two changes of leader, two epochs."""
    bench, client = begin("t")
    epochs = [leader_epoch(client, "t")]
    for _ in range(3):
        bench = restart(bench)
        epochs.append(leader_epoch(bench.connect(), "t"))
    assert epochs == [0, 2, 4, 6]


def test_the_ends_of_epochs_over_restarts() -> None:
    """Nothing was written in epoch 0, two records in epoch 2, nothing in epoch 4: what each is answered."""
    bench, client = begin("ep", "emp")
    bench = stop(bench)
    client = bench.connect()
    for topic in ("ep", "emp"):
        ends = [end_of(client, topic, epoch) for epoch in range(-1, 4)]
        assert ends == [(0, -1, -1), (0, 0, 0), (0, 1, 0), (0, 2, 0), (0, -1, -1)]
        assert [listed(client, topic, each) for each in (EARLIEST, LATEST)] == [(0, 0, 2), (0, 0, 2)]
    client.ask(produce("ep", b"a", b"b"), 9)
    bench = kill(bench)
    client = bench.connect()
    assert [end_of(client, "ep", epoch)[1:] for epoch in range(6)] == [(0, 0), (1, 0), (2, 2), (2, 2), (4, 2), (-1, -1)]
    assert [end_of(client, "emp", epoch)[1:] for epoch in range(6)] == [
        *[(epoch, 0) for epoch in range(5)],
        (-1, -1),
    ]
    assert [listed(client, "ep", each) for each in (EARLIEST, LATEST)] == [(0, 0, 2), (0, 2, 4)]
    assert [listed(client, "emp", each) for each in (EARLIEST, LATEST)] == [(0, 0, 4), (0, 0, 4)]
    assert not bench.core.bugs


def test_clients_that_know_another_epoch_are_refused() -> None:
    """The epoch of the run before is FENCED, that of the next UNKNOWN, for each API that asks for it."""
    bench, client = begin("ep")
    client.ask(produce("ep", b"a", b"b"), 9)
    client = stop(bench).connect()
    for current, error in ((1, FENCED), (2, 0), (3, UNKNOWN)):
        assert end_of(client, "ep", 0, current) == (error, -1 if error else 0, -1 if error else 2)
        assert listed(client, "ep", LATEST, current)[0] == error
        part = read(client, "ep", 0, current=current)
        assert (part.error_code, part.high_watermark) == (error, -1 if error else 2)


@pytest.mark.parametrize(("version", "is_told"), [(15, False), (16, True), (17, True)])
def test_who_is_fenced_is_told_the_leader(version: int, is_told: bool) -> None:
    """From version 16 on a fenced reader learns who leads in which epoch, and where that is (KIP-951)."""
    bench, _ = begin("ep")
    client = stop(bench).connect()
    topic = client.ask(metadata("ep"), 12).topics[0]
    part = Asked(partition=0, fetch_offset=0, partition_max_bytes=1000, current_leader_epoch=1)
    asked = FetchRequest.FetchTopic(topic_id=topic.topic_id, partitions=[part])
    answer = client.ask(FetchRequest(max_wait_ms=0, min_bytes=1, topics=[asked]), version)
    found = answer.responses[0].partitions[0]
    assert (found.error_code, found.aborted_transactions) == (FENCED, None)
    assert (found.current_leader is not None) == is_told
    assert [(node.node_id, node.host, node.port) for node in answer.node_endpoints] == (
        [(1, "127.0.0.1", 9092)] if is_told else []
    )
    if is_told:
        assert (found.current_leader.leader_id, found.current_leader.leader_epoch) == (1, 2)


def test_readers_find_where_logs_part() -> None:
    """Two records in epoch 2, the leader's epoch is 4: what a reader is told that has read as far in some epoch."""
    bench, _ = begin("ep")
    bench = stop(bench)
    bench.connect().ask(produce("ep", b"a", b"b"), 9)
    client = kill(bench).connect()
    told = {}
    for last in range(6):
        for offset in (0, 2):
            part = read(client, "ep", offset, last=last)
            diverging = part.diverging_epoch
            told[last, offset] = part.error_code or (diverging and (diverging.epoch, diverging.end_offset))
    assert told == {
        **{(0, 0): None, (0, 2): (0, 0), (1, 0): None, (1, 2): (1, 0), (2, 0): None, (2, 2): None},
        **{(3, 0): (2, 2), (3, 2): (2, 2), (4, 0): None, (4, 2): None, (5, 0): 1, (5, 2): 1},
    }


def test_epochs_of_deleted_records_are_forgotten() -> None:
    """A log that begins within the newest epoch: all older ones end where it begins."""
    bench, _ = begin("del")
    client = kill(stop(bench)).connect()
    client.ask(produce("del", *[b"x"] * 30), 9)
    assert [delete_records(client, "del", offset) for offset in (4, 2, 100, -2)] == [(0, 4), (0, 4), (1, -1), (1, -1)]
    ends = [end_of(client, "del", epoch)[1:] for epoch in range(6)]
    assert ends == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 30), (-1, -1)]
    assert listed(client, "del", EARLIEST) == (0, 4, 4)
    told = {}
    for last in (0, 3, 4):
        for offset in (0, 3, 4, 12):
            part = read(client, "del", offset, last=last)
            diverging = part.diverging_epoch
            told[last, offset] = part.error_code or (diverging and (diverging.epoch, diverging.end_offset))
    parting = {(last, 12): (last, 4) for last in (0, 3)}
    assert (
        told == {(last, offset): 1 if offset < 4 else None for last in (0, 3, 4) for offset in (0, 3, 4, 12)} | parting
    )


def test_a_start_is_one_batch() -> None:
    """However many partitions change their leader: their records go to the metadata log with one write, after the
    one that tells of the election."""
    bench, client = begin()
    client.ask(create_topic("many", 300), 7)
    for _ in range(2):
        log = bench.state.directory.logs["__cluster_metadata", 0]
        before = len(list(log.headers()))
        bench = kill(bench)
        log = bench.state.directory.logs["__cluster_metadata", 0]
        assert len(list(log.headers())) == before + 2
        assert leader_epochs(bench.connect(), "many") == {bench.state.image.topics["many"].partitions[0].leader_epoch}


def leader_epochs(client: CoreClient, topic: str) -> set[int]:
    (found,) = client.ask(metadata(topic), 9).topics
    return {partition.leader_epoch for partition in found.partitions}


# -- where logs begin ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", [stop, kill])
def test_deleted_records_stay_deleted(restart: Restart) -> None:
    """The start that was answered is the start after a stop and after a kill, within a log and at its end."""
    bench, client = begin("part", "all", "none")
    for topic in ("part", "all", "none"):
        client.ask(produce(topic, *[b"x"] * 7), 9)
    assert delete_records(client, "part", 3) == (0, 3)
    assert delete_records(client, "all", -1) == (0, 7)
    for _ in range(2):
        bench = restart(bench)
        client = bench.connect()
        assert [listed(client, topic, EARLIEST)[:2] for topic in ("part", "all", "none")] == [(0, 3), (0, 7), (0, 0)]
        assert [listed(client, topic, LATEST)[:2] for topic in ("part", "all", "none")] == [(0, 7)] * 3
        assert [read(client, "part", offset).error_code for offset in (2, 3)] == [OUT_OF_RANGE, 0]
        assert read(client, "part", 3).log_start_offset == 3
    lines = (files_of(bench).read_whole("log-start-offset-checkpoint") or b"").splitlines()
    assert [*lines[:2], *sorted(lines[2:])] == [b"0", b"2", b"all 0 7", b"part 0 3"]


@pytest.mark.parametrize("restart", [stop, kill])
def test_a_topic_made_anew_does_not_begin_where_the_old_one_did(restart: Restart) -> None:
    """The start of a log goes with its topic: nothing of a later one of its name is taken for deleted."""
    bench, client = begin("t")
    client.ask(produce("t", *[b"x"] * 9), 9)
    assert delete_records(client, "t", 8) == (0, 8)
    assert bench.state.directory.files.read_whole("log-start-offset-checkpoint") == b"0\n1\nt 0 8\n"
    client.ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), 4)
    assert bench.state.directory.files.read_whole("log-start-offset-checkpoint") == b"0\n0\n"
    client.ask(create_topic("t"), 7)
    client.ask(produce("t", b"a", b"b"), 9)
    client = restart(bench).connect()
    assert [listed(client, "t", each)[:2] for each in (EARLIEST, LATEST)] == [(0, 0), (0, 2)]


def test_a_start_that_a_kill_has_left_behind_is_forgotten() -> None:
    """A kill between a topic's files and its line among the starts: the line goes with the next start."""
    files = files_of(begin("t")[0])
    files.write_whole("log-start-offset-checkpoint", b"0\n1\ngone 0 5\n")
    left = files.copy()
    Bench(files=left)
    assert left.read_whole("log-start-offset-checkpoint") == b"0\n0\n"


@pytest.mark.parametrize("restart", [stop, kill])
def test_whole_segments_go_with_their_records(restart: Restart) -> None:
    """At the next look for what is old (LogManager.cleanupLogs) what lies before the start in segments of its own is
    removed; until then, and within a segment, it still takes its place."""
    bench, client = begin()
    client.ask(create_topic("t", configs={"segment.bytes": "1048576"}), 7)
    for _ in range(4):
        client.ask(produce("t", bytes(600_000)), 9)
    names = [f"{offset:020}.log" for offset in range(4)]
    assert logs(bench, "t-0") == names
    assert delete_records(client, "t", 2) == (0, 2)
    assert logs(bench, "t-0") == names
    bench.advance(FIRST_LOOK_MS)
    assert logs(bench, "t-0") == names[2:]
    assert delete_records(client, "t", -1) == (0, 4)
    bench = restart(bench)
    assert logs(bench, "t-0") == names[2:]
    bench.advance(FIRST_LOOK_MS)
    assert logs(bench, "t-0") == names[3:]
    client = bench.connect()
    assert [listed(client, "t", each)[:2] for each in (EARLIEST, LATEST)] == [(0, 4), (0, 4)]
    assert produced(client.ask(produce("t", b"x"), 9)) == (0, 4)


def test_a_killed_process_keeps_what_it_has_answered(tmp_path: Path) -> None:
    """The same over a real disk and a real SIGKILL: the start of the log, and two epochs more. One line tells what was
    done; after a clean stop there is none."""
    arguments = ("--data-dir", str(tmp_path / "data"))
    with BrokerProcess(tmp_path / "first", *arguments) as broker, broker.link() as link:
        link.ask(create_topic("t"), 7)
        link.ask(produce("t", b"a", b"b", b"c"), 9)
        assert delete_records(link, "t", 2) == (0, 2)
        broker.stop(signal.SIGKILL)
    with open(tmp_path / "data" / "t-0" / f"{0:020}.log", "ab") as log:
        log.write(b"torn")
    with BrokerProcess(tmp_path / "second", *arguments) as broker, broker.link() as link:
        assert leader_epoch(link, "t") == 2
        assert [listed(link, "t", each)[:2] for each in (EARLIEST, LATEST)] == [(0, 2), (0, 3)]
        assert [end_of(link, "t", epoch)[1:] for epoch in range(4)] == [(0, 3), (0, 3), (2, 3), (-1, -1)]
        assert re.findall(r"WARNING (.*)", broker.log) == [
            f"{tmp_path}/data: recovered 2 logs in 0.0 s: 0 MB checked, 4 bytes cut from t-0"
        ]
        broker.stop()
    with BrokerProcess(tmp_path / "third", *arguments) as broker:
        assert "recovered" not in broker.log


def logs(bench: Bench, directory: str) -> list[str]:
    return [name for name in bench.state.directory.files.list(directory) if name.endswith(".log")]


# -- producers -----------------------------------------------------------------------------------------------------


def with_producers() -> Bench:
    """Eight batches of one producer, of which seven were deleted, then one of another."""
    bench, client = begin("q")
    for sequence in range(7):
        assert send(client, "q", 5, 0, sequence) == (0, sequence)
    assert send(client, "q", 6, 3, 0) == (0, 7)
    assert delete_records(client, "q", 7) == (0, 7)
    assert send(client, "q", 5, 0, 7) == (0, 8)
    return bench


def test_after_a_clean_stop_the_last_batch_of_a_producer_is_known() -> None:
    """A snapshot keeps each producer's last batch: that one again is a duplicate, those before are out of order."""
    bench = stop(with_producers())
    client = bench.connect()
    assert sorted(known_producers(client, "q")) == [(5, 0, 7), (6, 3, 0)]
    assert [send(client, "q", 5, 0, sequence) for sequence in (6, 5, 3, 9)] == [(OUT_OF_ORDER, -1)] * 4
    assert send(client, "q", 5, 0, 7) == (0, 8)
    assert send(client, "q", 5, 0, 8) == (0, 9)
    assert send(client, "q", 6, 3, 0) == (0, 7)
    assert send(client, "q", 6, 3, 5) == (OUT_OF_ORDER, -1)
    invalid_epoch = 47
    assert send(client, "q", 6, 2, 0) == (invalid_epoch, -1)


def test_a_kill_after_a_clean_stop_goes_on_from_the_snapshot() -> None:
    """What came after the stop is read from the log, and then too the last batch of each producer is known: recovery
    takes a snapshot of its own, which a start goes by."""
    bench = stop(with_producers())
    client = bench.connect()
    assert send(client, "q", 5, 0, 8) == (0, 9)
    client = kill(bench).connect()
    assert sorted(known_producers(client, "q")) == [(5, 0, 8), (6, 3, 0)]
    assert [send(client, "q", 5, 0, sequence) for sequence in (8, 7, 6)] == [(0, 9), *[(OUT_OF_ORDER, -1)] * 2]
    assert send(client, "q", 5, 0, 9) == (0, 10)


def test_producers_of_deleted_segments_outlive_a_kill() -> None:
    """Whoever wrote only to segments that are gone is still known: its next sequence is expected."""
    bench, client = begin()
    client.ask(create_topic("t", configs={"segment.bytes": "1048576"}), 7)
    assert send(client, "t", 5, 0, 0) == (0, 0)
    for _ in range(3):
        client.ask(produce("t", bytes(600_000)), 9)
    assert delete_records(client, "t", 3) == (0, 3)
    client = kill(bench).connect()
    assert known_producers(client, "t") == [(5, 0, 0)]
    assert send(client, "t", 5, 0, 4) == (OUT_OF_ORDER, -1)


def test_producers_that_were_silent_for_a_day_are_forgotten_at_a_start() -> None:
    """producer.id.expiration.ms counts while the broker is down too."""
    bench = with_producers()
    bench.state.close(bench.now)
    later = Bench(files=files_of(bench), now=bench.now + 86_400_000)
    client = later.connect()
    assert known_producers(client, "q") == []
    assert send(client, "q", 5, 0, 6) == (0, 9)


# -- anything in any order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_writes_deletions_and_restarts(seed: int) -> None:
    """What a log is told to have follows from its records alone: which are left, and the epoch that wrote each."""
    luck = Random(seed)
    bench, client = begin()
    client.ask(create_topic("t", configs={"segment.bytes": "1048576"}), 7)
    epochs: list[int] = []  # of each record ever written, by its offset
    start = current = 0
    for _ in range(60):
        what = luck.choice(("write", "write", "write much", "delete", "stop", "kill"))
        if what.startswith("write"):
            count = luck.randrange(1, 5) if what == "write" else 1
            values = [b"x"] * count if what == "write" else [bytes(400_000)]
            assert produced(client.ask(produce("t", *values), 9)) == (0, len(epochs))
            epochs += [current] * count
        elif what == "delete":
            offset = luck.randrange(len(epochs) + 1)
            start = max(start, offset)
            assert delete_records(client, "t", offset) == (0, start)
        else:
            bench = (stop if what == "stop" else kill)(bench)
            client = bench.connect()
            current += 2
        assert listed(client, "t", EARLIEST)[:2] == (0, start)
        assert listed(client, "t", LATEST) == (0, len(epochs), current)
        for asked in range(current + 2):
            assert end_of(client, "t", asked)[1:] == expected_end(asked, epochs, start, current)
    assert not bench.core.bugs


def expected_end(asked: int, epochs: list[int], start: int, current: int) -> tuple[int, int]:
    """KIP-101: the largest epoch up to the one asked for that has records (or leads), and where the next begins."""
    end = len(epochs)
    if asked > current:
        return -1, -1
    if asked == current:
        return asked, end
    begins = {epoch: offset for offset, epoch in reversed(list(enumerate(epochs))) if offset >= start}
    begins.setdefault(current, end)
    known = [epoch for epoch in begins if epoch <= asked]
    return max(known, default=asked), min(offset for epoch, offset in begins.items() if epoch > asked)


def test_what_no_topic_is_known_of_is_set_aside(caplog: pytest.LogCaptureFixture) -> None:
    """Where the metadata log has lost a topic, its records are not for a later one of that name, nor gone: the
    partition's directory is renamed, once more each time, and a line says so (LogManager.loadLog)."""
    files = MemoryFiles()
    for round in range(2):
        bench = Bench(files=files)
        client = bench.connect()
        client.ask(create_topic("t", 1), 7)
        assert produced(client.ask(produce("t", b"kept"), 9)) == (0, 0)
        files = bench.state.directory.files.copy()  # type: ignore[attr-defined]
        bytes_of = files.read_whole("t-0/00000000000000000000.log")
        Bench(files=files)  # as the cluster knows it, it stays where it is
        assert files.exists("t-0/00000000000000000000.log")
        files = files.copy()
        for name in files.list("__cluster_metadata-0"):
            files.remove(f"__cluster_metadata-0/{name}")
        Bench(files=files)
        aside = [name for name in files.list("") if name.endswith("-stray")]
        assert len(aside) == round + 1
        assert not files.exists("t-0")
        assert bytes_of in [files.read_whole(f"{name}/00000000000000000000.log") for name in aside]
        assert f"{aside[-1]}: set aside" in caplog.text
        files = files.copy()

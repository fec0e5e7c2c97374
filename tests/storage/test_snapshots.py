"""Snapshots of producers: Apache Kafka's bytes both ways, and what becomes of those that cannot be trusted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.log import Log
from kpybroker.storage.producers import NO_SNAPSHOT, Producer, Producers, SeenBatch
from kpybroker.storage.recovery import open_log
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.snapshots import Snapshots, load_producers, write_snapshot
from kpybroker.wire.records import build
from tests.storage.logs import DIRECTORY, KAFKA, NOW, SMALL, append, fill

# 00000000000000000009.snapshot as Apache Kafka 4.3.1 wrote it; its DumpLogSegments tells what is in it:
# producer 5, epoch 0, sequences 7 to 7, last offset 8; producer 6, epoch 3, sequences 0 to 0, last offset 7.
OF_KAFKA = bytes.fromhex(
    "00018a86a9390000000200000000000000050000000000070000000000000008"
    "00000000000001a202a37e36ffffffffffffffffffffffff0000000000000006"
    "000300000000000000000000000700000000000001a202a37e17ffffffffffff"
    "ffffffffffff"
)
TIMES = {5: 1795340598838, 6: 1795340598807}
WHENEVER = TIMES[5]
DAY_MS = 86_400_000


def log_of(files: Files, records: int) -> Log:
    log = Log(files, DIRECTORY, SMALL, NOW)
    fill(log, records)
    return log


def known(producers: Producers) -> dict[int, tuple[int, list[SeenBatch], int]]:
    return {
        number: (each.epoch, list(each.batches), each.last_timestamp) for number, each in producers.producers.items()
    }


def loaded(log: Log, now: int = WHENEVER, *, trusted: bool = True) -> tuple[Producers, int]:
    return load_producers(log, now, DAY_MS, trusted=trusted)


def snapshots(files: Files) -> list[str]:
    return [name for name in files.list(DIRECTORY) if name.endswith(".snapshot")]


def test_kafkas_snapshot_is_read(files: Files) -> None:
    """Each producer with its epoch and its last batch."""
    log = log_of(files, 12)
    files.write_whole(f"{DIRECTORY}/00000000000000000009.snapshot", OF_KAFKA)
    producers, offset = loaded(log)
    assert offset == 9
    assert known(producers) == {
        5: (0, [SeenBatch(7, 7, 8, 8, TIMES[5])], TIMES[5]),
        6: (3, [SeenBatch(0, 0, 7, 7, TIMES[6])], TIMES[6]),
    }


def test_kafkas_bytes_are_written(files: Files) -> None:
    """The same producers make the same file, named by the end of the log."""
    log_of(files, 9)
    producers = Producers()
    for number, epoch, sequence, offset in ((5, 0, 7, 8), (6, 3, 0, 7)):
        each = producers.producers[number] = Producer()
        each.enter(epoch)
        each.last_timestamp = TIMES[number]
        each.batches.append(SeenBatch(sequence - 1, sequence - 1, offset - 1, offset - 1, 0))
        each.batches.append(SeenBatch(sequence, sequence, offset, offset, TIMES[number]))
    write_snapshot(files, DIRECTORY, 9, producers)
    assert files.read_whole(f"{DIRECTORY}/00000000000000000009.snapshot") == OF_KAFKA


def test_a_log_that_kafka_stopped_is_opened_by_its_snapshot(tmp_path: Path) -> None:
    """Apache Kafka left one at the end of each log, without producers here."""
    shutil.copytree(KAFKA / "timed-0", tmp_path / "timed-0")
    log, _ = open_log(RealFiles(str(tmp_path)), "timed-0", LogConfig(), NOW, clean=True)
    producers, offset = loaded(log, NOW)
    assert (producers.producers, offset) == ({}, log.end_offset)


def test_sequences_wrap_within_a_batch(files: Files) -> None:
    """The first sequence is told by the last one and the number of records."""
    log = log_of(files, 3)
    producers = Producers()
    each = producers.producers[7] = Producer()
    each.enter(0)
    each.last_timestamp = NOW
    seen = SeenBatch(2**31 - 1, 1, 0, 2, NOW)
    each.batches.append(seen)
    each.transaction_offset = 0
    write_snapshot(files, DIRECTORY, 3, producers)
    again, offset = loaded(log, NOW)
    assert offset == 3
    assert known(again) == {7: (0, [seen], NOW)}
    assert again.producers[7].transaction_offset == 0


@pytest.mark.parametrize(
    "broken", [b"", OF_KAFKA[:-1], OF_KAFKA + b"x", b"\0\2" + OF_KAFKA[2:], OF_KAFKA[:40] + b"x" + OF_KAFKA[41:]]
)
def test_a_broken_snapshot_gives_way_to_an_older_one(files: Files, broken: bytes) -> None:
    """Cut off, of another version, or changed: it is removed, and so is one of offsets that the log does not have."""
    log = log_of(files, 12)
    for offset, data in ((9, OF_KAFKA), (12, broken), (13, OF_KAFKA)):
        files.write_whole(f"{DIRECTORY}/{offset:020}.snapshot", data)
    assert loaded(log)[1] == 9
    assert snapshots(files) == ["00000000000000000009.snapshot"]


def test_silent_producers_are_passed_over(files: Files) -> None:
    """Who was last heard of as long ago as producers are kept is not known any more."""
    log = log_of(files, 12)
    files.write_whole(f"{DIRECTORY}/00000000000000000009.snapshot", OF_KAFKA)
    assert list(loaded(log, TIMES[6] + DAY_MS)[0].producers) == [5]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_log_without_snapshots_has_no_producers_after_a_clean_stop(files: Files, trusted: bool) -> None:
    """A Kafka that knew no snapshots left it; after a kill its batches are read (UnifiedLog.rebuildProducerState)."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    data = build([(NOW, None, b"x", ())], producer_id=7, producer_epoch=0, base_sequence=0, leader_epoch=0)
    append(log, data)
    producers, offset = loaded(log, NOW, trusted=trusted)
    assert (list(producers.producers), offset) == (([], 1) if trusted else ([7], NO_SNAPSHOT))
    assert snapshots(files) == (["00000000000000000001.snapshot"] if trusted else [])


def test_what_nobody_needs_is_removed(files: Files) -> None:
    """Those of segments stay, and of the others the newest, if it is newer than those (removeStraySnapshots)."""
    log = log_of(files, 5)
    log.roll(NOW)
    fill(log, 5)
    for offset in (3, 5, 7, 10):
        files.write_whole(f"{DIRECTORY}/{offset:020}.snapshot", OF_KAFKA)
    assert loaded(log)[1] == 10
    assert snapshots(files) == ["00000000000000000005.snapshot", "00000000000000000010.snapshot"]


def test_snapshots_outside_of_the_log_are_removed(files: Files) -> None:
    """At or before its start and after its end, as Apache Kafka does at each start (truncateAndReload)."""
    log = log_of(files, 5)
    log.roll(NOW)
    fill(log, 5)
    log.start_offset = 5
    for offset in (5, 9):
        files.write_whole(f"{DIRECTORY}/{offset:020}.snapshot", OF_KAFKA)
    assert loaded(log)[1] == 9
    assert snapshots(files) == ["00000000000000000009.snapshot"]
    log.start_offset = 10
    assert loaded(log)[1] == NO_SNAPSHOT
    assert snapshots(files) == []


def test_a_log_without_segments_has_none(files: Files) -> None:
    """Nothing was written: nobody is known, and nothing is looked for."""
    producers, offset = loaded(Log(files, DIRECTORY, SMALL, NOW), NOW)
    assert (producers.producers, offset) == ({}, NO_SNAPSHOT)


def test_producers_are_written_in_kafkas_order(files: Files) -> None:
    """As java.util.HashMap of Java 17 gave the same numbers back, with six of them and with fourteen."""
    numbers = [40, 1000003, 17, 4294967301, 33, 5, 1 << 40, 7000, 16, 2, 999983, 123456789012, 65536, 131075]
    six = [17, 33, 4294967301, 5, 40, 1000003]
    fourteen = [1 << 40, 999983, 33, 65536, 131075, 2, 4294967301, 5, 40, 1000003, 16, 17, 123456789012, 7000]
    files.make_directory(DIRECTORY)
    for expected in (six, fourteen):
        producers = Producers()
        producers.producers = {number: Producer() for number in numbers[: len(expected)]}
        write_snapshot(files, DIRECTORY, 9, producers)
        assert list(Snapshots(files, DIRECTORY).load()[0].producers) == expected

"""Snapshots of producers: Apache Kafka's bytes both ways, and what becomes of those that cannot be trusted."""

from __future__ import annotations

import pytest

from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.log import Log
from kpybroker.storage.producers import Producer, Producers, SeenBatch
from kpybroker.storage.recovery import open_log
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.snapshots import NOWHERE, read_snapshot, write_snapshot
from tests.storage.logs import DIRECTORY, KAFKA, NOW, SMALL, fill

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


def snapshots(files: Files) -> list[str]:
    return [name for name in files.list(DIRECTORY) if name.endswith(".snapshot")]


def test_kafkas_snapshot_is_read(files: Files) -> None:
    """Each producer with its epoch and its last batch."""
    log = log_of(files, 12)
    files.write_whole(f"{DIRECTORY}/00000000000000000009.snapshot", OF_KAFKA)
    producers, offset = read_snapshot(log, WHENEVER, DAY_MS)
    assert offset == 9
    assert known(producers) == {
        5: (0, [SeenBatch(7, 7, 8, 8, TIMES[5])], TIMES[5]),
        6: (3, [SeenBatch(0, 0, 7, 7, TIMES[6])], TIMES[6]),
    }


def test_kafkas_bytes_are_written(files: Files) -> None:
    """The same producers make the same file, named by the end of the log."""
    log = log_of(files, 9)
    producers = Producers()
    for number, epoch, sequence, offset in ((5, 0, 7, 8), (6, 3, 0, 7)):
        each = producers.producers[number] = Producer()
        each.enter(epoch)
        each.last_timestamp = TIMES[number]
        each.batches.append(SeenBatch(sequence - 1, sequence - 1, offset - 1, offset - 1, 0))
        each.batches.append(SeenBatch(sequence, sequence, offset, offset, TIMES[number]))
    assert write_snapshot(log, producers, NOWHERE) == 9
    assert files.read_whole(f"{DIRECTORY}/00000000000000000009.snapshot") == OF_KAFKA


def test_a_log_that_kafka_stopped_is_opened_by_its_snapshot() -> None:
    """Apache Kafka left one at the end of each log, without producers here."""
    log, _ = open_log(RealFiles(str(KAFKA)), "timed-0", LogConfig(), NOW, clean=True)
    producers, offset = read_snapshot(log, NOW, DAY_MS)
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
    write_snapshot(log, producers, NOWHERE)
    again, offset = read_snapshot(log, NOW, DAY_MS)
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
    assert read_snapshot(log, WHENEVER, DAY_MS)[1] == 9
    assert snapshots(files) == ["00000000000000000009.snapshot"]


def test_silent_producers_are_passed_over(files: Files) -> None:
    """Who was last heard of as long ago as producers are kept is not known any more."""
    log = log_of(files, 12)
    files.write_whole(f"{DIRECTORY}/00000000000000000009.snapshot", OF_KAFKA)
    assert list(read_snapshot(log, TIMES[6] + DAY_MS, DAY_MS)[0].producers) == [5]


def test_one_snapshot_is_kept_besides_those_of_segments(files: Files) -> None:
    """Each new one takes the place of the one before, unless a segment begins there."""
    log = log_of(files, 5)
    first = write_snapshot(log, Producers(), NOWHERE)
    fill(log, 2)
    second = write_snapshot(log, Producers(), first)
    assert snapshots(files) == ["00000000000000000007.snapshot"]
    log.roll(NOW)
    fill(log, 1)
    write_snapshot(log, Producers(), second)
    assert snapshots(files) == ["00000000000000000007.snapshot", "00000000000000000008.snapshot"]


def test_what_nobody_needs_is_removed(files: Files) -> None:
    """Older than the newest: only those of segments stay, of which one may still be cut back to."""
    log = log_of(files, 5)
    log.roll(NOW)
    fill(log, 5)
    for offset in (3, 5, 7, 10):
        files.write_whole(f"{DIRECTORY}/{offset:020}.snapshot", OF_KAFKA)
    assert read_snapshot(log, WHENEVER, DAY_MS)[1] == 10
    assert snapshots(files) == ["00000000000000000005.snapshot", "00000000000000000010.snapshot"]


def test_a_log_without_segments_has_none(files: Files) -> None:
    """Nothing was written: nobody is known, and nothing is looked for."""
    producers, offset = read_snapshot(Log(files, DIRECTORY, SMALL, NOW), NOW, DAY_MS)
    assert (producers.producers, offset) == ({}, NOWHERE)

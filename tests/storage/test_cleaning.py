"""The compaction of a log: Kafka's own bytes, whatever interrupts it, and readers that keep what they have."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kpybroker.storage.cleaning import Cleaning, groups
from kpybroker.storage.faulty import Crash, FaultyFiles
from kpybroker.storage.files import DiskError, Files, RealFiles, Slice, StorageError
from kpybroker.storage.learning import Extent
from kpybroker.storage.log import Log, delete
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.storage.producers import Producers
from kpybroker.storage.recovery import open_log
from kpybroker.storage.removals import Removals
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.volatile import Disk
from kpybroker.wire.records import build, read_header, records
from tests.kafka import LIBS
from tests.storage.cleaned import RECORDED, SEEDS, digest, play
from tests.storage.kafka_cleaner import KafkaCleaner, judged

NOW = 1_700_000_000_000
DIRECTORY = "t-0"
CONFIG = LogConfig(segment_bytes=1500, index_interval_bytes=200)
SUFFIXES = (".cleaned", ".swap", ".deleted")


@pytest.mark.parametrize("first", range(3))
def test_kafkas_own_bytes(first: int) -> None:
    """Logs of every kind of batch, several passes over each: the segments, their indexes and what they tell of aborted
    transactions are, byte for byte, what Apache Kafka's cleaner has made of the same logs; of compressed batches, what
    is in them."""
    recorded = json.loads(RECORDED.read_text())
    for seed in range(first, SEEDS, 9):
        with tempfile.TemporaryDirectory() as root:
            found = [[end, digest(files)] for end, files in play(seed, root)]
        assert found == recorded[seed], f"seed {seed}"


@pytest.mark.needs("kafka")
def test_kafkas_own_bytes_now() -> None:
    """The same, with Kafka's cleaner at work beside ours on new logs."""
    with KafkaCleaner(str(LIBS)) as cleaner:
        for seed in range(SEEDS, SEEDS + 15):
            ours, theirs = judged(seed, cleaner)
            assert ours == theirs, f"seed {seed}"


def keyed(files: Files, batches: int = 60, *, removals: Removals | None = None, seed: int = 3) -> Log:
    """A log of ten keys in some segments."""
    random = Random(seed)
    log = Log(files, DIRECTORY, CONFIG, NOW, removals=removals)
    for number in range(batches):
        found = [(NOW + number, b"k%d" % random.randrange(10), b"%d" % random.randrange(1000), ()) for _ in range(4)]
        append(log, found)
    return log


def append(log: Log, content: list[Any]) -> None:
    batch = build(content, base_offset=log.end_offset, leader_epoch=0)
    log.append(batch, (read_header(batch),), NOW)


def last_values(log: Log) -> dict[bytes | None, bytes | None]:
    return {record.key: record.value for _, batch in log.batches(log.start_offset) for record in records(batch)}


def cleaning_of(log: Log, **more: Any) -> Cleaning:
    active = log.segments.last
    assert active is not None
    extent = Extent(more.pop("first_dirty", 0), active.base_offset)
    return Cleaning(log, extent, OffsetMap(1 << 20, 0.9, 1000), Producers(), 1000, NOW)


def carry_out(cleaning: Cleaning) -> None:
    steps = cleaning.steps()
    try:
        for calls in steps:
            for call in calls:
                call()
    finally:
        with contextlib.suppress(Crash):  # after a kill nobody tidies up
            steps.close()


def test_the_files_keep_their_time(tmp_path: Path) -> None:
    """A cleaned segment was last modified when the last of those was that it stands for: retention goes by that."""
    files = RealFiles(str(tmp_path))
    log = keyed(files)
    closed = log.segments.all[:-1]
    for number, segment in enumerate(closed):
        for file in segment.files:
            files.set_modified(file.path, NOW + number)
    log.config = CONFIG._replace(segment_bytes=10**6)
    carry_out(cleaning_of(log))
    (cleaned, _) = log.segments.all
    assert {files.modified(file.path) for file in cleaned.files} == {NOW + len(closed) - 1}


def test_it_works_in_small_slices(files: Files) -> None:
    """Between two slices at most a few hundred records are looked at, also of one batch of ten thousand, and the log
    goes on growing meanwhile."""
    log = Log(files, DIRECTORY, LogConfig(segment_bytes=1 << 20), NOW)
    append(log, [(NOW, b"%d" % (number % 6000), b"v", ()) for number in range(10_000)])
    log.roll(NOW)
    slices = 0
    cleaning = cleaning_of(log)
    for calls in cleaning.steps():
        slices += 1
        append(log, [(NOW, b"new", b"%d" % slices, ())])
        for call in calls:
            call()
    assert slices > 10_000 / 200 * 2
    values = last_values(log)
    assert len(values) == 6001
    assert values[b"new"] == b"%d" % slices
    assert cleaning.cleaned is not None
    assert cleaning.cleaned.end_offset == 10_000


def test_readers_keep_what_they_have(files: Files) -> None:
    """What a reader was given before stays what it was, although its segment is gone; who reads on finds what stays."""
    log = keyed(files)
    before = log.read(0, 10_000, upper_bound=log.end_offset)
    assert isinstance(before, Slice)
    data, expected = before.read(), last_values(log)
    carry_out(cleaning_of(log))
    assert before.read() == data
    assert last_values(log) == expected
    assert log.size < 1500 + log.segments.all[-1].size


@pytest.mark.parametrize("loss", ["deleted", "begun later"])
def test_a_log_that_loses_segments_meanwhile(files: Files, loss: str) -> None:
    """A pass over a log whose segments or topic are deleted meanwhile ends, and leaves nothing behind."""
    log = keyed(files)
    cleaning = cleaning_of(log)
    steps = cleaning.steps()
    for _ in range(3):
        next(steps)
    if loss == "deleted":
        delete(log, NOW)
    else:
        log.begin_at(log.segments.all[1].base_offset, NOW)
    left = files.list(DIRECTORY)
    assert list(steps) == []
    assert cleaning.cleaned is None
    assert files.list(DIRECTORY) == [name for name in left if not name.endswith(SUFFIXES)]


def test_what_cannot_be_read_stays_as_it_is(tmp_path: Path) -> None:
    """A broken batch ends the pass with an error that names the log; nothing of it was changed."""
    files = RealFiles(str(tmp_path))
    log = keyed(files)
    segment = log.segments.all[-2]
    path = tmp_path / segment.log.path
    data = bytearray(path.read_bytes())
    for position, header in segment.headers():
        data[position + header.size - 1] ^= 1
    path.write_bytes(data)
    expected = {file.path: files.read_whole(file.path) for file in segment.files}
    with pytest.raises(StorageError, match=r"t-0.*not what was written") as error:
        carry_out(cleaning_of(log))
    assert not isinstance(error.value, DiskError)
    assert {path: files.read_whole(path) for path in expected} == expected
    assert [name for name in files.list(DIRECTORY) if name.endswith(SUFFIXES)] == []


def crashed(at: int, *, power: bool) -> bool:
    """Kills a cleaning with its operation of that number, and opens the log again; whether it came so far."""
    disk = Disk()
    files = FaultyFiles(disk)
    files.make_directory("")
    log = keyed(files, 40, removals=Removals(files, at_once=False))
    flush = log.durable.flush()
    flush.carry_out()
    log.durable.done(flush, NOW)
    files.sync_directory("")
    expected, end = last_values(log), log.end_offset
    files.plan.crash_at(at)
    try:
        log.config = CONFIG._replace(segment_bytes=10**6 if at % 2 else 1)
        carry_out(cleaning_of(log))
        is_over = True
    except Crash:
        is_over = False
    if power:
        disk.lose_power(Random(at))
    again = FaultyFiles(disk)
    opened, _ = open_log(again, DIRECTORY, CONFIG, NOW, clean=False, recovery_point=end)
    assert last_values(opened) == expected, f"killed at {at}"
    assert opened.end_offset == end
    assert [name for name in again.list(DIRECTORY) if name.endswith(SUFFIXES)] == []
    return not is_over


@pytest.mark.parametrize("power", [False, True])
def test_a_kill_at_any_instant(power: bool) -> None:
    """Whenever the process is killed, or the power lost, the next start finds the last record of each key, the log's
    end, and nothing half done."""
    at = 1
    while crashed(at, power=power):
        at += 1
    assert at > 20


def halfway(files: Files) -> tuple[Log, Cleaning, Any]:
    """A cleaning whose new segment is in its place, while some of those that it stands for still have their names."""
    log = keyed(files, 200, removals=Removals(files, at_once=False))
    log.config = CONFIG._replace(segment_bytes=10**6)
    cleaning = cleaning_of(log)
    steps = cleaning.steps()
    for calls in steps:
        for call in calls:
            call()
        if any(name.endswith(".log.swap") for name in files.list(DIRECTORY)):
            break
    assert len(log.segments.all) == 2
    assert len([name for name in files.list(DIRECTORY) if name.endswith(".log")]) > 3
    return log, cleaning, steps


def under_way(files: Files) -> list[str]:
    return [name for name in files.list(DIRECTORY) if name.endswith((".cleaned", ".swap"))]


def test_many_segments_go_a_few_at_a_time(files: Files) -> None:
    """While the files of many segments take other names, readers find all that stays; and then the names are right."""
    expected = last_values(keyed(MemoryFiles(), 200))
    log, cleaning, steps = halfway(files)
    assert last_values(log) == expected
    slices = 0
    for _ in steps:
        slices += 1
        assert last_values(log) == expected
    assert slices > 2
    assert cleaning.cleaned is not None
    assert under_way(files) == []
    assert [segment.log.path for segment in log.segments.all] == [
        f"{DIRECTORY}/{name}" for name in files.list(DIRECTORY) if name.endswith(".log")
    ]
    for _ in range(2):
        log.close()
        log, recovery = open_log(files, DIRECTORY, CONFIG, NOW, clean=True)
        assert recovery.interrupted == 0
        assert last_values(log) == expected


@pytest.mark.parametrize("clean", [False, True])
def test_a_kill_while_many_segments_go(clean: bool) -> None:
    """What was killed in the middle of that has the new segment at its next start, and none of the old ones."""
    files = MemoryFiles()
    log, _, steps = halfway(files)
    expected, end = last_values(log), log.end_offset
    killed = files.copy()
    steps.close()
    opened, _ = open_log(killed, DIRECTORY, CONFIG, NOW, clean=clean, recovery_point=end)
    assert last_values(opened) == expected
    assert len(opened.segments.all) == 2
    assert under_way(killed) == []


def test_a_stop_while_many_segments_go(files: Files) -> None:
    """Whoever stops in the middle of that leaves a directory in which it is done."""
    log, _, steps = halfway(files)
    expected = last_values(log)
    steps.close()
    log.close()
    assert under_way(files) == []
    opened, recovery = open_log(files, DIRECTORY, CONFIG, NOW, clean=True)
    assert recovery.interrupted == 0
    assert last_values(opened) == expected


@pytest.mark.parametrize("loss", ["deleted", "begun later"])
def test_losing_it_all_while_many_segments_go(files: Files, loss: str) -> None:
    """A log that is deleted, or begins behind what was cleaned, in the middle of that is in nobody's way."""
    log, cleaning, steps = halfway(files)
    if loss == "deleted":
        delete(log, NOW)
    else:
        log.begin_at(log.segments.all[-1].base_offset, NOW)
    assert list(steps) == []
    assert cleaning.cleaned is None
    assert [name for name in files.list(DIRECTORY) if not name.endswith(".deleted")] == [
        name for name in files.list(DIRECTORY) if loss != "deleted" and name.endswith(("index", ".log", "checkpoint"))
    ]
    if loss == "begun later":
        values = last_values(log)
        log.close()
        opened, _ = open_log(files, DIRECTORY, CONFIG, NOW, clean=True, start_offset=log.start_offset)
        assert last_values(opened) == values


def test_a_thousand_segments_are_looked_at_in_slices() -> None:
    """No slice asks the disk for more than a few dozen segments, whether they become one or stay as they are."""
    log = Log(MemoryFiles(), DIRECTORY, LogConfig(segment_bytes=1), NOW)
    for number in range(1000):
        append(log, [(NOW, b"%d" % number, b"v", ())])
    for size in (1, 10**6):
        log.config = LogConfig(segment_bytes=size)
        found = [0]
        for group in groups(log.segments.all[:-1], log.config, 999):
            if group is None:
                found.append(0)
            else:
                found[-1] += len(group)
        assert len(found) > 30
        assert sum(found) == 999


def test_the_map_is_let_go_of_in_slices() -> None:
    """To let go of what is known of a million keys takes many slices."""
    offsets = OffsetMap(1 << 25, 0.9, 1_000_000)
    assert len([None for _ in iter(offsets.forget, False)]) >= 10


def test_how_much_was_read_and_written(files: Files) -> None:
    """Each byte is read once for its key and once to be sifted, and what stays is written once: that is what Kafka's
    cleaner counts when it is not to be too fast."""
    log = keyed(files)
    cleaning = cleaning_of(log)
    carry_out(cleaning)
    assert cleaning.cleaned is not None
    before, after = cleaning.cleaned.bytes_before, cleaning.cleaned.bytes_after
    assert cleaning.take_io_bytes() == 2 * before + after
    assert cleaning.take_io_bytes() == 0


def test_a_segment_that_is_left_empty() -> None:
    """A segment of which nothing stays is there, as Kafka leaves it, and in the way of nobody."""
    files = MemoryFiles()
    log = keyed(files)
    for _ in range(12):
        append(log, [(NOW + 1, b"k%d" % number, b"new", ()) for number in range(10)])
    log.config = CONFIG._replace(segment_bytes=1)  # no two become one
    carry_out(cleaning_of(log))
    assert any(segment.size == 0 for segment in log.segments.all[:-1])
    expected = last_values(log)
    log.close()
    opened, recovery = open_log(files, DIRECTORY, CONFIG, NOW, clean=True)
    assert recovery.cut_bytes == 0
    assert last_values(opened) == expected

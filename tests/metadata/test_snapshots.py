"""Snapshots of the metadata log: when they are taken, what goes behind them, and a kill at any instant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kpybroker.storage.files import StorageError
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.metadata_snapshots import find_snapshots
from tests.core import Bench
from tests.metadata.logs import (
    DIRECTORY,
    HOUR_MS,
    SMALL,
    Steps,
    again,
    alter,
    disk,
    log_of,
    newest,
    snapshots,
    told,
)
from tests.requests import create_topic


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(files=MemoryFiles(), config=SMALL)
    made.connect().ask(create_topic("t", 3), 7)
    yield made


def test_a_log_that_grows_becomes_a_snapshot(bench: Bench) -> None:
    """After metadata.log.max.record.bytes.between.snapshots, in slices, while the log goes on."""
    alter(bench, 60)
    assert snapshots(disk(bench)) == []
    for _ in range(100):
        bench.advance(0)
    (first,) = snapshots(disk(bench))
    assert first <= bench.state.cluster.end_offset
    after = again(bench, SMALL)
    assert told(after) == told(bench)
    assert newest(after).offset == first


def test_an_hour_makes_one_if_there_is_news() -> None:
    """metadata.log.max.snapshot.interval.ms, counted from the start or the last one; 0 turns it off."""
    bench = Bench(files=MemoryFiles())
    bench.connect().ask(create_topic("t"), 7)
    bench.advance(HOUR_MS - 1)
    assert snapshots(disk(bench)) == []
    bench.advance(1)
    (first,) = snapshots(disk(bench))
    assert first == bench.state.cluster.end_offset
    bench.advance(3 * HOUR_MS)
    assert snapshots(disk(bench)) == [first]
    alter(bench, 1)
    bench.advance(HOUR_MS)
    assert snapshots(disk(bench)) == [first, first + 1]
    never = Bench(files=MemoryFiles(), config={"metadata.log.max.snapshot.interval.ms": "0"})
    never.advance(2 * HOUR_MS)
    assert snapshots(disk(never)) == []


def test_nothing_is_kept_of_what_is_not_kept() -> None:
    """A broker without a directory takes no snapshots, and wakes for none."""
    bench = Bench(config={"metadata.log.max.record.bytes.between.snapshots": "1"})
    assert bench.state.cluster.chores == ()


def test_the_log_goes_behind_the_second_snapshot(bench: Bench) -> None:
    """Over metadata.max.retention.bytes the oldest snapshots go, and with them segments that none needs any more."""
    for _ in range(4):
        alter(bench, 50)
        for _ in range(100):
            bench.advance(0)
    log = log_of(bench)
    (kept,) = snapshots(disk(bench))
    assert log.start_offset == kept
    assert log.segments.first_base_offset > 0
    assert f"{DIRECTORY}/00000000000000000000.log" not in disk(bench).list(DIRECTORY)
    assert told(again(bench, SMALL)) == told(bench)


def test_old_snapshots_go_in_time() -> None:
    """metadata.max.retention.ms counts from the last record in a snapshot; the newest one stays."""
    config = {"metadata.max.retention.ms": str(10 * HOUR_MS)}
    bench = Bench(files=MemoryFiles(), config=config)
    bench.connect().ask(create_topic("t"), 7)
    bench.advance(HOUR_MS)
    alter(bench, 1)
    bench.advance(HOUR_MS)
    assert len(snapshots(disk(bench))) == 2
    bench.advance(8 * HOUR_MS)
    assert len(snapshots(disk(bench))) == 2
    bench.advance(1)
    assert len(snapshots(disk(bench))) == 1
    bench.advance(20 * HOUR_MS)
    assert len(snapshots(disk(bench))) == 1


def test_a_kill_at_any_step_loses_nothing() -> None:
    """While snapshots are written, take their name, and the log goes behind them: every state of the disk starts, and
    has all that was acknowledged until then."""
    files = Steps()
    bench = Bench(files=files, config=SMALL)
    bench.connect().ask(create_topic("t", 2), 7)
    alter(bench, 50)
    files.is_watched = True
    for _ in range(60):
        bench.advance(0)
    assert len(snapshots(files)) == 1
    files.is_watched = False
    alter(bench, 50)
    files.is_watched = True
    for _ in range(60):
        bench.advance(0)
    bench.advance(1000)
    files.is_watched = False
    steps = files.before
    assert len(steps) > 20
    known = [told(Bench(files=step, config=SMALL, now=bench.now)) for step in steps]
    assert known[-1] == told(bench)
    half = len(known) // 4
    assert all(each == known[0] for each in known[:half])


def test_a_kill_at_any_step_of_a_stop_loses_nothing() -> None:
    """Nor does one while a broker is about to end."""
    files = Steps()
    bench = Bench(files=files)
    bench.connect().ask(create_topic("t", 3), 7)
    alter(bench, 1100)
    before = told(bench)
    files.is_watched = True
    bench.state.close(bench.now)
    files.is_watched = False
    assert len(snapshots(files)) == 1
    assert len(files.before) > 10
    assert all(told(Bench(files=step)) == before for step in files.before)


def test_a_start_does_not_grow_with_restarts() -> None:
    """However often a broker with many partitions is stopped or killed, the next has little to read."""
    files = MemoryFiles()
    bench = Bench(files=files)
    bench.connect().ask(create_topic("many", 200), 7)
    read = []
    for number in range(20):
        if number % 3:
            bench.state.close(bench.now)
        else:
            files = files.copy()
        bench = Bench(files=files)
        cluster = bench.state.cluster
        read.append(cluster.end_offset - newest(bench).offset)
    assert max(read) <= 200 + 1000 + 2 * 200 + 100, "the image, what is not noticed, and the records of one start"
    assert len(bench.state.image.topics["many"].partitions) == 200


def test_a_broken_snapshot_is_passed_over(bench: Bench) -> None:
    """An older sound one serves if the log still reaches it; the next snapshot, taken at once, replaces the broken."""
    config = {**SMALL, "metadata.max.retention.bytes": "-1"}
    bench = again(bench, config)
    for _ in range(2):
        alter(bench, 60)
        for _ in range(100):
            bench.advance(0)
    older, newer = find_snapshots(disk(bench), DIRECTORY)
    files = disk(bench).copy()
    path = f"{DIRECTORY}/{newer.stem}.checkpoint"
    whole = files.read_whole(path) or b""
    for broken in (b"", whole[:-1], whole[: len(whole) // 2], whole[:100] + b"?" + whole[101:]):
        trial = files.copy()
        trial.write_whole(path, broken)
        after = Bench(files=trial, config=config)
        assert told(after) == told(bench)
        assert newer not in find_snapshots(trial, DIRECTORY)
        assert older in find_snapshots(trial, DIRECTORY)


def test_a_log_without_its_snapshot_is_refused(bench: Bench) -> None:
    """One line says where the log begins, and that there is nothing before."""
    for _ in range(3):
        alter(bench, 60)
        for _ in range(100):
            bench.advance(0)
    files = disk(bench).copy()
    (only,) = find_snapshots(files, DIRECTORY)
    path = f"{DIRECTORY}/{only.stem}.checkpoint"
    whole = files.read_whole(path) or b""
    files.remove(path)
    with pytest.raises(StorageError, match=r"begins at offset [1-9].*there is none"):
        Bench(files=files.copy(), config=SMALL)
    files.write_whole(path, whole[:-10])
    with pytest.raises(StorageError, match=r"begins at offset [1-9].*not whole"):
        Bench(files=files.copy(), config=SMALL)


def test_a_log_that_ends_before_its_snapshot_goes_on_behind_it(bench: Bench) -> None:
    """A loss of power took the end of the log, but not the snapshot, which was synced."""
    alter(bench, 60)
    for _ in range(100):
        bench.advance(0)
    (taken,) = find_snapshots(disk(bench), DIRECTORY)
    files = disk(bench).copy()
    for name in files.list(DIRECTORY):
        if name.endswith(".log") and not name.startswith("0" * 20):
            files.remove(f"{DIRECTORY}/{name}")
    after = Bench(files=files, config=SMALL)
    assert told(after) == told(bench)
    assert log_of(after).start_offset == taken.offset
    assert told(again(after, SMALL)) == told(bench)


def test_what_was_left_unfinished_goes() -> None:
    """A snapshot that a kill has cut short, or that was to be removed, is removed at the next start."""
    bench = Bench(files=MemoryFiles())
    files = disk(bench).copy()
    names = [f"{7:020}-{1:010}-8473920574.checkpoint.part", f"{5:020}-{1:010}.checkpoint.deleted"]
    for name in names:
        files.write_whole(f"{DIRECTORY}/{name}", b"some bytes")
    Bench(files=files)
    assert not set(names) & set(files.list(DIRECTORY))


def test_snapshots_that_go_are_there_for_a_while(bench: Bench) -> None:
    """With another name, for internal.metadata.delete.delay.millis: somebody may be reading them."""
    for _ in range(2):
        alter(bench, 60)
        for _ in range(100):
            bench.advance(0)
    gone = [name for name in disk(bench).list(DIRECTORY) if name.endswith(".checkpoint.deleted")]
    assert len(gone) == 1
    bench.advance(9)
    assert disk(bench).exists(f"{DIRECTORY}/{gone[0]}")
    bench.advance(1)
    assert not disk(bench).exists(f"{DIRECTORY}/{gone[0]}")

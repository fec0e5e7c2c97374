"""What is not needed any more takes another name at once and goes when it is time, a little at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kpybroker.storage.directory import DataDirectory, Meta
from kpybroker.storage.ephemeral import EphemeralFiles
from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.removals import FILES_AT_ONCE, LARGE_BYTES, Removals, deleted_name
from kpybroker.storage.segment import LogConfig
from tests.storage.logs import NOW, fill

META = Meta("4L6g3nShT-eMCtK--X86sw", 1, bytes(range(16)))
TOPIC_ID = bytes(range(16))
GONE = "t-0.000102030405060708090a0b0c0d0e0f-delete"
DELAY_MS = 60_000


def opened(files: Files) -> DataDirectory:
    return DataDirectory.open(files, META, lambda topic: LogConfig(), NOW)


def rolled(log: Log, segments: int = 3) -> Log:
    """A log of some segments of ten batches."""
    for _ in range(segments):
        fill(log, 10)
        log.roll(NOW)
    return log


def test_segments_go_after_the_delay(files: Files) -> None:
    """Every file of them is renamed X.deleted at once (LogSegment.changeFileSuffixes) and is there until
    file.delete.delay.ms is over; a producer snapshot where one begins goes with it. Readers keep what they have."""
    directory = opened(files)
    log = rolled(directory.create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID))
    read = log.read(0, 1 << 20, upper_bound=30)
    files.write_whole("t-0/00000000000000000010.snapshot", b"x")
    before = read.read()  # type: ignore[union-attr]
    log.begin_at(20, NOW)
    gone = [name for name in files.list("t-0") if name < "00000000000000000020"]
    assert gone == [
        "00000000000000000000.index.deleted",
        "00000000000000000000.log.deleted",
        "00000000000000000000.timeindex.deleted",
        "00000000000000000010.index.deleted",
        "00000000000000000010.log.deleted",
        "00000000000000000010.snapshot.deleted",
        "00000000000000000010.timeindex.deleted",
    ]
    removals = directory.removals
    assert removals.due() == NOW + DELAY_MS
    removals.expire(NOW + DELAY_MS - 1)
    assert set(gone) < set(files.list("t-0"))
    removals.expire(NOW + DELAY_MS)
    assert not set(gone) & set(files.list("t-0"))
    assert removals.due() is None
    assert read.read() == before  # type: ignore[union-attr]
    directory.close()


def test_a_partition_goes_after_the_delay(files: Files) -> None:
    """Its directory is renamed TOPIC-N.UNIQUE-delete at once, and a new partition of the name begins beside it; a
    removal goes a few files at a time."""
    directory = opened(files)
    rolled(directory.create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID), segments=5)
    directory.delete(("t", 0), now=NOW)
    assert [name for name in files.list("") if name.startswith("t")] == [GONE]
    fill(directory.create(("t", 0), LogConfig(), NOW, topic_id=b"another topic id"), 1)
    assert len(files.list(GONE)) > 2 * FILES_AT_ONCE
    at, steps = NOW + DELAY_MS, 0
    while directory.removals.due() is not None:
        there = len(files.list(GONE))
        directory.removals.expire(at)
        assert there - len(files.list(GONE)) <= FILES_AT_ONCE
        steps += 1
    assert steps >= 3
    assert [name for name in files.list("") if name.startswith("t")] == ["t-0"]
    directory.close()


def test_a_stop_leaves_it_to_the_next_start(files: Files) -> None:
    """Apache Kafka too removes at its start what has its last name."""
    directory = opened(files)
    rolled(directory.create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID)).begin_at(20, NOW)
    rolled(directory.create(("u", 0), LogConfig(), NOW, topic_id=TOPIC_ID))
    directory.delete(("u", 0), now=NOW)
    directory.close()
    opened(files).close()
    assert [name for name in files.list("") if name.startswith("u")] == []
    assert [name for name in files.list("t-0") if name.endswith(".deleted")] == []


def test_what_is_not_kept_goes_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody looks into a directory that goes with its broker: nothing is renamed."""
    files = EphemeralFiles(str(tmp_path_factory.mktemp("ephemeral")))
    directory = DataDirectory(files, META, files.remove_all)
    log = rolled(directory.create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID))
    log.begin_at(20, NOW)
    assert [name for name in files.list("t-0") if name < "00000000000000000020"] == []
    directory.delete(("t", 0), now=NOW)
    assert files.list("") == [".lock"]
    assert directory.removals.due() is None
    directory.close()


def test_a_file_and_a_tree_with_their_last_names(files: Files) -> None:
    """`later` takes both, in any order of their times; what is gone meanwhile is gone."""
    files.make_directory("x-1.0-delete")
    files.write_whole("x-1.0-delete/a", b"a")
    files.write_whole("b.deleted", b"b")
    removals = Removals(files, at_once=False)
    removals.later("x-1.0-delete", 20)
    removals.later("b.deleted", 10)
    removals.later("never there.deleted", 10)
    assert removals.due() == 10
    removals.expire(10)
    assert (files.list(""), removals.due()) == (["x-1.0-delete"], 20)
    removals.expire(20)
    assert (files.list(""), removals.due()) == ([], None)


def test_a_long_name_is_cut() -> None:
    """A directory's name has at most 255 characters (LocalLog.logDeleteDirName)."""
    assert deleted_name("t-0", TOPIC_ID) == GONE
    long = deleted_name("t" * 249 + "-12", TOPIC_ID)
    assert len(long) == 255
    assert long.startswith("ttt")
    assert long.endswith(f"t-12.{TOPIC_ID.hex()}-delete")


def test_a_directory_can_be_renamed(tmp_path: Path) -> None:
    """With everything in it, in memory as on a disk; never over another that has something in it."""
    for files in (MemoryFiles(), RealFiles(f"{tmp_path}/data")):
        files.make_directory("a")
        files.write_whole("a/f", b"1")
        files.make_directory("b")
        files.rename("a", "b")
        assert (files.list(""), files.read_whole("b/f")) == (["b"], b"1")


def test_large_files_are_left_to_who_has_time(tmp_path: Path) -> None:
    """To free a large file takes a disk its time, also where nobody sees it go: its name is free at once."""
    files = RealFiles(str(tmp_path))
    removals = Removals(files, at_once=True)
    calls: list[Callable[[], None]] = []
    removals.aside = calls.extend
    for name, size in (("small", 10), ("large", LARGE_BYTES)):
        file = files.create(name)
        file.append(bytes(size))
        removals.file(file, NOW)
    assert files.list("") == ["large.deleted"]
    for call in calls:
        call()
    assert files.list("") == []

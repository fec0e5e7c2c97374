"""A faulty disk: what a kill and a loss of power leave, and errors that come when they were told to."""

from __future__ import annotations

import errno
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpybroker.storage.faulty import AFTER, BEFORE, WITHIN, Crash, Fault, FaultyFiles
from kpybroker.storage.files import DiskError
from kpybroker.storage.volatile import SECTOR, Disk

SEEDS = range(400)
OLD, NEW = b"o" * 700, b"n" * 900


def after_power_loss(files: FaultyFiles, seed: int) -> FaultyFiles:
    files.disk.lose_power(Random(str(seed)))
    return FaultyFiles(files.disk)


def outcomes(make: Callable[[], FaultyFiles], look: Callable[[FaultyFiles], object]) -> set[object]:
    """What a loss of power may leave of the same work."""
    return {look(after_power_loss(make(), seed)) for seed in SEEDS}


def written(*, sync: bool) -> FaultyFiles:
    files = FaultyFiles()
    file = files.create("log")
    file.append(OLD)
    file.sync()
    files.sync_directory("")
    file.append(NEW)
    if sync:
        file.sync()
    return files


# -- kills and losses of power ---------------------------------------------------------------------------------------


def test_a_killed_process_leaves_all_that_it_has_written() -> None:
    """Synced or not: what the kernel has is there for the next process."""
    files = FaultyFiles()
    files.make_directory("a/b")
    files.open("a/b/log").append(b"12")
    files.rename("a/b/log", "a/b/other")
    assert FaultyFiles(files.disk).read_whole("a/b/other") == b"12"


def test_what_was_synced_survives_a_loss_of_power() -> None:
    """The bytes by the file's sync, the name by its directory's."""
    assert outcomes(lambda: written(sync=True), lambda files: files.read_whole("log")) == {OLD + NEW}


def test_what_was_not_synced_may_be_lost_whole_or_in_part() -> None:
    """All, nothing, a beginning at any byte, some sectors and not others, zeros or old bytes where none were written;
    never a change to what was synced."""
    found = outcomes(lambda: written(sync=False), lambda files: files.read_whole("log"))
    contents = [data for data in found if isinstance(data, bytes)]
    assert len(contents) == len(found)
    assert all(data.startswith(OLD) and len(data) <= len(OLD + NEW) for data in contents)
    assert {OLD, OLD + NEW} < found
    tails = [data[len(OLD) :] for data in contents]
    assert any(0 < len(tail) < len(NEW) and NEW.startswith(tail) for tail in tails)
    assert any(tail.startswith(b"n") and tail.endswith(b"\0") for tail in tails)
    assert any(tail and set(tail) - {ord("n"), 0} for tail in tails)
    start = SECTOR * 2 - len(OLD)  # of a sector that was written, though not the one before
    assert any(not tail.startswith(b"n") and tail[start : start + SECTOR] == NEW[:SECTOR] for tail in tails)


def test_a_name_may_be_lost_until_its_directory_is_synced() -> None:
    """To sync the file alone is not enough, nor is it for what stands in a directory that nobody has synced."""

    def make(*directories: str) -> FaultyFiles:
        files = FaultyFiles()
        files.make_directory("d")
        file = files.open("d/log")
        file.append(b"x")
        file.sync()
        for directory in directories:
            files.sync_directory(directory)
        return files

    def look(files: FaultyFiles) -> bytes | None:
        return files.read_whole("d/log")

    assert outcomes(make, look) == {None, b"x"}
    assert outcomes(lambda: make("d"), look) == {None, b"x"}
    assert outcomes(lambda: make(""), look) == {None, b"x"}
    assert outcomes(lambda: make("d", ""), look) == {b"x"}


def test_a_removal_and_a_new_name_may_be_undone() -> None:
    """From the last one back. A file has its old name or its new one, and never both or none; what it replaces is
    there, or it is."""

    def make() -> FaultyFiles:
        files = FaultyFiles()
        for name in ("a", "b", "c"):
            files.write_whole(name, name.encode(), sync=True)
        files.rename("a", "b")
        files.remove("c")
        return files

    def look(files: FaultyFiles) -> tuple[bytes | None, ...]:
        return tuple(files.read_whole(name) for name in ("a", "b", "c"))

    assert outcomes(make, look) == {(b"a", b"b", b"c"), (None, b"a", b"c"), (None, b"a", None)}


def test_a_whole_file_is_old_or_new_if_it_was_synced() -> None:
    """Whenever the process is killed or the power lost while it is written; without the sync it may be anything."""

    def contents(how: str, operation: int, *, sync: bool, power: bool) -> set[bytes | None]:
        found = set()
        for seed in SEEDS if power else (0,):
            files = FaultyFiles()
            files.write_whole("file", OLD, sync=True)
            files.plan.crash_at(operation, how, 0.4)
            with pytest.raises(Crash):
                files.write_whole("file", NEW, sync=sync)
            found.add((after_power_loss(files, seed) if power else FaultyFiles(files.disk)).read_whole("file"))
        return found

    for how in (BEFORE, WITHIN, AFTER):
        for operation in range(1, 6):
            assert contents(how, operation, sync=True, power=False) <= {OLD, NEW}
            assert contents(how, operation, sync=True, power=True) <= {OLD, NEW}
    assert len(contents(AFTER, 3, sync=False, power=True)) > 10


def test_the_process_is_dead_after_a_crash() -> None:
    """Nothing that runs on the way out reaches the disk any more; what it writes last may be there in part."""
    files = FaultyFiles()
    file = files.open("log")
    file.append(b"1")
    files.plan.crash_at(2, WITHIN, 0.5)
    file.append(b"22")
    with pytest.raises(Crash):
        file.append(b"3333")
    for work in (lambda: file.append(b"4"), file.sync, lambda: files.list(""), lambda: files.remove("log")):
        with pytest.raises(Crash):
            work()
    assert FaultyFiles(files.disk).read_whole("log") == b"12233"


@given(st.lists(st.tuples(st.sampled_from("awtsd"), st.binary(max_size=1500)), max_size=12), st.integers(0, 1 << 30))
def test_any_work_leaves_what_was_synced_last(deeds: list[tuple[str, bytes]], seed: int) -> None:
    """Appends, rewrites, cuts and syncs in any order: what no later work has touched is as it was synced, and the same
    seed leaves the same."""

    def work() -> tuple[FaultyFiles, bytes]:
        files = FaultyFiles()
        file = files.open("log")
        file.append(b"")
        files.sync_directory("")
        synced = b""
        for deed, data in deeds:
            if deed == "a":
                file.append(data)
            elif deed == "t" or deed == "w":
                file.truncate(len(data) % (file.size + 1))
                synced = synced[: file.size]
                if deed == "w":
                    file.append(data)
            elif deed == "s":
                file.sync()
                synced = files.read_whole("log") or b""
        return files, synced

    (files, synced), (again, _) = work(), work()
    found = after_power_loss(files, seed).read_whole("log")
    assert found is not None
    assert found.startswith(synced)
    assert found == after_power_loss(again, seed).read_whole("log")


# -- errors ----------------------------------------------------------------------------------------------------------


def test_what_an_fsync_has_failed_to_write_stays_unwritten() -> None:
    """It is read all the same, and the next fsync succeeds without it: only what was written since is on the disk."""

    def make() -> FaultyFiles:
        files = written(sync=False)
        files.plan.arm(Fault(("sync",)))
        file = files.open("log")
        with pytest.raises(DiskError) as failed:
            file.sync()
        assert failed.value.errno == errno.EIO
        file.append(b"later")
        file.sync()
        assert files.read_whole("log") == OLD + NEW + b"later"
        return files

    found = outcomes(make, lambda files: files.read_whole("log"))
    assert OLD + bytes(len(NEW)) + b"later" in found
    assert len(found) > 10


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_an_append_that_fails_leaves_the_size_as_it_was(part: float) -> None:
    """Whatever of it was written, also if that cannot be cut off: the next append writes over it."""
    for can_cut in (True, False):
        files = FaultyFiles()
        file = files.open("log")
        file.append(b"one")
        files.plan.arm(Fault(("append",), errno.EIO, part=part))
        if not can_cut:
            files.plan.arm(Fault(("truncate",)))
        with pytest.raises(DiskError):
            file.append(b"broken")
        assert (file.size, file.read(0, 100)) == (3, b"one")
        left = b"one" if can_cut else b"onebroken"[: 3 + int(6 * part)]
        assert files.read_whole("log") == left
        file.append(b"two")
        assert file.read(0, 100) == b"onetwo"
    assert files.plan.raised == {"append EIO": 1, "truncate EIO": 1} or part == 0.0


def test_a_full_disk_takes_what_there_is_room_for() -> None:
    """Then nothing, until there is room again."""
    files = FaultyFiles()
    file = files.open("log")
    files.plan.room = 5
    file.append(b"123")
    for _ in range(2):
        with pytest.raises(DiskError) as full:
            file.append(b"456")
        assert full.value.errno == errno.ENOSPC
    with pytest.raises(DiskError):
        files.write_whole("other", b"x")
    with pytest.raises(DiskError):
        files.make_directory("d")
    assert files.list("") == ["log"]
    files.plan.room = None
    file.append(b"456")
    assert files.read_whole("log") == b"123456"


def test_faults_are_counted_and_meant_for_their_paths() -> None:
    """So many that go well, then so many that do not, of these kinds and on these paths alone."""
    files = FaultyFiles()
    files.write_whole("a", b"1")
    files.write_whole("b", b"2")
    files.plan.arm(Fault(("read",), errno.EIO, path="a", after=1, times=2))
    assert [files.read_whole("a"), files.read_whole("b")] == [b"1", b"2"]
    for work in (lambda: files.read_whole("a"), lambda: files.open("a").slice(0, 1)):
        with pytest.raises(DiskError):
            work()
        assert files.read_whole("b") == b"2"
    assert files.read_whole("a") == b"1"
    assert files.plan.raised == {"read EIO": 2}


def test_a_directory_that_goes_away() -> None:
    """What was opened goes on; by name nothing is found, and nothing can be made until the directory is."""
    files = FaultyFiles()
    file = files.open("log")
    file.append(b"x")
    files.disk.vanish()
    file.append(b"y")
    assert file.read(0, 2) == b"xy"
    assert (files.exists(""), files.list(""), files.read_whole("log")) == (False, [], None)
    for work in (lambda: files.open("new").append(b"z"), lambda: files.write_whole("new", b"z")):
        with pytest.raises(DiskError) as gone:
            work()
        assert gone.value.errno == errno.ENOENT
    with pytest.raises(DiskError):
        files.sync_directory("")
    files.make_directory("")
    files.write_whole("new", b"z")
    assert files.list("") == ["new"]


def test_a_lock_is_free_when_its_process_is_dead() -> None:
    """It is held by a process, not by the disk."""
    disk = Disk()
    first = FaultyFiles(disk)
    lock = first.lock(".lock")
    assert lock is not None
    assert first.lock(".lock") is None
    assert FaultyFiles(disk).lock(".lock") is not None
    lock.release()
    assert first.lock(".lock") is not None

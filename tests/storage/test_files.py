"""Files: what is appended is there, what a Slice shows stays, and a disk that refuses says so."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpybroker.storage.files import PINNED_LIMIT, Files, RealFiles, StorageError
from kpybroker.storage.memory import MemoryFiles


def run(source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True, text=True, check=False)


def descriptors_into(folder: Path) -> int:
    """How many of this process's descriptors are files of this folder, whoever else opens what meanwhile."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{name}").startswith(str(folder))
    return found


def test_an_append_is_read_back(files: Files) -> None:
    """Appends follow each other, and reads end at the end of the file."""
    file = files.create("log")
    file.append(b"one")
    file.append(memoryview(bytearray(b"two")))
    assert file.size == 6
    assert file.read(2, 3) == b"etw"
    assert file.read(4, 100) == b"wo"
    assert file.read(6, 1) == b""
    assert file.slice(1, 4).read() == b"netw"
    assert files.open("log").read(0, 100) == b"onetwo"


def test_a_file_appears_with_its_first_append(files: Files) -> None:
    """Making a File touches nothing; a created one is then empty, an opened one goes on."""
    files.write_whole("old", b"there")
    created, opened = files.create("old"), files.open("old")
    assert files.read_whole("old") == b"there"
    assert (created.size, opened.size) == (0, 5)
    opened.append(b"!")
    assert files.read_whole("old") == b"there!"
    created.append(b"new")
    assert files.read_whole("old") == b"new"
    assert not files.exists("other")
    assert files.create("other").size == 0
    assert not files.exists("other")


def test_a_slice_outlives_truncate_and_remove(files: Files) -> None:
    """What was handed out to be sent is sent, whatever happens to the file meanwhile."""
    file = files.create("log")
    file.append(b"0123456789")
    before = file.slice(2, 6)
    file.truncate(4)
    file.append(b"ab")
    assert before.read() == b"234567"
    after = file.slice(0, 6)
    file.remove()
    assert not files.exists("log")
    assert (before.read(), after.read()) == (b"234567", b"0123ab")
    file.append(b"again")
    assert files.read_whole("log") == b"again"


def test_a_cut_file_goes_on_where_it_was_cut(files: Files) -> None:
    """Truncate keeps the beginning, and the next append follows it."""
    file = files.create("log")
    file.append(b"0123456789")
    file.truncate(3)
    file.append(b"x")
    assert file.read(0, 10) == b"012x"


def test_names_are_sorted_and_removed(files: Files) -> None:
    """A listing has files and directories; what is missing is empty, and removing it is no error."""
    files.make_directory("b/c")
    files.make_directory("b/c")
    files.write_whole("b/z", b"1")
    files.write_whole("a", b"2")
    assert files.list("") == ["a", "b"]
    assert files.list("b") == ["c", "z"]
    assert files.list("none") == []
    files.rename("b/z", "b/y")
    assert files.read_whole("b/y") == b"1"
    files.remove("b/y")
    files.remove("b/y")
    files.remove_tree("b")
    files.remove_tree("b")
    assert files.list("") == ["a"]
    assert files.read_whole("b/y") is None


def test_writing_where_there_is_no_directory_is_refused(files: Files) -> None:
    """The error names the path, in one line."""
    with pytest.raises(StorageError, match=r"/none/log: No such file"):
        files.create("none/log").append(b"x")
    with pytest.raises(StorageError, match=r"/none/log"):
        files.write_whole("none/log", b"x")


def test_a_lock_is_held_once(files: Files) -> None:
    """Inside one process a second taker is told no, until it is released."""
    lock = files.lock(".lock")
    assert lock is not None
    assert files.lock(".lock") is None
    lock.release()
    again = files.lock(".lock")
    assert again is not None
    again.release()


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=9)), max_size=60))
def test_few_descriptors_serve_many_files(steps: list[tuple[int, bytes]]) -> None:
    """With two descriptors for six files everything is as with a descriptor for each."""
    with tempfile.TemporaryDirectory() as root:
        with_few = RealFiles(root, open_limit=2)
        real = [with_few.create(str(number)) for number in range(6)]
        model = MemoryFiles()
        expected = [model.create(str(number)) for number in range(6)]
        slices = []
        for number, data in steps:
            real[number].append(data)
            expected[number].append(data)
            slices.append((real[number].slice(0, real[number].size), expected[number].read(0, 1000)))
        for one, content in slices:
            assert one.read() == content
            assert os.pread(one.fileno(), one.count, one.position) == content


def test_descriptors_stay_within_the_limit(tmp_path: Path) -> None:
    """A descriptor is closed when the file gives way to another and no Slice holds it."""
    files = RealFiles(str(tmp_path), open_limit=3)
    opened = [files.create(str(number)) for number in range(20)]
    for file in opened:
        file.append(b"x")
    assert descriptors_into(tmp_path) <= 3
    held = [file.slice(0, 1) for file in opened[:10]]
    for file in opened:
        file.append(b"y")
    assert descriptors_into(tmp_path) >= 10
    assert [one.read() for one in held] == [b"x"] * 10
    held.clear()
    for file in opened:
        file.close()
    assert descriptors_into(tmp_path) == 0


def test_slices_of_many_files_pin_few_descriptors(tmp_path: Path) -> None:
    """Slices of more files than a process may have open are all there, also when the files have gone."""
    files = RealFiles(str(tmp_path), open_limit=3)
    opened = [files.create(str(number)) for number in range(PINNED_LIMIT + 100)]
    for file in opened:
        file.append(b"of " + file.path.encode())
    held = [file.slice(1, file.size - 1) for file in opened]
    # Those that are open when the limit is reached are held by Slices too, once they have given way to others.
    assert descriptors_into(tmp_path) <= 3 + PINNED_LIMIT + 3
    for file in opened:
        file.remove()
    assert [one.read() for one in held] == [b"f " + file.path.encode() for file in opened]
    assert [one.skip(2).read() for one in held] == [file.path.encode() for file in opened]


def test_a_full_disk_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    """ENOSPC is a StorageError with the path; the size is as before."""
    (tmp_path / "log").symlink_to("/dev/full")
    file = RealFiles(str(tmp_path)).open("log")
    with pytest.raises(StorageError, match=r"/log: No space left on device$"):
        file.append(b"x")
    assert file.size == 0


SHORT_WRITE = """
import resource, sys
from kpybroker.storage.files import RealFiles, StorageError
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
files = RealFiles(sys.argv[1])
file = files.create("log")
file.append(b"a" * 8_000)
try:
    file.append(b"b" * 8_000)
except StorageError as error:
    print(error)
print(file.size, len(files.read_whole("log")))
file.append(b"c" * 2_000)
print(files.read_whole("log") == b"a" * 8_000 + b"c" * 2_000)
"""


def test_a_write_that_ends_early_is_taken_back(tmp_path: Path) -> None:
    """The system took 2,000 of 8,000 bytes: the append fails as a whole, the next one goes on."""
    done = run(SHORT_WRITE, str(tmp_path))
    assert done.stdout.splitlines() == [f"{tmp_path}/log: File too large", "8000 8000", "True"], done.stderr


HOLD = """
import sys
from kpybroker.storage.files import RealFiles
lock = RealFiles(sys.argv[1]).lock(".lock")
print("held" if lock else "refused", flush=True)
sys.stdin.read()
"""


def test_a_lock_keeps_other_processes_out(tmp_path: Path) -> None:
    """A directory that another process holds is refused; when that process is killed, it is free."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        files = RealFiles(str(tmp_path))
        assert files.lock(".lock") is None
        other.kill()
        other.wait()
        lock = files.lock(".lock")
        assert lock is not None
        assert run(HOLD, str(tmp_path)).stdout == "refused\n"
        lock.release()

"""Ephemeral directories: there when needed, gone at the end, and the dead ones are cleared away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kpybroker.storage.ephemeral import EphemeralFiles
from kpybroker.storage.files import StorageError

LEAVE_BEHIND = """
import os, signal, sys
from kpybroker.storage.ephemeral import EphemeralFiles
files = EphemeralFiles(sys.argv[1])
files.write_whole("left", b"behind")
print(files.root, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_made_before_something_is_written(tmp_path: Path) -> None:
    """A broker that stores nothing leaves the disk alone."""
    files = EphemeralFiles(str(tmp_path))
    assert files.list("") == []
    assert not files.exists("x")
    files.remove_all()
    assert list(tmp_path.iterdir()) == []


def test_everything_is_gone_at_the_end(tmp_path: Path) -> None:
    """Files that are open and directories with files in them too."""
    files = EphemeralFiles(str(tmp_path))
    files.make_directory("topic-0")
    log = files.create("topic-0/log")
    log.append(b"x")
    piece = log.slice(0, 1)
    assert os.path.exists(files.root)
    files.remove_all()
    assert list(tmp_path.iterdir()) == []
    assert piece.read() == b"x"


def test_the_living_are_left_alone_and_the_dead_removed(tmp_path: Path) -> None:
    """The next one that is made removes what a killed process left, and nothing of who still runs."""
    living = EphemeralFiles(str(tmp_path))
    living.write_whole("a", b"1")
    killed = subprocess.run(
        [sys.executable, "-c", LEAVE_BEHIND, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    left = killed.stdout.strip()
    assert Path(left, "left").read_bytes() == b"behind"
    fresh = EphemeralFiles(str(tmp_path))
    fresh.write_whole("b", b"2")
    assert not os.path.exists(left)
    assert living.read_whole("a") == b"1"
    fresh.remove_all()
    assert living.read_whole("a") == b"1"
    living.remove_all()
    assert list(tmp_path.iterdir()) == []


def test_a_fork_does_not_take_its_parents_directory_away(tmp_path: Path) -> None:
    """Only the process that made the directory removes it."""
    files = EphemeralFiles(str(tmp_path))
    files.write_whole("a", b"1")
    child = os.fork()
    if child == 0:
        files.remove_all()
        os._exit(0)
    os.waitpid(child, 0)
    assert files.read_whole("a") == b"1"
    files.remove_all()


def test_a_parent_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a shared temporary directory somebody may have made it before us, to look at what we store."""
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(StorageError, match="its parent belongs to another user"):
        EphemeralFiles(str(tmp_path)).write_whole("a", b"1")


def test_many_start_and_end_at_once(tmp_path: Path) -> None:
    """The shared parent comes and goes under everybody's hands, and nobody minds."""
    source = (
        "import sys\nfrom kpybroker.storage.ephemeral import EphemeralFiles\n"
        "for _ in range(40):\n"
        "    files = EphemeralFiles(sys.argv[1])\n"
        "    files.write_whole('a', b'1')\n"
        "    assert files.read_whole('a') == b'1'\n"
        "    files.remove_all()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", source, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0] * 3
    assert list(tmp_path.iterdir()) == []

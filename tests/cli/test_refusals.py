"""A disk that will not have it: one line that says what the system says, and what to do about it."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.until import PATIENCE_S

ENVIRONMENT = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}
FAULTY = """
import os, sys
system_open, number = os.open, int(sys.argv.pop(1))
def refuse(path, flags, *rest, **more):
    if "meta.properties" in str(path) and flags & os.O_CREAT:
        raise OSError(number, os.strerror(number))
    return system_open(path, flags, *rest, **more)
os.open = refuse
from kpybroker.cli import main
main()
"""


def refused(*words: str, limit: int | None = None) -> str:
    """What a start says that cannot be: exit 1, nothing on stdout, one line on stderr."""

    def prepare() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ended = subprocess.run(
        [sys.executable, *words],
        env=ENVIRONMENT,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        preexec_fn=prepare,
    )
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


def start(directory: Path) -> tuple[str, ...]:
    return "start", "--port", "0", "--data-dir", str(directory)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "raise the quota"),
        (errno.EROFS, "mount it for writing"),
        (errno.EACCES, "the right to read and write"),
        (errno.EIO, "look at the disk"),
    ],
)
def test_a_disk_that_refuses_at_start(tmp_path: Path, number: int, advice: str) -> None:
    """No space, no right, a bad disk when meta.properties is to be written: path, reason and advice."""
    line = refused("-c", FAULTY, str(number), *start(tmp_path / "data"))
    assert line.startswith(f"kpybroker: {tmp_path}/data/meta.properties")
    assert os.strerror(number) in line
    assert advice in line


def test_a_limit_of_the_system(tmp_path: Path) -> None:
    """Files may not grow (ulimit -f): the same, from the system itself."""
    line = refused("-m", "kpybroker", *start(tmp_path / "data"), limit=0)
    assert re.fullmatch(rf"kpybroker: {tmp_path}/data/[^:]+: File too large; .*ulimit -f.*", line)


@pytest.mark.parametrize("name", ["file", "file/inside"])
def test_a_file_is_no_directory(tmp_path: Path, name: str) -> None:
    """--data-dir names a file, or something in one."""
    (tmp_path / "file").write_text("")
    line = refused("-m", "kpybroker", *start(tmp_path / name))
    assert re.fullmatch(rf"kpybroker: {tmp_path}/file.*: Not a directory; .+ move it away.*", line)


def test_a_directory_that_cannot_be_made() -> None:
    """Where the system makes no directories at all."""
    line = refused("-m", "kpybroker", *start(Path("/proc/nothing")))
    assert re.fullmatch(r"kpybroker: /proc/nothing: No such file or directory; .+", line)

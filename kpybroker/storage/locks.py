"""Locks that keep out other processes, Apache Kafka among them, and the rest of this one."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys

# Record locks, as Java's FileChannel takes them, belong to a process: they do not keep its own threads apart, and
# closing any descriptor of the file gives them up. So what this process holds is looked up before a file is opened.
_held: dict[tuple[int, str], RecordLock] = {}


class RecordLock:
    def __init__(self, key: tuple[int, str], descriptor: int) -> None:
        self._key = key
        self._descriptor = descriptor
        _held[key] = self

    def release(self) -> None:
        if _held.get(self._key) is self:
            del _held[self._key]
            os.close(self._descriptor)

    def move(self, path: str) -> None:
        """The file has a new name."""
        del _held[self._key]
        self._key = (os.getpid(), os.path.realpath(path))
        _held[self._key] = self


def lock_file(path: str) -> RecordLock | None:
    key = (os.getpid(), os.path.realpath(path))
    if key in _held:
        return None
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return None
        raise
    if not _is_at(path, descriptor):  # whoever held it has removed it meanwhile, and there may be another one by now
        os.close(descriptor)
        return None
    return RecordLock(key, descriptor)


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def is_locked(path: str) -> bool:
    """Whether anybody holds the lock; it is asked for and not taken (F_GETLK), and the file only read."""
    if (os.getpid(), os.path.realpath(path)) in _held:  # closing a descriptor of it here would give it up
        return True
    asked = (0, 0, 0, fcntl.F_WRLCK, 0) if sys.platform == "darwin" else (fcntl.F_WRLCK, 0, 0, 0, 0)
    layout = "qqihh" if sys.platform == "darwin" else "hhqqi"  # struct flock
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(layout, *asked))
    finally:
        os.close(descriptor)
    found: int = struct.unpack_from(layout, answer)[3 if sys.platform == "darwin" else 0]
    return found != fcntl.F_UNLCK

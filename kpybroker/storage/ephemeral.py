"""A data directory that lives as long as its broker: made when first needed, removed at the end, stale ones too."""

from __future__ import annotations

import contextlib
import errno
import os

from kpybroker.storage.files import OPEN_FILES_LIMIT, File, RealFile, RealFiles, refuse, remove_tree
from kpybroker.storage.locks import RecordLock, lock_file

ATTEMPTS = 100


class _EphemeralFile(RealFile):
    """What nobody finds again need not be synced."""

    __slots__ = ()

    def sync(self) -> None:
        """Nothing has to be done for that."""


class EphemeralFiles(RealFiles):
    """A temporary directory, made when something is first written and removed with everything in it at the end."""

    def __init__(self, temporary: str, *, open_limit: int = OPEN_FILES_LIMIT) -> None:
        self._parent = os.path.join(os.path.abspath(temporary), f"kpybroker-{os.getuid()}")
        super().__init__(os.path.join(self._parent, os.urandom(8).hex()), open_limit=open_limit)
        self._lock: RecordLock | None = None
        self._owner = os.getpid()

    def open(self, path: str) -> File:
        return _EphemeralFile(self, path, -1)

    def create(self, path: str) -> File:
        return _EphemeralFile(self, path, 0)

    def make_directory(self, path: str) -> None:
        if self._lock is None:
            try:
                self._make_root()
            except OSError as error:
                refuse(self._root, error)
        super().make_directory(path)

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        if self._lock is None:
            self.make_directory("")
        super().write_whole(path, data)  # what nobody finds again need not be synced

    def _make_root(self) -> None:
        """Made under a name that nobody looks at, and locked, before it is there for others to see."""
        hidden = os.path.join(self._parent, "." + os.path.basename(self._root))
        for attempt in range(ATTEMPTS):
            try:
                os.makedirs(self._parent, mode=0o700, exist_ok=True)
                if os.stat(self._parent).st_uid != os.getuid():
                    raise PermissionError(errno.EPERM, "its parent belongs to another user")
                os.mkdir(hidden)
                break
            except (FileNotFoundError, FileExistsError):  # the last of the others has just removed the parent
                if attempt == ATTEMPTS - 1:
                    raise
        lock = lock_file(os.path.join(hidden, ".lock"))
        assert lock is not None
        os.rename(hidden, self._root)
        lock.move(os.path.join(self._root, ".lock"))
        self._lock = lock
        _remove_stale(self._parent)

    def remove_all(self) -> None:
        if self._lock is None or os.getpid() != self._owner:  # a fork's directory is its parent's
            return
        while self._open:
            self._open.popitem()[0].let_go()
        with contextlib.suppress(OSError):
            remove_tree(self._root)
        self._lock.release()
        self._lock = None
        with contextlib.suppress(OSError):  # others may be in it
            os.rmdir(self._parent)


def _remove_stale(parent: str) -> None:
    """Remove the directories of those who died: their locks are free. Others may be at it too."""
    for name in sorted(os.listdir(parent)):
        path = os.path.join(parent, name)
        if name.startswith(".") or not os.path.exists(os.path.join(path, ".lock")):
            continue
        with contextlib.suppress(OSError):
            lock = lock_file(os.path.join(path, ".lock"))
            if lock is not None:
                try:
                    remove_tree(path)
                finally:
                    lock.release()

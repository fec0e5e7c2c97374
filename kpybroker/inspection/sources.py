"""Files that are looked at and never changed: opened for reading alone, as large as they were then."""

from __future__ import annotations

import errno
import os
import stat
from types import TracebackType
from typing import NoReturn, Self

from kpybroker.storage.files import StorageError
from kpybroker.storage.locks import is_locked

LOOKED_BYTES = 1 << 20
ADVICE = {  # what to do where a file or directory cannot be read, by errno
    errno.ENOENT: "look at the path, or list the directory that it should be in",
    errno.EACCES: "run this as the broker's user, or as one who may read it",
    errno.EPERM: "run this as the broker's user, or as one who may read it",
    errno.ENOTDIR: "give a directory",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "the disk cannot read it: look at the system's log, and copy what can still be read",
}


def refuse(path: str, error: OSError) -> NoReturn:
    told = error.strerror or str(error)
    advice = ADVICE.get(error.errno or 0)
    raise StorageError(path, told if advice is None else f"{told}; {advice}") from error


class Source:
    """One file. What a broker appends to it meanwhile is not seen."""

    __slots__ = ("_descriptor", "modified_ns", "path", "size")

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            found = os.fstat(self._descriptor)
            if not stat.S_ISREG(found.st_mode):
                os.close(self._descriptor)
                raise StorageError(path, "not a plain file; give a log, an index, a checkpoint or a directory of them")
        except OSError as error:
            refuse(path, error)
        self.size = found.st_size
        self.modified_ns = found.st_mtime_ns

    def read(self, position: int, count: int) -> bytes:
        """Fewer bytes only at the end; a file that became shorter meanwhile ends earlier."""
        try:
            return os.pread(self._descriptor, max(0, min(count, self.size - position)), position)
        except OSError as error:
            refuse(self.path, error)

    def whole(self) -> bytes:
        return self.read(0, self.size)

    def first_data(self, position: int) -> int:
        """Where, from the position on, the first byte stands that is not zero; the size if there is none. Holes, as
        Kafka's preallocated indexes have them, cost nothing."""
        while position < self.size:
            try:
                position = os.lseek(self._descriptor, position, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole
                    return self.size
                if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system without holes
                    refuse(self.path, error)
            block = self.read(position, LOOKED_BYTES)
            if block == b"":
                return self.size
            rest = len(block.lstrip(b"\0"))
            if rest:
                return position + len(block) - rest
            position += len(block)
        return self.size

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError as error:
        refuse(path, error)


def names_in(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        refuse(path, error)


def size_of(path: str) -> int:
    """The bytes of a file; 0 of one that is gone meanwhile."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        refuse(path, error)


def in_use(directory: str) -> bool:
    """Whether a broker, ours or Apache Kafka, holds the lock of a data directory."""
    path = f"{directory}/.lock"
    try:
        return os.path.exists(path) and is_locked(path)
    except OSError as error:
        refuse(path, error)


def real_path(path: str) -> str:
    """The path from the root, without links."""
    return os.path.realpath(path)

"""The only way to a disk: the files of one data directory, real ones or ones in memory, behind one small vocabulary."""

from __future__ import annotations

import contextlib
import errno
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, NoReturn, Protocol, TypeAlias
from weakref import WeakSet

from kpybroker.storage.advice import ADVICE, LOOK_AT_IT
from kpybroker.storage.locks import lock_file

OPEN_FILES_LIMIT = 256  # descriptors that one data directory keeps open; common limits are 1,024 for a process
PINNED_LIMIT = 256  # descriptors that are open for Slices alone; from there on a Slice holds bytes
Data: TypeAlias = bytes | bytearray | memoryview


class StorageError(Exception):
    """The disk, or what is on it, lets us down; one line that names the path."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class DiskError(StorageError):
    """The disk itself lets us down, so whoever uses the directory gives it up; any other StorageError is about what is
    in a file. `advice` says what a person can do about it, if there is more to say than to look at the disk."""

    def __init__(self, path: str, number: int, reason: str | None = None) -> None:
        super().__init__(path, reason or os.strerror(number))
        self.errno = number

    @property
    def advice(self) -> str:
        return ADVICE.get(self.errno, LOOK_AT_IT)


class Body(Protocol):
    """What stands behind a path at one moment; it lives on while a Slice holds it, even if the path is gone."""

    @property
    def descriptor(self) -> int: ...

    def read(self, position: int, count: int) -> bytes: ...


class Slice:
    """A stretch of a file that can be sent without being read; while it lives, so do its bytes."""

    __slots__ = ("_body", "count", "position")

    def __init__(self, body: Body, position: int, count: int) -> None:
        self._body = body
        self.position = position
        self.count = count

    def __len__(self) -> int:
        return self.count

    def fileno(self) -> int:
        """The descriptor for sendfile(fileno, position, count); -1 where there is none (a file in memory)."""
        return self._body.descriptor

    def read(self) -> bytes:
        return self._body.read(self.position, self.count)

    def skip(self, count: int) -> Slice:
        """What is left when the first `count` bytes have been sent."""
        return Slice(self._body, self.position + count, self.count - count)


class WholeBody:
    """The body of a Slice that was read at once."""

    __slots__ = ("_data",)
    descriptor = -1

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, position: int, count: int) -> bytes:
        return self._data[position : position + count]


class File(Protocol):
    """One file that is only ever appended to, or cut; it is opened (and created) when it is first touched."""

    @property
    def path(self) -> str: ...

    @property
    def size(self) -> int: ...

    def append(self, data: Data) -> None: ...  # all of it, or a StorageError and the size as before

    def read(self, position: int, count: int) -> bytes: ...  # fewer bytes only at the end of the file

    def slice(self, position: int, count: int) -> Slice: ...

    def truncate(self, size: int) -> None: ...  # slices taken before keep what they had

    def sync(self) -> None: ...  # may be called from another thread

    def close(self) -> None: ...

    def remove(self) -> None: ...


class Space(NamedTuple):
    """The size of a disk and what is left of it, in bytes; -1 where that is not known."""

    total: int
    usable: int


class Lock(Protocol):
    def release(self) -> None: ...


class Files(Protocol):
    """One data directory. Paths are relative to it; names in a listing are sorted."""

    @property
    def root(self) -> str: ...

    def open(self, path: str) -> File: ...

    def create(self, path: str) -> File: ...  # what was at the path is gone at the first append

    def exists(self, path: str) -> bool: ...

    def modified(self, path: str) -> int: ...  # milliseconds since 1970

    def set_modified(self, path: str, at: int) -> None: ...

    def list(self, path: str) -> list[str]: ...  # empty if there is no such directory

    def make_directory(self, path: str) -> None: ...

    def rename(self, old: str, new: str) -> None: ...

    def remove(self, path: str) -> None: ...  # a file; it may be missing

    def remove_tree(self, path: str) -> None: ...

    def read_whole(self, path: str) -> bytes | None: ...  # None: no such file

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None: ...  # the old content or the new

    def sync_directory(self, path: str) -> None: ...  # the names in it; may be called from another thread

    def lock(self, path: str) -> Lock | None: ...  # None: somebody else holds it


def refuse(path: str, error: OSError) -> NoReturn:
    raise DiskError(path, error.errno or errno.EIO, error.strerror) from error


class _Refusing:
    """An OSError inside is a DiskError about a path."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            refuse(self._path, error)


class _Descriptor:
    """An open file; it closes when the last who holds it (the file itself, or a Slice) lets go."""

    __slots__ = ("__weakref__", "_close", "descriptor", "path", "shared")

    def __init__(self, path: str, flags: int) -> None:
        self._close: Callable[[int], None] = os.close  # still there when the interpreter goes down
        self.descriptor = -1
        self.descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
        self.path = path
        self.shared = False  # a Slice was made, so its bytes must stay where they are

    def __del__(self) -> None:
        if self.descriptor >= 0:
            self._close(self.descriptor)

    def read(self, position: int, count: int) -> bytes:
        try:
            data = os.pread(self.descriptor, count, position)
            while len(data) < count:  # a signal or the kernel's limit of 2 GiB; nothing more: the end of the file
                more = os.pread(self.descriptor, count - len(data), position + len(data))
                if more == b"":
                    break
                data += more
        except OSError as error:
            refuse(self.path, error)
        return data


class RealFile:
    """A file of RealFiles; its descriptor may be closed and opened again at any time."""

    __slots__ = ("_files", "_flags", "_open", "_size", "path", "used")

    def __init__(self, files: RealFiles, path: str, size: int) -> None:
        self._files = files
        self._open: _Descriptor | None = None
        self._flags = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if size == 0 else 0)
        self._size = size  # -1: not looked at yet
        self.path = path
        self.used = True  # since the last look for a descriptor to close

    @property
    def size(self) -> int:
        if self._size < 0:
            try:
                self._size = os.stat(self._files.absolute(self.path)).st_size
            except FileNotFoundError:
                self._size = 0
            except OSError as error:
                refuse(self._files.absolute(self.path), error)
        return self._size

    def _descriptor(self) -> _Descriptor:
        self.used = True
        if self._open is None:
            size = self.size
            self._open = self._files.admit(self, self._flags)
            self._files.alive.add(self._open)
            self._flags = os.O_RDWR  # gone meanwhile is an error, not an empty file
            self._size = size
        return self._open

    def append(self, data: Data) -> None:
        opened = self._descriptor()
        position = self._size
        total = len(data)
        try:
            written = os.pwrite(opened.descriptor, data, position)
            while written < total:
                written += os.pwrite(opened.descriptor, memoryview(data)[written:], position + written)
        except OSError as error:
            with contextlib.suppress(OSError):  # the next append writes over what is left, if this fails too
                os.ftruncate(opened.descriptor, position)
            refuse(self._files.absolute(self.path), error)
        self._size = position + total

    def read(self, position: int, count: int) -> bytes:
        if position >= self.size:
            return b""
        return self._descriptor().read(position, min(count, self._size - position))

    def slice(self, position: int, count: int) -> Slice:
        assert position + count <= self.size
        opened = self._descriptor()
        if self._files.pins_many():
            return Slice(WholeBody(opened.read(position, count)), 0, count)
        opened.shared = True
        return Slice(opened, position, count)

    def truncate(self, size: int) -> None:
        assert size <= self.size
        opened = self._descriptor()
        try:
            if opened.shared:
                self._files.write_whole(self.path, opened.read(0, size))
                self.close()
            else:
                os.ftruncate(opened.descriptor, size)
        except OSError as error:
            refuse(self._files.absolute(self.path), error)
        self._size = size

    def sync(self) -> None:
        """On a descriptor of its own: in another thread, the shared ones may be closed at any time."""
        path = self._files.absolute(self.path)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                _sync_data(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            refuse(path, error)

    def close(self) -> None:
        self._open = None
        self._files.forget(self)

    def let_go(self) -> None:
        """Give the descriptor back; the next touch opens it again."""
        self._open = None

    def remove(self) -> None:
        self.close()
        self._files.remove(self.path)
        self._size = 0
        self._flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC


class RealFiles:
    """The files under one real directory; at most `open_limit` descriptors are kept, the least used are closed."""

    def __init__(self, root: str, *, open_limit: int = OPEN_FILES_LIMIT) -> None:
        self._root = os.path.abspath(root)
        self._open: OrderedDict[RealFile, None] = OrderedDict()
        self._open_limit = open_limit
        self.alive: WeakSet[_Descriptor] = WeakSet()

    def pins_many(self) -> bool:
        return len(self.alive) - len(self._open) >= PINNED_LIMIT

    @property
    def root(self) -> str:
        return self._root

    def absolute(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def open(self, path: str) -> File:
        return RealFile(self, path, -1)

    def create(self, path: str) -> File:
        return RealFile(self, path, 0)

    def admit(self, file: RealFile, flags: int) -> _Descriptor:
        """Open a file, closing what was not used for long if there are too many."""
        while len(self._open) >= self._open_limit:
            self._close_one()
        while True:
            try:
                opened = _Descriptor(self.absolute(file.path), flags)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._open:
                    refuse(self.absolute(file.path), error)
                self._close_one()
            else:
                self._open[file] = None
                return opened

    def _close_one(self) -> None:
        """Second chance: who was used since the last look goes to the back of the row."""
        file, _ = self._open.popitem(last=False)
        while file.used:
            file.used = False
            self._open[file] = None
            file, _ = self._open.popitem(last=False)
        file.let_go()

    def forget(self, file: RealFile) -> None:
        self._open.pop(file, None)

    def exists(self, path: str) -> bool:
        return os.path.exists(self.absolute(path))

    def modified(self, path: str) -> int:
        with _Refusing(self.absolute(path)):
            return os.stat(self.absolute(path)).st_mtime_ns // 1_000_000

    def set_modified(self, path: str, at: int) -> None:
        with _Refusing(self.absolute(path)):
            os.utime(self.absolute(path), ns=(at * 1_000_000, at * 1_000_000))

    def list(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(self.absolute(path)))
        except FileNotFoundError:
            return []
        except OSError as error:
            refuse(self.absolute(path), error)

    def make_directory(self, path: str) -> None:
        try:
            os.mkdir(self.absolute(path))
        except FileExistsError:
            pass
        except FileNotFoundError:
            try:
                os.makedirs(self.absolute(path), exist_ok=True)
            except OSError as error:
                refuse(self.absolute(path), error)
        except OSError as error:
            refuse(self.absolute(path), error)

    def rename(self, old: str, new: str) -> None:
        with _Refusing(self.absolute(old)):
            os.replace(self.absolute(old), self.absolute(new))

    def remove(self, path: str) -> None:
        try:
            os.unlink(self.absolute(path))
        except FileNotFoundError:
            pass
        except OSError as error:
            refuse(self.absolute(path), error)

    def remove_tree(self, path: str) -> None:
        with _Refusing(self.absolute(path)):
            remove_tree(self.absolute(path))

    def read_whole(self, path: str) -> bytes | None:
        try:
            with open(self.absolute(path), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            refuse(self.absolute(path), error)

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        target = self.absolute(path)
        temporary = target + ".tmp"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                if sync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, target)
            if sync:
                _sync_directory(os.path.dirname(target))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            refuse(target, error)

    def sync_directory(self, path: str) -> None:
        with _Refusing(self.absolute(path)):
            _sync_directory(self.absolute(path))

    def lock(self, path: str) -> Lock | None:
        with _Refusing(self.absolute(path)):
            return lock_file(self.absolute(path))


def space_of(files: Files) -> Space:
    """The disk that a directory is on, or, where nothing was written to it yet, will be on."""
    path = files.root
    if not os.path.isabs(path):  # no disk: files in memory
        return Space(-1, -1)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    try:
        found = os.statvfs(path)
    except OSError as error:
        refuse(path, error)
    return Space(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def remove_tree(path: str) -> None:
    """As shutil.rmtree, whose import costs more than a broker's whole start; what is gone meanwhile is gone."""
    with contextlib.suppress(FileNotFoundError):
        with os.scandir(path) as entries:
            inside = list(entries)
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(path)


_sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

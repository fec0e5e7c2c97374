"""A data directory in memory: what tests and the simulation give a broker instead of a disk."""

from __future__ import annotations

import errno

from kpybroker.storage.files import Data, DiskError, File, Lock, Slice


class _Content:
    """The bytes of a file in memory."""

    __slots__ = ("data",)
    descriptor = -1

    def __init__(self) -> None:
        self.data = bytearray()

    def read(self, position: int, count: int) -> bytes:
        return bytes(memoryview(self.data)[position : position + count])


class MemoryFile:
    """A file of MemoryFiles; it is there from the first append on."""

    __slots__ = ("_files", "_new", "path")

    def __init__(self, files: MemoryFiles, path: str, *, new: bool) -> None:
        self._files = files
        self._new = new
        self.path = path

    def _content(self) -> _Content:
        if self._new:
            return _Content()
        return self._files.content(self.path) or _Content()

    @property
    def size(self) -> int:
        return len(self._content().data)

    def append(self, data: Data) -> None:
        content = None if self._new else self._files.content(self.path)
        if content is None:
            content = self._files.put(self.path, _Content())
            self._new = False
        content.data += data

    def read(self, position: int, count: int) -> bytes:
        return self._content().read(position, count)

    def slice(self, position: int, count: int) -> Slice:
        assert position + count <= self.size
        return Slice(self._content(), position, count)

    def truncate(self, size: int) -> None:
        assert size <= self.size
        kept = _Content()
        kept.data += self._content().data[:size]
        self._files.put(self.path, kept)
        self._new = False

    def sync(self) -> None:
        """Memory is as durable as it gets."""

    def close(self) -> None:
        """Nothing is open."""

    def remove(self) -> None:
        self._files.remove(self.path)
        self._new = True


class MemoryLock:
    def __init__(self, held: set[str], path: str) -> None:
        self._held = held
        self._path = path
        held.add(path)

    def release(self) -> None:
        self._held.discard(self._path)


class MemoryFiles:
    """A data directory in memory, for tests and simulation; `copy` is the disk that a killed process leaves behind."""

    def __init__(self, root: str = "memory") -> None:
        self.root = root
        self._directories: dict[str, dict[str, _Content]] = {"": {}}
        self._held: set[str] = set()

    def copy(self) -> MemoryFiles:
        other = MemoryFiles(self.root)
        self.copy_to(other)
        return other

    def copy_to(self, other: MemoryFiles) -> None:
        for directory, names in self._directories.items():
            other.make_directory(directory)
            for name, content in names.items():
                other.write_whole(f"{directory}/{name}" if directory else name, bytes(content.data))

    def content(self, path: str) -> _Content | None:
        directory, _, name = path.rpartition("/")
        return self._directories.get(directory, {}).get(name)

    def put(self, path: str, content: _Content) -> _Content:
        directory, _, name = path.rpartition("/")
        if directory not in self._directories:
            raise DiskError(f"{self.root}/{path}", errno.ENOENT)
        self._directories[directory][name] = content
        return content

    def open(self, path: str) -> File:
        return MemoryFile(self, path, new=False)

    def create(self, path: str) -> File:
        return MemoryFile(self, path, new=True)

    def exists(self, path: str) -> bool:
        return path in self._directories or self.content(path) is not None

    def modified(self, path: str) -> int:
        return 0

    def set_modified(self, path: str, at: int) -> None:
        """There is no clock here."""

    def list(self, path: str) -> list[str]:
        inside = path + "/" if path else ""
        below = {name[len(inside) :].split("/")[0] for name in self._directories if name and name.startswith(inside)}
        return sorted(below | self._directories.get(path, {}).keys())

    def make_directory(self, path: str) -> None:
        while path not in self._directories:
            self._directories[path] = {}
            path = path.rpartition("/")[0]

    def rename(self, old: str, new: str) -> None:
        if old in self._directories:
            self._rename_directory(old, new)
            return
        content = self.content(old)
        if content is None:
            raise DiskError(f"{self.root}/{old}", errno.ENOENT)
        self.put(new, content)
        self.remove(old)

    def _rename_directory(self, old: str, new: str) -> None:
        if any(name == new or name.startswith(new + "/") for name in self._directories if self.list(new)):
            raise DiskError(f"{self.root}/{old}", errno.ENOTEMPTY)
        for name in [name for name in self._directories if name == old or name.startswith(old + "/")]:
            self._directories[new + name[len(old) :]] = self._directories.pop(name)

    def remove(self, path: str) -> None:
        directory, _, name = path.rpartition("/")
        self._directories.get(directory, {}).pop(name, None)

    def remove_tree(self, path: str) -> None:
        for directory in [name for name in self._directories if name == path or name.startswith(path + "/")]:
            del self._directories[directory]

    def read_whole(self, path: str) -> bytes | None:
        content = self.content(path)
        return None if content is None else bytes(content.data)

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        content = _Content()
        content.data += data
        self.put(path, content)

    def sync_directory(self, path: str) -> None:
        """Memory is as durable as it gets."""

    def lock(self, path: str) -> Lock | None:
        if path in self._held:
            return None
        if self.content(path) is None:
            self.write_whole(path, b"")
        return MemoryLock(self._held, path)

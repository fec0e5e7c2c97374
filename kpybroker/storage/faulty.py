"""A disk in memory that fails as disks do: kills and power losses at any operation, torn writes, errors, no room."""

from __future__ import annotations

import contextlib
import errno
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypeVar

from kpybroker.storage.files import Data, DiskError, File, Lock, Slice, StorageError, WholeBody, refuse
from kpybroker.storage.memory import MemoryLock
from kpybroker.storage.volatile import Content, Disk, Names, Node

ROOT = "faulty"
ANYWHERE = ""
FOREVER = 1 << 60
T = TypeVar("T")
N = TypeVar("N", bound=Node)


class Crash(BaseException):
    """The process is killed here, or the machine loses its power; nobody may catch it."""


class Fault(NamedTuple):
    """An error to come: at the operations of these kinds, on paths that begin so, after some that go well."""

    operations: tuple[str, ...]
    number: int = errno.EIO
    path: str = ANYWHERE
    after: int = 0
    times: int = 1
    part: float = 0.0  # of an append or a whole file, that is written all the same


# How a Crash takes the operation that it comes with.
BEFORE, WITHIN, AFTER = "before", "within", "after"


class Plan:
    """What is to go wrong, and what has gone wrong so far.

    The operations that change something are counted: create, append, truncate, sync, rename, remove, make_directory,
    sync_directory. Faults may name those, and read.
    """

    def __init__(self, root: str = ROOT, *, beside: Plan | None = None) -> None:
        """`beside`: of another disk of the same machine, whose processes die together."""
        self.root = root
        self._together: list[Plan] = [self] if beside is None else beside._together
        if beside is not None:
            self._together.append(self)
        self.operations = 0
        self.raised: Counter[str] = Counter()  # by kind of operation and name of the error
        self.room: int | None = None  # bytes that the disk still takes; None: as many as anybody likes
        self.is_dead = False
        self._crash_at = FOREVER
        self._crash_how = BEFORE
        self._crash_part = 0.0
        self._faults: list[Fault] = []

    def crash_at(self, operation: int, how: str = BEFORE, part: float = 0.5) -> None:
        """Crash with that operation from now on, 1 being the next; WITHIN does so much of it, if it has parts."""
        self._crash_at = self.operations + operation
        self._crash_how = how
        self._crash_part = part

    def arm(self, fault: Fault) -> None:
        self._faults.append(fault)

    def repair(self) -> None:
        """Nothing is to go wrong any more."""
        self._faults = []
        self._crash_at = FOREVER
        self.room = None

    def do(self, operation: str, path: str, act: Callable[[], T], begin: Callable[[float], object] | None = None) -> T:
        """One operation that changes something; `begin` does a part of it."""
        self.alive()
        self.operations += 1
        how = self._crash_how if self.operations == self._crash_at else None
        if how == BEFORE:
            self._die()
        self.meet(operation, path, begin)
        if how == WITHIN and begin is not None:
            begin(self._crash_part)
            self._die()
        done = act()
        if how is not None:
            self._die()
        return done

    def meet(self, operation: str, path: str, begin: Callable[[float], object] | None = None) -> None:
        """Raises the error that waits for this operation, if there is one."""
        self.alive()
        for place, fault in enumerate(self._faults):
            if operation not in fault.operations or not path.startswith(fault.path):
                continue
            if fault.after > 0:
                self._faults[place] = fault._replace(after=fault.after - 1)
                continue
            self._faults[place] = fault._replace(times=fault.times - 1)
            if fault.times == 1:
                del self._faults[place]
            if begin is not None and fault.part > 0:
                begin(fault.part)
            self.fail(operation, path, fault.number)

    def fail(self, operation: str, path: str, number: int) -> NoReturn:
        self.raised[f"{operation} {errno.errorcode[number]}"] += 1
        refuse(f"{self.root}/{path}" if path else self.root, OSError(number, None))

    def kill(self) -> None:
        """The process ends here, between two operations."""
        for plan in self._together:
            plan.is_dead = True

    def alive(self) -> None:
        if self.is_dead:
            raise Crash

    def _die(self) -> NoReturn:
        self.kill()
        raise Crash


class FaultyFile:
    """A file of FaultyFiles. As a real one, it is opened when first touched, and then it does not mind its name."""

    __slots__ = ("_creates", "_files", "_new", "_open", "_size", "path")

    def __init__(self, files: FaultyFiles, path: str, *, new: bool) -> None:
        self._files = files
        self._open: Content | None = None
        self._new = new
        self._creates = True  # if there is no such file; once it was there, its absence is an error
        self._size = 0 if new else -1
        self.path = path

    @property
    def size(self) -> int:
        if self._size < 0:
            found = self._files.content(self.path)
            self._size = 0 if found is None else len(found.data)
        return self._size

    def _content(self) -> Content:
        if self._open is None:
            size, found = self.size, self._files.content(self.path)
            if found is None and not self._creates:
                self._files.plan.fail("open", self.path, errno.ENOENT)
            if found is not None:
                self._files.plan.meet("open", self.path)
                if self._new and found.data:
                    self._cut(found, 0)
            self._open = found or self._files.link("create", self.path, Content())
            self._new = self._creates = False
            self._size = size
        return self._open

    def append(self, data: Data) -> None:
        content, position, whole = self._content(), self.size, bytes(data)
        try:
            self._write(content, position, whole)
        except StorageError:
            with contextlib.suppress(StorageError):
                self._cut(content, position)
            raise
        self._size = position + len(whole)

    def _write(self, content: Content, position: int, data: bytes) -> None:
        def begin(part: float) -> None:
            content.write(position, data[: int(len(data) * part)])

        plan = self._files.plan
        plan.alive()
        if plan.room is not None and plan.room < len(data):
            content.write(position, data[: plan.room])
            plan.room = 0
            plan.fail("append", self.path, errno.ENOSPC)
        plan.do("append", self.path, lambda: content.write(position, data), begin)
        if plan.room is not None:
            plan.room -= len(data)

    def _cut(self, content: Content, size: int) -> None:
        self._files.plan.do("truncate", self.path, lambda: content.truncate(size))

    def read(self, position: int, count: int) -> bytes:
        if position >= self.size:
            return b""
        content = self._content()
        self._files.plan.meet("read", self.path)
        return bytes(content.data[position : min(position + count, self._size)])

    def slice(self, position: int, count: int) -> Slice:
        assert position + count <= self.size
        return Slice(WholeBody(self.read(position, count)), 0, count)

    def truncate(self, size: int) -> None:
        assert size <= self.size
        self._cut(self._content(), size)
        self._size = size

    def sync(self) -> None:
        content = self._content()
        try:
            self._files.plan.do("sync", self.path, content.sync)
        except DiskError:
            content.fail_to_sync()
            raise

    def close(self) -> None:
        self._open = None

    def remove(self) -> None:
        self.close()
        self._files.remove(self.path)
        self._size = 0
        self._new = self._creates = True


class FaultyFiles:
    """The data directory on a Disk, for one process: after a Crash it is dead, and the next one has a FaultyFiles of
    its own. What a killed process leaves is the disk as it is; `Disk.lose_power` makes of it what a crash leaves."""

    def __init__(self, disk: Disk | None = None, plan: Plan | None = None) -> None:
        self.disk = Disk() if disk is None else disk
        self.plan = Plan() if plan is None else plan
        self.root = self.plan.root
        self._held: set[str] = set()

    def content(self, path: str) -> Content | None:
        self.plan.alive()
        found = self.disk.node(path)
        return found if isinstance(found, Content) else None

    def link(self, operation: str, path: str, node: N) -> N:
        """A new file or directory, under its name."""
        directory, name = self._parent(path), path.rpartition("/")[2]
        if self.plan.room == 0:
            self.plan.fail(operation, path, errno.ENOSPC)
        self.plan.do(operation, path, lambda: directory.change("", name, node))
        return node

    def _parent(self, path: str) -> Names:
        directory = self.disk.directory(path.rpartition("/")[0])
        if directory is None:
            self.plan.alive()
            self.plan.fail("open", path, errno.ENOENT)
        return directory

    def open(self, path: str) -> File:
        return FaultyFile(self, path, new=False)

    def create(self, path: str) -> File:
        return FaultyFile(self, path, new=True)

    def exists(self, path: str) -> bool:
        self.plan.alive()
        return self.disk.node(path) is not None if path else self.disk.is_there

    def modified(self, path: str) -> int:
        if not self.exists(path):
            self.plan.fail("read", path, errno.ENOENT)
        return 0

    def set_modified(self, path: str, at: int) -> None:
        """There is no clock here."""

    def list(self, path: str) -> list[str]:
        self.plan.meet("list", path)
        directory = self.disk.directory(path)
        return [] if directory is None else sorted(directory.names)

    def make_directory(self, path: str) -> None:
        self.plan.alive()
        self.disk.is_there = True
        names = path.split("/") if path else []
        for depth in range(1, len(names) + 1):
            part = "/".join(names[:depth])
            if self.disk.node(part) is None:
                self.link("make_directory", part, Names())

    def rename(self, old: str, new: str) -> None:
        self.plan.alive()
        directory = self._parent(old)
        assert self._parent(new) is directory, "only within a directory"
        node = self.disk.node(old)
        if node is None:
            self.plan.fail("rename", old, errno.ENOENT)
        there = self.disk.node(new)
        if isinstance(there, Names) and there.names:
            self.plan.fail("rename", old, errno.ENOTEMPTY)
        names = old.rpartition("/")[2], new.rpartition("/")[2]
        self.plan.do("rename", old, lambda: directory.change(*names, node))

    def remove(self, path: str) -> None:
        self.plan.alive()
        node = self.disk.node(path)
        if node is not None:
            directory, name = self._parent(path), path.rpartition("/")[2]
            self.plan.do("remove", path, lambda: directory.change(name, "", node))

    def remove_tree(self, path: str) -> None:
        node = self.disk.node(path)
        if isinstance(node, Names):
            for name in list(node.names):
                self.remove_tree(f"{path}/{name}")
        self.remove(path)

    def read_whole(self, path: str) -> bytes | None:
        content = self.content(path)
        if content is None:
            return None
        self.plan.meet("read", path)
        return bytes(content.data)

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        temporary = path + ".tmp"
        try:
            file = self.create(temporary)
            file.append(data)
            if sync:
                file.sync()
            self.rename(temporary, path)
            if sync:
                self.sync_directory(path.rpartition("/")[0])
        except StorageError:
            with contextlib.suppress(StorageError):
                self.remove(temporary)
            raise

    def sync_directory(self, path: str) -> None:
        directory = self.disk.directory(path)
        if directory is None:
            self.plan.alive()
            self.plan.fail("sync_directory", path, errno.ENOENT)
        self.plan.do("sync_directory", path, directory.sync)

    def lock(self, path: str) -> Lock | None:
        if path in self._held:
            return None
        if self.content(path) is None:
            self.link("create", path, Content())
        return MemoryLock(self._held, path)

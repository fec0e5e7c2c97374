"""A disk in memory, as programs see it and as it would be found after a loss of power."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TypeAlias

from kpybroker.storage.files import Data

SECTOR = 512  # bytes that reach the disk together, or nearly so
END = 1 << 60


class Content:
    """The bytes of a file: what programs see, and what is on the disk."""

    __slots__ = ("_dirty_from", "_lost", "data", "durable")

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.durable = bytearray(data)
        self._dirty_from = len(data)  # from there on the two may differ
        self._lost: list[tuple[int, int]] = []  # stretches that an fsync has failed to write: they pass for clean

    def write(self, position: int, data: Data) -> None:
        end = position + len(data)
        self._dirty_from = min(self._dirty_from, position)
        self._lost = [part for lost in self._lost for part in _without(lost, position, end)]
        self.data[position:end] = data

    def truncate(self, size: int) -> None:
        self._dirty_from = min(self._dirty_from, size)
        self._lost = [part for lost in self._lost for part in _without(lost, size, END)]
        del self.data[size:]

    def sync(self) -> None:
        before = bytes(self.durable)
        start = self._dirty_from
        self.durable += bytes(max(0, start - len(self.durable)))
        self.durable[start:] = self.data[start:]
        for first, end in self._lost:
            self.durable[first:end] = before[first:end].ljust(end - first, b"\0")
        self._dirty_from = len(self.data)

    def fail_to_sync(self) -> None:
        """What was to be written is given up and not tried again, though programs still see it (fsyncgate)."""
        self._lost.append((self._dirty_from, len(self.data)))
        self._dirty_from = len(self.data)

    @property
    def is_synced(self) -> bool:
        return not self._lost and self._dirty_from == len(self.data) == len(self.durable)

    def lose_power(self, rng: Random) -> None:
        """Of what was not synced anything may be there: all, nothing, a beginning, or some sectors and not others."""
        if not self.is_synced:
            same = min(self._dirty_from, len(self.durable), *[first for first, _ in self._lost], len(self.data))
            mood = rng.randrange(4)
            if mood == 0:
                self.data = bytearray(self.durable)
            elif mood == 1:
                del self.data[rng.randint(same, len(self.data)) :]
            elif mood == 2:
                self.data = self._mixture(same, rng)
        self.durable = bytearray(self.data)
        self._dirty_from = len(self.data)
        self._lost = []

    def _mixture(self, same: int, rng: Random) -> bytearray:
        low, high = sorted((len(self.data), len(self.durable)))
        size = rng.choice((low, high, rng.randint(low, high)))
        found = self.data[:same]
        while len(found) < size:
            start = len(found)
            end = min(size, start - start % SECTOR + SECTOR)
            new = bytes(self.data[start:end]).ljust(end - start, b"\0")
            # Where the file has grown, and its data was not written, is what the disk had there before: or zeros.
            before = bytes(self.durable[start:end])
            stale = rng.choice((bytes(end - start), rng.randbytes(end - start)))
            old = before + stale[len(before) :]
            cut = rng.choice((0, end - start, end - start, rng.randrange(end - start + 1)))
            found += new[:cut] + old[cut:]
        return found


def _without(stretch: tuple[int, int], start: int, end: int) -> Iterator[tuple[int, int]]:
    """What is left of a stretch without what lies from start to end."""
    for first, last in ((stretch[0], min(stretch[1], start)), (max(stretch[0], end), stretch[1])):
        if first < last:
            yield first, last


class Names:
    """One directory: its names as programs see them, as they are on the disk, and what has happened between."""

    __slots__ = ("_changes", "durable", "names")

    def __init__(self) -> None:
        self.names: dict[str, Node] = {}
        self.durable: dict[str, Node] = {}
        self._changes: list[tuple[str, str, Node]] = []  # the name that it had, and that it has now; "": none

    def change(self, old: str, new: str, node: Node) -> None:
        """A node comes, goes, or takes another name, whose former owner goes: all of it or nothing."""
        self._apply(old, new, node)
        self._changes.append((old, new, node))

    def _apply(self, old: str, new: str, node: Node) -> None:
        if self.names.get(old) is node:
            del self.names[old]
        if new:
            self.names[new] = node

    def sync(self) -> None:
        self.durable = dict(self.names)
        self._changes = []

    def lose_power(self, rng: Random) -> None:
        """The changes since the last sync may be undone, from the last one back: file systems journal them in order for
        each directory. Between directories, and between names and bytes, there is no order."""
        kept = rng.choice((0, len(self._changes), rng.randint(0, len(self._changes))))
        self.names = dict(self.durable)
        for change in self._changes[:kept]:
            self._apply(*change)
        self.sync()
        for _, node in sorted(self.names.items()):
            node.lose_power(rng)


Node: TypeAlias = Content | Names


class Disk:
    """What outlives a process: directories and files. `FaultyFiles(disk)` is how one process sees it."""

    def __init__(self) -> None:
        self.root = Names()
        self.is_there = True

    def lose_power(self, rng: Random) -> None:
        """What was not synced is lost, or not, or in part; what is there then is on the disk."""
        self.root.lose_power(rng)

    def vanish(self) -> None:
        """Somebody removes the whole directory; who has files open goes on with them."""
        self.root = Names()
        self.is_there = False

    def directory(self, path: str) -> Names | None:
        found: Node | None = self.root if self.is_there else None
        for name in path.split("/") if path else ():
            found = found.names.get(name) if isinstance(found, Names) else None
        return found if isinstance(found, Names) else None

    def node(self, path: str) -> Node | None:
        parent, _, name = path.rpartition("/")
        directory = self.directory(parent)
        return None if directory is None else directory.names.get(name)

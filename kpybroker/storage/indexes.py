"""A segment's two indexes in Kafka's own bytes: from offset to position, and from timestamp to offset."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container
from contextlib import suppress
from struct import Struct
from typing import NamedTuple

from kpybroker.storage.files import File, Files, StorageError
from kpybroker.wire.records import OVERHEAD, BatchHeader

NO_TIMESTAMP = -1
FRESH_LIMIT = 512  # entries: one write for two megabytes of records


class OffsetPosition(NamedTuple):
    """The last offset of a batch and the position where the batch begins."""

    offset: int
    position: int


class TimestampOffset(NamedTuple):
    """The largest timestamp up to here and the last offset of the batch that holds it."""

    timestamp: int
    offset: int


class _Entries:
    """Entries of one size, ascending: the first ones in the file, the rest in memory until `save`.

    What is not saved is lost when the process is killed; then the segment is recovered and its indexes are made anew.
    """

    def __init__(self, file: File, entry: Struct) -> None:
        self.file = file
        self._entry = entry
        self._saved = file.size // entry.size  # how many are in the file
        self._fresh: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return self._saved + len(self._fresh)

    def __getitem__(self, number: int) -> tuple[int, int]:
        if number >= self._saved:
            return self._fresh[number - self._saved]
        size = self._entry.size
        first, second = self._entry.unpack(self.file.read(number * size, size))
        return first, second

    def key(self, number: int) -> int:
        return self[number][0]

    def second(self, number: int) -> int:
        return self[number][1]

    def add(self, first: int, second: int) -> None:
        self._fresh.append((first, second))
        if len(self._fresh) >= FRESH_LIMIT:
            with suppress(StorageError):  # the batch is written: a full disk may not undo that; they wait in memory
                self.save()

    def save(self) -> None:
        """Write what is in memory only; a file that is there but empty says that there is nothing to index."""
        if self._fresh or not len(self):
            self.file.append(b"".join([self._entry.pack(*entry) for entry in self._fresh]))
            self._saved = len(self)
            self._fresh = []

    def cut(self, count: int) -> None:
        """Keep the first `count` entries."""
        if count < len(self):
            if count < self._saved:
                self.file.truncate(count * self._entry.size)
                self._saved = count
            del self._fresh[count - self._saved :]

    def replace(self, data: bytes) -> None:
        """These are all there are."""
        self.cut(0)
        self.file.truncate(0)  # a part of an entry
        self.file.append(data)
        self._saved = len(data) // self._entry.size

    def whole(self) -> bool:
        """Whether the file can be one of ours: no part of an entry at its end."""
        return self.file.size % self._entry.size == 0


class OffsetIndex:
    """`.index`: for one batch in every few kilobytes its last offset (relative) and its position, four bytes each."""

    ENTRY = Struct(">ii")

    def __init__(self, file: File, base_offset: int) -> None:
        self.entries = _Entries(file, self.ENTRY)
        self._base_offset = base_offset

    def append(self, offset: int, position: int) -> None:
        self.entries.add(offset - self._base_offset, position)

    def lookup(self, offset: int) -> OffsetPosition:
        """The last entry at or below the offset; where there is none, the beginning of the segment."""
        return self._at(bisect_right(range(len(self.entries)), offset - self._base_offset, key=self.entries.key) - 1)

    def last(self) -> OffsetPosition:
        return self._at(len(self.entries) - 1)

    def _at(self, number: int) -> OffsetPosition:
        if number < 0:
            return OffsetPosition(self._base_offset, 0)
        relative, position = self.entries[number]
        return OffsetPosition(self._base_offset + relative, position)

    def cut(self, offset: int) -> None:
        """Forget the offset and everything after it."""
        self.entries.cut(bisect_left(range(len(self.entries)), offset - self._base_offset, key=self.entries.key))

    def plausible(self) -> bool:
        return self.entries.whole() and (len(self.entries) == 0 or self.last().offset >= self._base_offset)


class TimeIndex:
    """`.timeindex`: the largest timestamp so far, each time it has grown, and the (relative) offset with it."""

    ENTRY = Struct(">qi")

    def __init__(self, file: File, base_offset: int) -> None:
        self.entries = _Entries(file, self.ENTRY)
        self._base_offset = base_offset

    def append(self, timestamp: int, offset: int) -> None:
        """An entry is added only if the timestamp has grown."""
        if timestamp > self.last().timestamp:
            self.entries.add(timestamp, offset - self._base_offset)

    def lookup(self, timestamp: int) -> TimestampOffset:
        """The last entry at or below the timestamp; where there is none, the beginning of the segment."""
        return self._at(bisect_right(range(len(self.entries)), timestamp, key=self.entries.key) - 1)

    def last(self) -> TimestampOffset:
        return self._at(len(self.entries) - 1)

    def _at(self, number: int) -> TimestampOffset:
        if number < 0:
            return TimestampOffset(NO_TIMESTAMP, self._base_offset)
        timestamp, relative = self.entries[number]
        return TimestampOffset(timestamp, self._base_offset + relative)

    def cut(self, offset: int) -> None:
        """Forget the offset and everything after it."""
        self.entries.cut(bisect_left(range(len(self.entries)), offset - self._base_offset, key=self.entries.second))

    def plausible(self) -> bool:
        if not self.entries.whole():
            return False
        last = self.last()
        return len(self.entries) == 0 or (last.offset >= self._base_offset and last.timestamp >= self.entries[0][0])


class Indexes:
    """Both indexes of a segment, and what decides when they get their next entry."""

    __slots__ = ("_largest", "_unindexed_bytes", "base_offset", "interval_bytes", "offsets", "times")

    def __init__(
        self, files: Files, name: str, base_offset: int, interval_bytes: int, *, new: bool, suffix: str = ""
    ) -> None:
        get = files.create if new else files.open
        self.base_offset = base_offset
        self.offsets = OffsetIndex(get(f"{name}.index{suffix}"), base_offset)
        self.times = TimeIndex(get(f"{name}.timeindex{suffix}"), base_offset)
        self.interval_bytes = interval_bytes
        self._unindexed_bytes = 0
        self._largest: TimestampOffset | None = TimestampOffset(NO_TIMESTAMP, base_offset) if new else None

    @property
    def largest(self) -> TimestampOffset:
        """The largest timestamp in the segment, and the last offset of the batch that holds it."""
        if self._largest is None:  # a closed segment has it as the last entry
            self._largest = self.times.last()
        return self._largest

    @property
    def files(self) -> tuple[File, File]:
        return self.offsets.entries.file, self.times.entries.file

    def note(self, header: BatchHeader, position: int) -> int:
        """A batch begins at the position; returns its size."""
        last_offset = header.base_offset + header.last_offset_delta
        largest = self._largest or self.largest
        if header.max_timestamp > largest.timestamp:
            self._largest = largest = TimestampOffset(header.max_timestamp, last_offset)
        if self._unindexed_bytes > self.interval_bytes:
            self.offsets.append(last_offset, position)
            self.times.append(*largest)
            self._unindexed_bytes = 0
        size = header.batch_length + OVERHEAD
        self._unindexed_bytes += size
        return size

    def full(self, limit_bytes: int) -> bool:
        """Whether an index has no room for another entry; one is kept for the largest timestamp at the end."""
        return (
            len(self.offsets.entries) >= limit_bytes // OffsetIndex.ENTRY.size
            or len(self.times.entries) >= limit_bytes // TimeIndex.ENTRY.size - 1
        )

    def plausible(self, names: Container[str]) -> bool:
        """Whether the files are among these names, and can be what was written."""
        there = all(file.path.rpartition("/")[2] in names for file in self.files)
        return there and self.offsets.plausible() and self.times.plausible()

    def replace(self, offsets: bytes, times: bytes, largest: TimestampOffset) -> None:
        """The segment was looked through: these are its entries, but for the last one of the largest timestamp."""
        self.offsets.entries.replace(offsets)
        self.times.entries.replace(times)
        self._largest = largest
        self.seal()

    def seal(self) -> None:
        """The segment is closed: the largest timestamp becomes an entry, and all entries go to the files."""
        self.complete()
        self._unindexed_bytes = 0

    def complete(self) -> None:
        """All that is known by now goes to the files, the largest timestamp too: what was synced so needs nothing more
        if no batch comes after it."""
        self.times.append(*self.largest)
        self.save()

    def save(self) -> None:
        self.offsets.entries.save()
        self.times.entries.save()

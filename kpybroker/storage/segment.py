"""One segment of a log: a file of batches and its two indexes, appended at the end and searched by offset and time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kpybroker.storage.files import Data, Files, StorageError
from kpybroker.storage.indexes import NO_TIMESTAMP, OffsetIndex, TimeIndex, TimestampOffset
from kpybroker.wire.records import (
    HEADER,
    HEADER_SIZE,
    LEAST_LENGTH,
    MAGIC,
    OVERHEAD,
    BatchHeader,
    records,
)

RECENT_LIMIT = 512  # batches at the end of the active segment that are found without looking into a file
SCAN_BYTES = 8 * 1024  # one look for headers: an index interval and the batch at its end
MAX_RELATIVE_OFFSET = 2**31 - 1
NOWHERE = 2**63 - 1


class LogConfig(NamedTuple):
    """The topic settings that decide how a log is cut into segments and indexed."""

    segment_bytes: int = 1 << 30
    segment_ms: int = 7 * 24 * 3600 * 1000
    index_interval_bytes: int = 4096
    segment_index_bytes: int = 10 * 1024 * 1024


class Place(NamedTuple):
    """Where a batch is."""

    position: int
    size: int


class Found(NamedTuple):
    """A record found by its timestamp; the epoch is the batch's, -1 if it has none."""

    timestamp: int
    offset: int
    leader_epoch: int


class _Recent:
    """Last offset and position of the newest batches; it answers for offsets from `first` on."""

    __slots__ = ("_lasts", "_positions", "first")

    def __init__(self, first: int) -> None:
        self.first = first
        self._lasts = array("q")
        self._positions = array("q")

    def add(self, last_offset: int, position: int) -> None:
        if len(self._lasts) >= 2 * RECENT_LIMIT:
            self.first = self._lasts[RECENT_LIMIT - 1] + 1
            del self._lasts[:RECENT_LIMIT]
            del self._positions[:RECENT_LIMIT]
        self._lasts.append(last_offset)
        self._positions.append(position)

    def locate(self, offset: int, size: int) -> Place | None:
        number = bisect_left(self._lasts, offset)
        if number == len(self._lasts):
            return None
        position = self._positions[number]
        following = self._positions[number + 1] if number + 1 < len(self._positions) else size
        return Place(position, following - position)


class Segment:
    """The batches from `base_offset` on. Files appear when something is first written to them."""

    __slots__ = (
        "_first_timestamp",
        "_max_timestamp",
        "_recent",
        "_unindexed_bytes",
        "base_offset",
        "created",
        "interval_bytes",
        "log",
        "name",
        "offsets",
        "size",
        "times",
    )

    def __init__(self, files: Files, directory: str, base_offset: int, *, interval_bytes: int, created: int) -> None:
        """A segment that is not there yet."""
        self.name = f"{directory}/{base_offset:020d}"
        self.base_offset = base_offset
        self.created = created
        self.interval_bytes = interval_bytes
        self.log = files.create(f"{self.name}.log")
        self.offsets = OffsetIndex(files.create(f"{self.name}.index"), base_offset)
        self.times = TimeIndex(files.create(f"{self.name}.timeindex"), base_offset)
        self.size = 0
        self._first_timestamp: int | None = None  # the largest of the first batch
        self._max_timestamp: TimestampOffset | None = TimestampOffset(NO_TIMESTAMP, base_offset)
        self._unindexed_bytes = 0
        self._recent = _Recent(base_offset)

    @classmethod
    def open(cls, files: Files, directory: str, base_offset: int, *, interval_bytes: int, created: int) -> Segment:
        """A segment that is there, trusted as it is."""
        segment = cls(files, directory, base_offset, interval_bytes=interval_bytes, created=created)
        segment.log = files.open(f"{segment.name}.log")
        segment.offsets = OffsetIndex(files.open(f"{segment.name}.index"), base_offset)
        segment.times = TimeIndex(files.open(f"{segment.name}.timeindex"), base_offset)
        segment.size = segment.log.size
        segment._max_timestamp = None
        segment._recent = _Recent(NOWHERE)
        return segment

    # --- writing ---

    def append(self, data: Data, headers: Sequence[BatchHeader]) -> None:
        position = self.size
        self.log.append(data)
        if position == 0:
            self._first_timestamp = headers[0].max_timestamp
        for header in headers:
            position += self._index(header, position)
        self.size = position
        assert position == self.log.size

    def _index(self, header: BatchHeader, position: int) -> int:
        """Take note of a batch; returns its size."""
        last_offset = header.base_offset + header.last_offset_delta
        largest = self._max_timestamp or self.max_timestamp
        if header.max_timestamp > largest.timestamp:
            self._max_timestamp = largest = TimestampOffset(header.max_timestamp, last_offset)
        if self._unindexed_bytes > self.interval_bytes:
            self.offsets.append(last_offset, position)
            self.times.append(*largest)
            self._unindexed_bytes = 0
        self._recent.add(last_offset, position)
        size = header.batch_length + OVERHEAD
        self._unindexed_bytes += size
        return size

    def seal(self) -> None:
        """Nothing more comes: the largest timestamp goes into its index, and the indexes to their files."""
        if self.size > 0:
            self.times.append(*self.max_timestamp)
        else:
            self.log.append(b"")
        self.save()
        self._recent = _Recent(NOWHERE)

    def save(self) -> None:
        self.offsets.entries.save()
        self.times.entries.save()

    def close(self) -> None:
        self.log.close()
        self.offsets.entries.file.close()
        self.times.entries.file.close()

    def remove(self) -> None:
        self.log.remove()
        self.offsets.entries.file.remove()
        self.times.entries.file.remove()

    def must_roll(self, config: LogConfig, size: int, last_offset: int, max_timestamp: int, now: int) -> bool:
        """Whether batches of this size, up to this offset and time, have to go to a new segment."""
        if self.size > config.segment_bytes - size or last_offset - self.base_offset > MAX_RELATIVE_OFFSET:
            return True
        if self.size == 0:
            return False
        first = self.first_timestamp
        waited = max_timestamp - first if first >= 0 else now - self.created
        return (
            waited > config.segment_ms
            or len(self.offsets.entries) >= config.segment_index_bytes // OffsetIndex.ENTRY.size
            or len(self.times.entries) >= config.segment_index_bytes // TimeIndex.ENTRY.size - 1
        )

    def reset(self) -> None:
        """Forget what the indexes say: `reindex` is told of every batch again."""
        self.offsets.entries.cut(0)
        self.times.entries.cut(0)
        self._first_timestamp = None
        self._max_timestamp = TimestampOffset(NO_TIMESTAMP, self.base_offset)
        self._unindexed_bytes = 0
        self._recent = _Recent(self.base_offset)

    def reindex(self, header: BatchHeader, position: int) -> None:
        self._index(header, position)

    def cut(self, size: int) -> None:
        """After a reindex: the file ends here, and the indexes are as a closed segment has them."""
        if size < self.log.size:
            self.log.truncate(size)
        self.size = size
        self._unindexed_bytes = 0
        self.times.append(*self.max_timestamp)
        self.save()

    # --- reading ---

    @property
    def first_timestamp(self) -> int:
        """The largest timestamp of the first batch, by which the age of a segment is told."""
        if self._first_timestamp is None:
            first = next(self.headers(), None)
            if first is None:
                return NO_TIMESTAMP
            self._first_timestamp = first[1].max_timestamp
        return self._first_timestamp

    @property
    def max_timestamp(self) -> TimestampOffset:
        """The largest timestamp, and the last offset of the batch that holds it."""
        if self._max_timestamp is None:
            self._max_timestamp = self.times.last()
        return self._max_timestamp

    def headers(self, position: int = 0) -> Iterator[tuple[int, BatchHeader]]:
        """The headers of the batches from a batch's position on, each with its position."""
        block, start = b"", 0
        while position + HEADER_SIZE <= self.size:
            if position + HEADER_SIZE > start + len(block):
                block, start = self.log.read(position, SCAN_BYTES), position
            header = BatchHeader._make(HEADER.unpack_from(block, position - start))
            following = position + header.batch_length + OVERHEAD
            if header.magic != MAGIC:
                raise StorageError(self.log.path, f"a batch of format {header.magic} at {position}; only 2 can be read")
            if header.batch_length < LEAST_LENGTH:
                raise StorageError(self.log.path, f"a batch of length {header.batch_length} at {position}")
            if following > self.size:
                return
            yield position, header
            position = following

    def find_end(self) -> int:
        """The offset after the last batch, found from the last index entry on; these batches are known from now on."""
        end = self.base_offset
        recent = None
        for position, header in self.headers(self.offsets.last().position):
            recent = recent or _Recent(header.base_offset)
            end = header.base_offset + header.last_offset_delta + 1
            recent.add(end - 1, position)
        self._recent = recent or _Recent(self.base_offset)
        return end

    def locate(self, offset: int) -> Place | None:
        """The batch that holds the offset, or else the first one after it; None at the end."""
        if offset >= self._recent.first:
            return self._recent.locate(offset, self.size)
        for position, header in self.headers(self.offsets.lookup(offset).position):
            if header.base_offset + header.last_offset_delta >= offset:
                return Place(position, header.batch_length + OVERHEAD)
        return None

    def find_timestamp(self, timestamp: int, from_offset: int) -> Found | None:
        """The first record at or after from_offset whose timestamp is at least this one."""
        entry = self.times.lookup(timestamp)
        start = self.offsets.lookup(max(entry.offset, from_offset)).position
        for position, header in self.headers(start):
            if header.max_timestamp < timestamp:
                continue
            for record in records(self.log.read(position, header.batch_length + OVERHEAD), header):
                if record.timestamp >= timestamp and record.offset >= from_offset:
                    return Found(record.timestamp, record.offset, header.partition_leader_epoch)
        return None

    def find_max_timestamp(self) -> Found | None:
        """The first record of the largest timestamp."""
        timestamp, offset = self.max_timestamp
        for position, header in self.headers(self.offsets.lookup(offset).position):
            if header.max_timestamp == timestamp:
                for record in records(self.log.read(position, header.batch_length + OVERHEAD), header):
                    if record.timestamp == timestamp:
                        return Found(timestamp, record.offset, header.partition_leader_epoch)
        return None

"""One segment of a log: a file of batches and its two indexes, appended at the end and searched by offset and time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from kpybroker.storage.files import Data, File, Files, StorageError
from kpybroker.storage.indexes import NO_TIMESTAMP, Indexes
from kpybroker.wire.records import (
    HEADER,
    HEADER_SIZE,
    LEAST_LENGTH,
    MAGIC,
    OVERHEAD,
    BatchHeader,
    Record,
    each_record,
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
    segment_jitter_ms: int = 0
    file_delete_delay_ms: int = 60_000


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


def headers(file: File, position: int, size: int) -> Iterator[tuple[int, BatchHeader]]:
    """The headers of the whole batches in a file from a batch's position on, each with its position."""
    block, start = b"", 0
    while position + HEADER_SIZE <= size:
        if position + HEADER_SIZE > start + len(block):
            block, start = file.read(position, SCAN_BYTES), position
        header = BatchHeader._make(HEADER.unpack_from(block, position - start))
        following = position + header.batch_length + OVERHEAD
        if header.magic != MAGIC:
            raise StorageError(file.path, f"a batch of format {header.magic} at {position}; only 2 can be read")
        if header.batch_length < LEAST_LENGTH:
            raise StorageError(file.path, f"a batch of length {header.batch_length} at {position}")
        if following > size:
            return
        yield position, header
        position = following


class Segment:
    """The batches from `base_offset` on. Files appear when something is first written to them."""

    __slots__ = ("_first_timestamp", "_recent", "base_offset", "created", "indexes", "log", "size")

    def __init__(
        self,
        files: Files,
        directory: str,
        base_offset: int,
        config: LogConfig,
        created: int,
        *,
        new: bool,
        suffix: str = "",
    ) -> None:
        """One that is not there yet, or one that is there and is trusted as it is. The suffix ends its files' names."""
        name = f"{directory}/{base_offset:020d}"
        self.base_offset = base_offset
        self.created = created
        self.log = (files.create if new else files.open)(f"{name}.log{suffix}")
        self.indexes = Indexes(files, name, base_offset, config.index_interval_bytes, new=new, suffix=suffix)
        self.size = 0 if new else self.log.size
        self._first_timestamp: int | None = None  # the largest of the first batch
        self._recent = _Recent(base_offset if new else NOWHERE)

    # --- writing ---

    def append(self, data: Data, headers: Sequence[BatchHeader]) -> None:
        position = self.size
        self.log.append(data)
        for header in headers:
            self._recent.add(header.base_offset + header.last_offset_delta, position)
            position += self.indexes.note(header, position)
        self.size = position
        assert position == self.log.size

    def seal(self) -> None:
        """Nothing more comes; the files are then as Kafka leaves them."""
        if self.size == 0:
            self.log.append(b"")
        self.indexes.seal()
        self._recent = _Recent(NOWHERE)

    def cut(self, size: int) -> int:
        """Without what follows, which no index knows of; returns how many bytes that was."""
        before, self.size = self.log.size, size
        self._first_timestamp = None
        if size < before:
            self.log.truncate(size)
        return before - size

    @property
    def files(self) -> tuple[File, ...]:
        return self.log, *self.indexes.files

    def close(self) -> None:
        for file in self.files:
            file.close()

    def must_roll(self, config: LogConfig, size: int, last_offset: int, max_timestamp: int, now: int) -> bool:
        """Whether batches of this size, up to this offset and time, have to go to a new segment."""
        if self.size > config.segment_bytes - size or last_offset - self.base_offset > MAX_RELATIVE_OFFSET:
            return True
        if self.size == 0:
            return False
        first = self._first_timestamp
        if first is None:
            first = self.first_timestamp
        waited = max_timestamp - first if first >= 0 else now - self.created
        longest = config.segment_ms - (self._jitter_ms(config) if config.segment_jitter_ms else 0)
        return waited > longest or self.indexes.full(config.segment_index_bytes)

    def _jitter_ms(self, config: LogConfig) -> int:
        """How much earlier than others this one is rolled: its own share of segment.jitter.ms, the same each time."""
        most = min(config.segment_jitter_ms, config.segment_ms)
        return crc32(self.log.path.encode()) % most if most > 0 else 0

    # --- reading ---

    @property
    def first_timestamp(self) -> int:
        """The largest timestamp of the first batch, by which the age of a segment is told."""
        if self._first_timestamp is None:
            for _, header in self.headers():
                self._first_timestamp = header.max_timestamp
                return header.max_timestamp
            return NO_TIMESTAMP
        return self._first_timestamp

    def headers(self, position: int = 0) -> Iterator[tuple[int, BatchHeader]]:
        """The headers of the batches from a batch's position on, each with its position."""
        return headers(self.log, position, self.size)

    def records(self, position: int, header: BatchHeader) -> Iterator[Record]:
        return each_record(self.log.read(position, header.batch_length + OVERHEAD), header)

    def find_end(self) -> tuple[int, int]:
        """Offset and position after the last batch, from the last index entry on; these batches are known from now."""
        start = self.indexes.offsets.last()
        offset, end = self.base_offset, start.position
        recent = None
        for position, header in self.headers(start.position):
            recent = recent or _Recent(header.base_offset)
            offset = header.base_offset + header.last_offset_delta + 1
            end = position + header.batch_length + OVERHEAD
            recent.add(offset - 1, position)
        self._recent = recent or _Recent(self.base_offset)
        return offset, end

    def locate(self, offset: int) -> Place | None:
        """The batch that holds the offset, or else the first one after it; None at the end."""
        if offset >= self._recent.first:
            return self._recent.locate(offset, self.size)
        for position, header in self.headers(self.indexes.offsets.lookup(offset).position):
            if header.base_offset + header.last_offset_delta >= offset:
                return Place(position, header.batch_length + OVERHEAD)
        return None

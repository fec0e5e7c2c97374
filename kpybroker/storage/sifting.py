"""What a cleaning leaves of each batch: all of it, some records, nothing but its header, or nothing at all.

A slice of it is a few hundred records. Only a batch that is compressed is decompressed, and compressed again, in one
go: a slice each, which takes some milliseconds for one of a megabyte, the most that topics take by default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kpybroker.machine import Instant
from kpybroker.storage.aborted import Transactions
from kpybroker.storage.files import StorageError
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.storage.producers import Producers
from kpybroker.storage.retained import Retained, delete_horizon, emptied
from kpybroker.storage.segment import Segment
from kpybroker.wire.compression import NONE, decompress
from kpybroker.wire.records import (
    DECOMPRESSED_LIMIT,
    HEADER,
    HEADER_SIZE,
    LEAST_LENGTH,
    MAGIC,
    NO_PRODUCER_ID,
    OVERHEAD,
    BatchHeader,
    check_crc,
    each_record,
)

READ_BYTES = 64 * 1024  # of a segment at once, unless a batch is larger
STEP_RECORDS = 200  # that are looked at, or written anew, in one slice
BATCH_COST = 4  # a batch weighs as much as so many records, besides its own
DECOMPRESSED_COST = 400  # and if it was compressed, as so many bytes of it do


class Pace:
    """How much of a slice is used up, in records."""

    __slots__ = ("_used",)

    def __init__(self) -> None:
        self._used = 0

    def is_over(self, records: int) -> bool:
        """With these records the slice is over, and another one begins."""
        self._used += records
        if self._used < STEP_RECORDS:
            return False
        self._used = 0
        return True


class Batch(NamedTuple):
    """A batch where it stands in what was read."""

    header: BatchHeader
    block: bytes
    start: int

    @property
    def whole(self) -> memoryview:
        return memoryview(self.block)[self.start : self.start + self.header.size]

    def cost(self, data: bytes) -> int:
        """What it has cost to take out these bytes, in records."""
        return 0 if data is self.block else len(data) // DECOMPRESSED_COST

    def records(self) -> tuple[bytes, int]:
        """The bytes in which the records are, decompressed, and where they begin."""
        if self.header.codec == NONE:
            return self.block, self.start + HEADER_SIZE
        return decompress(self.header.codec, self.whole[HEADER_SIZE:], DECOMPRESSED_LIMIT), 0

    def control_key(self) -> bytes | None:
        """What kind of marker it is; None if that was cleaned away."""
        for record in each_record(self.whole, self.header):
            return record.key
        return None


def batches(segment: Segment, position: int) -> Iterator[Batch]:
    """Those of a closed segment from a position on."""
    block, begin, read, size = b"", 0, segment.log.read, segment.size
    while position < size:
        at = position - begin
        if at + HEADER_SIZE > len(block):
            block, begin, at = read(position, READ_BYTES), position, 0
        header = BatchHeader._make(HEADER.unpack_from(block, at))
        whole = header.batch_length + OVERHEAD
        if header.magic != MAGIC or header.batch_length < LEAST_LENGTH or position + whole > size:
            raise StorageError(segment.log.path, f"there is no batch at {position}")
        if at + whole > len(block):
            block, begin, at = read(position, max(READ_BYTES, whole)), position, 0
        yield Batch(header, block, at)
        position += whole


class Sieve:
    """Takes batch after batch of a log (MemoryRecords.filterTo with the filter of Cleaner.cleanInto)."""

    def __init__(
        self,
        offsets: OffsetMap,
        producers: Producers,
        first_uncleanable: int,
        delete_retention_ms: int,
        now: Instant,
        pace: Pace,
    ) -> None:
        self.transactions = Transactions()
        self.out: list[bytearray | memoryview] = []  # batches that stay
        self.headers: list[BatchHeader] = []
        self.out_bytes = 0
        self._offsets = offsets
        self._producers = producers
        self._first_uncleanable = first_uncleanable
        self._delete_retention_ms = delete_retention_ms
        self._now = now
        self._pace = pace

    def take_out(self) -> tuple[bytes, list[BatchHeader]]:
        """What has come through since the last time."""
        taken = b"".join(self.out), self.headers
        self.out, self.headers, self.out_bytes = [], [], 0
        return taken

    def put(self, batch: Batch) -> Iterator[None]:
        """One batch, in as many slices as it takes."""
        header, transactions, pace = batch.header, self.transactions, self._pace
        horizon = delete_horizon(header)
        is_over = horizon is not None and horizon <= self._now
        is_spent = header.is_control and transactions.is_spent(header, batch.control_key())
        goes = is_spent and is_over if header.is_control else transactions.is_aborted(header)
        if pace.is_over(BATCH_COST):
            yield
        kept: list[int] = []
        has_tombstones = False
        data, position = (b"", 0) if goes or header.records_count == 0 else batch.records()
        if pace.is_over(batch.cost(data)):
            yield
        if header.is_control:
            kept = [] if data == b"" else [position]  # it has one record
        else:
            for done in range(0, 0 if goes else header.records_count, STEP_RECORDS):
                count = min(header.records_count - done, STEP_RECORDS)
                position, found = self._offsets.sift(
                    data, position, count, header.base_offset, kept, tombstones=not is_over
                )
                has_tombstones |= found
                if pace.is_over(count):
                    yield
        sets_horizon = horizon is None and (has_tombstones or is_spent)
        if not kept:
            if self._has_to_stay(header):
                self._add(*emptied(header))
        elif len(kept) == header.records_count and not sets_horizon:
            self._add(batch.whole, header)
        else:
            yield from self._rebuild(
                batch, data, kept, self._now + self._delete_retention_ms if sets_horizon else horizon
            )

    def _rebuild(self, batch: Batch, data: bytes, kept: list[int], horizon: int | None) -> Iterator[None]:
        if not check_crc(batch.whole, batch.header):  # the new one may not cover up what is broken
            raise ValueError(f"the batch at offset {batch.header.base_offset} is not what was written")
        retained = Retained(batch.header, horizon)
        for done in range(0, len(kept), STEP_RECORDS):
            part = kept[done : done + STEP_RECORDS]
            retained.add(data, part)
            if self._pace.is_over(len(part)):
                yield
        if batch.header.codec != NONE:
            yield
        self._add(*retained.build())

    def _add(self, data: bytearray | memoryview, header: BatchHeader) -> None:
        self.out.append(data)
        self.headers.append(header)
        self.out_bytes += len(data)

    def _has_to_stay(self, header: BatchHeader) -> bool:
        """Whether the batch stays even if it is empty: it has the last sequence of a producer, or its last epoch; or
        it tells where the cleaned part of the log ends."""
        known = self._producers.producers.get(header.producer_id) if header.producer_id != NO_PRODUCER_ID else None
        if known is not None:
            if known.batches:
                if known.batches[-1].last_offset == header.last_offset:
                    return True
            elif header.is_control and header.producer_epoch == known.epoch:
                return True
        return header.last_offset + 1 == self._first_uncleanable

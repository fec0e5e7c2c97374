"""Looking through a segment that cannot be trusted: its indexes are made anew, and what is no batch is cut off."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from kpybroker.storage.files import File, StorageError
from kpybroker.storage.indexes import NO_TIMESTAMP, OffsetIndex, TimeIndex, TimestampOffset
from kpybroker.storage.segment import MAX_RELATIVE_OFFSET, Segment
from kpybroker.wire.checksum import crc32c
from kpybroker.wire.records import (
    CHECKED,
    HEADER,
    HEADER_SIZE,
    LEAST_LENGTH,
    LEAST_LENGTH_V0,
    MAGIC,
    OVERHEAD,
    BatchHeader,
)

CHECK_BYTES = 1024 * 1024


def check_segment(
    segment: Segment, latest_epoch: int, learn: Callable[[BatchHeader], None], limit: int | None = None
) -> tuple[int, int]:
    """Its end offset and how many bytes were cut: from the first batch on that is torn, broken or out of order.

    `limit` is where the next segment begins, if there is one; no checksum covers a batch's own offset.
    `learn` is told of each batch of a producer that has an id, and of each first one of a later leader epoch. A
    segment may hold a million batches, so here is no object and no call for each of them.
    """
    indexes, file, size = segment.indexes, segment.log, segment.log.size
    interval_bytes, unpack = indexes.interval_bytes, HEADER.unpack_from
    offset_entry, time_entry = OffsetIndex.ENTRY.pack, TimeIndex.ENTRY.pack
    offsets, times, indexed, indexed_timestamp = bytearray(), bytearray(), 0, NO_TIMESTAMP
    base_offset, largest, largest_at = segment.base_offset, NO_TIMESTAMP, segment.base_offset
    least, position = base_offset, 0
    block, start, filled = memoryview(b""), 0, 0
    while position + HEADER_SIZE <= size:
        if position + HEADER_SIZE > filled:
            block, start = memoryview(file.read(position, CHECK_BYTES)), position
            filled = start + len(block)
        fields = unpack(block, position - start)
        offset, length, epoch, magic, crc, _, delta, _, timestamp, producer_id, _, _, _ = fields
        end = position + length + OVERHEAD
        if magic != MAGIC or length < LEAST_LENGTH or end > size:
            _refuse_old_format(segment, position, magic, length)
            break
        if offset < least or delta < 0:
            break
        if end > filled and position > start:
            block, start = memoryview(file.read(position, CHECK_BYTES)), position
            filled = start + len(block)
        found = crc32c(block[position - start + CHECKED : end - start])
        if (found if end <= filled else _go_on(file, filled, end, found)) != crc:
            break
        last = offset + delta
        if last - base_offset > MAX_RELATIVE_OFFSET:
            if limit is None or last >= limit:  # old Kafkas wrote such segments, but only in compacting them
                break
            reason = f"offset {last} at {position} does not fit a segment of that name"
            raise StorageError(file.path, f"{reason}; Apache Kafka, started on it once, makes two of it")
        if timestamp > largest:
            largest, largest_at = timestamp, last
        if position - indexed > interval_bytes:
            offsets += offset_entry(last - base_offset, position)
            if largest > indexed_timestamp:
                times += time_entry(largest, largest_at - base_offset)
            indexed, indexed_timestamp = position, largest
        if epoch > latest_epoch or producer_id >= 0:
            latest_epoch = max(latest_epoch, epoch)
            learn(BatchHeader._make(fields))
        least = last + 1
        position = end
    indexes.replace(bytes(offsets), bytes(times), TimestampOffset(largest, largest_at))
    return least, segment.cut(position)


def _go_on(file: File, position: int, end: int, checksum: int) -> int:
    """The checksum of a batch that is too large for one look, from the position on."""
    while position < end:
        block = file.read(position, min(CHECK_BYTES, end - position))
        checksum = crc32c(block, checksum)
        position += len(block)
    return checksum


def _refuse_old_format(segment: Segment, position: int, magic: int, length: int) -> None:
    """Messages of Kafka before 0.11 are no damage: better no broker than one that cuts them off."""
    if magic in (0, 1) and LEAST_LENGTH_V0 <= length <= segment.log.size - position - OVERHEAD:
        message = segment.log.read(position + OVERHEAD, length)
        if int.from_bytes(message[:4], "big") == crc32(message[4:]):
            raise StorageError(
                segment.log.path,
                f"a message of format {magic} at {position}; only format 2 can be read",
            )

"""What a log is after its process has died: every batch checked, the torn end cut off, the indexes made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from kpybroker.storage.segment import Segment
from kpybroker.wire.records import HEADER_SIZE, LEAST_LENGTH, MAGIC, OVERHEAD, BatchHeader, check_crc, read_header

CHECK_BYTES = 1024 * 1024


class Recovery(NamedTuple):
    """What was done to open a log."""

    checked_segments: int = 0
    cut_bytes: int = 0  # at the end of the log, segments after a broken one included
    removed_files: tuple[str, ...] = ()  # left over from interrupted work


def sound_batches(segment: Segment) -> Iterator[tuple[int, BatchHeader]]:
    """The batches of a segment up to the first that is torn, broken or out of order, each with its position."""
    position, size, least = 0, segment.log.size, segment.base_offset
    block, start = memoryview(b""), 0
    while position + HEADER_SIZE <= size:
        if position + HEADER_SIZE > start + len(block):
            block, start = memoryview(segment.log.read(position, CHECK_BYTES)), position
        header = read_header(block, position - start)
        end = position + header.batch_length + OVERHEAD
        if header.magic != MAGIC or header.batch_length < LEAST_LENGTH or end > size:
            return
        if end > start + len(block):
            block, start = memoryview(segment.log.read(position, max(CHECK_BYTES, end - position))), position
        batch = block[position - start : end - start]
        if header.base_offset < least or header.last_offset_delta < 0 or not check_crc(batch, header):
            return
        yield position, header
        least = header.base_offset + header.last_offset_delta + 1
        position = end


def recover(segment: Segment, found: Callable[[BatchHeader], None]) -> int:
    """Check a segment and make its indexes anew; returns how many bytes had to be cut off."""
    before = segment.log.size
    segment.reset()
    size = 0
    for position, header in sound_batches(segment):
        segment.reindex(header, position)
        found(header)
        size = position + header.batch_length + OVERHEAD
    segment.cut(size)
    return before - size

"""What a Fetch before version 4 is answered: stored batches as message sets, in as many bytes as was decided before."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from kpybroker.wire.compression import NONE, ZSTD
from kpybroker.wire.errors import Error
from kpybroker.wire.legacy import build_set
from kpybroker.wire.records import HEADER_SIZE, NO_TIMESTAMP, OVERHEAD, BatchHeader, each_record, read_header

CHUNK_BYTES = 128 * 1024  # Kafka converts so much at once (LazyDownConversionRecordsSend)

Batch = tuple[BatchHeader, bytes]


class _NotConvertible(Exception):
    """A batch that the format cannot hold: zstd came after it, and times before -1 are none."""

    def __init__(self, error: Error) -> None:
        self.error = error


def lower(stored: bytes, magic: int, from_offset: int) -> bytes | Error:
    """Whole batches of a log as message sets, in their order; a batch without compression starts at from_offset.

    As in Kafka the answer is as long as what was read, or as the first set if that is longer: what does not fit is cut
    off, and where there is room left a message without an end follows, which no client looks at. What comes from a
    batch with zstd on is left out; as the first it is UNSUPPORTED_COMPRESSION_TYPE. A time before -1 in the first is
    UNKNOWN_SERVER_ERROR.
    """
    batches = _whole(stored)
    try:
        first = next((made for made in (_lower(batch, magic, from_offset) for batch in batches) if made), b"")
    except _NotConvertible as reason:
        return reason.error
    if not first:
        return _without_end(OVERHEAD) if batches else b""
    size = max(len(stored), len(first))
    # Kafka goes on after the first batch even if that was a marker: what stood behind it then comes once more.
    made = [first, *_chunks(batches[1:], magic, from_offset, size - len(first))]
    left = size - sum(map(len, made))
    while left > 0:
        made.append(_without_end(left))
        left -= len(made[-1])
    return b"".join(made)[:size]


def _whole(stored: bytes) -> list[Batch]:
    found: list[Batch] = []
    position = 0
    while position + HEADER_SIZE <= len(stored):
        header = read_header(stored, position)
        following = position + header.size
        if following > len(stored):
            break
        found.append((header, stored[position:following]))
        position = following
    return found


def _chunks(batches: Sequence[Batch], magic: int, from_offset: int, size: int) -> list[bytes]:
    """The sets of the batches after the first, until they are enough. Of a chunk with zstd in it nothing comes."""
    made: list[bytes] = []
    number = 0
    while number < len(batches) and size > 0:
        chunk: list[bytes] = []
        taken = 0
        try:
            while number < len(batches) and (not taken or taken + batches[number][0].size <= CHUNK_BYTES):
                chunk.append(_lower(batches[number], magic, from_offset))
                taken += batches[number][0].size
                number += 1
        except _NotConvertible:
            return made
        made += chunk
        size -= sum(map(len, chunk))
    return made


def _lower(batch: Batch, magic: int, from_offset: int) -> bytes:
    """One batch; nothing of control records, and of no records."""
    header, data = batch
    if header.is_control:
        return b""
    if header.codec == ZSTD:
        raise _NotConvertible(Error.UNSUPPORTED_COMPRESSION_TYPE)
    found = list(each_record(data, header))
    if header.codec == NONE:
        # Clients of then do not expect anything before what they asked for, except inside a compressed message.
        found = [record for record in found if record.offset >= from_offset]
    if any(record.timestamp < NO_TIMESTAMP for record in found):
        raise _NotConvertible(Error.UNKNOWN_SERVER_ERROR)  # MemoryRecordsBuilder's exception has no code of its own
    return build_set(found, magic=magic, codec=header.codec, log_append_time=header.is_log_append_time)


def _without_end(left: int) -> bytes:
    """A message that claims to be longer than what is left of the answer."""
    claim = struct.pack(">qi", -1, max(left + 1, HEADER_SIZE))
    return (claim + bytes(max(0, min(left + 1, CHUNK_BYTES) - OVERHEAD)))[:left]

"""A batch of which some records go: the same batch, with the same offsets and sequences, without them."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from kpybroker.wire.checksum import crc32c
from kpybroker.wire.compression import NONE, compress
from kpybroker.wire.records import (
    CHECKED,
    CONTROL_BIT,
    HEADER,
    HEADER_SIZE,
    LEAST_LENGTH,
    LOG_APPEND_TIME_BIT,
    NO_TIMESTAMP,
    OVERHEAD,
    TRANSACTIONAL_BIT,
    BatchHeader,
)
from kpybroker.wire.varints import read_varint, read_varlong, varint

DELETE_HORIZON_BIT = 1 << 6  # the base timestamp says from when on tombstones of the batch may go (KIP-534)
_put_uint32 = Struct(">I").pack_into


def delete_horizon(header: BatchHeader) -> int | None:
    return header.base_timestamp if header.attributes & DELETE_HORIZON_BIT else None


class Retained:
    """Collects what stays of one batch (MemoryRecords.buildRetainedRecordsInto), some records at a time."""

    def __init__(self, header: BatchHeader, horizon: int | None) -> None:
        self._header = header
        self._horizon = horizon
        self._base = horizon
        self._largest = NO_TIMESTAMP
        self._count = 0
        self._parts: list[bytes] = []

    def add(self, data: bytes, starts: Sequence[int]) -> None:
        """The records that begin at these positions; their timestamps are counted from another base now."""
        header = self._header
        by_broker_time = header.is_log_append_time
        parts, largest = self._parts, self._largest
        for start in starts:
            length, position = read_varint(data, start)
            end = position + length
            old_delta, after = read_varlong(data, position + 1)
            timestamp = header.max_timestamp if by_broker_time else header.base_timestamp + old_delta
            if self._base is None:
                self._base = timestamp
            largest = max(largest, timestamp)
            delta = timestamp - self._base
            if delta == old_delta and data[position] == 0:
                parts.append(data[start:end])
            else:  # the attributes of a record mean nothing
                encoded = varint(delta)
                parts += (varint(1 + len(encoded) + end - after), b"\0", encoded, data[after:end])
        self._largest = largest
        self._count += len(starts)

    def build(self) -> tuple[bytearray, BatchHeader]:
        header = self._header
        payload = b"".join(self._parts)
        if header.codec != NONE:
            payload = compress(header.codec, payload)
        assert self._base is not None
        attributes = header.codec | _flags(header) | (0 if self._horizon is None else DELETE_HORIZON_BIT)
        largest = header.max_timestamp if header.is_log_append_time else self._largest
        return _batch(
            header._replace(
                batch_length=LEAST_LENGTH + len(payload),
                attributes=attributes,
                base_timestamp=self._base,
                max_timestamp=largest,
                records_count=self._count,
            ),
            payload,
        )


def emptied(header: BatchHeader) -> tuple[bytearray, BatchHeader]:
    """Nothing of the batch stays but what its header tells of its producer and its offsets."""
    return _batch(
        header._replace(
            batch_length=LEAST_LENGTH, attributes=_flags(header), base_timestamp=NO_TIMESTAMP, records_count=0
        ),
        b"",
    )


def _flags(header: BatchHeader) -> int:
    return header.attributes & (LOG_APPEND_TIME_BIT | TRANSACTIONAL_BIT | CONTROL_BIT)


def _batch(header: BatchHeader, payload: bytes) -> tuple[bytearray, BatchHeader]:
    made = bytearray(HEADER_SIZE)
    HEADER.pack_into(made, 0, *header)
    made += payload
    crc = crc32c(memoryview(made)[CHECKED:])
    _put_uint32(made, 17, crc)
    assert len(made) == header.batch_length + OVERHEAD
    return made, header._replace(crc=crc)

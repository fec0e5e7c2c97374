"""Record batches v2: the header that is all the broker's hot path looks at, and the records for who needs them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from kpybroker.wire.checksum import crc32c
from kpybroker.wire.compiler import WireError
from kpybroker.wire.compression import NAMES, NONE, TooLarge, compress, decompress
from kpybroker.wire.errors import Error
from kpybroker.wire.varints import LONG_SHIFTS, read_unsigned, read_varint, read_varlong, varint

Bytes: TypeAlias = bytes | bytearray | memoryview
Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
Content: TypeAlias = tuple[int, bytes | None, bytes | None, Headers]  # timestamp, key, value, headers

HEADER = struct.Struct(">qiibIhiqqqhii")
HEADER_SIZE = 61
OVERHEAD = 12  # base offset and length stand before what the length counts
LEAST_LENGTH = HEADER_SIZE - OVERHEAD
LEAST_LENGTH_V0 = 14
MAGIC = 2
MAGIC_END = 17  # the magic is the last byte that every format has in the same place
CHECKED = 21  # the CRC covers everything from the attributes on

CODEC_BITS = 0b111
LOG_APPEND_TIME_BIT = 1 << 3
TRANSACTIONAL_BIT = 1 << 4
CONTROL_BIT = 1 << 5
KNOWN_BITS = 0x7F

NO_TIMESTAMP = NO_PRODUCER_ID = NO_PRODUCER_EPOCH = NO_SEQUENCE = NO_LEADER_EPOCH = -1
MAX_SEQUENCE = 2**31 - 1
DECOMPRESSED_LIMIT = 128 * 1024 * 1024  # more than the 100 MB that a request may have

LEAST_RECORD = 6  # attributes, two deltas, no key, no value, no headers: a byte each
WALKED_RECORDS = 64
WALKED_BYTES = 64 * 1024

_length = struct.Struct(">8xi").unpack_from
_length_and_magic = struct.Struct(">8xiib").unpack_from
_put_int64 = struct.Struct(">q").pack_into
_put_int32 = struct.Struct(">i").pack_into
_put_uint32 = struct.Struct(">I").pack_into
_put_int16 = struct.Struct(">h").pack_into


class BatchError(WireError):
    """A batch that is refused, with the error code that Kafka answers to it."""

    def __init__(self, error: Error, text: str) -> None:
        super().__init__(text)
        self.error = error


class BatchHeader(NamedTuple):
    """The first 61 bytes of a batch."""

    base_offset: int
    batch_length: int
    partition_leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records_count: int

    @property
    def size(self) -> int:
        return self.batch_length + OVERHEAD

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    @property
    def codec(self) -> int:
        return self.attributes & CODEC_BITS

    @property
    def is_log_append_time(self) -> bool:
        return self.attributes & LOG_APPEND_TIME_BIT != 0

    @property
    def is_transactional(self) -> bool:
        return self.attributes & TRANSACTIONAL_BIT != 0

    @property
    def is_control(self) -> bool:
        return self.attributes & CONTROL_BIT != 0

    @property
    def last_sequence(self) -> int:
        """After 2**31 - 1 comes 0."""
        if self.base_sequence == NO_SEQUENCE:
            return NO_SEQUENCE
        return self.base_sequence + self.last_offset_delta & MAX_SEQUENCE


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Walk(NamedTuple):
    """What check_records saw: how many records, their timestamps' range, and which have no key."""

    walked: int
    least_timestamp: int
    max_timestamp: int
    keyless: Sequence[int] = ()


NOT_WALKED = Walk(0, NO_TIMESTAMP, NO_TIMESTAMP)


def read_header(data: Bytes, position: int = 0) -> BatchHeader:
    """The header at `position`, unchecked."""
    try:
        return BatchHeader._make(HEADER.unpack_from(data, position))
    except struct.error as error:
        raise BatchError(Error.CORRUPT_MESSAGE, "the data ends inside the header of a batch") from error


def batches(data: memoryview) -> list[tuple[BatchHeader, memoryview]]:
    """The whole batches of a records field, each with its header; they have to be of magic 2.

    As in Kafka a torn one ends the field, and is an error only where there is no whole one before it.
    """
    found: list[tuple[BatchHeader, memoryview]] = []
    position, end = 0, len(data)
    while position < end:
        left = end - position
        if left >= OVERHEAD and _length(data, position)[0] < LEAST_LENGTH_V0:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of length {_length(data, position)[0]}")
        if left < MAGIC_END:
            if found:
                break
            raise BatchError(Error.INVALID_RECORD, f"a batch torn after {left} bytes")
        length, _, magic = _length_and_magic(data, position)
        if not 0 <= magic <= MAGIC:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of unknown magic {magic}")
        if length + OVERHEAD > left:
            if found:
                break
            raise BatchError(Error.INVALID_RECORD, f"a batch of {length + OVERHEAD} bytes torn after {left}")
        if magic != MAGIC:
            raise BatchError(Error.INVALID_RECORD, f"a batch of magic {magic} where only magic 2 is allowed")
        if length < LEAST_LENGTH:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of length {length}: the header alone has {LEAST_LENGTH}")
        following = position + length + OVERHEAD
        found.append((read_header(data, position), data[position:following]))
        position = following
    return found


def is_transactional(data: memoryview) -> bool:
    """Whether the first batch of a records field belongs to a transaction; BatchError if it cannot even be measured."""
    size = len(data)
    if size < MAGIC_END:
        if size >= OVERHEAD and _length(data)[0] < LEAST_LENGTH_V0:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of length {_length(data)[0]}")
        return False
    length, _, magic = _length_and_magic(data)
    if length < LEAST_LENGTH_V0:
        raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of length {length}")
    if not 0 <= magic <= MAGIC:
        raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of unknown magic {magic}")
    return magic == MAGIC and length + OVERHEAD <= size and data[CHECKED + 1] & TRANSACTIONAL_BIT != 0


def first_codec(data: memoryview) -> int:
    """The codec of the first batch of a records field; NONE where there is no whole one."""
    size = len(data)
    if size < HEADER_SIZE:
        return NONE
    length, _, magic = _length_and_magic(data)
    is_whole = magic == MAGIC and LEAST_LENGTH <= length <= size - OVERHEAD
    return data[CHECKED + 1] & CODEC_BITS if is_whole else NONE


def check_crc(batch: memoryview, header: BatchHeader) -> bool:
    """Whether everything from the attributes on is as it was written."""
    return crc32c(batch[CHECKED:]) == header.crc


def place(batch: memoryview, base_offset: int, leader_epoch: int) -> None:
    """Gives a batch its place in the log; both fields are outside the CRC."""
    _put_int64(batch, 0, base_offset)
    _put_int32(batch, 12, leader_epoch)


def stamp(batch: memoryview, header: BatchHeader, timestamp: int, *, log_append_time: bool = True) -> None:
    """Sets the max timestamp and what it means. The base timestamp stays, as in Kafka: readers of LogAppendTime look
    at the max timestamp alone. Without log_append_time it corrects a max timestamp that the producer got wrong.
    """
    attributes = header.attributes & KNOWN_BITS & ~LOG_APPEND_TIME_BIT
    if log_append_time:
        attributes |= LOG_APPEND_TIME_BIT
    if header.max_timestamp == timestamp and header.is_log_append_time == log_append_time:
        return
    _put_int16(batch, 21, attributes)
    _put_int64(batch, 35, timestamp)
    _put_uint32(batch, 17, crc32c(batch[CHECKED:]))


def _payload(batch: Bytes, header: BatchHeader, limit: int) -> Bytes:
    """The records of a batch, decompressed."""
    data = memoryview(batch)[HEADER_SIZE:]
    return data if header.codec == NONE else decompress(header.codec, data, limit)


def check_header(header: BatchHeader) -> None:
    """What Kafka refuses of a client's batch without looking at the records; comes after check_crc, as in Kafka."""
    if header.codec >= len(NAMES):
        raise BatchError(Error.UNKNOWN_SERVER_ERROR, f"unknown compression codec {header.codec}")
    if header.base_offset != 0:
        raise BatchError(
            Error.INVALID_RECORD, f"a base offset of {header.base_offset} in a batch that has no place yet"
        )
    if header.last_offset_delta < 0 or header.last_offset_delta + 1 != header.records_count:
        raise BatchError(
            Error.INVALID_RECORD,
            f"{header.records_count} records, and a last offset delta of {header.last_offset_delta}",
        )
    if header.is_control:
        raise BatchError(Error.INVALID_RECORD, "clients do not write control records")
    if header.producer_id >= 0 and header.base_sequence < 0:
        raise BatchError(Error.INVALID_RECORD, f"a producer id and the sequence number {header.base_sequence}")


def check_records(
    batch: Bytes,
    header: BatchHeader,
    *,
    records_limit: int = WALKED_RECORDS,
    bytes_limit: int = WALKED_BYTES,
    numbered: bool = False,
) -> Walk:
    """Walks the records of a client's batch, without making objects of them, up to a bound.

    `numbered`: offset deltas have to be the records' numbers in an uncompressed batch too, where Kafka does not look.

    An uncompressed batch: its first `records_limit` records. A compressed one: these too, if its records take at most
    `bytes_limit` bytes when decompressed. Kafka walks everything; `walked` tells.
    """
    if header.codec == NONE:
        data: Bytes = memoryview(batch)[HEADER_SIZE:]
        if len(data) <= WALKED_BYTES:
            data = bytes(data)  # half the price of every index
    else:
        if len(batch) - HEADER_SIZE > bytes_limit:
            return NOT_WALKED
        try:
            data = decompress(header.codec, memoryview(batch)[HEADER_SIZE:], bytes_limit)
        except TooLarge:
            return NOT_WALKED
        except WireError as error:
            # Kafka's KafkaException "Failed to decompress record stream" has no code of its own
            raise BatchError(Error.UNKNOWN_SERVER_ERROR, str(error)) from error
    numbered = numbered or header.codec != NONE  # Kafka writes these anew, and cannot otherwise (LogValidator)
    return _walk(data, header, min(records_limit, header.records_count), numbered=numbered)


def _walk(data: Bytes, header: BatchHeader, count: int, *, numbered: bool) -> Walk:  # noqa: PLR0912
    """Every other refusal here is Kafka's InvalidRecordException: INVALID_RECORD (DefaultRecord.java, readFrom).

    Kafka believes the records' own lengths in a compressed batch and does not look; no consumer could read it.
    Varints of one byte, and lengths of two, are read in place: with a call for each this would take twice as long.
    """
    position, size, index = 0, len(data), 0
    deltas: set[int] = set()
    keyless: list[int] = []
    try:
        for index in range(count):
            number = data[position]
            position += 1
            if number > 0x7F:
                high = data[position]
                position += 1
                number = number & 0x7F | high << 7
                if high > 0x7F:
                    number, position = read_unsigned(data, position - 2)
            start, end = position, position + (number >> 1)
            if number & 1 or number < LEAST_RECORD << 1 or end > size:
                raise ValueError(f"a length of {number >> 1 ^ -(number & 1)} where {size - position} bytes are left")
            delta, offset_delta, number = data[position + 1 : position + 4]  # after the attributes: they mean nothing
            position += 4
            if delta | offset_delta | number > 0x7F:
                delta, position = read_unsigned(data, start + 1, LONG_SHIFTS)
                offset_delta, position = read_unsigned(data, position)
                number, position = read_unsigned(data, position)
            deltas.add(delta)
            if offset_delta != index << 1 and numbered:
                raise BatchError(Error.UNKNOWN_SERVER_ERROR, f"record {index}: an offset delta that is not its number")
            if number & 1:  # any negative size is null, as in Kafka
                keyless.append(index)
            else:
                position += number >> 1
            number = data[position]
            position += 1
            if number > 0x7F:
                high = data[position]
                position += 1
                number = number & 0x7F | high << 7
                if high > 0x7F:
                    number, position = read_unsigned(data, position - 2)
            if not number & 1:
                position += number >> 1
            number = data[position]
            position += 1
            if number:
                position = _walk_headers(data, position - 1, end)
            if position != end:
                raise ValueError(f"a length of {end - start}, and its fields take {position - start}")
    except (IndexError, ValueError) as error:
        raise BatchError(Error.INVALID_RECORD, f"record {index}: {error}") from error
    if count == header.records_count and position != size:
        raise BatchError(Error.INVALID_RECORD, f"{size - position} bytes after the last of {count} records")
    timestamps = [header.base_timestamp + (delta >> 1 ^ -(delta & 1)) for delta in deltas]
    return Walk(count, min(timestamps), max(timestamps), keyless) if timestamps else NOT_WALKED


def _walk_headers(data: Bytes, position: int, end: int) -> int:
    count, position = read_varint(data, position)
    if not 0 <= count <= end - position:
        raise ValueError(f"{count} headers in {end - position} bytes")
    for _ in range(count):
        size, position = read_varint(data, position)
        if size < 0:
            raise ValueError("a header without a key")
        size, position = read_varint(data, position + size)
        position += max(size, 0)
    return position


def records(batch: Bytes, header: BatchHeader | None = None, limit: int = DECOMPRESSED_LIMIT) -> list[Record]:
    """The records of one whole batch, decompressed to at most `limit` bytes."""
    return list(each_record(batch, header or read_header(batch), limit))


def each_record(batch: Bytes, header: BatchHeader, limit: int = DECOMPRESSED_LIMIT) -> Iterator[Record]:
    """The same one by one, for who needs a few, or does not know how many a client has put there: in memory a record
    takes thirty times the bytes that it may have in a batch."""
    data = bytes(_payload(batch, header, limit))
    position = index = 0
    try:
        while index < header.records_count:
            record, position = _read_record(data, position, header)
            yield record
            index += 1
    except (IndexError, ValueError) as error:
        raise BatchError(Error.INVALID_RECORD, f"record {index}: {error}") from error
    if position != len(data) or header.records_count < 0:
        raise BatchError(Error.INVALID_RECORD, f"a count of {header.records_count} records, and bytes are left")


def _read_record(data: bytes, position: int, header: BatchHeader) -> tuple[Record, int]:
    length, position = read_varint(data, position)
    end = position + length
    if not position < end <= len(data):
        raise ValueError(f"a length of {length} where {len(data) - position} bytes are left")
    timestamp_delta, position = read_varlong(data, position + 1)
    offset_delta, position = read_varint(data, position)
    key, position = _read_bytes(data, position, end)
    value, position = _read_bytes(data, position, end)
    count, position = read_varint(data, position)
    headers: list[tuple[str, bytes | None]] = []
    if not 0 <= count <= end - position:
        raise ValueError(f"{count} headers in {end - position} bytes")
    for _ in range(count):
        name, position = _read_bytes(data, position, end)
        if name is None:
            raise ValueError("a header without a key")
        content, position = _read_bytes(data, position, end)
        headers.append((name.decode("utf-8", "surrogateescape"), content))  # nobody checks it, and nothing is lost
    if position != end:
        raise ValueError(f"a length of {length}, and its fields take {position - end + length}")
    timestamp = header.max_timestamp if header.is_log_append_time else header.base_timestamp + timestamp_delta
    return Record(header.base_offset + offset_delta, timestamp, key, value, tuple(headers)), end


def _read_bytes(data: bytes, position: int, end: int) -> tuple[bytes | None, int]:
    size, position = read_varint(data, position)
    if size < 0:  # any negative size is null, as in Kafka
        return None, position
    if size > end - position:
        raise ValueError(f"a field of {size} bytes in {end - position}")
    return data[position : position + size], position + size


def build(
    records: Iterable[Record | Content],
    *,
    base_offset: int = 0,
    leader_epoch: int = NO_LEADER_EPOCH,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
    base_sequence: int = NO_SEQUENCE,
    codec: int = NONE,
    control: bool = False,
    transactional: bool = False,
    log_append_time: bool = False,
) -> bytes:
    """One batch of consecutive offsets from the records' (timestamp, key, value, headers), as Kafka's client builds it.

    The offset of a Record is not looked at.
    """
    parts: list[bytes] = []
    base_timestamp = max_timestamp = NO_TIMESTAMP
    count = 0
    for record in records:
        timestamp, key, value, headers = record[-4:]
        if count == 0:
            base_timestamp = timestamp
        max_timestamp = max(max_timestamp, timestamp)
        parts.append(_build_record(count, timestamp - base_timestamp, key, value, headers))
        count += 1
    assert count > 0, "a batch has records"
    payload = b"".join(parts)
    if codec != NONE:
        payload = compress(codec, payload)
    attributes = (
        codec
        | (LOG_APPEND_TIME_BIT if log_append_time else 0)
        | (TRANSACTIONAL_BIT if transactional else 0)
        | (CONTROL_BIT if control else 0)
    )
    batch = bytearray(HEADER_SIZE) + payload
    head = (base_offset, len(batch) - OVERHEAD, leader_epoch, MAGIC, 0, attributes, count - 1, base_timestamp)
    HEADER.pack_into(batch, 0, *head, max_timestamp, producer_id, producer_epoch, base_sequence, count)
    _put_uint32(batch, 17, crc32c(memoryview(batch)[CHECKED:]))
    return bytes(batch)


def recompress(batch: Bytes, header: BatchHeader, codec: int, level: int | None) -> bytearray:
    """The same records under another codec: only what the records take, and the CRC, change."""
    payload: Bytes = _payload(batch, header, DECOMPRESSED_LIMIT)
    if codec != NONE:
        payload = compress(codec, payload, level)
    made = bytearray(memoryview(batch)[:HEADER_SIZE])
    made += payload
    _put_int32(made, 8, len(made) - OVERHEAD)
    _put_int16(made, 21, header.attributes & ~CODEC_BITS & KNOWN_BITS | codec)
    _put_uint32(made, 17, crc32c(memoryview(made)[CHECKED:]))
    return made


def _build_record(
    offset_delta: int, timestamp_delta: int, key: bytes | None, value: bytes | None, headers: Headers
) -> bytes:
    parts = [
        b"\x00",
        varint(timestamp_delta),
        varint(offset_delta),
        b"\x01" if key is None else varint(len(key)) + key,
        b"\x01" if value is None else varint(len(value)) + value,
        varint(len(headers)),
    ]
    for name, content in headers:
        encoded = name.encode("utf-8", "surrogateescape")
        parts += (varint(len(encoded)), encoded)
        parts.append(b"\x01" if content is None else varint(len(content)) + content)
    body = b"".join(parts)
    return varint(len(body)) + body

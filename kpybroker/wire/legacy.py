"""Message sets of before Kafka 0.11 (magic 0 and 1): messages one after the other, compressed ones inside another."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zlib import crc32

from kpybroker.wire.compiler import WireError
from kpybroker.wire.compression import LZ4, LZ4_MAGIC, NAMES, NONE, ZSTD, compress, decompress
from kpybroker.wire.errors import Error
from kpybroker.wire.records import (
    CODEC_BITS,
    DECOMPRESSED_LIMIT,
    LEAST_LENGTH_V0,
    LOG_APPEND_TIME_BIT,
    MAGIC,
    MAGIC_END,
    NO_TIMESTAMP,
    OVERHEAD,
    BatchError,
    Bytes,
    Record,
)

MAGIC_0, MAGIC_1 = 0, 1
CHECKED = 16  # the CRC-32 covers everything from the magic on
TIMESTAMP_SIZE = 8

_head = struct.Struct(">qiIbb")  # offset, length, CRC, magic, attributes
_length_and_magic = struct.Struct(">8xi4xb").unpack_from
_offset_and_length = struct.Struct(">qi").unpack_from
_int64 = struct.Struct(">q").unpack_from
_int32 = struct.Struct(">i").unpack_from


class Message(NamedTuple):
    """One message as it stands in a set; of a compressed one the value holds others."""

    offset: int
    crc_is_right: bool
    magic: int
    attributes: int
    timestamp: int
    key: bytes | None
    value: bytes | None

    @property
    def codec(self) -> int:
        return self.attributes & CODEC_BITS

    @property
    def is_log_append_time(self) -> bool:
        return self.magic == MAGIC_1 and self.attributes & LOG_APPEND_TIME_BIT != 0


def entries(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """What a records field holds, in whichever format, each whole entry with its magic; a torn one ends it."""
    position, end = 0, len(data)
    while end - position >= OVERHEAD:
        _, length = _offset_and_length(data, position)
        if length < LEAST_LENGTH_V0:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a message of length {length}")
        if end - position < MAGIC_END:
            return
        _, magic = _length_and_magic(data, position)
        if not MAGIC_0 <= magic <= MAGIC:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a message of unknown magic {magic}")
        following = position + OVERHEAD + length
        if following > end:
            return
        yield magic, data[position:following]
        position = following


def check_message_crc(entry: Bytes) -> bool:
    """Whether a message is as it was written, from its magic on."""
    _, _, crc, _, _ = _head.unpack_from(entry)
    return crc32(memoryview(entry)[CHECKED:]) == int(crc)


def read_message(entry: Bytes) -> Message:
    """One message with its offset and length before it; what follows its value is not looked at, as in Kafka."""
    offset, _, crc, magic, attributes = _head.unpack_from(entry)
    position, timestamp = _head.size, NO_TIMESTAMP
    try:
        if magic != MAGIC_0:
            (timestamp,) = _int64(entry, position)
            position += TIMESTAMP_SIZE
        key, position = _read_field(entry, position)
        value, _ = _read_field(entry, position)
    except (struct.error, ValueError) as error:
        # Kafka runs over the end of its buffer, which has no code of its own
        raise BatchError(
            Error.UNKNOWN_SERVER_ERROR, f"a message whose fields are longer than itself: {error}"
        ) from error
    return Message(offset, crc32(memoryview(entry)[CHECKED:]) == crc, magic, attributes, timestamp, key, value)


def _read_field(entry: Bytes, position: int) -> tuple[bytes | None, int]:
    (size,) = _int32(entry, position)
    position += 4
    if size < 0:  # any negative size is null, as in Kafka
        return None, position
    if position + size > len(entry):
        raise ValueError(f"a field of {size} bytes at {position} of {len(entry)}")
    return bytes(entry[position : position + size]), position + size


def inner_messages(outer: Message, limit: int = DECOMPRESSED_LIMIT) -> list[Message]:
    """The messages of a compressed one, each with its absolute offset and with the time that the outer one gives it.

    Offsets inside magic 1 are relative, and the outer one's is that of the last; a producer may leave that at 0.
    """
    if outer.codec == ZSTD:
        raise BatchError(Error.INVALID_RECORD, "zstd is younger than message sets")
    if outer.value is None:
        raise BatchError(Error.INVALID_RECORD, "a compressed message without a value")
    data = memoryview(_decompress(outer.codec, outer.value, outer.magic, limit))
    found: list[Message] = []
    position = 0
    while len(data) - position >= OVERHEAD:
        _, length = _offset_and_length(data, position)
        if length < LEAST_LENGTH_V0:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a message of length {length} in a compressed one")
        following = position + OVERHEAD + length
        if following > len(data):
            break
        message = read_message(data[position:following])
        if outer.is_log_append_time and message.magic == MAGIC_1:
            message = message._replace(timestamp=outer.timestamp)
        found.append(message)
        position = following
    if not found:
        raise BatchError(Error.INVALID_RECORD, "a compressed message without any inside")
    if outer.magic == MAGIC_0 or outer.offset == 0:
        return found
    base_offset = outer.offset - found[-1].offset
    if base_offset < 0:
        raise BatchError(Error.INVALID_RECORD, f"offset {found[-1].offset} in a message of offset {outer.offset}")
    return [message._replace(offset=base_offset + message.offset) for message in found]


def _decompress(codec: int, data: bytes, magic: int, limit: int) -> bytes:
    if codec >= len(NAMES):
        raise BatchError(Error.UNKNOWN_SERVER_ERROR, f"unknown compression codec {codec}")
    if codec == LZ4 and magic == MAGIC_0:
        data = _mend_lz4(data)
    try:
        return decompress(codec, data, limit)
    except WireError as error:
        raise BatchError(Error.UNKNOWN_SERVER_ERROR, str(error)) from error  # a KafkaException, without a code


def _mend_lz4(frame: bytes) -> bytes:
    """The frame with the header checksum that it should have: in magic 0 nobody's is right (KAFKA-3160)."""
    end = 14 if frame[4:5] and frame[4] & 0x08 else 6  # eight bytes of content size
    if len(frame) <= end or not frame.startswith(LZ4_MAGIC):
        return frame
    return frame[:end] + lz4_header_checksum(frame[4:end]) + frame[end + 1 :]


def lz4_header_checksum(descriptor: bytes) -> bytes:
    """The second byte of xxHash-32 with seed 0, for less than 16 bytes."""
    hashed = 0x165667B1 + len(descriptor)
    whole = len(descriptor) & ~3
    for position in range(0, whole, 4):
        hashed = hashed + int.from_bytes(descriptor[position : position + 4], "little") * 0xC2B2AE3D & 0xFFFFFFFF
        hashed = (hashed << 17 | hashed >> 15) * 0x27D4EB2F & 0xFFFFFFFF
    for byte in descriptor[whole:]:
        hashed = hashed + byte * 0x165667B1 & 0xFFFFFFFF
        hashed = (hashed << 11 | hashed >> 21) * 0x9E3779B1 & 0xFFFFFFFF
    hashed = (hashed ^ hashed >> 15) * 0x85EBCA77 & 0xFFFFFFFF
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE3D & 0xFFFFFFFF
    return bytes([(hashed ^ hashed >> 16) >> 8 & 0xFF])


def build_message(
    offset: int, timestamp: int, key: bytes | None, value: bytes | None, *, magic: int, attributes: int = 0
) -> bytes:
    """One message; magic 0 has no timestamp."""
    body = struct.pack(">bbq" if magic == MAGIC_1 else ">bb", magic, attributes, *([timestamp] * magic))
    body += b"".join(
        b"\xff\xff\xff\xff" if each is None else struct.pack(">i", len(each)) + each for each in (key, value)
    )
    return struct.pack(">qiI", offset, 4 + len(body), crc32(body)) + body


def build_set(records: Iterable[Record], *, magic: int, codec: int = NONE, log_append_time: bool = False) -> bytes:
    """The records as a message set, without their headers; with a codec all are inside one message.

    With log_append_time their timestamps are all the same, and say that the broker gave them. Of no records: nothing.
    """
    stamped = LOG_APPEND_TIME_BIT if log_append_time and magic == MAGIC_1 else 0
    plain = bytearray()
    base, last, largest = 0, 0, NO_TIMESTAMP
    for record in records:
        last, timestamp = record.offset, record.timestamp
        if not plain:
            base, largest = (last if magic == MAGIC_1 and codec != NONE else 0), timestamp
        largest = max(largest, timestamp)
        plain += build_message(last - base, timestamp, record.key, record.value, magic=magic, attributes=stamped)
    if codec == NONE or not plain:
        return bytes(plain)
    payload = compress(codec, plain)
    if codec == LZ4 and magic == MAGIC_0:
        payload = (
            payload[:6] + lz4_header_checksum(payload[:6])[:1] + payload[7:]
        )  # over the magic too, as readers expect
    return build_message(last, largest, None, payload, magic=magic, attributes=codec | stamped)

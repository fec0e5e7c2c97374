"""Record batches (magic 2) and message sets (0 and 1), made and read independently of the broker under test."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cramjam
import crc32c

HEADER = struct.Struct(">qiibIhiqqqhii")
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
XERIAL = b"\x82SNAPPY\0"
LONG_AGO = 1_700_000_000_000  # the cases' own time: never taken for the broker's clock


class Row(NamedTuple):
    """One record of a batch to be sent."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def batch(
    *rows: Row | bytes,
    time: int = LONG_AGO,
    times: Sequence[int] | None = None,
    producer: tuple[int, int, int] = (-1, -1, -1),
    codec: str = "none",
    **override: int,
) -> bytes:
    """A batch of records, one millisecond apart. `producer` is (id, epoch, first sequence); `override` breaks a header
    field on purpose: base_offset, leader_epoch, magic, crc, attributes, last_offset_delta, max_timestamp, count."""
    stamps = list(times) if times is not None else [time + i for i in range(len(rows))]
    first = stamps[0] if stamps else time
    whole = [Row(row) if isinstance(row, bytes) else row for row in rows]
    body = b"".join(_row(i, stamps[i] - first, row) for i, row in enumerate(whole))
    body = _compress(codec, body)
    attributes = override.get("attributes", CODECS[codec])
    tail = struct.pack(
        ">hiqqqhii",
        attributes,
        override.get("last_offset_delta", len(rows) - 1),
        first,
        override.get("max_timestamp", max(stamps, default=first)),
        *producer,
        override.get("count", len(rows)),
    )
    crc = override.get("crc", crc32c.crc32c(tail + body))
    length = override.get("length", 9 + len(tail) + len(body))
    head = (override.get("base_offset", 0), length, override.get("leader_epoch", -1), override.get("magic", 2))
    return struct.pack(">qiibI", *head, crc) + tail + body


def message(
    row: Row | bytes,
    *,
    magic: int = 1,
    offset: int = 0,
    time: int = LONG_AGO,
    attributes: int = 0,
    **override: int,
) -> bytes:
    """One message of before Kafka 0.11. `override` breaks a field on purpose: crc, length, key_length, value_length."""
    key, value = (None, row) if isinstance(row, bytes) else (row.key, row.value)
    key_length = override.get("key_length", -1 if key is None else len(key))
    value_length = override.get("value_length", -1 if value is None else len(value))
    body = struct.pack(">bb", magic, attributes) + (struct.pack(">q", time) if magic == 1 else b"")
    body += struct.pack(">i", key_length) + (key or b"") + struct.pack(">i", value_length) + (value or b"")
    crc = override.get("crc", zlib.crc32(body))
    return struct.pack(">qiI", offset, override.get("length", 4 + len(body)), crc) + body


def message_set(
    *rows: Row | bytes,
    magic: int = 1,
    codec: str = "none",
    time: int = LONG_AGO,
    times: Sequence[int] | None = None,
    offsets: Sequence[int] | None = None,
    inner: bytes | None = None,
    outer_time: int | None = None,
    **outer: int,
) -> bytes:
    """Messages one millisecond apart, or the bytes of `inner`; with a codec inside another one. `outer` goes to that:
    offset, attributes, crc, length. lz4 in magic 0 has the wrong header checksum of KAFKA-3160."""
    stamps = list(times) if times is not None else [time + i for i in range(len(rows))]
    places = list(offsets) if offsets is not None else list(range(len(rows)))
    plain = b"".join(
        message(row, magic=magic, offset=place, time=stamp)
        for row, place, stamp in zip(rows, places, stamps, strict=True)
    )
    if codec == "none":
        return plain
    body = _compress(codec, plain if inner is None else inner)
    if codec == "lz4" and magic == 0:
        body = body[:6] + b"\x1a" + body[7:]
    outer = {"offset": len(rows) - 1, "attributes": CODECS[codec]} | outer
    return message(body, magic=magic, time=max(stamps) if outer_time is None else outer_time, **outer)


def _row(delta: int, time_delta: int, row: Row) -> bytes:
    body = b"\0" + varint(time_delta) + varint(delta) + _blob(row.key) + _blob(row.value) + varint(len(row.headers))
    for name, value in row.headers:
        body += _blob(name.encode()) + _blob(value)
    return varint(len(body)) + body


def _blob(value: bytes | None) -> bytes:
    return varint(-1) if value is None else varint(len(value)) + value


def varint(value: int) -> bytes:
    """A zigzag varint."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _compress(codec: str, body: bytes) -> bytes:
    match codec:
        case "gzip":
            return bytes(cramjam.gzip.compress(body))
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(body))
        case "lz4":
            return _lz4_frame(body)
        case "zstd":
            return bytes(cramjam.zstd.compress(body))
    return body


def _lz4_frame(body: bytes) -> bytes:
    """One independent block: Kafka refuses frames whose blocks depend on each other."""
    block = bytes(cramjam.lz4.compress_block(body, store_size=False))
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(block)) + block + bytes(4)


def _decompress(codec: int, body: bytes) -> bytes:
    match codec:
        case 1:
            return bytes(cramjam.gzip.decompress(body))
        case 2:
            return _snappy_blocks(body) if body[:8] == XERIAL else bytes(cramjam.snappy.decompress_raw(body))
        case 3:  # the header's checksum is shown by itself where it may be wrong
            return bytes(cramjam.lz4.decompress(body[:6] + b"\x82" + body[7:]))
        case 4:
            return bytes(cramjam.zstd.decompress(body))
    return body


def _snappy_blocks(body: bytes) -> bytes:
    """The framing of Java's snappy library: a header, then blocks after their sizes."""
    at, plain = 16, b""
    while at < len(body):
        (size,) = struct.unpack_from(">i", body, at)
        plain += bytes(cramjam.snappy.decompress_raw(body[at + 4 : at + 4 + size]))
        at += 4 + size
    return plain


def read(data: bytes) -> list[dict[str, Any]]:
    """The batches of a Fetch answer: header fields and records; a batch cut off by a byte limit is its size alone."""
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(data):
        end = at + 12 + (struct.unpack_from(">i", data, at + 8)[0] if len(data) - at >= 12 else len(data))
        if end > len(data):
            return [*found, {"cut_off_bytes": len(data) - at}]
        found.append(_read_one(data[at:end]))
        at = end
    return found


def _read_one(data: bytes) -> dict[str, Any]:
    if data[16] < 2:
        return _read_message(data)
    names = "base_offset batch_length leader_epoch magic crc attributes last_offset_delta base_timestamp max_timestamp"
    keys = [*names.split(), "producer_id", "producer_epoch", "base_sequence", "count"]
    made: dict[str, Any] = dict(zip(keys, HEADER.unpack_from(data), strict=True))
    made["crc"] = "right" if crc32c.crc32c(data[21:]) == made["crc"] else "wrong"
    if made["attributes"] & 32:
        made["control"] = data[HEADER.size :].hex()
    else:
        made["records"] = list(_read_rows(_decompress(made["attributes"] & 7, data[HEADER.size :]), made["count"]))
    return made


def _read_message(data: bytes) -> dict[str, Any]:
    """One message; in a compressed one those within."""
    offset, _, crc, magic, attributes = struct.unpack_from(">qiIbb", data)
    made: dict[str, Any] = {"magic": magic, "offset": offset, "attributes": attributes}
    made["crc"] = "right" if zlib.crc32(data[16:]) == crc else "wrong"
    if magic == 1:
        (made["timestamp"],) = struct.unpack_from(">q", data, 18)
    key, at = _read_field(data, 26 if magic == 1 else 18)
    value, at = _read_field(data, at)
    if at != len(data):
        made["trailing"] = data[at:].hex()
    made["key"] = None if key is None else show(key)
    if attributes & 7 and value is not None:
        if attributes & 7 == CODECS["lz4"]:
            made["lz4_header"] = value[:7].hex()
        return made | {"messages": read(_decompress(attributes & 7, value))}
    return made | {"value": None if value is None else show(value)}


def _read_field(data: bytes, at: int) -> tuple[bytes | None, int]:
    (size,) = struct.unpack_from(">i", data, at)
    return (None, at + 4) if size < 0 else (data[at + 4 : at + 4 + size], at + 4 + size)


def _read_rows(body: bytes, count: int) -> Iterator[list[Any]]:
    """Each record as [offset delta, timestamp delta, key, value, headers]."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return (value >> 1) ^ -(value & 1)

    def text() -> str | None:
        nonlocal at
        length = number()
        if length < 0:
            return None
        at += length
        return show(body[at - length : at])

    for _ in range(count):
        number()
        at += 1
        time_delta, offset_delta, key, value = number(), number(), text(), text()
        yield [offset_delta, time_delta, key, value, [[text(), text()] for _ in range(number())]]


def show(data: bytes) -> str:
    """Bytes as text where they are printable, as 0x... where not; long ones by length and checksum."""
    if len(data) > 512:
        return f"<{len(data)} bytes, crc32c {crc32c.crc32c(data):08x}>"
    text = data.decode("ascii", "replace")
    return text if text.isprintable() and "\ufffd" not in text else "0x" + data.hex()

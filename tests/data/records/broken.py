"""Batches that clients should not send, one `name base64` a line, for Kafka to judge (README.md beside this file)."""

from __future__ import annotations

import base64
import gzip
import struct
import zlib
from collections.abc import Iterator

import cramjam
from crcmod.predefined import mkPredefinedCrcFun

crc32c = mkPredefinedCrcFun("crc-32c")
PLAIN = b"".join(  # three records: no key and "value", "k" and null, "k" and "v" with a header
    bytes.fromhex(text)
    for text in ("16 00 00 00 01 0a 76616c7565 00", "0e 00 02 02 02 6b 01 00", "18 00 04 04 02 6b 02 76 02 02 68 02 31")
)


def batch(payload: bytes, **fields: int) -> bytes:
    """A batch around `payload` with a right CRC, whatever else is wrong."""
    field = {"offset": 0, "magic": 2, "attributes": 0, "delta": 2, "producer": -1, "sequence": -1, "count": 3} | fields
    field.setdefault("length", 49 + len(payload))
    tail = struct.pack(">hiqqqhii", *(field[k] for k in ("attributes", "delta")), 1000, field.get("max", 1002),
                       field["producer"], 0, field["sequence"], field["count"]) + payload  # fmt: skip
    crc = crc32c(tail) ^ field.get("flip", 0)
    return struct.pack(">qiibI", field["offset"], field["length"], -1, field["magic"], crc) + tail


def record(*parts: str, length: int | None = None) -> bytes:
    body = bytes.fromhex("".join(parts))
    size = len(body) if length is None else length
    zigzag = (size << 1 ^ size >> 31) & 0xFFFFFFFF
    return bytes([zigzag]) + body if zigzag < 0x80 else bytes([zigzag & 0x7F | 0x80, zigzag >> 7]) + body


def headers() -> Iterator[tuple[str, bytes]]:
    yield "good", batch(PLAIN)
    yield "wrong-crc", batch(PLAIN, flip=1)
    yield "base-offset", batch(PLAIN, offset=5)
    yield "count-low", batch(PLAIN, count=2)
    yield "count-high", batch(PLAIN, count=4)
    yield "count-low-consistent", batch(PLAIN, count=2, delta=1)
    yield "count-high-consistent", batch(PLAIN, count=4, delta=3)
    yield "count-huge-consistent", batch(PLAIN, count=2**31 - 1, delta=2**31 - 2)
    yield "count-zero", batch(b"", count=0, delta=-1)
    yield "count-negative", batch(PLAIN, count=-1, delta=-2)
    yield "delta-negative", batch(PLAIN, delta=-5)
    yield "control", batch(PLAIN, attributes=0x20)
    yield "sequence-missing", batch(PLAIN, producer=5)
    yield "producer-good", batch(PLAIN, producer=5, sequence=0)
    yield "log-append-time", batch(PLAIN, attributes=8)
    yield "unused-attributes", batch(PLAIN, attributes=0x0180)
    yield "max-timestamp-lies", batch(PLAIN, max=5)
    yield "magic-0", batch(PLAIN, magic=0)
    yield "magic-1", batch(PLAIN, magic=1)
    yield "magic-3", batch(PLAIN, magic=3)
    yield "magic-negative", batch(PLAIN, magic=-1)
    yield "length-13", batch(PLAIN, length=13)
    yield "length-48", batch(b"")[:60].replace(struct.pack(">i", 49), struct.pack(">i", 48), 1)
    yield "length-negative", batch(PLAIN, length=-1)
    yield "torn", batch(PLAIN)[:-1]
    yield "torn-in-length", batch(PLAIN)[:10]
    yield "torn-before-magic", batch(PLAIN)[:16]
    yield "empty", b""
    yield "two-batches", batch(PLAIN) * 2
    for codec in (5, 6, 7):
        yield f"codec-{codec}", batch(PLAIN, attributes=codec)


def bodies() -> Iterator[tuple[str, bytes]]:
    good = "00 00 00"  # attributes, timestamp delta, offset delta
    one = {"count": 1, "delta": 0}
    for name, payload in {
        "least": record(good, "01 01 00"),
        "attributes-set": record("ff 00 00 01 01 00"),
        "null-by-minus-two": record(good, "03 03 00"),
        "empty-key-and-value": record(good, "00 00 00"),
        "long-zero-varints": record("00 80808000 80808000 01 01 8000"),
        "five-byte-varint-beyond-32-bits": record("00 00 8080808070 01 01 00"),
        "timestamp-of-ten-bytes": record("00 80808080808080808001 00 01 01 00"),
        "timestamp-of-eleven-bytes": record("00 8080808080808080808001 00 01 01 00"),
        "offset-of-six-bytes": record("00 00 808080808001 01 01 00"),
        "offset-delta-one": record("00 00 02 01 01 00"),
        "length-one-more": record(good, "01 01 00", length=7),
        "length-one-less": record(good, "01 01 00", length=5),
        "length-within": record(good, "01 01 00", length=7) + b"\x00",
        "length-zero": record(length=0) + bytes.fromhex(good + "01 01 00"),
        "length-negative": record(good, "01 01 00", length=-1),
        "length-huge": b"\xfe\xff\xff\xff\x0f" + bytes.fromhex(good + "01 01 00"),
        "length-endless": b"\xff\xff\xff\xff\xff\x0f",
        "key-beyond": record(good, "7e 01 00"),
        "value-beyond": record(good, "01 7e 00"),
        "value-huge": record(good, "01 feffffff0f 00"),
        "headers-negative": record(good, "01 01 01"),
        "headers-too-many": record(good, "01 01 04 02 68 01"),
        "headers-huge": record(good, "01 01 feffffff0f"),
        "header-null-key": record(good, "01 01 02 01 01"),
        "header-null-value": record(good, "01 01 02 02 68 01"),
        "header-key-beyond": record(good, "01 01 02 7e 68 01"),
        "header-not-utf-8": record(good, "01 01 02 02 ff 01"),
        "header-repeated": record(good, "01 01 04 02 68 01 02 68 01"),
        "rest-after-record": record(good, "01 01 00") + b"\x00",
        "cut-after-length": record(good, "01 01 00")[:1],
        "cut-in-record": record(good, "01 01 00")[:4],
        "nothing": b"",
    }.items():
        yield name, batch(payload, **one)
        yield name + "-gzip", batch(gzip.compress(payload, mtime=0), attributes=1, **one)


def compressed() -> Iterator[tuple[str, bytes]]:
    lots = record("00 00 00 01 aa01", "61" * 85, "00") * 1
    one = {"count": 1, "delta": 0}
    packed = gzip.compress(lots, mtime=0)
    crc_wrong = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    yield from ((f"gzip-{name}", batch(data, attributes=1, **one)) for name, data in {
        "good": packed, "two-members": gzip.compress(lots[:9], mtime=0) + gzip.compress(lots[9:], mtime=0),
        "torn": packed[:-9], "torn-trailer": packed[:-3], "crc-wrong": crc_wrong, "garbage": b"garbage garbage",
        "rest": packed + b"rest", "zlib": zlib.compress(lots), "empty": b"", "plain": lots,
    }.items())  # fmt: skip
    raw = bytes(cramjam.snappy.compress_raw(lots))
    head = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
    size = struct.pack(">i", len(raw))
    yield from ((f"snappy-{name}", batch(data, attributes=2, **one)) for name, data in {
        "raw": raw, "xerial": head + size + raw, "version-0": head[:8] + bytes(8) + size + raw,
        "version-9": head[:8] + struct.pack(">ii", 9, 9) + size + raw,
        "compatible-9": head[:8] + struct.pack(">ii", 1, 9) + size + raw,
        "torn": (head + size + raw)[:-1], "torn-size": head + size[:2], "raw-torn": raw[:-1], "head": head,
        "size-beyond": head + struct.pack(">i", len(raw) + 1) + raw, "size-negative": head + b"\xff\xff\xff\xff" + raw,
        "head-again": head + head + size + raw, "framed": bytes(cramjam.snappy.compress(lots)), "empty": b"",
        "lying-length": b"\xff\xff\xff\xff\x0f" + raw[2:], "garbage": b"garbage garbage garbage",
        "rest": head + size + raw + b"re", "plain": lots,
    }.items())  # fmt: skip
    block = bytes(cramjam.lz4.compress_block(lots, store_size=False))
    frame = bytes.fromhex("04224d18604082") + struct.pack("<I", len(block)) + block + bytes(4)
    stored = bytes.fromhex("04224d18604082") + struct.pack("<I", len(lots) | 0x80000000) + lots + bytes(4)
    yield from ((f"lz4-{name}", batch(data, attributes=3, **one)) for name, data in {
        "good": frame, "stored": stored, "dependent-blocks": bytes(cramjam.lz4.compress(lots)), "empty": b"",
        "header-checksum-wrong": frame[:6] + b"\x83" + frame[7:], "no-end-mark": frame[:-4], "torn": frame[:-6],
        "rest": frame + b"rest", "two-frames": frame + frame, "torn-header": frame[:5], "garbage": b"garbage garbage",
        "block-broken": frame[:11] + b"\xff" * len(block) + bytes(4), "plain": lots,
        "block-too-large": frame[:7] + struct.pack("<I", 65537) + bytes(65537) + bytes(4),
        "reserved-bit": frame[:4] + b"\x61" + frame[5:], "version-2": frame[:4] + b"\xa0" + frame[5:],
        "block-size-3": frame[:5] + b"\x30" + frame[6:],
    }.items())  # fmt: skip
    packed = bytes(cramjam.zstd.compress(lots, 3))
    yield from ((f"zstd-{name}", batch(data, attributes=4, **one)) for name, data in {
        "good": packed, "two-frames": bytes(cramjam.zstd.compress(lots[:9])) + bytes(cramjam.zstd.compress(lots[9:])),
        "torn": packed[:-1], "rest": packed + b"rest", "garbage": b"garbage garbage", "empty": b"", "plain": lots,
        "skippable-first": struct.pack("<II", 0x184D2A50, 4) + b"skip" + packed,
        "broken": packed[:-6] + b"\xff" * 6,
    }.items())  # fmt: skip


if __name__ == "__main__":
    for make in (headers, bodies, compressed):
        for name, data in make():
            print(name, base64.b64encode(data).decode())  # noqa: T201

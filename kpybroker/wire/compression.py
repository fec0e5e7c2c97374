"""The compressed part of a record batch: gzip, snappy, lz4 and zstd as Kafka's own client writes and reads them."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from types import ModuleType
from typing import TypeAlias

from kpybroker.wire.compiler import WireError

Data: TypeAlias = bytes | bytearray | memoryview

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
NAMES = ("none", "gzip", "snappy", "lz4", "zstd")

XERIAL_MAGIC = b"\x82SNAPPY\x00"
XERIAL_HEADER = XERIAL_MAGIC + struct.pack(">ii", 1, 1)  # its version, and the oldest that can read it
XERIAL_BLOCK = 32 * 1024

SNAPPY_RATIO = 22  # its best is a copy of 64 bytes that takes 3

LZ4_MAGIC = b"\x04\x22\x4d\x18"
# Independent blocks of 64 KiB, no checksums but the header's own: all that Kafka's lz4 writer ever sends.
LZ4_HEADER = LZ4_MAGIC + b"\x60\x40\x82"
LZ4_BLOCK = 64 * 1024
LZ4_RATIO = 255
LZ4_STORED = 0x80000000  # in a block's size: the block is not compressed
LZ4_FAST = 9  # Kafka's default level, at which it compresses fast, and only at that
LZ4_LEAST_HARD = 3  # below, the library compresses fast too

ZSTD_MAGIC = 0xFD2FB528
ZSTD_SKIPPABLE = 0x184D2A50  # and the fifteen after it
ZSTD_BLOCK = 128 * 1024
ZSTD_LEVEL = 3  # zstd's own default, and Kafka's

uint32_be = struct.Struct(">I").unpack_from
uint32_le = struct.Struct("<I").unpack_from


class TooLarge(WireError):
    """The data would be larger than the limit; nothing beyond the limit was decompressed."""


def compress(codec: int, data: Data, level: int | None = None) -> bytes:
    """`data` as the payload of a batch with this codec; snappy has no levels."""
    if codec == NONE:
        return bytes(data)
    if codec == GZIP:
        writer = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION if level is None else level, zlib.DEFLATED, 31)
        return writer.compress(data) + writer.flush()
    if codec == SNAPPY:
        return _compress_snappy(memoryview(data))
    if codec == LZ4:
        return _compress_lz4(memoryview(data), level)
    if codec == ZSTD:
        return bytes(_cramjam().zstd.compress(data, ZSTD_LEVEL if level is None else level))
    raise WireError(f"there is no compression codec {codec}")


def decompress(codec: int, data: Data, limit: int) -> bytes:
    """What `data` holds, if that is at most `limit` bytes (TooLarge otherwise); WireError if it is broken."""
    if codec == GZIP:
        return _decompress_gzip(data, limit)
    if codec == SNAPPY:
        return _decompress_snappy(memoryview(data), limit)
    if codec == LZ4:
        return _decompress_lz4(memoryview(data), limit)
    if codec == ZSTD:
        return _decompress_zstd(memoryview(data), limit)
    if codec == NONE:
        _within(limit, len(data), "none")
        return bytes(data)
    raise WireError(f"there is no compression codec {codec}")


@cache
def _cramjam() -> ModuleType:
    import cramjam  # late: 6 ms, and many a broker never sees a compressed batch  # noqa: PLC0415

    return cramjam


def _within(limit: int, size: int, name: str) -> int:
    if size > limit:
        raise TooLarge(f"{name}: {size} bytes decompressed, {limit} allowed")
    return size


def _decompress_gzip(data: Data, limit: int) -> bytes:
    """One gzip member after the other; what follows the last and is not a member is ignored, as Java does."""
    parts: list[bytes] = []
    size, rest = 0, data
    while True:
        reader = zlib.decompressobj(31)
        try:
            part = reader.decompress(rest, limit - size + 1)
        except zlib.error as error:
            raise WireError(f"gzip: {error}") from error
        size = _within(limit, size + len(part), "gzip")
        parts.append(part)
        if not reader.eof:
            raise WireError("gzip: the data ends inside the stream")
        rest = reader.unused_data
        if rest[:2] != b"\x1f\x8b":
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _compress_snappy(data: memoryview) -> bytes:
    """xerial's framing, as org.xerial.snappy.SnappyOutputStream writes it: a header, then blocks after their sizes."""
    compress_raw = _cramjam().snappy.compress_raw
    parts = [XERIAL_HEADER]
    for start in range(0, len(data), XERIAL_BLOCK):
        block = bytes(compress_raw(data[start : start + XERIAL_BLOCK]))
        parts += (len(block).to_bytes(4, "big"), block)
    return b"".join(parts)


def _decompress_snappy(data: memoryview, limit: int) -> bytes:
    """xerial's framing where its header is, or one raw block (librdkafka). Its versions mean nothing, as in Java."""
    if data[:8] != XERIAL_MAGIC or len(data) < 16:
        return _snappy_block(data, limit)
    parts: list[bytes] = []
    position, size, end = 16, 0, len(data)
    while position + 4 <= end:  # what is left of a torn size is the end, as in Java
        (length,) = uint32_be(data, position)
        if data[position : position + 8] == XERIAL_MAGIC:  # streams may be joined: the header comes again
            position += 16
            continue
        position += 4
        if length > end - position:
            raise WireError(f"snappy: a block of {length} bytes where {end - position} are left")
        part = _snappy_block(data[position : position + length], limit - size)
        size += len(part)
        parts.append(part)
        position += length
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _snappy_block(data: memoryview, limit: int) -> bytes:
    cramjam = _cramjam()
    try:
        size: int = cramjam.snappy.decompress_raw_len(data)
        if size > SNAPPY_RATIO * len(data):
            raise WireError(f"snappy: {len(data)} bytes claim to be {size}")
        _within(limit, size, "snappy")
        return bytes(cramjam.snappy.decompress_raw(data))
    except cramjam.DecompressionError as error:
        raise WireError(str(error)) from error


def _compress_lz4(data: memoryview, level: int | None) -> bytes:
    """A frame as Kafka's client writes it. Its reader knows only independent blocks, so no library's frame will do."""
    parts = [LZ4_HEADER]
    for start in range(0, len(data), LZ4_BLOCK):
        plain = data[start : start + LZ4_BLOCK]
        parts.append(_lz4_block(plain) if level in (None, LZ4_FAST) else _lz4_hard_block(plain, level))
    parts.append(bytes(4))
    return b"".join(parts)


def _lz4_block(plain: memoryview) -> bytes:
    """One block of a frame with its size, compressed fast; as it is where that is not larger."""
    block = bytes(_cramjam().lz4.compress_block(plain, store_size=False))
    if len(block) < len(plain):
        return len(block).to_bytes(4, "little") + block
    return (len(plain) | LZ4_STORED).to_bytes(4, "little") + bytes(plain)


def _lz4_hard_block(plain: memoryview, level: int) -> bytes:
    """The same, compressed harder: the library takes levels for frames alone, so the block is taken out of one."""
    frame = bytes(_cramjam().lz4.compress(plain, level=max(level, LZ4_LEAST_HARD)))
    start = len(LZ4_HEADER)  # there is one block, and nothing optional before it
    size = int.from_bytes(frame[start : start + 4], "little") & ~LZ4_STORED
    return frame[start : start + 4 + size]


def _decompress_lz4(data: memoryview, limit: int) -> bytes:
    bound, end = _lz4_extent(data)
    return _decompress_into(_cramjam().lz4, "lz4", data[:end], bound, limit)


def _lz4_extent(data: memoryview) -> tuple[int, int]:
    """How many bytes the first frame can become at most, and where it ends; Kafka reads no further either."""
    if len(data) < 7 or data[:4] != LZ4_MAGIC:
        raise WireError("lz4: no frame")
    flags, size_code = data[4], data[5] >> 4 & 7
    if flags >> 6 != 1 or flags & 0b11 or size_code < 4:
        raise WireError(f"lz4: unknown frame flags {flags:#04x} {data[5]:#04x}")
    if not flags & 0x20:  # Kafka's reader has never known these
        raise WireError("lz4: blocks that depend on each other")
    block_size = 1 << 2 * size_code + 8
    trailer = 4 if flags & 0x10 else 0  # a checksum after each block
    position, bound, size = 15 if flags & 0x08 else 7, 0, len(data)
    while position + 4 <= size:
        (length,) = uint32_le(data, position)
        position += 4
        if length == 0:
            return bound, position + (4 if flags & 0x04 else 0)
        if length & LZ4_STORED:
            length &= ~LZ4_STORED
            bound += length
        else:
            bound += min(block_size, length * LZ4_RATIO)
        if length > block_size:
            raise WireError(f"lz4: a block of {length} bytes in a frame of blocks of {block_size}")
        position += length + trailer
    raise WireError("lz4: the data ends inside the frame")


def _decompress_zstd(data: memoryview, limit: int) -> bytes:
    if len(data) == 0:
        return b""  # no frame is as good as an empty one, as in Java
    try:
        bound = _zstd_bound(data)
    except (struct.error, IndexError) as error:
        raise WireError("zstd: the data ends inside a frame") from error
    return _decompress_into(_cramjam().zstd, "zstd", data, bound, limit)


def _zstd_bound(data: memoryview) -> int:
    """How many bytes the frames can become at most, by their blocks (RFC 8878, 3.1.1)."""
    position, bound, end = 0, 0, len(data)
    while position < end:
        (magic,) = uint32_le(data, position)
        if magic & 0xFFFFFFF0 == ZSTD_SKIPPABLE:
            position += 8 + uint32_le(data, position + 4)[0]
            continue
        if magic != ZSTD_MAGIC:
            raise WireError("zstd: no frame")
        descriptor = data[position + 4]
        single_segment = descriptor >> 5 & 1
        content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
        position += 5 + 1 - single_segment + (0, 1, 2, 4)[descriptor & 3] + content_size
        last = 0
        while not last:
            header = data[position] | data[position + 1] << 8 | data[position + 2] << 16
            last, kind, size = header & 1, header >> 1 & 3, header >> 3
            position += 3 + (1 if kind == 1 else size)
            bound += (size, size, ZSTD_BLOCK, 0)[kind]  # stored, one byte many times, compressed, reserved
        position += 4 if descriptor & 4 else 0  # a checksum of the content
    return bound


def _decompress_into(library: ModuleType, name: str, data: memoryview, bound: int, limit: int) -> bytes:
    """Decompresses into a buffer that is as large as it may become, so that no bomb gets further than the limit."""
    space = bytearray(min(bound, limit))
    try:
        size: int = library.decompress_into(data, space)
    except _cramjam().DecompressionError as error:
        if bound > limit and "whole buffer" in str(error):
            raise TooLarge(f"{name}: more than {limit} bytes decompressed") from error
        raise WireError(f"{name}: {error}") from error
    return bytes(memoryview(space)[:size])

"""Compression: against what Apache Kafka's client and others wrote, with broken data and bombs."""

from __future__ import annotations

import base64
import gzip
import resource
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpybroker.wire.compiler import WireError
from kpybroker.wire.compression import GZIP, LZ4, NAMES, SNAPPY, ZSTD, TooLarge, compress, decompress

SAMPLES = {
    name: base64.b64decode(data)
    for name, data in (
        line.split() for line in (Path(__file__).parents[1] / "data/records/samples.txt").read_text().splitlines()
    )
}
MIB = 1 << 20
CODECS = [GZIP, SNAPPY, LZ4, ZSTD]
data = st.one_of(st.binary(max_size=2000), st.builds(bytes.__mul__, st.binary(max_size=9), st.integers(0, 40_000)))


def payload(name: str) -> bytes:
    return SAMPLES[name][61:]


@pytest.mark.parametrize("codec", CODECS)
def test_what_kafka_compressed(codec: int) -> None:
    """Every codec of Kafka's own client is read: one block, blocks that do not shrink, and several blocks."""
    name = NAMES[codec]
    assert decompress(codec, payload(f"mixed-{name}"), MIB) == payload("mixed-none")
    assert decompress(codec, payload(f"noise-{name}"), MIB) == payload("noise-none")
    large = decompress(codec, payload(f"large-{name}"), MIB)
    assert len(large) > 150_000
    assert large == decompress(GZIP, payload("large-gzip"), MIB) == gzip.decompress(payload("large-gzip"))


@pytest.mark.parametrize("client", ["librdkafka", "aiokafka", "kafka-python"])
def test_what_other_clients_compressed(client: str) -> None:
    """The clients frame their data each in their own way: raw snappy, lz4 with checksums and sizes, zstd with sizes."""
    plain = {decompress(codec, payload(f"{client}-{NAMES[codec]}"), MIB) for codec in CODECS}
    assert len(plain) == 1
    assert plain.pop().count(b"value-") == 16


@pytest.mark.parametrize("codec", range(5))
@given(data)
@settings(max_examples=40, deadline=None)
def test_round_trip(codec: int, plain: bytes) -> None:
    """What is compressed comes back, at any level, and at exactly its size as the limit."""
    for level in (None, 1, 9):
        assert decompress(codec, compress(codec, plain, level), len(plain)) == plain
        assert decompress(codec, memoryview(bytearray(compress(codec, plain, level))), len(plain)) == plain


@given(data)
@settings(max_examples=40, deadline=None)
def test_gzip_is_gzip(plain: bytes) -> None:
    """The standard library reads our gzip."""
    assert gzip.decompress(compress(GZIP, plain)) == plain


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1, 64 * 1024, 64 * 1024 + 1, 200_000])
def test_framing_is_that_of_kafkas_client(size: int) -> None:
    """snappy and lz4 open and are cut into blocks as Kafka's client does it: its lz4 reader knows nothing else."""
    plain = bytes(size)
    xerial = compress(SNAPPY, plain)
    assert xerial[:16] == payload("large-snappy")[:16]
    position, sizes = 16, []
    while position < len(xerial):
        (length,) = struct.unpack_from(">i", xerial, position)
        block = xerial[position + 4 : position + 4 + length]
        sizes.append(cramjam.snappy.decompress_raw_len(block))
        position += 4 + length
    assert sizes == [min(32 * 1024, size - start) for start in range(0, size, 32 * 1024)]
    frame = compress(LZ4, plain)
    assert frame[:7] == payload("large-lz4")[:7]
    assert frame[-4:] == bytes(4)


@pytest.mark.parametrize("level", [1, 3, 8, 9, 10, 12, 17])
def test_lz4_at_every_level(level: int) -> None:
    """At any level the frame is the same kind of frame, which others read; at 9, Kafka's default, it is compressed
    fast and at all others harder, so that it is smaller; blocks that do not shrink are stored."""
    plain = b"".join(b"%d squared is %d, its cube is %d" % (n, n**2, n**3) for n in range(5000))
    frame = compress(LZ4, plain, level)
    assert frame[:7] == payload("large-lz4")[:7] and frame[-4:] == bytes(4)
    assert bytes(cramjam.lz4.decompress(frame)) == plain
    assert (len(frame) < len(compress(LZ4, plain))) == (level != 9)
    noise = payload("noise-none")
    assert bytes(cramjam.lz4.decompress(compress(LZ4, noise, level))) == noise
    assert compress(LZ4, b"", level) == compress(LZ4, b"")


def test_kafkas_own_blocks() -> None:
    """Kafka's lz4 blocks hold 64 KiB and its snappy blocks 32 KiB, as ours do: the sizes of the first blocks tell."""
    (size,) = struct.unpack_from("<I", payload("large-lz4"), 7)
    assert cramjam.lz4.decompress_block_into(payload("large-lz4")[11 : 11 + size], bytearray(MIB)) == 64 * 1024
    (size,) = struct.unpack_from(">I", payload("large-snappy"), 16)
    assert cramjam.snappy.decompress_raw_len(payload("large-snappy")[20 : 20 + size]) == 32 * 1024


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(64)) + packer.flush()


def bombs() -> dict[str, tuple[int, bytes]]:
    """What becomes 64 MiB and more: honest data, and claims."""
    block = bytes(cramjam.lz4.compress_block(bytes(4 * MIB), store_size=False))
    lz4_block = struct.pack("<I", len(block)) + block
    raw = bytes(cramjam.snappy.compress_raw(bytes(MIB)))
    rle = (128 << 13 | 1 << 1).to_bytes(3, "little") + b"\0"
    members = gzip.compress(bytes(MIB // 2))
    return {
        "gzip": (GZIP, gzip_bomb()),
        "gzip members": (GZIP, members * 128),
        "snappy raw": (SNAPPY, bytes(cramjam.snappy.compress_raw(bytes(64 * MIB)))),
        "snappy blocks": (SNAPPY, payload("mixed-snappy")[:16] + (struct.pack(">i", len(raw)) + raw) * 64),
        "lz4": (LZ4, bytes.fromhex("04224d18607073") + lz4_block * 16 + bytes(4)),
        "zstd": (ZSTD, bytes.fromhex("28b52ffd0058") + rle * 512 + b"\x01\0\0"),
        "zstd frames": (ZSTD, bytes(cramjam.zstd.compress(bytes(MIB // 2))) * 128),
    }


@pytest.mark.parametrize("name", bombs())
def test_bombs(name: str) -> None:
    """Data that grows beyond the limit is refused, and never more than about the limit is held."""
    codec, bomb = bombs()[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLarge):
        decompress(codec, bomb, MIB)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # KiB


def test_bombs_are_real() -> None:
    """With a limit that allows it, each of the bombs is data of at least 64 MiB."""
    for codec, bomb in bombs().values():
        assert len(decompress(codec, bomb, 128 * MIB)) >= 64 * MIB


def test_a_snappy_block_that_claims_gigabytes() -> None:
    """A size that its bytes cannot become is refused before it is allocated, whatever the limit."""
    with pytest.raises(WireError, match="claim"):
        decompress(SNAPPY, b"\xff\xff\xff\xff\x0f" + bytes(20), 1 << 40)


@pytest.mark.parametrize("codec", CODECS)
def test_every_cut_is_refused(codec: int) -> None:
    """No beginning of compressed data passes for the whole; xerial's may end between its blocks."""
    whole = payload(f"mixed-{NAMES[codec]}")
    plain = payload("mixed-none")
    for end in range(len(whole)):
        with suppress(WireError):
            assert len(decompress(codec, whole[:end], MIB)) < len(plain)


@pytest.mark.parametrize("codec", CODECS)
@given(st.data())
@settings(max_examples=150, deadline=None)
def test_broken_data(codec: int, draw: st.DataObject) -> None:
    """Whatever is done to compressed data, it is decompressed within the limit or a WireError."""
    broken = bytearray(payload(f"mixed-{NAMES[codec]}"))
    for position, byte in draw.draw(st.lists(st.tuples(st.integers(0, len(broken) - 1), st.integers(0, 255)))):
        broken[position] = byte
    with suppress(WireError):
        assert len(decompress(codec, broken, 5000)) <= 5000


@pytest.mark.parametrize("codec", CODECS)
@given(st.binary(max_size=100))
def test_noise(codec: int, noise: bytes) -> None:
    """Bytes at random are nothing worse than a WireError, whatever magic is before them."""
    for head in (b"", b"\x1f\x8b\x08", payload("mixed-snappy")[:16], payload("mixed-lz4")[:7], b"\x28\xb5\x2f\xfd"):
        with suppress(WireError):
            assert len(decompress(codec, head + noise, 1000)) <= 1000


def test_unknown_codec() -> None:
    """Codecs that Kafka does not have are refused in both directions."""
    for codec in (-1, 5, 7):
        with pytest.raises(WireError, match="no compression codec"):
            compress(codec, b"")
        with pytest.raises(WireError, match="no compression codec"):
            decompress(codec, b"", 10)


def test_limit_of_plain_data() -> None:
    """Data that is not compressed has the same limit."""
    assert decompress(0, b"12345", 5) == b"12345"
    with pytest.raises(TooLarge):
        decompress(0, b"12345", 4)

"""What a produced batch must be: each refusal is the error that Kafka's LogValidator answers."""

from __future__ import annotations

import struct
from collections.abc import Callable

import crc32c
import pytest

from kpybroker.config.settings import Settings
from kpybroker.config.topics import topic_settings
from kpybroker.validation import Refusal, examine, refuse_shape
from kpybroker.wire.errors import Error
from kpybroker.wire.records import batches, build, read_header

NOW = 1_700_000_000_000
HOUR = 3_600_000
GZIP, ZSTD = 1, 4
ATTRIBUTES, LAST_OFFSET_DELTA, COUNT = (21, ">h"), (23, ">i"), (57, ">i")


def edited(batch: bytes, *edits: tuple[tuple[int, str], int]) -> bytes:
    """The batch with other header fields, and the CRC that belongs to them."""
    changed = bytearray(batch)
    for (position, code), value in edits:
        struct.pack_into(code, changed, position, value)
    struct.pack_into(">I", changed, 17, crc32c.crc32c(bytes(changed[21:])))
    return bytes(changed)


def look_at(batch: bytes, **configs: str) -> Refusal | int:
    topic = topic_settings(Settings({}), {name.replace("_", "."): value for name, value in configs.items()})
    return examine(read_header(batch), memoryview(bytearray(batch)), topic, NOW)


def error_of(batch: bytes, **configs: str) -> Error:
    found = look_at(batch, **configs)
    assert isinstance(found, Refusal), found
    return found.error


def two(codec: int = 0, key: bytes | None = None, time: int = NOW) -> bytes:
    return build([(time, key, b"x", ()), (time + 1, key, b"y", ())], codec=codec)


@pytest.mark.parametrize("codec", range(5))
def test_a_right_batch_is_taken(codec: int) -> None:
    """A batch in each codec is taken; its largest timestamp comes back."""
    assert look_at(two(codec)) == NOW + 1


def test_a_wrong_crc() -> None:
    """One bit that is not as it was sent is CORRUPT_MESSAGE, wherever it is behind the CRC."""
    good = two()
    for position in range(21, len(good)):
        bad = good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
        assert error_of(bad) is Error.CORRUPT_MESSAGE


@pytest.mark.parametrize("codec", [0, GZIP, ZSTD])
@pytest.mark.parametrize("count", [-1, 0, 1, 3, 2**31 - 1])
def test_a_lying_record_count(codec: int, count: int) -> None:
    """A count that is not the number of records is INVALID_RECORD, whether or not the last offset lies with it."""
    assert error_of(edited(two(codec), (COUNT, count))) is Error.INVALID_RECORD
    if codec == 0:
        both = edited(two(), (COUNT, count), (LAST_OFFSET_DELTA, count - 1 if count > -(2**31) else count))
        assert error_of(both) is Error.INVALID_RECORD


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda b: edited(b, ((0, ">q"), 77)), Error.INVALID_RECORD),
        (lambda b: edited(b, (ATTRIBUTES, 32)), Error.INVALID_RECORD),
        (lambda b: edited(b, (ATTRIBUTES, 5)), Error.UNKNOWN_SERVER_ERROR),
        (lambda b: edited(b, (ATTRIBUTES, GZIP)), Error.UNKNOWN_SERVER_ERROR),
        (lambda b: edited(b, (LAST_OFFSET_DELTA, 5)), Error.INVALID_RECORD),
        (lambda b: build([(NOW + 2 * HOUR, None, b"x", ())]), Error.INVALID_TIMESTAMP),
        (lambda b: build([(NOW, None, b"x" * 1_100_000, ())]), Error.MESSAGE_TOO_LARGE),
    ],
    ids=["base offset", "control", "codec 5", "not gzip", "last offset", "an hour ahead", "too large"],
)
def test_refusals(change: Callable[[bytes], bytes], error: Error) -> None:
    """What Kafka 4.3.1 answers to each of these, as recorded from it in tests/golden."""
    assert error_of(change(two())) is error


def test_a_batch_as_large_as_allowed_is_taken() -> None:
    """max.message.bytes counts the whole batch, and is itself allowed."""
    batch = two()
    assert look_at(batch, max_message_bytes=str(len(batch))) == NOW + 1
    assert error_of(batch, max_message_bytes=str(len(batch) - 1)) is Error.MESSAGE_TOO_LARGE


def test_a_compacted_topic_needs_keys() -> None:
    """Without a key compaction could not tell records apart: INVALID_RECORD, and which records it was (KIP-467)."""
    assert look_at(two(key=b"k"), cleanup_policy="compact") == NOW + 1
    mixed = build([(NOW, b"k", b"x", ()), (NOW, None, b"y", ()), (NOW, None, b"z", ())])
    refused = look_at(mixed, cleanup_policy="compact")
    assert isinstance(refused, Refusal)
    assert refused.error is Error.INVALID_RECORD
    assert [index for index, _ in refused.record_errors] == [1, 2]


def test_timestamps_out_of_bounds_are_named() -> None:
    """Each record whose timestamp is too far from the broker's is named in the answer."""
    rows = [(NOW, None, b"x", ()), (NOW + 2 * HOUR, None, b"y", ()), (NOW, None, b"z", ())]
    refused = look_at(build(rows))
    assert isinstance(refused, Refusal)
    assert (refused.error, [index for index, _ in refused.record_errors]) == (Error.INVALID_TIMESTAMP, [1])
    old = build([(NOW - 10_000, None, b"x", ())])
    assert error_of(old, message_timestamp_before_max_ms="9999") is Error.INVALID_TIMESTAMP
    assert look_at(old, message_timestamp_before_max_ms="10000") == NOW - 10_000
    assert look_at(build([(-1, None, b"x", ())]), message_timestamp_before_max_ms="0") == -1


def test_the_errors_of_a_bomb_are_bounded() -> None:
    """A batch of few bytes may hold millions of wrong records: what is told of them has an end."""
    data = build([(NOW, None, None, ())] * 300_000, codec=1)
    assert len(data) < 1_000_000
    refusal = look_at(data, cleanup_policy="compact")
    assert isinstance(refusal, Refusal)
    assert refusal.error is Error.INVALID_RECORD
    assert [index for index, _ in refusal.record_errors] == list(range(200_000))


def test_log_append_time_takes_any_timestamp() -> None:
    """Where the broker's time counts, the producer's is not looked at."""
    far = build([(NOW + 9 * HOUR, None, b"x", ())])
    assert isinstance(look_at(far, message_timestamp_type="LogAppendTime"), int)


@pytest.mark.parametrize("count", [0, 2])
def test_a_partition_takes_exactly_one_batch(count: int) -> None:
    """No batch and two batches are both INVALID_RECORD (ProduceRequest v3 and later)."""
    refused = refuse_shape(batches(memoryview(two() * count)), 9)
    assert refused is not None
    assert refused.error is Error.INVALID_RECORD


def test_zstd_needs_version_7() -> None:
    """A client that asks in an older version would not know what it gets back (KIP-110)."""
    found = batches(memoryview(two(ZSTD)))
    refused = refuse_shape(found, 6)
    assert refused is not None
    assert refused.error is Error.UNSUPPORTED_COMPRESSION_TYPE
    assert refuse_shape(found, 7) is None

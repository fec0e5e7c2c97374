"""Message sets: against Apache Kafka 3.9.1's own bytes, kafka-python and aiokafka."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.record.legacy_records import LegacyRecordBatch as AioBatch
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder as AioBuilder
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.legacy_records import LegacyRecordBatch, LegacyRecordBatchBuilder

from kpybroker.wire.errors import Error
from kpybroker.wire.legacy import (
    Message,
    build_message,
    build_set,
    check_message_crc,
    entries,
    inner_messages,
    lz4_header_checksum,
    read_message,
)
from kpybroker.wire.records import BatchError, Record, build
from tests.wire.kafka_answers import ANSWERS, Answer

START = 1_700_000_000_000
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
Content = tuple[int, bytes | None, bytes | None]  # timestamp, key, value

some_bytes = st.none() | st.binary(max_size=40)
contents = st.lists(st.tuples(st.integers(0, 2**41), some_bytes, some_bytes), min_size=1, max_size=20)


def messages(data: bytes) -> list[Message]:
    """All messages of a set, those inside compressed ones too."""
    found: list[Message] = []
    for magic, entry in entries(memoryview(data)):
        message = read_message(entry)
        assert message.magic == magic
        assert message.crc_is_right == check_message_crc(entry)
        found += [message] if message.codec == NONE else inner_messages(message)
    return found


def plain(read: Sequence[Message | Record]) -> list[tuple[int, int, bytes | None, bytes | None]]:
    return [(each.offset, each.timestamp, each.key, each.value) for each in read]


def read_by_aiokafka(data: bytes) -> list[tuple[int, int, bytes | None, bytes | None]]:
    found = []
    for magic, entry in entries(memoryview(data)):
        batch = AioBatch(bytes(entry), magic)
        assert batch.validate_crc()
        found += [
            (each.offset, -1 if each.timestamp is None else each.timestamp, each.key, each.value) for each in batch
        ]
    return found


def built_by(builder: Any, rows: Sequence[Content], magic: int, codec: int) -> bytes:
    made = builder(magic, codec, 2**30)
    for offset, (timestamp, key, value) in enumerate(rows):
        made.append(offset, timestamp, key, value)
    built = made.build()
    return bytes(built if built is not None else made.buffer())


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer.data], ids=lambda answer: answer.name)
def test_what_kafka_writes_is_read_as_aiokafka_reads_it(answer: Answer) -> None:
    """Sets by Apache Kafka 3.9.1, with relative offsets, times of the broker and lz4 headers of every kind."""
    read = messages(answer.data)
    assert all(message.crc_is_right for message in read)
    if answer.magic == 0 and answer.log.endswith("lz4"):
        return  # aiokafka does not know the wrong checksum of KAFKA-3160
    assert plain(read) == read_by_aiokafka(answer.data)


def test_the_wrong_lz4_header_of_magic_0_is_read() -> None:
    """In magic 0 everybody writes a checksum that covers too much (KAFKA-3160); the messages inside are the same."""
    for log in ("lz4", "from-0-lz4", "from-1-lz4"):
        old, new = (next(a for a in ANSWERS if a.log == log and a.version == version) for version in (0, 2))
        assert [row[2:] for row in plain(messages(old.data))] == [row[2:] for row in plain(messages(new.data))]


@pytest.mark.parametrize(("data", "hashed"), [(b"", 0x02CC5D05), (b"a", 0x550D7456), (b"abc", 0x32D153FF)])
def test_the_lz4_header_checksum(data: bytes, hashed: int) -> None:
    """It is the second byte of xxHash-32, by that algorithm's published values."""
    assert lz4_header_checksum(data) == bytes([hashed >> 8 & 0xFF])


def test_the_lz4_header_of_kafka_is_checked_in_magic_1() -> None:
    """A wrong checksum is the error of a stream that cannot be read, as in Kafka; in magic 0 it is any number."""
    for magic, good in ((0, True), (1, False)):
        entry = build_set([Record(0, START, None, b"a" * 100)], magic=magic, codec=LZ4)
        message = read_message(entry)
        assert message.value is not None
        wrong = message._replace(value=message.value[:6] + b"\xaa" + message.value[7:])
        if good:
            assert [each.value for each in inner_messages(wrong)] == [b"a" * 100]
        else:
            with pytest.raises(BatchError) as refused:
                inner_messages(wrong)
            assert refused.value.error is Error.UNKNOWN_SERVER_ERROR


@given(contents, st.sampled_from((0, 1)), st.sampled_from((NONE, GZIP)))
def test_what_kafka_python_builds_is_read(rows: list[Content], magic: int, codec: int) -> None:
    """Every timestamp, key and value comes as it was given; magic 0 has no timestamps."""
    read = messages(built_by(LegacyRecordBatchBuilder, rows, magic, codec))
    assert [each.offset for each in read] == list(range(len(rows)))
    assert [(m.timestamp, m.key, m.value) for m in read] == [(t if magic else -1, key, value) for t, key, value in rows]


@given(contents, st.sampled_from((0, 1)), st.sampled_from((SNAPPY, LZ4)))
def test_what_aiokafka_builds_is_read(rows: list[Content], magic: int, codec: int) -> None:
    """Snappy and lz4 by a library of Python's, in either magic: its lz4 header has the right checksum."""
    if (magic, codec) == (0, LZ4):
        return  # aiokafka sends no lz4 to brokers of then
    read = messages(built_by(AioBuilder, rows, magic, codec))
    assert [(m.timestamp, m.key, m.value) for m in read] == [(t if magic else -1, key, value) for t, key, value in rows]


@given(
    contents, st.integers(0, 2**40), st.sampled_from((0, 1)), st.sampled_from((NONE, GZIP, SNAPPY, LZ4)), st.booleans()
)
def test_what_is_built_is_read_by_others(
    rows: list[Content], base_offset: int, magic: int, codec: int, stamped: bool
) -> None:
    """aiokafka and kafka-python read what is built, its offsets, checksums and the kind of its times."""
    if stamped:  # then all have the broker's time
        rows = [(START, key, value) for _, key, value in rows]
    given_records = [Record(base_offset + 3 * i, *row) for i, row in enumerate(rows)]
    data = build_set(given_records, magic=magic, codec=codec, log_append_time=stamped)
    expected = [(r.offset, r.timestamp if magic else -1, r.key, r.value) for r in given_records]
    assert plain(messages(data)) == expected
    if (magic, codec) != (0, LZ4):
        assert read_by_aiokafka(data) == expected
    if codec in (NONE, GZIP):
        theirs = [each for _, entry in entries(memoryview(data)) for each in LegacyRecordBatch(bytes(entry), magic)]
        assert [each.offset for each in theirs] == [row[0] for row in expected]
        assert {each.timestamp_type for each in theirs} == {int(stamped) if magic else None}


@pytest.mark.parametrize(("outer_offset", "first"), [(0, 0), (2, 0), (102, 100)])
def test_offsets_inside_are_relative_to_the_last(outer_offset: int, first: int) -> None:
    """In magic 1 the outer message has the last one's offset, or 0 where a producer does not care (KIP-31)."""
    inside = b"".join(build_message(i, START, None, b"v", magic=1) for i in range(3))
    outer = build_message(outer_offset, START, None, gzip.compress(inside), magic=1, attributes=GZIP)
    assert [each.offset for each in messages(outer)] == [first, first + 1, first + 2]


@pytest.mark.parametrize(
    ("inside", "attributes", "error"),
    [
        (b"", GZIP, Error.INVALID_RECORD),
        (None, GZIP, Error.INVALID_RECORD),
        (build_message(0, START, None, b"v", magic=1)[:-1], GZIP, Error.INVALID_RECORD),
        (build_message(0, START, None, b"v", magic=1), ZSTD, Error.INVALID_RECORD),
        (build_message(9, START, None, b"v", magic=1), GZIP, Error.INVALID_RECORD),
        (bytes(12), GZIP, Error.CORRUPT_MESSAGE),
        (build_message(0, START, None, b"v", magic=1), 5, Error.UNKNOWN_SERVER_ERROR),
    ],
    ids=("empty", "null", "torn", "zstd", "offset", "length", "codec"),
)
def test_what_is_wrong_inside(inside: bytes | None, attributes: int, error: Error) -> None:
    """Each fault has the code that Apache Kafka 3.9.1 answers to it (recorded by differ in the book message_sets)."""
    value = None if inside is None else gzip.compress(inside)
    outer = read_message(build_message(3, START, None, value, magic=1, attributes=attributes))
    with pytest.raises(BatchError) as refused:
        inner_messages(outer)
    assert refused.value.error is error


def test_a_torn_message_ends_the_set() -> None:
    """Consumers were always sent cut messages at the end, and producers' are treated alike."""
    one = build_message(0, START, b"k", b"v", magic=1)
    for size in range(len(one)):
        assert len(list(entries(memoryview(one + one[:size])))) == 1


def test_batches_stand_among_messages() -> None:
    """An entry of any format is found; whether it may be there is not decided here."""
    batch = build([(START, None, b"v", ())])
    old = build_message(0, START, None, b"v", magic=0)
    assert [magic for magic, _ in entries(memoryview(old + batch + old))] == [0, 2, 0]


@given(st.binary(max_size=200), st.sampled_from((0, 1)), st.sampled_from((NONE, GZIP, SNAPPY, LZ4)))
def test_noise_is_refused_and_nothing_else(noise: bytes, magic: int, codec: int) -> None:
    """Whatever bytes come, in a message or inside one, the worst is a BatchError."""
    with suppress(BatchError):
        messages(noise)
    with suppress(BatchError):
        messages(build_message(0, START, None, noise, magic=magic, attributes=codec))
    with suppress(BatchError):
        messages(build_message(0, START, None, gzip.compress(noise), magic=magic, attributes=GZIP))

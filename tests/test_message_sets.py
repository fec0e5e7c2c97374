"""Message sets of old producers: what is stored of them, and what is refused, as Kafka 3.9.1 does, in its order."""

from __future__ import annotations

import random
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.legacy_records import LegacyRecordBatchBuilder

from kpybroker.config.settings import Settings
from kpybroker.config.topics import topic_settings
from kpybroker.message_sets import append_old
from kpybroker.partition import Appended, Partition
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import LogConfig
from kpybroker.validation import Refusal
from kpybroker.wire.errors import Error
from kpybroker.wire.legacy import build_message, build_set
from kpybroker.wire.legacy_answers import lower
from kpybroker.wire.records import Record, build, check_crc, read_header, records
from tests.wire.kafka_answers import ANSWERS

NOW = 1_700_000_000_000
NONE, GZIP, SNAPPY, LZ4 = range(4)
some_bytes = st.none() | st.binary(max_size=40)


def partition(**configs: str) -> Partition:
    settings = topic_settings(Settings({}), {name.replace("_", "."): value for name, value in configs.items()})
    log = Log(MemoryFiles(), "a-0", LogConfig(), NOW)
    return Partition(("a", 0), bytes(16), log, Producers(), settings, 86_400_000)


def stored(target: Partition) -> list[tuple[int, list[Record]]]:
    """The codec and the records of each batch in the log; each is whole and in its place."""
    found = []
    for header, batch in target.log.batches():
        assert check_crc(memoryview(batch), header)
        assert (header.producer_id, header.producer_epoch, header.base_sequence) == (-1, -1, -1)
        assert header.partition_leader_epoch == target.leader_epoch
        found.append((header.codec, records(batch, header)))
    return found


def append(target: Partition, data: bytes, now: int = NOW) -> Appended | Refusal:
    return append_old(target, memoryview(bytearray(data)), now)


def one(value: bytes, magic: int = 1, time: int = NOW, key: bytes | None = None) -> bytes:
    return build_message(0, time, key, value, magic=magic)


def packed(*values: bytes, magic: int = 1, codec: int = GZIP) -> bytes:
    return build_set([Record(i, NOW, None, v) for i, v in enumerate(values)], magic=magic, codec=codec)


@given(
    st.lists(st.tuples(st.integers(0, NOW), some_bytes, some_bytes), min_size=1, max_size=20),
    st.sampled_from((0, 1)),
    st.sampled_from((NONE, GZIP)),
)
def test_a_set_of_kafka_pythons_is_one_batch(
    rows: list[tuple[int, bytes | None, bytes | None]], magic: int, codec: int
) -> None:
    """All its messages, one offset each, in the codec that they came in; magic 0 comes without times."""
    builder = LegacyRecordBatchBuilder(magic, codec, 2**30)
    for offset, (timestamp, key, value) in enumerate(rows):
        builder.append(offset, timestamp, key, value)
    target = partition()
    append(target, one(b"before"))
    assert append(target, bytes(builder.build())) == Appended(1)
    _, (found_codec, found) = stored(target)
    assert found_codec == codec
    assert found == [Record(1 + i, t if magic else -1, key, value) for i, (t, key, value) in enumerate(rows)]


def test_the_broker_gives_the_time() -> None:
    """On a topic of LogAppendTime every record has the moment of the append, in magic 0 too."""
    for magic in (0, 1):
        target = partition(message_timestamp_type="LogAppendTime")
        assert append(target, one(b"a", magic) + one(b"b", magic), NOW + 5) == Appended(0, NOW + 5)
        assert [record.timestamp for _, found in stored(target) for record in found] == [NOW + 5, NOW + 5]


@pytest.mark.parametrize(("kind", "codec"), [("uncompressed", NONE), ("gzip", GZIP), ("snappy", SNAPPY), ("lz4", LZ4)])
def test_the_topics_codec_counts(kind: str, codec: int) -> None:
    """compression.type decides how sets are stored, whatever they came in."""
    target = partition(compression_type=kind)
    for data in (one(b"a" * 100) * 2, packed(b"a" * 100, b"a" * 100), packed(b"a" * 100, b"a" * 100, codec=LZ4)):
        assert isinstance(append(target, data), Appended)
    assert [found_codec for found_codec, _ in stored(target)] == [codec] * 3
    assert {record.value for _, found in stored(target) for record in found} == {b"a" * 100}


def test_the_batch_may_be_no_larger_than_the_topic_takes() -> None:
    """Both what comes and what it becomes are measured (UnifiedLog.append); what is refused takes no offset."""
    target = partition(max_message_bytes="200")
    refusal = Refusal(Error.MESSAGE_TOO_LARGE)
    assert append(target, one(b"x" * 200)) == refusal
    assert append(target, one(b"x" * 100) * 2) == refusal
    assert append(target, packed(b"x" * 5000)) == Appended(0)
    plain = partition(max_message_bytes="200", compression_type="uncompressed")
    assert append(plain, packed(b"x" * 5000)) == refusal
    assert plain.high_watermark == 0


def test_a_batch_that_no_segment_holds() -> None:
    """Larger than segment.bytes is RECORD_LIST_TOO_LARGE, as for a batch that came as one."""
    target = partition(segment_bytes="1048576", max_message_bytes="2000000")
    assert append(target, one(b"x" * 1_100_000)) == Refusal(Error.RECORD_LIST_TOO_LARGE)
    assert append(target, packed(b"x" * 1_100_000)) == Appended(0)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (one(b"a") + b"\0" * 5, None),
        (b"", None),
        (one(b"a")[:-1], None),
        (b"\0" * 12, Error.CORRUPT_MESSAGE),
        (one(b"a") + one(b"a", magic=0), Error.INVALID_RECORD),
        (one(b"a") + packed(b"b"), Error.INVALID_RECORD),
        (packed(b"b") + packed(b"b"), Error.INVALID_RECORD),
        (build([(NOW, None, b"a", ())]) * 2, Error.INVALID_RECORD),
        (build([(NOW, None, b"a", ())]), None),
        (one(b"a", time=NOW + 10_000_000), Error.INVALID_TIMESTAMP),
        (one(b"a", time=-2), Error.UNKNOWN_SERVER_ERROR),
        (one(b"a")[:-1] + b"?", Error.CORRUPT_MESSAGE),
        (packed(packed(b"a")), None),
    ],
)
def test_verdicts(data: bytes, error: Error | None) -> None:
    """Each is what Apache Kafka 3.9.1 answers (recorded by differ in the book message_sets)."""
    target = partition()
    found = append(target, data)
    if error is None:
        assert isinstance(found, Appended)
        assert (found.base_offset == -1) == (target.high_watermark == 0)
    else:
        assert found == Refusal(error)
        assert target.high_watermark == 0


def test_compacted_topics_need_keys() -> None:
    """A message without a key refuses the whole set; a null value with one is a tombstone."""
    target = partition(cleanup_policy="compact")
    assert append(target, one(b"a", key=b"k") + one(b"b")) == Refusal(Error.INVALID_RECORD)
    assert append(target, build_message(0, NOW, b"k", None, magic=0)) == Appended(0)
    ((_, (record,)),) = stored(target)
    assert (record.key, record.value) == (b"k", None)


def with_right_crcs(data: bytearray) -> bytearray:
    """The same messages, so that what was damaged in them is looked at."""
    position = 0
    while position + 17 <= len(data):
        following = position + 12 + max(0, int.from_bytes(data[position + 8 : position + 12], "big", signed=True))
        struct.pack_into(">I", data, position + 12, crc32(data[position + 16 : following]))
        position = following
    return data


def test_damaged_sets_end_in_an_answer() -> None:
    """Whatever is sent is appended or refused; what is appended can be read back, by old consumers too."""
    luck = random.Random(11)
    sets = [answer.data for answer in ANSWERS if answer.data and answer.offset == 0]
    target = partition()
    taken = 0
    for _ in range(3000):
        data = bytearray(luck.choice(sets))
        for _ in range(luck.choice((1, 1, 2, 3))):
            data[luck.randrange(len(data))] = luck.choice((0, 1, 2, 3, 0x7F, 0x80, 0xFF, luck.randrange(256)))
        found = append(
            target, bytes(with_right_crcs(data[: luck.randrange(len(data) + 1)] if luck.random() < 0.2 else data))
        )
        taken += isinstance(found, Appended)
    assert 500 < taken < 2900
    assert target.high_watermark == sum(len(found) for _, found in stored(target))
    for header, batch in target.log.batches():
        for magic in (0, 1):
            assert isinstance(lower(batch, magic, header.base_offset), bytes)


def test_the_bytes_of_the_request_are_not_kept() -> None:
    """What is in the log is there although the request's buffer is used again."""
    target = partition()
    data = bytearray(packed(b"a", b"b"))
    append_old(target, memoryview(data), NOW)
    data[:] = bytes(len(data))
    assert [record.value for _, found in stored(target) for record in found] == [b"a", b"b"]
    assert read_header(next(batch for _, batch in target.log.batches())).records_count == 2

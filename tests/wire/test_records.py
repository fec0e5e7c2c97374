"""Record batches: against Apache Kafka's own bytes and verdicts, kafka-python and aiokafka."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatch as AioBatch
from aiokafka.record.default_records import DefaultRecordBatchBuilder as AioBuilder
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from kpybroker.wire.compiler import WireError
from kpybroker.wire.compression import NAMES, TooLarge, decompress
from kpybroker.wire.decode import decoder
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import ControlType, control_type, encode_control
from kpybroker.wire.records import (
    HEADER_SIZE,
    NOT_WALKED,
    BatchError,
    BatchHeader,
    Content,
    Record,
    batches,
    build,
    check_crc,
    check_header,
    check_records,
    place,
    read_header,
    records,
    stamp,
)
from kpybroker.wire.schemas.control import (
    EndTxnMarker,
    KRaftVersionRecord,
    LeaderChangeMessage,
    SnapshotFooterRecord,
    SnapshotHeaderRecord,
    VotersRecord,
)

DATA = Path(__file__).parents[1] / "data/records"
SAMPLES = {
    name: base64.b64decode(data) for name, data in map(str.split, (DATA / "samples.txt").read_text().splitlines())
}
VERDICTS = [line.split(" ", 2) for line in (DATA / "verdicts.txt").read_text().splitlines()]
START = 1_700_000_000_000
MIB = 1 << 20


def mixed(count: int) -> list[Content]:
    """The same records as `mixed` in tests/data/records/KafkaRecords.java."""
    return [
        (
            START + i * 7 % 13 * 100,
            None if i % 3 == 0 else b"key-%d" % i,
            None if i % 5 == 4 else b"value-%d-%s" % (i, b"x" * (i * 20)),
            [("größe", b"%d" % i), ("", None)] if i % 4 == 0 else [],
        )
        for i in range(count)
    ]


def as_records(contents: list[Content], base_offset: int = 0) -> list[Record]:
    return [Record(base_offset + i, t, key, value, tuple(h)) for i, (t, key, value, h) in enumerate(contents)]


def split(data: bytes | bytearray) -> tuple[BatchHeader, memoryview]:
    ((header, batch),) = batches(memoryview(data))
    assert len(batch) == header.size == len(data)
    return header, batch


@pytest.mark.parametrize("name", SAMPLES)
def test_batches_by_others(name: str) -> None:
    """All batches of Kafka, and those it took from clients, are whole, and their records can be walked and read."""
    found = batches(memoryview(SAMPLES[name]))
    assert b"".join(batch for _, batch in found) == SAMPLES[name]
    for header, batch in found:
        assert check_crc(batch, header)
        read = records(batch, header)
        assert [record.offset for record in read] == list(range(header.base_offset, header.last_offset + 1))
        walk = check_records(batch, header, bytes_limit=MIB)
        assert walk.walked == header.records_count == len(read)
        assert list(walk.keyless) == [i for i, record in enumerate(read) if record.key is None]
        assert DefaultRecordBatch(bytes(batch)).validate_crc()


@pytest.mark.parametrize("codec", range(5))
def test_reads_and_writes_kafkas_batches(codec: int) -> None:
    """Kafka's client wrote these records; we read them, and write the same batch but for the compressor's choices."""
    header, batch = split(SAMPLES[f"mixed-{NAMES[codec]}"])
    assert records(batch, header) == as_records(mixed(20))
    ours, built = split(build(mixed(20), codec=codec))
    same = {"batch_length": 0, "crc": 0}
    assert ours._replace(**same) == header._replace(**same)
    assert decompress(codec, built[HEADER_SIZE:], MIB) == decompress(codec, batch[HEADER_SIZE:], MIB)
    if codec == 0:
        assert built == SAMPLES["mixed-none"]


def test_writes_kafkas_header() -> None:
    """The fields of a transactional batch, and a batch without timestamps, are Kafka's bit for bit."""
    producer = {"producer_id": 4711, "producer_epoch": 3, "base_sequence": 2**31 - 2}
    assert build(mixed(5), base_offset=17, transactional=True, **producer) == SAMPLES["transactional"]  # type: ignore[arg-type]
    assert build([(-1, b"k", b"v", ())]) == SAMPLES["no-timestamp"]
    assert build([(START, None, b"", ())], log_append_time=True)[21:23] == SAMPLES["log-append-time"][21:23]


@pytest.mark.parametrize("client", ["librdkafka", "aiokafka", "kafka-python"])
@pytest.mark.parametrize("codec", range(1, 5))
def test_reads_clients_batches(client: str, codec: int) -> None:
    """What other clients compressed reads as they were given it (two of them write an empty value, never null)."""
    header, batch = split(SAMPLES[f"{client}-{NAMES[codec]}"])
    assert header.codec == codec
    expected = mixed(20)
    if client != "librdkafka":
        expected = [(t, k, v or b"", [(name, content or b"") for name, content in h]) for t, k, v, h in expected]
    assert records(batch, header) == as_records(expected)


def test_header_properties() -> None:
    """The header of a transactional batch of Kafka, field by field; the sequence goes on from 0 after 2**31 - 1."""
    header, _ = split(SAMPLES["transactional"])
    oracle = DefaultRecordBatch(SAMPLES["transactional"])
    assert (header.base_offset, header.last_offset, header.records_count) == (17, 21, 5)
    assert (header.producer_id, header.producer_epoch, header.base_sequence) == (4711, 3, 2**31 - 2)
    assert header.last_sequence == oracle.last_sequence == 2
    assert header.is_transactional
    assert not (header.is_control or header.is_log_append_time)
    assert (header.base_timestamp, header.max_timestamp) == (START, oracle.max_timestamp)
    assert split(SAMPLES["mixed-none"])[0].last_sequence == -1


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_last_sequence(base_sequence: int, last_offset_delta: int) -> None:
    """Wherever it starts and however long it is, a batch ends at the sequence that kafka-python says."""
    header = split(SAMPLES["transactional"])[0]
    header = header._replace(base_sequence=base_sequence, last_offset_delta=last_offset_delta)
    expected = DefaultRecordBatch(SAMPLES["transactional"])._increment_sequence(base_sequence, last_offset_delta)
    assert header.last_sequence == expected


def test_place_and_stamp() -> None:
    """Offset, leader epoch and LogAppendTime are written into a client's batch exactly as Kafka's broker does."""
    data = bytearray(build(mixed(3)))
    header, batch = split(data)
    place(batch, 1000, 9)
    assert check_crc(batch, header)
    stamp(batch, header, START + 99)
    assert data == SAMPLES["restamped"]
    header, batch = split(data)
    assert {record.timestamp for record in records(batch, header)} == {START + 99}
    assert header.is_log_append_time


def test_log_append_time() -> None:
    """A batch that is built and then stamped is the batch that Kafka builds with LogAppendTime."""
    data = bytearray(build(mixed(3)))
    header, batch = split(data)
    stamp(batch, header, START + 77)
    assert data == SAMPLES["log-append-time"]


def test_stamp_that_changes_nothing() -> None:
    """Without a change the batch is not touched; a max timestamp that a producer got wrong is put right."""
    data = bytearray(build(mixed(3)))
    right = bytes(data)
    header, batch = split(data)
    stamp(batch, header, header.max_timestamp, log_append_time=False)
    assert data == right
    stamp(batch, header, 5, log_append_time=False)
    wrong, batch = split(data)
    assert wrong.max_timestamp == 5
    assert check_crc(batch, wrong)
    stamp(batch, wrong, header.max_timestamp, log_append_time=False)
    assert data == right


def test_markers() -> None:
    """The markers that end a transaction are built as Kafka builds them."""
    for kind, name in ((ControlType.ABORT, "marker-abort"), (ControlType.COMMIT, "marker-commit")):
        content = [(START, *encode_control(kind, EndTxnMarker(coordinator_epoch=5)), ())]
        place_of = {"base_offset": 7, "leader_epoch": 2, "producer_id": 4711, "producer_epoch": 3}
        assert build(content, control=True, transactional=True, **place_of) == SAMPLES[name]  # type: ignore[arg-type]


CONTROL: list[tuple[str, ControlType, type, int]] = [
    ("marker-abort", ControlType.ABORT, EndTxnMarker, 2),
    ("marker-commit", ControlType.COMMIT, EndTxnMarker, 2),
    ("leader-change", ControlType.LEADER_CHANGE, LeaderChangeMessage, 0),
    ("snapshot-header", ControlType.SNAPSHOT_HEADER, SnapshotHeaderRecord, 0),
    ("snapshot-footer", ControlType.SNAPSHOT_FOOTER, SnapshotFooterRecord, 0),
    ("kraft-version", ControlType.KRAFT_VERSION, KRaftVersionRecord, 0),
    ("kraft-voters", ControlType.KRAFT_VOTERS, VotersRecord, 0),
]


@pytest.mark.parametrize("name, kind, schema, position", CONTROL)
def test_control_records(name: str, kind: ControlType, schema: type[Any], position: int) -> None:
    """Each of Kafka's control records has its type in the key and a value of its schema."""
    header, batch = split(SAMPLES[name])
    assert header.is_control
    (record,) = records(batch, header)
    assert record.key is not None and record.value is not None
    assert control_type(record.key) == kind
    _, end = decoder(schema, 0)(memoryview(record.value), position)
    assert end == len(record.value)


def test_control_keys_of_others() -> None:
    """A version of the future is read as ours, nonsense is refused, as in Kafka."""
    assert control_type(bytes.fromhex("0005 0001 99")) == ControlType.COMMIT
    for key in (b"", b"\0\0\0", bytes.fromhex("ffff 0000")):
        with pytest.raises(WireError):
            control_type(key)


# Where Kafka stores what no consumer could read, or answers by accident: (its verdict, ours).
DIFFERENCES = {
    "length-one-more-gzip": ("NONE 1000", "INVALID_RECORD"),
    "length-one-less-gzip": ("NONE 1000", "INVALID_RECORD"),
    "length-zero-gzip": ("NONE 1000", "INVALID_RECORD"),
    "length-negative-gzip": ("NONE 1000", "INVALID_RECORD"),
    "length-huge-gzip": ("NONE 1000", "INVALID_RECORD"),
    "length-endless": ("UNKNOWN_SERVER_ERROR", "INVALID_RECORD"),
}


def verdict(data: bytes) -> str:
    """What a broker that walks every record says of a produced records field."""
    try:
        found = batches(memoryview(data))
        if len(found) != 1:
            return Error.INVALID_RECORD.name  # exactly one batch is allowed
        ((header, batch),) = found
        if not check_crc(batch, header):
            return Error.CORRUPT_MESSAGE.name
        check_header(header)
        return f"NONE {check_records(batch, header, records_limit=2**31, bytes_limit=MIB).max_timestamp}"
    except BatchError as error:
        return error.error.name


@pytest.mark.parametrize("name, data, kafkas", VERDICTS, ids=[line[0] for line in VERDICTS])
def test_kafkas_verdicts(name: str, data: str, kafkas: str) -> None:
    """Of a batch that clients should not send we say what Apache Kafka 4.3.1 says, but for the listed differences."""
    assert (kafkas, verdict(base64.b64decode(data))) == DIFFERENCES.get(name, (kafkas, kafkas))


@pytest.mark.parametrize("name, data, kafkas", VERDICTS, ids=[line[0] for line in VERDICTS])
def test_records_agree_with_the_walk(name: str, data: str, kafkas: str) -> None:
    """What the walk lets pass can be read."""
    raw = base64.b64decode(data)
    if verdict(raw).startswith("NONE"):
        header, batch = split(raw)
        assert max(record.timestamp for record in records(batch, header)) == int(kafkas.split()[1])


headers = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=3)
contents = st.lists(
    st.tuples(st.integers(0, 2**62), st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=300), headers),
    min_size=1,
    max_size=12,
)


@given(contents, st.integers(0, 4), st.integers(0, 2**62))
@settings(deadline=None)
def test_build_and_read(content: list[Content], codec: int, base_offset: int) -> None:
    """What is built reads as it was given, with every codec, and passes every check."""
    header, batch = split(build(content, codec=codec, base_offset=base_offset))
    read = records(batch, header)
    assert read == as_records(content, base_offset)
    assert build(read, codec=codec, base_offset=base_offset) == batch
    assert check_crc(batch, header)
    check_header(header._replace(base_offset=0))
    walk = check_records(batch, header)
    assert (walk.least_timestamp, walk.max_timestamp) == (min(c[0] for c in content), max(c[0] for c in content))


@given(contents)
@settings(deadline=None)
def test_kafka_python_reads_ours(content: list[Content]) -> None:
    """kafka-python and aiokafka read an uncompressed batch of ours as it was given to us."""
    data = build(content)
    for batch in (DefaultRecordBatch(data), AioBatch(data)):
        assert batch.validate_crc()
        assert [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in batch] == as_records(content)


@given(contents)
@settings(deadline=None)
def test_we_write_what_the_clients_write(content: list[Content]) -> None:
    """From the same records kafka-python, aiokafka and we build the same batch."""
    theirs = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, MIB)
    aio = AioBuilder(2, 0, 0, -1, -1, -1, MIB)
    for offset, (timestamp, key, value, some) in enumerate(content):
        theirs.append(offset, timestamp, key, value, list(some))
        aio.append(offset, timestamp, key, value, list(some))
    data = build(content)
    assert bytes(theirs.build())[16:] == data[16:]  # what the client sets before is overwritten by the broker
    assert bytes(aio.build())[16:] == data[16:]


def test_every_flipped_byte_is_caught() -> None:
    """From the CRC on no byte of a batch can change unseen."""
    data = bytearray(build(mixed(6)))
    for position in range(17, len(data)):
        data[position] ^= 0x40
        header, batch = split(data)
        assert not check_crc(batch, header)
        data[position] ^= 0x40


@pytest.mark.parametrize("codec", range(5))
def test_every_cut_is_refused(codec: int) -> None:
    """A records field that ends early is a WireError, and so are the records of a batch that does.

    What is torn after a whole batch is left out, as Kafka leaves it (its answers to produce/broken_batches).
    """
    data = build(mixed(6), codec=codec)
    for end in range(1, len(data)):
        with pytest.raises(BatchError):
            batches(memoryview(data[:end]))
        assert [batch for _, batch in batches(memoryview(data + data[:end]))] == [data]
        with pytest.raises(WireError):
            records(data[:end])


def test_a_header_needs_its_bytes() -> None:
    """A header that is cut is a WireError; the last whole one is read at its position."""
    data = b"?" + build(mixed(1))
    assert read_header(data, 1).records_count == 1
    with pytest.raises(BatchError):
        read_header(data[: HEADER_SIZE - 1])
    assert batches(memoryview(b"")) == []


@given(st.integers(-(2**31), 2**31 - 1))
@settings(deadline=None)
def test_lying_counts(count: int) -> None:
    """A count of records that is not the number of records is refused by walk and reader, however large."""
    header, batch = split(build(mixed(7)))
    header = header._replace(records_count=count, last_offset_delta=count - 1)
    for read in (lambda: records(batch, header), lambda: check_records(batch, header, records_limit=2**31)):
        if count == 7:
            read()
        elif count > 0 or read.__code__.co_names[0] == "records":
            with pytest.raises(BatchError):
                read()
    if count <= 0:
        with pytest.raises(BatchError):
            check_header(header)


@given(st.lists(st.tuples(st.integers(61, 400), st.integers(0, 255)), min_size=1))
@settings(max_examples=300, deadline=None)
def test_broken_records(changes: list[tuple[int, int]]) -> None:
    """Whatever is in a batch, walk and reader refuse it by WireError or read it; what the walk passes is readable."""
    data = bytearray(build(mixed(5)))
    for position, byte in changes:
        data[61 + (position - 61) % (len(data) - 61)] = byte
    header, batch = split(data)
    try:
        check_records(batch, header)
    except WireError:
        with suppress(WireError):
            records(batch, header)
    else:
        assert len(records(batch, header)) == 5


def test_bounds_of_the_walk() -> None:
    """Of a long batch the first records are walked, and all of them when asked to."""
    data = bytearray(build([(START, None, b"v", ())] * 100))
    header, batch = split(data)
    assert check_records(batch, header).walked == 64
    assert check_records(batch, header, records_limit=1000).walked == 100
    data[61 + 64 * 8] = 0x7E  # the length of the 65th
    assert check_records(batch, header).walked == 64
    with pytest.raises(BatchError, match="record 64: a length of 63"):
        check_records(batch, header, records_limit=65)


@pytest.mark.parametrize("codec", range(1, 5))
def test_bounds_of_decompression(codec: int) -> None:
    """A compressed batch whose records take more than 64 KiB is not walked, one that takes less is."""
    large, batch = split(build([(START, None, bytes(64 * 1024), ())], codec=codec))
    assert check_records(batch, large) == NOT_WALKED
    assert check_records(batch, large, bytes_limit=MIB).walked == 1
    with pytest.raises(TooLarge):
        records(batch, large, limit=64 * 1024)
    small, batch = split(build([(START, None, bytes(63 * 1024), ())], codec=codec))
    assert check_records(batch, small).walked == 1


def test_large_compressed_data_is_not_looked_at() -> None:
    """Compressed data that is itself beyond the bound costs nothing."""
    header, batch = split(build([(START, None, bytes(range(256)) * 300, ())]))
    assert check_records(batch, header._replace(attributes=1)) == NOT_WALKED


def test_header_keys_that_are_not_utf_8() -> None:
    """Nobody checks the keys of headers, so any bytes come in, and go out as they came."""
    data = next(base64.b64decode(data) for name, data, _ in VERDICTS if name == "header-not-utf-8")
    (record,) = records(data)
    assert build([record])[HEADER_SIZE:] == data[HEADER_SIZE:]


def test_an_empty_batch() -> None:
    """Compaction leaves batches without records, for their sequence numbers: they read as no records."""
    header = split(SAMPLES["transactional"])[0]._replace(records_count=0)
    assert records(SAMPLES["transactional"][:HEADER_SIZE], header) == []
    with pytest.raises(AssertionError):
        build([])

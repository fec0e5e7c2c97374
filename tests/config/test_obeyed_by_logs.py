"""Settings of batches and segments: what each does, as Apache Kafka 4.3.1 does it."""

from __future__ import annotations

import pytest

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.apis import request_type
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank
from kpybroker.wire.records import build, read_header
from tests.config.effects import at, client_of, created, segments_of, stored
from tests.core import START, Bench
from tests.requests import (
    TIME,
    batch,
    create_topic,
    init_producer_id,
    produce,
    produced,
)

HOUR_MS = 3_600_000


# -- batches -------------------------------------------------------------------------------------------------------


def test_largest_batch() -> None:
    """message.max.bytes bounds a batch with its header, of a topic that has no max.message.bytes of its own."""
    client = client_of({"message.max.bytes": "200"})
    created(client, create_topic("t"))
    created(client, create_topic("own", configs={"max.message.bytes": "300"}))
    for topic, most in (("t", 200), ("own", 300)):
        room = most - len(batch(b""))
        sizes = [size for size in range(room - 4, room + 2) if len(batch(bytes(size))) <= most]
        assert len(batch(bytes(sizes[-1]))) == most
        assert produced(client.ask(produce(topic, bytes(sizes[-1])), 9))[0] == 0
        assert produced(client.ask(produce(topic, bytes(sizes[-1] + 1)), 9))[0] == Error.MESSAGE_TOO_LARGE


@pytest.mark.parametrize("scope", ["topic", "broker"])
@pytest.mark.parametrize(
    ("codec", "name", "low", "high"),
    [(1, "compression.gzip.level", "1", "9"), (3, "compression.lz4.level", "1", "12"),
     (4, "compression.zstd.level", "-100", "19")],
)  # fmt: skip
def test_compression_levels(scope: str, codec: int, name: str, low: str, high: str) -> None:
    """compression.gzip.level, compression.lz4.level and compression.zstd.level: where the broker compresses, by
    compression.type of a topic or of the broker, the higher level makes the smaller batch, and of the codec told."""
    kinds = {1: "gzip", 3: "lz4", 4: "zstd"}
    values = [b"%d squared is %d, and %d is its cube" % (n, n * n, n**3) for n in range(2000)]
    sizes = []
    for level in (low, high):
        configs = {"compression.type": kinds[codec], name: level}
        client = client_of(configs if scope == "broker" else {})
        created(client, create_topic("t", configs=configs if scope == "topic" else {}))
        client.ask(produce("t", *values), 9)
        header = read_header(stored(client))
        assert (header.codec, header.records_count) == (codec, 2000)
        sizes.append(header.size)
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_timestamps_in_bounds(scope: str) -> None:
    """message.timestamp.before.max.ms and message.timestamp.after.max.ms, or log.message.timestamp.before.max.ms and
    log.message.timestamp.after.max.ms of the broker: a record may be as old or as early as they say, and no more."""
    names = ("message.timestamp.before.max.ms", "message.timestamp.after.max.ms")
    texts = (str(START - TIME + HOUR_MS), "5000")
    start = "" if scope == "topic" else "log."
    configs = {start + name: text for name, text in zip(names, texts, strict=True)}
    client = client_of(configs if scope == "broker" else {})
    created(client, create_topic("t", configs=configs if scope == "topic" else {}))
    for time, error in ((TIME - HOUR_MS, 0), (TIME - HOUR_MS - 1, 32), (START + 5000, 0), (START + 5001, 32)):
        assert produced(client.ask(produce("t", data=at(time)), 9))[0] == error


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_compacted_topics(scope: str) -> None:
    """cleanup.policy, or log.cleanup.policy of the broker: with `compact` every record needs a key, and without
    `delete` beside it nobody deletes records."""
    name = "cleanup.policy" if scope == "topic" else "log.cleanup.policy"
    for policy, errors in (("compact", (87, 44)), ("compact,delete", (87, 0)), ("delete", (0, 0)), ("", (0, 0))):
        configs = {name: policy}
        client = client_of(configs if scope == "broker" else {})
        created(client, create_topic("t", configs=configs if scope == "topic" else {}))
        assert produced(client.ask(produce("t", b"x"), 9))[0] == errors[0]
        deletion = request_type(21)
        part = deletion.DeleteRecordsTopic.DeleteRecordsPartition(partition_index=0, offset=0)
        topics = [deletion.DeleteRecordsTopic(name="t", partitions=[part])]
        answer = client.ask(blank(deletion, topics=topics, timeout_ms=1000), 2)
        assert answer.topics[0].partitions[0].error_code == errors[1], policy


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_whose_time_counts(scope: str) -> None:
    """message.timestamp.type, or log.message.timestamp.type of the broker: LogAppendTime puts the broker's time into
    the batch, with a bit that says so, and into the answer."""
    name = "message.timestamp.type" if scope == "topic" else "log.message.timestamp.type"
    configs = {name: "LogAppendTime"}
    bench = Bench(config=configs if scope == "broker" else {}, now=START + 77)
    client = bench.connect()
    created(client, create_topic("t", configs=configs if scope == "topic" else {}))
    answer = client.ask(produce("t", b"x"), 9).responses[0].partition_responses[0]
    assert answer.log_append_time_ms == START + 77
    header = read_header(stored(client))
    assert (header.max_timestamp, header.is_log_append_time) == (START + 77, True)


def test_silent_producers_are_forgotten() -> None:
    """producer.id.expiration.ms after its last batch a producer may begin anew at any sequence, from the first look
    on, and the broker looks every producer.id.expiration.check.interval.ms."""
    bench = Bench(config={"producer.id.expiration.ms": "1000", "producer.id.expiration.check.interval.ms": "5000"})
    client = bench.connect()
    created(client, create_topic("t", configs={"message.timestamp.type": "LogAppendTime"}))
    number = client.ask(init_producer_id(), 4).producer_id

    def error_of(sequence: int) -> int:
        data = batch(b"x", producer_id=number, producer_epoch=0, base_sequence=sequence)
        return produced(client.ask(produce("t", data=data), 9))[0]

    assert error_of(0) == 0
    bench.advance(4999)  # it is silent for long enough, but nobody has looked
    assert error_of(9) == Error.OUT_OF_ORDER_SEQUENCE_NUMBER
    bench.advance(1)
    assert error_of(9) == 0
    bench.advance(5000)
    assert error_of(20) == 0


# -- segments ------------------------------------------------------------------------------------------------------


def segments_after(config: dict[str, str], *batches: tuple[int, int]) -> int:
    """How many segments there are after batches of (milliseconds after the first, bytes of value)."""
    files = MemoryFiles()
    bench = Bench(config=config, files=files)
    client = bench.connect()
    created(client, create_topic("t"))
    for later, size in batches:
        values = at(TIME + later) if not size else batch(bytes(size))
        assert produced(client.ask(produce("t", data=values), 9))[0] == 0
    return len(segments_of(files))


def test_segments_by_size() -> None:
    """log.segment.bytes: a batch that does not fit begins another segment."""
    assert segments_after({"log.segment.bytes": "1048576"}, *[(0, 500_000)] * 5) == 3
    assert segments_after({"log.segment.bytes": "2097152"}, *[(0, 500_000)] * 5) == 2


@pytest.mark.parametrize(
    ("config", "segments"),
    [({"log.roll.ms": "1000"}, 3), ({"log.roll.hours": "1"}, 2), ({"log.roll.hours": "1", "log.roll.ms": "1000"}, 3),
     ({}, 1)],
)  # fmt: skip
def test_segments_by_time(config: dict[str, str], segments: int) -> None:
    """log.roll.ms, or else log.roll.hours: a batch that is so much later than the first begins another segment."""
    config = config | {"log.message.timestamp.after.max.ms": str(10 * HOUR_MS)}
    assert segments_after(config, (0, 0), (1000, 0), (1001, 0), (HOUR_MS + 1, 0)) == segments


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_segments_end_to_be_compacted(scope: str) -> None:
    """max.compaction.lag.ms, or log.cleaner.max.compaction.lag.ms of the broker, ends a segment of a compacted topic
    before segment.ms does: the active segment is not compacted (KIP-354)."""
    lag = {"max.compaction.lag.ms" if scope == "topic" else "log.cleaner.max.compaction.lag.ms": "1000"}
    for policy, segments in (("compact", 2), ("delete", 1)):
        files = MemoryFiles()
        client = Bench(config=lag if scope == "broker" else {}, files=files).connect()
        created(client, create_topic("t", configs={"cleanup.policy": policy} | (lag if scope == "topic" else {})))
        for later in (0, 1000, 1001):
            client.ask(produce("t", data=build([(TIME + later, b"k", b"x", ())])), 9)
        assert len(segments_of(files)) == segments


def test_small_segments() -> None:
    """internal.segment.bytes of a topic makes its segments smaller than segment.bytes may be."""
    files = MemoryFiles()
    client = Bench(files=files).connect()
    created(client, create_topic("t", configs={"internal.segment.bytes": "200"}))
    for _ in range(4):
        client.ask(produce("t", b"x"), 9)
    assert len(segments_of(files)) == 2


@pytest.mark.parametrize("name", ["log.roll.jitter.ms", "log.roll.jitter.hours", "segment.jitter.ms"])
def test_segments_do_not_all_end_at_once(name: str) -> None:
    """log.roll.jitter.ms, log.roll.jitter.hours and a topic's segment.jitter.ms: each segment is rolled earlier by its
    own share of them, never by all of segment.ms."""
    jitter = {name: "1" if name.endswith("hours") else str(HOUR_MS)}
    files = MemoryFiles()
    bench = Bench(config={"log.roll.ms": str(HOUR_MS)} | ({} if name.startswith("segment") else jitter), files=files)
    client = bench.connect()
    ages = {}
    for number in range(12):
        topic = f"t{number}"
        created(client, create_topic(topic, configs=jitter if name.startswith("segment") else {}))
        client.ask(produce(topic, data=at(TIME)), 9)
        minutes = 0
        while len(segments_of(files, topic)) == 1:
            minutes += 1
            client.ask(produce(topic, data=at(TIME + minutes * 60_000)), 9)
        ages[topic] = minutes
    assert len(set(ages.values())) > 5
    assert max(ages.values()) <= 61


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_index_entries(scope: str) -> None:
    """index.interval.bytes, or log.index.interval.bytes of the broker: the offset index has an entry after so many
    bytes; with 0 one for each batch but the first."""
    for interval, entries in (("0", 4), ("1500", 2), ("1000000", 0)):
        files = MemoryFiles()
        client = Bench(
            config={"log.index.interval.bytes": interval} if scope == "broker" else {}, files=files
        ).connect()
        own = {"index.interval.bytes": interval} if scope == "topic" else {}
        created(client, create_topic("t", configs={"internal.segment.bytes": "4000", **own}))
        for _ in range(6):  # the sixth begins another segment, and the first is written down
            client.ask(produce("t", bytes(700)), 9)
        index = files.read_whole("t-0/00000000000000000000.index") or b""
        found = {index[start : start + 8] for start in range(0, len(index), 8)} - {bytes(8)}
        assert len(found) == entries, interval


def test_full_indexes_end_a_segment() -> None:
    """log.index.size.max.bytes: a segment ends when one of its indexes is full."""
    config = {"log.index.interval.bytes": "0", "log.index.size.max.bytes": "24"}
    assert segments_after(config, *[(0, 100)] * 12) > 1
    assert segments_after(config | {"log.index.size.max.bytes": "1000"}, *[(0, 100)] * 12) == 1

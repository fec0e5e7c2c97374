"""Produce: batches that are right, batches that are broken, topics and acks that are wrong."""

from typing import Any

from differ.batches import LONG_AGO, Row, batch
from differ.talk import Talk, Topic, versions

API = "Produce"


def _ask(talk: Talk, topic: Topic, records: bytes | None, *, index: int = 0, acks: int = -1, **more: Any) -> None:
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": index, "records": records}]}
    talk.ask(acks=acks, timeout_ms=10_000, topic_data=[data], **more)


def acknowledged(talk: Talk) -> None:
    """Two batches, one after the other, by all replicas and by the leader."""
    topic = talk.topic()
    _ask(talk, topic, batch(b"a", b"b", b"c"))
    _ask(talk, topic, batch(b"d"), acks=1)


def several_partitions(talk: Talk) -> None:
    """Three partitions of two topics in one request, one partition is not there."""
    topic, other = talk.topic(partitions=2), talk.topic("other")

    def part(index: int) -> dict[str, Any]:
        return {"index": index, "records": batch(b"a", b"b")}

    data = [
        {"name": topic.name, "topic_id": topic.id, "partition_data": [part(0), part(1), part(2)]},
        {"name": other.name, "topic_id": other.id, "partition_data": [part(0)]},
    ]
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=data)


def rows_of_all_kinds(talk: Talk) -> None:
    """Null and empty keys and values, headers, each codec: the answer counts offsets."""
    topic = talk.topic()
    rows = (Row(None), Row(b""), Row(b"v", b""), Row(b"v", b"k", (("h", b"1"), ("h", None), ("", b""))))
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        _ask(talk, topic, batch(*rows, codec=codec))


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there is not created by producing to it."""
    _ask(talk, Topic(talk.name_of("missing"), b"unknown topic id"), batch(b"a"))


def invalid_topic(talk: Talk) -> None:
    """A name that no topic can have; no name; no id."""
    for name in ("sp ace", ""):
        _ask(talk, Topic(name, bytes(16)), batch(b"a"))


def unknown_partition(talk: Talk) -> None:
    """Partitions beyond the last and before the first."""
    topic = talk.topic()
    for index in (1, -1):
        _ask(talk, topic, batch(b"a"), index=index)


def invalid_acks(talk: Talk) -> None:
    """Acks that mean nothing."""
    topic = talk.topic()
    for acks in (2, -2):
        _ask(talk, topic, batch(b"a"), acks=acks)


def no_records(talk: Talk) -> None:
    """No bytes, a batch without records."""
    topic = talk.topic()
    for records in (b"", batch()):
        _ask(talk, topic, records)


@versions("8")
def null_records(talk: Talk) -> None:
    """Null where records should be: Apache Kafka never answers."""
    topic = talk.topic()
    talk.patience_s = 0.3
    _ask(talk, topic, None)


def broken_batches(talk: Talk) -> None:
    """A wrong checksum, lengths and counts that lie, unknown magic, bytes that are cut off."""
    topic = talk.topic()
    good = batch(b"a", b"b")
    for broken in (
        batch(b"a", crc=1),
        batch(b"a", b"b", count=3),
        batch(b"a", b"b", count=1),
        batch(b"a", b"b", last_offset_delta=0),
        batch(b"a", b"b", last_offset_delta=5),
        batch(b"a", length=10),
        batch(b"a", length=1000),
        batch(b"a", magic=3),
        good[:-1],
        good[:20],
        good + b"\0",
    ):
        _ask(talk, topic, broken)


def short_rests(talk: Talk) -> None:
    """Bytes that are fewer than a header: a length that is too small is seen as soon as it is there."""
    topic = talk.topic()
    good = batch(b"a")
    for rest in (bytes(11), bytes(12), bytes(16), bytes(17), good[:11], good[:12], good[:16], good[:17]):
        _ask(talk, topic, rest)
        _ask(talk, topic, good + rest)


def one_rotten_partition(talk: Talk) -> None:
    """Where one partition's bytes cannot be a batch, Apache Kafka refuses all; what is wrong otherwise is one's own."""
    topic, other = talk.topic(partitions=3), talk.topic("other")
    good = batch(b"a")
    for bad in (bytes(12), batch(b"a", length=10), batch(b"a", magic=3), batch(b"a", length=30), good[:-1], b""):
        parts = [{"index": index, "records": records} for index, records in enumerate((good, bad, good))]
        data = [{"name": topic.name, "topic_id": topic.id, "partition_data": parts}]
        data += [{"name": other.name, "topic_id": other.id, "partition_data": parts[:1]}]
        talk.ask(acks=-1, timeout_ms=10_000, topic_data=data)


def old_magic(talk: Talk) -> None:
    """Message sets of Kafka 0.8 and 0.10."""
    topic = talk.topic()
    for magic in (0, 1):
        _ask(talk, topic, batch(b"a", magic=magic))


def two_batches(talk: Talk) -> None:
    """More than one batch for a partition."""
    topic = talk.topic()
    _ask(talk, topic, batch(b"a", b"b") + batch(b"c"))


def own_offsets(talk: Talk) -> None:
    """The producer's base offset and leader epoch do not matter."""
    topic = talk.topic()
    _ask(talk, topic, batch(b"a", base_offset=77, leader_epoch=5))
    _ask(talk, topic, batch(b"a", base_offset=-1))


def odd_attributes(talk: Talk) -> None:
    """Log append time, a control batch, a transactional batch, a codec that is none: set by a client."""
    topic = talk.topic()
    for attributes in (8, 32, 16, 5, 7, 128):
        _ask(talk, topic, batch(b"a", attributes=attributes))


def false_codec(talk: Talk) -> None:
    """Compressed, as it says, but it is not."""
    topic = talk.topic()
    for attributes in (1, 2, 3, 4):
        _ask(talk, topic, batch(b"a", attributes=attributes))


def log_append_time(talk: Talk) -> None:
    """A topic that takes the broker's time says so."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    _ask(talk, topic, batch(b"a", b"b"))


def timestamps(talk: Talk) -> None:
    """Far in the future, none at all, a maximum that lies."""
    topic = talk.topic()
    _ask(talk, topic, batch(b"a", b"b", time=9_000_000_000_000))
    _ask(talk, topic, batch(b"a", time=-1))
    _ask(talk, topic, batch(b"a", max_timestamp=LONG_AGO + 5))


def too_large(talk: Talk) -> None:
    """Larger than the topic takes."""
    topic = talk.topic(configs={"max.message.bytes": "200"})
    _ask(talk, topic, batch(b"x" * 300))
    _ask(talk, topic, batch(b"x" * 60))
    _ask(talk, topic, batch(b"x" * 60) + batch(b"x" * 60) + batch(b"x" * 60))


def larger_than_a_segment(talk: Talk) -> None:
    """A batch that max.message.bytes lets pass and that no segment can hold; compressed it fits."""
    topic = talk.topic(configs={"segment.bytes": "1048576", "max.message.bytes": "4000000"})
    _ask(talk, topic, batch(bytes(1_048_576 - 61)))
    _ask(talk, topic, batch(bytes(1_100_000)))
    _ask(talk, topic, batch(bytes(1_100_000), codec="gzip"))
    packed = talk.topic("packed", configs={"segment.bytes": "1048576", "compression.type": "gzip"})
    _ask(talk, packed, batch(bytes(1_000_000)))


def compacted_without_key(talk: Talk) -> None:
    """A compacted topic needs keys (KIP-467 names the records)."""
    topic = talk.topic(configs={"cleanup.policy": "compact"})
    _ask(talk, topic, batch(Row(b"a", b"key"), b"b", Row(b"c", b"key"), b"d"))
    _ask(talk, topic, batch(b"a"))


def internal_topic(talk: Talk) -> None:
    """Clients do not write to the offsets topic."""
    asked = [{"name": "__consumer_offsets"}]
    found = talk.ask_quietly("Metadata", at=12, topics=asked).topics[0]
    _ask(talk, Topic(found.name, bytes(found.topic_id)), batch(Row(b"a", b"key")))


def named_twice(talk: Talk) -> None:
    """One partition twice in a request."""
    topic = talk.topic()
    data = {"index": 0, "records": batch(b"a")}
    twice = {"name": topic.name, "topic_id": topic.id, "partition_data": [data, data]}
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=[twice])


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    topic = talk.topic()
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=[])
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=[{"name": topic.name, "topic_id": topic.id}])


@versions("3+")
def transactional(talk: Talk) -> None:
    """With a transactional id, outside of any transaction."""
    topic = talk.topic()
    mine = talk.name_of("transaction")
    _ask(talk, topic, batch(b"a"), transactional_id=mine)
    _ask(talk, topic, batch(b"a", producer=(5_000_000, 0, 0), attributes=16), transactional_id=mine)
    _ask(talk, topic, batch(b"a", producer=(5_000_000, 0, 0), attributes=16))


def not_acknowledged(talk: Talk) -> None:
    """With acks=0 there is no answer, and the records are there."""
    topic = talk.topic()
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": 0, "records": batch(b"a")}]}
    talk.tell(acks=0, timeout_ms=10_000, topic_data=[data])
    talk.ask("Metadata", topics=[], at=4)
    latest = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    talk.ask("ListOffsets", replica_id=-1, topics=latest, at=7)

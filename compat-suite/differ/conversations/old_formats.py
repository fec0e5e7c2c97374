"""Old producers and old consumers beside new ones: message sets go in, batches are stored, message sets come out."""

from __future__ import annotations

from typing import Any

from differ.batches import LONG_AGO, Row, batch, message, message_set
from differ.talk import Connection, Talk, Topic
from kpybroker.wire.declare import Versions

API = "Produce"  # a release that has no message sets any more is asked at its oldest versions, and says so
VERSIONS = Versions(2, 2)
MUCH = 2**20
LENGTHS = "what snappy makes of the same messages is not as long in every library"
ROWS = (Row(b"a", b"1"), Row(None, b"2"), Row(b"c"))


def _send(who: Connection, topic: Topic, records: bytes, at: int = 2, *, acks: int = -1, index: int = 0) -> Any:
    data = [{"name": topic.name, "partition_data": [{"index": index, "records": records}]}]
    return who.ask("Produce", at=at, acks=acks, timeout_ms=10_000, topic_data=data)


def _asked(topic: Topic, offset: int = 0, limit: int = MUCH, **more: Any) -> dict[str, Any]:
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": limit}
    topics = [{"topic": topic.name, "topic_id": topic.id, "partitions": [partition]}]
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": topics} | more


def _read(who: Connection, topic: Topic, *ats: int, offset: int = 0, limit: int = MUCH) -> None:
    for at in ats:
        who.ask("Fetch", at=at, **_asked(topic, offset, limit))


def _find(who: Connection, topic: Topic, *timestamps: int, at: int = 1) -> None:
    for timestamp in timestamps:
        asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": timestamp}]}]
        who.ask("ListOffsets", at=at, replica_id=-1, topics=asked)


def every_producer_every_consumer(talk: Talk) -> None:
    """One log written by each version of then and now, and read by each."""
    topic = talk.topic()
    _send(talk, topic, message_set(*ROWS, magic=0), 0)
    _send(talk, topic, message_set(*ROWS, magic=0), 1)
    _send(talk, topic, message_set(*ROWS, magic=1), 2)
    _send(talk, topic, batch(*ROWS), 3)
    _send(talk, topic, batch(*ROWS), 9)
    _read(talk, topic, 0, 1, 2, 3, 4, 8, 12)


def one_by_one(talk: Talk) -> None:
    """An old consumer goes through a mixed log: each time from after what it saw last."""
    talk.leave_open("cut_off_bytes", because=LENGTHS)
    topic = talk.topic()
    for codec in ("none", "gzip", "snappy", "lz4"):
        _send(talk, topic, message_set(*ROWS, magic=0, codec=codec), 0)
        _send(talk, topic, message_set(*ROWS, codec=codec), 2)
        _send(talk, topic, batch(*ROWS, codec=codec), 9)
    for offset in range(0, 37, 3):
        _read(talk, topic, 1, 2, offset=offset)


def _through(talk: Talk, codec: str) -> None:
    talk.leave_open("cut_off_bytes", because=LENGTHS)
    topic = talk.topic()
    for magic in (0, 1):
        _send(talk, topic, message_set(*ROWS, magic=magic, codec=codec), magic + 1)
    _send(talk, topic, batch(*ROWS, codec=codec), 9)
    for offset in (0, 2, 3, 5, 6, 8):
        _read(talk, topic, 0, 2, 4, offset=offset)


def gzip_through(talk: Talk) -> None:
    """gzip in, gzip out; from within a set the whole set comes."""
    _through(talk, "gzip")


def snappy_through(talk: Talk) -> None:
    """snappy in, snappy out, in the frames of Java's library."""
    _through(talk, "snappy")


def lz4_through(talk: Talk) -> None:
    """lz4 in, lz4 out, with the checksum that each version expects."""
    _through(talk, "lz4")


def tombstones(talk: Talk) -> None:
    """A compacted topic: keys with null values go through every version; without keys nothing is taken."""
    topic = talk.topic(configs={"cleanup.policy": "compact"})
    for magic in (0, 1):
        _send(talk, topic, message_set(Row(b"v", b"k"), Row(None, b"k"), magic=magic), magic + 1)
        _send(talk, topic, message_set(Row(b"v"), magic=magic), magic + 1)
        _send(talk, topic, message_set(Row(None, b"k"), magic=magic, codec="gzip"), magic + 1)
    _read(talk, topic, 0, 2, 4)


def empty_is_not_null(talk: Talk) -> None:
    """Empty keys and values stay empty, nulls stay null."""
    topic = talk.topic()
    rows = (Row(b"", b""), Row(None, b""), Row(b"", None), Row(None, None))
    for magic in (0, 1):
        _send(talk, topic, message_set(*rows, magic=magic), magic + 1)
    _read(talk, topic, 0, 2, 4)


def times_are_kept(talk: Talk) -> None:
    """The times of magic 1 are found by ListOffsets, and come back."""
    topic = talk.topic()
    _send(talk, topic, message_set(b"a", b"b", b"c", times=(LONG_AGO, LONG_AGO + 20, LONG_AGO + 10)))
    _send(talk, topic, message_set(b"d", b"e", times=(LONG_AGO + 30, LONG_AGO + 40), codec="gzip"))
    _find(talk, topic, LONG_AGO, LONG_AGO + 5, LONG_AGO + 15, LONG_AGO + 30, LONG_AGO + 35, LONG_AGO + 41, -1, -2)
    _read(talk, topic, 2, 4)


def there_are_no_times(talk: Talk) -> None:
    """Messages of magic 0 have none, and are not found by time."""
    topic = talk.topic()
    _send(talk, topic, message_set(b"a", b"b", magic=0), 0)
    _find(talk, topic, LONG_AGO, 0, -1, -2)
    _find(talk, topic, -3, at=7)
    _read(talk, topic, 0, 2, 4)


def log_append_time(talk: Talk) -> None:
    """The broker's time in the answer, in the batch and in the messages; all of them are the same."""
    talk.leave_open("cut_off_bytes", because="some moments are packed into fewer bytes than others")
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    for at in (0, 1, 2):
        _send(talk, topic, message_set(b"a", b"b", magic=int(at == 2)), at)
    _send(talk, topic, message_set(b"a", b"b", codec="gzip"))
    _read(talk, topic, 1, 2, 4)


def old_beside_idempotent(talk: Talk) -> None:
    """Message sets between the batches of an idempotent producer do not disturb its sequence."""
    topic = talk.topic()
    producer = talk.ask("InitProducerId", at=0, transactional_id=None, transaction_timeout_ms=1000)
    for sequence in (0, 2, 4):
        _send(talk, topic, batch(b"a", b"b", producer=(producer.producer_id, producer.producer_epoch, sequence)), 9)
        _send(talk, topic, message_set(b"c"))
    _send(talk, topic, batch(b"a", b"b", producer=(producer.producer_id, producer.producer_epoch, 2)), 9)
    _send(talk, topic, batch(b"a", b"b", producer=(producer.producer_id, producer.producer_epoch, 2)), 1)
    _read(talk, topic, 2)


def sent_again(talk: Talk) -> None:
    """An old producer that sends again is not known: everything is there twice."""
    topic = talk.topic()
    for _ in range(2):
        _send(talk, topic, message_set(*ROWS, codec="gzip"))
    _read(talk, topic, 2, 4)


def refused_leaves_nothing(talk: Talk) -> None:
    """What is refused takes no offsets."""
    topic = talk.topic()
    good = message_set(b"a")
    for bad in (message(b"x", crc=1), good + message(b"x", crc=1), message_set(b"x", codec="zstd"), b"\0" * 40):
        _send(talk, topic, bad)
        _send(talk, topic, good)
    _find(talk, topic, -1)
    _read(talk, topic, 4)


def a_batch_in_an_old_request(talk: Talk) -> None:
    """Some clients send new batches in old requests, and are served."""
    topic = talk.topic()
    for at in (0, 1, 2):
        _send(talk, topic, batch(*ROWS, codec="gzip"), at)
        _send(talk, topic, batch(*ROWS) + batch(*ROWS), at)
    _read(talk, topic, 0, 2, 4)


def a_set_in_a_new_request(talk: Talk) -> None:
    """The other way round nothing is taken, in any version."""
    topic = talk.topic()
    for at in (3, 7, 8, 11):
        for magic in (0, 1):
            _send(talk, topic, message_set(*ROWS, magic=magic), at)
    _find(talk, topic, -1)


def a_growing_fetch_size(talk: Talk) -> None:
    """A consumer before 0.10.1 asks for more until its message fits; a later one gets it at once."""
    topic = talk.topic()
    _send(talk, topic, message_set(b"x" * 300, b"y"))
    for limit in (50, 100, 200, 400, 800):
        _read(talk, topic, 1, 2, 3, limit=limit)


def waits_for_an_old_producer(talk: Talk) -> None:
    """Old consumers wait for data as new ones do."""
    topic = talk.topic()
    consumers = {at: talk.connect(f"consumer-{at}") for at in (0, 2, 4)}
    longest_ms = 10_000 if 0 in talk.served["Produce"] else 200  # nothing comes where there are no message sets
    for at, consumer in consumers.items():
        consumer.send("Fetch", at=at, **_asked(topic, max_wait_ms=longest_ms))
    talk.let_others_go_first()
    _send(talk, topic, message_set(b"a", b"b", magic=0), 0)
    for consumer in consumers.values():
        consumer.answer()


def waits_in_vain(talk: Talk) -> None:
    """At the end of the log the wait is over when it is over."""
    topic = talk.topic()
    _send(talk, topic, message_set(b"a"))
    for at in (0, 1, 2, 3):
        talk.ask("Fetch", at=at, **_asked(topic, 1, max_wait_ms=10))


def nobody_waits_for_an_answer(talk: Talk) -> None:
    """With acks=0 the records are there, and an error ends the connection."""
    topic = talk.topic()
    data = [{"name": topic.name, "partition_data": [{"index": 0, "records": message_set(*ROWS, magic=0)}]}]
    producer = talk.connect("producer")
    producer.tell("Produce", at=1, acks=0, timeout_ms=10_000, topic_data=data)
    producer.ask("Metadata", at=4, topics=[])
    _read(talk, topic, 1, 4)
    wrong = [{"name": topic.name, "partition_data": [{"index": 7, "records": message_set(*ROWS, magic=0)}]}]
    producer.tell("Produce", at=1, acks=0, timeout_ms=10_000, topic_data=wrong)
    producer.ask("Metadata", at=4, topics=[])


def pipelined(talk: Talk) -> None:
    """Several requests before the first answer: answered in order, appended in order."""
    topic = talk.topic()
    for at, value in ((0, b"a"), (1, b"b"), (2, b"c")):
        data = [{"name": topic.name, "partition_data": [{"index": 0, "records": message_set(value, magic=0)}]}]
        talk.send("Produce", at=at, acks=1, timeout_ms=10_000, topic_data=data)
    for _ in range(3):
        talk.answer()
    _read(talk, topic, 0)


def zstd_for_an_old_consumer(talk: Talk) -> None:
    """What comes before the zstd batch is read, then there is an error until one skips it (KIP-110)."""
    topic = talk.topic()
    _send(talk, topic, message_set(b"a"))
    _send(talk, topic, batch(b"b", codec="zstd"), 7)
    _send(talk, topic, message_set(b"c"))
    for offset in (0, 1, 2):
        _read(talk, topic, 1, 3, 4, 10, offset=offset)


def zstd_topic(talk: Talk) -> None:
    """Old producers write to a topic that compresses with zstd; only new consumers read it."""
    talk.leave_open("batch_length", because="what zstd makes of the same records is not as long in every library")
    topic = talk.topic(configs={"compression.type": "zstd"})
    _send(talk, topic, message_set(b"a", b"b", magic=0), 0)
    _send(talk, topic, message_set(b"a", b"b", codec="gzip"))
    _send(talk, topic, batch(b"c", codec="zstd"), 6)
    _read(talk, topic, 0, 3, 4, 9, 10, 12)


def taken_apart(talk: Talk) -> None:
    """A topic without compression takes compressed sets apart, if what comes out is not too large."""
    topic = talk.topic(configs={"compression.type": "uncompressed", "max.message.bytes": "500"})
    _send(talk, topic, message_set(*ROWS, codec="gzip"))
    _send(talk, topic, message_set(b"x" * 5000, codec="gzip"))
    _send(talk, topic, message_set(*[b"x" * 10] * 30, codec="lz4"))
    _read(talk, topic, 1, 2, 4)


def headers_are_lost(talk: Talk) -> None:
    """A new producer's headers are not for old consumers."""
    topic = talk.topic()
    rows = (Row(b"v", b"k", (("h", b"x" * 30), ("n", None))), Row(b"w"))
    for codec in ("none", "gzip"):
        _send(talk, topic, batch(*rows, codec=codec), 9)
    for offset in (0, 2):
        _read(talk, topic, 0, 2, 4, offset=offset)


def deleted_below(talk: Talk) -> None:
    """After DeleteRecords an old consumer begins within a batch."""
    topic = talk.topic()
    _send(talk, topic, message_set(b"a", b"b", b"c"))
    _send(talk, topic, message_set(b"d", b"e", codec="gzip"))
    for offset in (1, 4):
        asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "offset": offset}]}]
        talk.ask("DeleteRecords", at=0, topics=asked, timeout_ms=10_000)
        for start in (0, 1, 3, 4):
            _read(talk, topic, 0, 2, offset=start)
        _find(talk, topic, -2)


def partitions_apart(talk: Talk) -> None:
    """Three partitions, each with a format of its own, in one request and one answer."""
    topic = talk.topic(partitions=3)
    sets = (message_set(*ROWS, magic=0), message_set(*ROWS), batch(*ROWS))
    data = [{"name": topic.name, "partition_data": [{"index": i, "records": each} for i, each in enumerate(sets)]}]
    talk.ask("Produce", at=2, acks=-1, timeout_ms=10_000, topic_data=data)
    for at in (0, 2, 4):
        asked = [{"partition": i, "fetch_offset": i, "partition_max_bytes": MUCH} for i in range(3)]
        topics = [{"topic": topic.name, "topic_id": topic.id, "partitions": asked}]
        talk.ask("Fetch", at=at, max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=topics)


def many_small_sets(talk: Talk) -> None:
    """A producer that does not collect: a batch for each message, and a consumer that gets them all."""
    topic = talk.topic()
    for number in range(30):
        _send(talk, topic, message(b"value-%d" % number, magic=0), 0)
    _read(talk, topic, 1, 2, 4)
    _read(talk, topic, 1, 2, 4, offset=20, limit=300)


def an_old_clients_life(talk: Talk) -> None:
    """As a client of 0.9 goes about it: Metadata 0, Produce 1, ListOffsets, Fetch 1, OffsetCommit and OffsetFetch."""
    topic, group = talk.topic(), talk.name_of("group")
    talk.ask("Metadata", at=0, topics=[{"name": topic.name}])
    _send(talk, topic, message_set(*ROWS, magic=0, codec="snappy"), 1, acks=1)
    _find(talk, topic, -2, -1)
    _read(talk, topic, 1)
    done = [
        {"name": topic.name, "partitions": [{"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}]}
    ]
    talk.ask("OffsetCommit", at=2, group_id=group, topics=done)
    talk.ask("OffsetFetch", at=1, group_id=group, topics=[{"name": topic.name, "partition_indexes": [0]}])
    _read(talk, topic, 1, offset=3)


def not_for_clients(talk: Talk) -> None:
    """Internal topics, topics and partitions that are not there."""
    topic = talk.topic()
    records = message_set(Row(b"v", b"k"))
    _send(talk, Topic("__consumer_offsets", bytes(16)), records)
    _send(talk, Topic(talk.name_of("missing"), bytes(16)), records)
    _send(talk, topic, records, index=1)

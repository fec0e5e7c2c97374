"""ListOffsets: offsets by timestamp, and the special timestamps below zero."""

from typing import Any

from differ.batches import LONG_AGO, batch
from differ.talk import Talk, Topic, versions

API = "ListOffsets"


def _ask(talk: Talk, topic: Topic, timestamp: int, **more: Any) -> None:
    isolation = more.pop("isolation_level", 0)
    partition = {"partition_index": 0, "timestamp": timestamp} | more
    talk.ask(replica_id=-1, isolation_level=isolation, topics=[{"name": topic.name, "partitions": [partition]}])


def special_timestamps(talk: Talk) -> None:
    """Latest, earliest, largest timestamp, and those of tiered storage, on three records; one that means nothing."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    for timestamp in (-1, -2, -3, -4, -5, -6, -7):
        _ask(talk, topic, timestamp)


def empty_partition(talk: Talk) -> None:
    """The same on a partition that has no records."""
    topic = talk.topic()
    for timestamp in (-1, -2, -3, -4, -5, 0, LONG_AGO):
        _ask(talk, topic, timestamp)


def by_timestamp(talk: Talk) -> None:
    """The first record at or after a time, within a batch and beyond."""
    topic = talk.topic()
    talk.produce(topic, data=batch(b"a", b"b", b"c", times=[LONG_AGO, LONG_AGO + 10, LONG_AGO + 20]))
    talk.produce(topic, data=batch(b"d", b"e", times=[LONG_AGO + 30, LONG_AGO + 25]))
    for delta in (-1, 0, 1, 10, 11, 20, 21, 26, 30, 31):
        _ask(talk, topic, LONG_AGO + delta)
    _ask(talk, topic, 0)
    _ask(talk, topic, 2**63 - 1)


def compressed_batches(talk: Talk) -> None:
    """Times are found inside compressed batches too."""
    topic = talk.topic()
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        talk.produce(topic, data=batch(b"a", b"b", b"c", codec=codec, time=LONG_AGO))
    for timestamp in (LONG_AGO, LONG_AGO + 1, LONG_AGO + 3, -3):
        _ask(talk, topic, timestamp)


def unordered_times(talk: Talk) -> None:
    """Largest timestamp where a later batch is older."""
    topic = talk.topic()
    talk.produce(topic, b"new", time=LONG_AGO + 100)
    talk.produce(topic, b"old", time=LONG_AGO)
    talk.produce(topic, b"as new", time=LONG_AGO + 100)
    for timestamp in (-3, LONG_AGO, LONG_AGO + 1, LONG_AGO + 100):
        _ask(talk, topic, timestamp)


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there."""
    missing = Topic(talk.name_of("missing"), b"")
    for timestamp in (-1, -2, 0):
        _ask(talk, missing, timestamp)


def unknown_partition(talk: Talk) -> None:
    """Partitions that are not there, beside one that is."""
    topic = talk.topic()
    asked = [{"partition_index": index, "timestamp": -1} for index in (0, 1, -1)]
    talk.ask(replica_id=-1, topics=[{"name": topic.name, "partitions": asked}])


def asked_twice(talk: Talk) -> None:
    """One partition twice in a request, in one topic and in two."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    latest, earliest = {"partition_index": 0, "timestamp": -1}, {"partition_index": 0, "timestamp": -2}
    talk.ask(replica_id=-1, topics=[{"name": topic.name, "partitions": [latest, earliest]}])
    talk.ask(
        replica_id=-1,
        topics=[{"name": topic.name, "partitions": [latest]}, {"name": topic.name, "partitions": [earliest]}],
    )


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    topic = talk.topic()
    talk.ask(replica_id=-1, topics=[])
    talk.ask(replica_id=-1, topics=[{"name": topic.name, "partitions": []}])


@versions("4+")
def leader_epoch(talk: Talk) -> None:
    """The current leader epoch, one from the future, one from the past."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for epoch in (0, 1, -2):
        for timestamp in (-1, LONG_AGO):
            _ask(talk, topic, timestamp, current_leader_epoch=epoch)


@versions("2+")
def read_committed(talk: Talk) -> None:
    """The last stable offset for readers of committed records; an isolation level that means nothing."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    for isolation_level in (1, 2, -1):
        _ask(talk, topic, -1, isolation_level=isolation_level)


def replica_ids(talk: Talk) -> None:
    """As a follower that is none, as the debugging consumer, as nobody that Kafka knows."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for replica in (1, 2, -2, -3):
        asked = [{"partition_index": 0, "timestamp": -1}]
        talk.ask(replica_id=replica, topics=[{"name": topic.name, "partitions": asked}])

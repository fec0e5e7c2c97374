"""ListOffsets by the special timestamps, over logs of every kind: empty, compressed, without times, begun later."""

from typing import Any

from differ.batches import LONG_AGO, batch
from differ.talk import Talk, Topic, versions

API = "ListOffsets"
SPECIAL = (-1, -2, -3, -4, -5, -6)
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def _ask(talk: Talk, topic: Topic, *timestamps: int, **more: Any) -> None:
    for timestamp in timestamps:
        parts = [{"partition_index": 0, "timestamp": timestamp} | more.get("part", {})]
        isolation = {"isolation_level": more["isolation_level"]} if "isolation_level" in more else {}
        talk.ask(replica_id=more.get("replica_id", -1), topics=[{"name": topic.name, "partitions": parts}], **isolation)


def _delete(talk: Talk, topic: Topic, offset: int) -> None:
    part = {"partition_index": 0, "offset": offset}
    talk.ask("DeleteRecords", at=2, topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)


@versions("8-11")
def nothing_written(talk: Talk) -> None:
    """A log without records."""
    _ask(talk, talk.topic(), *SPECIAL)


@versions("8-11")
def written_and_deleted(talk: Talk) -> None:
    """A log whose first records are gone, then all of them, then one has come."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    for offset in (1, 3):
        _delete(talk, topic, offset)
        _ask(talk, topic, *SPECIAL)
    talk.produce(topic, b"d", time=LONG_AGO - 5)
    _ask(talk, topic, *SPECIAL)


@versions("7-11")
def largest_within_a_compressed_batch(talk: Talk) -> None:
    """The record with the largest timestamp, wherever in a batch it is, by each codec."""
    for codec in CODECS:
        topic = talk.topic(codec)
        talk.produce(topic, data=batch(b"a", b"b", codec=codec, times=[LONG_AGO, LONG_AGO + 1]))
        talk.produce(topic, data=batch(b"c", b"d", b"e", codec=codec, times=[LONG_AGO + 3, LONG_AGO + 9, LONG_AGO + 4]))
        talk.produce(topic, data=batch(b"f", codec=codec, time=LONG_AGO + 2))
        _ask(talk, topic, -3)


@versions("9-11")
def times_within_compressed_batches(talk: Talk) -> None:
    """A time finds the record within the batch, by each codec."""
    for codec in CODECS:
        topic = talk.topic(codec)
        times = [LONG_AGO, LONG_AGO + 20, LONG_AGO + 10]
        for shift in (0, 100):
            talk.produce(topic, data=batch(b"a", b"b", b"c", codec=codec, times=[time + shift for time in times]))
        _ask(talk, topic, LONG_AGO + 1, LONG_AGO + 15, LONG_AGO + 21, LONG_AGO + 105, LONG_AGO + 121)


@versions("7-11")
def largest_several_times(talk: Talk) -> None:
    """Of several that are equally large the first, within a batch and over batches."""
    topic = talk.topic()
    for times in ([5, 5, 3], [5], [5, 1], [4, 4]):
        talk.produce(topic, data=batch(*[b"x"] * len(times), times=[LONG_AGO + time for time in times]))
        _ask(talk, topic, -3)


@versions("7-11")
def largest_below_the_start(talk: Talk) -> None:
    """The largest timestamp of records that are gone but still in the segment."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", time=LONG_AGO + 100)
    talk.produce(topic, b"c", time=LONG_AGO)
    _delete(talk, topic, 2)
    _ask(talk, topic, -3, LONG_AGO + 1, LONG_AGO)


@versions("7-11")
def without_times(talk: Talk) -> None:
    """Records that have no timestamp; then one that has."""
    topic = talk.topic()
    talk.produce(topic, data=batch(b"a", b"b", times=[-1, -1], max_timestamp=-1))
    _ask(talk, topic, -1, -2, -3, 0, LONG_AGO)
    talk.produce(topic, b"c")
    _ask(talk, topic, -3, 0, LONG_AGO)


@versions("8-11")
def by_the_brokers_time(talk: Talk) -> None:
    """Where the broker's time counts, the first record of the newest batch is the largest."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    talk.produce(topic, b"a", b"b")
    _ask(talk, topic, -3, -1, -2, 2**53)


@versions("8-11")
def committed_only(talk: Talk) -> None:
    """For who reads only what is committed."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    _ask(talk, topic, *SPECIAL, LONG_AGO, isolation_level=1)


@versions("8-11")
def epochs_with_special_times(talk: Talk) -> None:
    """The leader epoch is checked whatever is asked for."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for epoch in (0, 1, -2):
        _ask(talk, topic, *SPECIAL, part={"current_leader_epoch": epoch})


def several_at_once(talk: Talk) -> None:
    """Several partitions in one request, each by another timestamp; times that mean nothing among them."""
    topic = talk.topic(partitions=8)
    for index in range(8):
        talk.produce(topic, b"a", b"b", partition=index)
    times = (-1, -2, -3, -4, -5, -6, -7, LONG_AGO + 1)
    parts = [{"partition_index": index, "timestamp": time} for index, time in enumerate(times)]
    talk.ask(replica_id=-1, topics=[{"name": topic.name, "partitions": parts}])


@versions("8-11")
def for_followers(talk: Talk) -> None:
    """For the debugging consumer and for brokers the end is the log's own."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    for replica in (-2, 1, 5):
        _ask(talk, topic, *SPECIAL, replica_id=replica)


@versions("8-11")
def nowhere(talk: Talk) -> None:
    """Of a partition that is not there."""
    topic = talk.topic()
    _ask(talk, topic, *SPECIAL, -7, part={"partition_index": 3})


@versions("10-11")
def with_a_time_limit(talk: Talk) -> None:
    """A limit of nothing, and one below zero: without remote storage nobody waits."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for limit in (0, -1, 1):
        parts = [{"partition_index": 0, "timestamp": -1}]
        talk.ask(replica_id=-1, topics=[{"name": topic.name, "partitions": parts}], timeout_ms=limit)

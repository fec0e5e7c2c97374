"""Fetch: reads within and outside of a log, byte limits, waiting, and answers to what is wrong."""

from typing import Any

from differ.batches import LONG_AGO, Row, batch
from differ.talk import Talk, Topic, versions

API = "Fetch"
MUCH = 2**20
OF_REQUEST = ("max_wait_ms", "min_bytes", "max_bytes", "isolation_level", "rack_id", "cluster_id", "replica_id")


def _ask(talk: Talk, topic: Topic, offset: int = 0, **more: Any) -> Any:
    """Reads partition 0 without waiting; `more` goes to the request or the partition, whichever has such a field."""
    request: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH}
    request |= {name: value for name, value in more.items() if name in OF_REQUEST}
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH}
    partition |= {name: value for name, value in more.items() if name not in OF_REQUEST}
    return talk.ask(**request, topics=[{"topic": topic.name, "topic_id": topic.id, "partitions": [partition]}])


def from_start_to_end(talk: Talk) -> None:
    """From the start, from within a batch (the whole batch comes), from the end."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    talk.produce(topic, b"d")
    for offset in (0, 1, 3, 4):
        _ask(talk, topic, offset)


def empty_partition(talk: Talk) -> None:
    """Nothing was ever written."""
    _ask(talk, talk.topic(), 0)


def out_of_range(talk: Talk) -> None:
    """Beyond the end, and below zero."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for offset in (2, 100, -1, -2):
        _ask(talk, topic, offset)


def rows_of_all_kinds(talk: Talk) -> None:
    """Batches come back as they were sent: nulls, headers, each codec."""
    topic = talk.topic()
    rows = (Row(None), Row(b""), Row(b"v", b""), Row(b"v", b"k", (("h", b"1"), ("h", None), ("", b""))))
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        talk.produce(topic, data=batch(*rows, codec=codec))
    _ask(talk, topic)


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there, by name and by id."""
    _ask(talk, Topic(talk.name_of("missing"), b"unknown topic id"))


def no_topic_id(talk: Talk) -> None:
    """An empty name, an id of zeros."""
    _ask(talk, Topic("", bytes(16)))


def unknown_partition(talk: Talk) -> None:
    """Partitions beyond the last and before the first."""
    topic = talk.topic()
    for partition in (1, -1):
        _ask(talk, topic, partition=partition)


def some_right_some_wrong(talk: Talk) -> None:
    """A partition that is there beside one that is not and a topic that is not."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    right, wrong = ({"partition": i, "fetch_offset": 0, "partition_max_bytes": MUCH} for i in (0, 5))
    missing = {"topic": talk.name_of("missing"), "topic_id": b"unknown topic id", "partitions": [right]}
    asked = [{"topic": topic.name, "topic_id": topic.id, "partitions": [right, wrong]}, missing]
    talk.ask(max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=asked)


def partition_limit(talk: Talk) -> None:
    """The first batch comes whole whatever the limit; then as many bytes as fit."""
    topic = talk.topic()
    for value in (b"a", b"b", b"c"):
        talk.produce(topic, value)
    for limit in (0, 1, 69, 70, 100, 140, 1000, -1):
        _ask(talk, topic, partition_max_bytes=limit)
    for offset in (3, 4):
        _ask(talk, topic, offset, partition_max_bytes=-1)


def request_limit(talk: Talk) -> None:
    """The request's limit over two partitions."""
    topic = talk.topic(partitions=2)
    for partition in (0, 1):
        talk.produce(topic, b"a", partition=partition)
        talk.produce(topic, b"b", partition=partition)
    asked = [{"partition": i, "fetch_offset": 0, "partition_max_bytes": MUCH} for i in (0, 1)]
    for limit in (0, 69, 100, 200, 300, -1):
        talk.ask(
            max_wait_ms=0,
            min_bytes=1,
            max_bytes=limit,
            topics=[{"topic": topic.name, "topic_id": topic.id, "partitions": asked}],
        )


def waits_in_vain(talk: Talk) -> None:
    """At the end of the log, with nothing coming, the answer is empty when the wait is over."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    _ask(talk, topic, 1, max_wait_ms=10)
    _ask(talk, topic, 0, max_wait_ms=10, min_bytes=1000)


@versions("4+")
def read_committed(talk: Talk) -> None:
    """A reader of committed records, where there are no transactions; a level that means nothing."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for level in (0, 1, 2, -1):
        _ask(talk, topic, isolation_level=level)


@versions("9+")
def leader_epochs(talk: Talk) -> None:
    """The current leader epoch, one from the future, one from the past."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for epoch in (0, 1, -2):
        _ask(talk, topic, current_leader_epoch=epoch)


@versions("12+")
def last_fetched_epoch(talk: Talk) -> None:
    """What the reader saw last: the same epoch, one that never was."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    for epoch, offset in ((0, 1), (0, 2), (0, 5), (3, 1), (-1, 1)):
        _ask(talk, topic, offset, last_fetched_epoch=epoch)


@versions("12+")
def other_cluster(talk: Talk) -> None:
    """A cluster id that is not ours."""
    _ask(talk, talk.topic(), cluster_id="other")


@versions("4-14")
def replica_ids(talk: Talk) -> None:
    """As a follower that is none, as the debugging consumer."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for replica in (2, -2):
        _ask(talk, topic, replica_id=replica)


@versions("11+")
def rack(talk: Talk) -> None:
    """A rack, where no replica selector is set."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    _ask(talk, topic, rack_id="rack")


def log_append_time(talk: Talk) -> None:
    """Where the broker's time counts, the header says so."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    talk.produce(topic, b"a", b"b")
    _ask(talk, topic)


def broker_compresses(talk: Talk) -> None:
    """A topic of one codec compresses what comes otherwise; `uncompressed` takes it apart."""
    packed = talk.topic("packed", configs={"compression.type": "gzip"})
    plain = talk.topic("plain", configs={"compression.type": "uncompressed"})
    for topic in (packed, plain):
        talk.produce(topic, b"a", b"b")
        talk.produce(topic, data=batch(b"c", b"d", codec="lz4", time=LONG_AGO))
        answer = talk.ask_quietly("Fetch", at=4, **_whole(topic))
        records = answer.responses[0].partitions[0].records
        _ask(talk, topic, partition_max_bytes=len(records))


def _whole(topic: Topic) -> dict[str, Any]:
    partition = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": MUCH}
    return {"max_wait_ms": 0, "min_bytes": 1, "topics": [{"topic": topic.name, "partitions": [partition]}]}


def zstd_topic(talk: Talk) -> None:
    """A topic that compresses with zstd is nothing for versions before 10, whatever is in it (KIP-110)."""
    talk.leave_open("batch_length", because="what zstd makes of the same records is not as long in every library")
    topic = talk.topic(configs={"compression.type": "zstd"})
    _ask(talk, topic)
    talk.produce(topic, b"a", b"b")
    _ask(talk, topic)
    _ask(talk, topic, 7)
    _ask(talk, topic, partition=5)


def zstd_batch(talk: Talk) -> None:
    """A zstd batch in a topic that takes what comes: old readers get it all the same from version 4 on."""
    topic = talk.topic()
    talk.produce(topic, data=batch(b"a", b"b", codec="zstd"))
    _ask(talk, topic)


def named_twice(talk: Talk) -> None:
    """One partition twice in a request."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    twice = [{"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH} for offset in (0, 1)]
    asked = [{"topic": topic.name, "topic_id": topic.id, "partitions": twice}]
    talk.ask(max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=asked)


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    topic = talk.topic()
    talk.ask(max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=[])
    talk.ask(max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=[{"topic": topic.name, "topic_id": topic.id}])

"""Offsets by time over many batches, with gaps between them, and what a reader finds there."""

from differ.batches import LONG_AGO, batch
from differ.talk import Talk, Topic

API = "ListOffsets"


def _at(talk: Talk, topic: Topic, timestamp: int) -> int:
    asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": timestamp}]}]
    answer = talk.ask(replica_id=-1, topics=asked)
    offset: int = answer.topics[0].partitions[0].offset
    return offset


def then_read(talk: Talk) -> None:
    """The offset found for a time is where a reader begins."""
    topic = talk.topic()
    for hour in range(4):
        times = [LONG_AGO + hour * 3_600_000 + i * 60_000 for i in range(3)]
        talk.produce(topic, data=batch(b"a", b"b", b"c", times=times))
    for timestamp in (LONG_AGO, LONG_AGO + 3_600_000, LONG_AGO + 3_660_001, LONG_AGO + 7_000_000):
        offset = _at(talk, topic, timestamp)
        part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 90}
        talk.ask("Fetch", at=11, max_wait_ms=0, min_bytes=1, topics=[{"topic": topic.name, "partitions": [part]}])
    _at(talk, topic, LONG_AGO + 4 * 3_600_000)


def times_go_back(talk: Talk) -> None:
    """Where later records are older, the first record that is young enough counts."""
    topic = talk.topic()
    for minutes in (5, 1, 9, 3):
        talk.produce(topic, data=batch(b"a", b"b", time=LONG_AGO + minutes * 60_000))
    for minutes in (0, 1, 2, 5, 6, 9, 10):
        _at(talk, topic, LONG_AGO + minutes * 60_000)


def no_timestamps(talk: Talk) -> None:
    """Records without a timestamp are found by none."""
    topic = talk.topic()
    talk.produce(topic, data=batch(b"a", time=-1))
    talk.produce(topic, b"b")
    for timestamp in (0, LONG_AGO, LONG_AGO + 1, -3):
        _at(talk, topic, timestamp)


def append_times(talk: Talk) -> None:
    """Where the broker's time counts, long ago is the first record and the far future none."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    talk.produce(topic, b"a", b"b")
    talk.produce(topic, b"c")
    for timestamp in (0, 9_000_000_000_000):
        _at(talk, topic, timestamp)


def many_partitions(talk: Talk) -> None:
    """Several partitions in one request, each by its own time."""
    topic = talk.topic(partitions=3)
    for index in range(3):
        talk.produce(topic, b"a", b"b", b"c", partition=index, time=LONG_AGO + index)
    asked = [{"partition_index": i, "timestamp": LONG_AGO + 2} for i in range(3)]
    talk.ask(replica_id=-1, topics=[{"name": topic.name, "partitions": asked}])

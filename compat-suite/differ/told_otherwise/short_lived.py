"""A broker that looks for records that are too old, or too many, every fifty milliseconds (retention.ms, .bytes)."""

from differ.batches import LONG_AGO, Row, batch
from differ.talk import Talk, Topic, versions

API = "Fetch"
TOLD = {"log.initial.task.delay.ms": "0", "log.retention.check.interval.ms": "50"}
HOUR_MS = 3_600_000
FOR_EVER = {"retention.ms": "-1"}


def _begins(talk: Talk, topic: Topic, offset: int) -> None:
    """Asks until the log begins there."""
    asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -2}]}]
    talk.until(lambda a: a.topics[0].partitions[0].offset == offset, "ListOffsets", at=7, replica_id=-1, topics=asked)


def _look_twice(talk: Talk) -> None:
    """Until the broker has looked at everything once more, and again: what goes in between is gone."""
    for what in ("one", "other"):
        topic = talk.topic(what)
        talk.produce(topic, b"old")
        _begins(talk, topic, 1)


def _read(talk: Talk, topic: Topic, *offsets: int) -> None:
    for offset in offsets:
        partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 2**20}
        talk.ask(max_wait_ms=0, min_bytes=1, topics=[{"topic": topic.name, "partitions": [partition]}])


def _two_segments(talk: Talk, **configs: str) -> Topic:
    """Two records, then one of two hours later, in a segment of its own."""
    topic = talk.topic(configs={"segment.ms": str(HOUR_MS), **{k.replace("_", "."): v for k, v in configs.items()}})
    talk.produce(topic, b"a", b"b")
    talk.produce(topic, b"c", time=LONG_AGO + 2 * HOUR_MS)
    return topic


@versions("12")
def too_old(talk: Talk) -> None:
    """After seven days records go, from the segment that is written to as well; offsets go on."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    _begins(talk, topic, 2)
    _read(talk, topic, 0, 1, 2, 3)
    data = {"name": topic.name, "partition_data": [{"index": 0, "records": batch(b"c")}]}
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=[data])
    _begins(talk, topic, 3)


@versions("12")
def for_ever(talk: Talk) -> None:
    """-1 keeps records, however old they are."""
    topic = talk.topic("kept", configs=FOR_EVER)
    talk.produce(topic, b"a")
    _look_twice(talk)
    _read(talk, topic, 0)


@versions("12")
def too_many(talk: Talk) -> None:
    """What is over the size goes, by whole segments from the first: the last one is not over it."""
    topic = _two_segments(talk, retention_ms="-1", retention_bytes="1")
    _begins(talk, topic, 2)
    _look_twice(talk)
    _read(talk, topic, 1, 2)


@versions("12")
def none_at_all(talk: Talk) -> None:
    """Of a log that may have no bytes nothing stays."""
    topic = _two_segments(talk, retention_ms="-1", retention_bytes="0")
    _begins(talk, topic, 3)
    _read(talk, topic, 2, 3)


@versions("12")
def not_yet_too_many(talk: Talk) -> None:
    """Without the first segment there would be less than the size: it stays."""
    topic = _two_segments(talk, retention_ms="-1", retention_bytes="100")
    _look_twice(talk)
    _read(talk, topic, 0)


@versions("12")
def compacted(talk: Talk) -> None:
    """Without `delete` in its policy a topic keeps what is old."""
    topic = talk.topic("kept", configs={"cleanup.policy": "compact"})
    talk.produce(topic, Row(b"value", b"key"))
    _look_twice(talk)
    _read(talk, topic, 0)


@versions("12")
def altered(talk: Talk) -> None:
    """A shorter time counts from the next look on."""
    topic = talk.topic(configs=FOR_EVER)
    talk.produce(topic, b"a")
    _look_twice(talk)
    change = {"name": "retention.ms", "config_operation": 0, "value": "1000"}
    resource = {"resource_type": 2, "resource_name": topic.name, "configs": [change]}
    talk.ask("IncrementalAlterConfigs", at=1, resources=[resource])
    _begins(talk, topic, 1)

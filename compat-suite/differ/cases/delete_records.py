"""DeleteRecords: the start of a log moves up, and what is asked wrongly is refused partition by partition."""

from typing import Any

from differ.talk import Talk, Topic

API = "DeleteRecords"
HIGH_WATERMARK = -1


def _delete(talk: Talk, topic: Topic, *offsets: int, partition: int = 0) -> None:
    for offset in offsets:
        part = {"partition_index": partition, "offset": offset}
        talk.ask(topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)


def _written(talk: Talk, **more: Any) -> Topic:
    """Ten records in three batches."""
    topic = talk.topic(**more)
    for count in (3, 3, 4):
        talk.produce(topic, *[b"x"] * count)
    return topic


def forward(talk: Talk) -> None:
    """Within a batch, to where one begins, to the end: the low watermark is where the log begins from then on."""
    _delete(talk, _written(talk), 1, 3, 7, 10)


def everything(talk: Talk) -> None:
    """-1 is the high watermark."""
    _delete(talk, _written(talk), HIGH_WATERMARK, HIGH_WATERMARK)


def backward(talk: Talk) -> None:
    """What is gone stays gone: an earlier offset is no error, and changes nothing."""
    _delete(talk, _written(talk), 5, 2, 0, 5)


def out_of_range(talk: Talk) -> None:
    """Beyond the end, and below -1."""
    _delete(talk, _written(talk), 11, 1000, -2, 2**62, -(2**63))


def empty_partition(talk: Talk) -> None:
    """Where nothing was ever written."""
    _delete(talk, talk.topic(), 0, HIGH_WATERMARK, 1)


def unknown(talk: Talk) -> None:
    """A topic that is not there, partitions that are not there."""
    _delete(talk, Topic(talk.name_of("missing"), b""), 0)
    for name in ("", "..", "a b"):
        _delete(talk, Topic(name, b""), 0)
    topic = _written(talk)
    for partition in (1, -1):
        _delete(talk, topic, 0, partition=partition)


def internal_topic(talk: Talk) -> None:
    """The topic behind the groups keeps its records."""
    _delete(talk, Topic("__consumer_offsets", b""), 0, HIGH_WATERMARK)
    _delete(talk, Topic("__consumer_offsets", b""), 0, partition=5000)


def compacted(talk: Talk) -> None:
    """A topic that is only compacted keeps them too; one that is compacted and deleted from does not."""
    for policy in ("compact", "compact,delete"):
        topic = talk.topic(policy.replace(",", "-"), configs={"cleanup.policy": policy})
        _delete(talk, topic, 0, HIGH_WATERMARK, -2)


def several(talk: Talk) -> None:
    """Some right, some wrong, in one request; and a time limit of nothing."""
    one, two = _written(talk, what="one", partitions=2), _written(talk, what="two")
    parts = [{"partition_index": i, "offset": offset} for i, offset in ((0, 4), (1, 1), (2, 0))]
    missing = {"name": talk.name_of("missing"), "partitions": parts[:1]}
    asked = [{"name": one.name, "partitions": parts}, missing, {"name": two.name, "partitions": parts[:1]}]
    talk.ask(topics=asked, timeout_ms=0)


def named_twice(talk: Talk) -> None:
    """One partition twice, in one topic and in two: the last one counts."""
    topic = _written(talk)
    parts = [{"partition_index": 0, "offset": offset} for offset in (6, 2, 4)]
    talk.ask(topics=[{"name": topic.name, "partitions": parts[:2]}], timeout_ms=10_000)
    talk.ask(topics=[{"name": topic.name, "partitions": [part]} for part in parts[1:]], timeout_ms=10_000)


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions, known and not."""
    talk.ask(topics=[], timeout_ms=10_000)
    for name in (talk.topic().name, talk.name_of("missing")):
        talk.ask(topics=[{"name": name, "partitions": []}], timeout_ms=10_000)

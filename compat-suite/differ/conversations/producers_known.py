"""What a partition knows of its producers, and what that does to their next batches."""

from typing import Any

from differ.batches import batch
from differ.talk import Talk, Topic

API = "DescribeProducers"


def _send(talk: Talk, topic: Topic, producer: tuple[int, int, int], *rows: bytes, index: int = 0, **more: Any) -> None:
    part = {"index": index, "records": batch(*(rows or (b"x",)), producer=producer, **more)}
    data = {"name": topic.name, "partition_data": [part]}
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=[data])


def _known(talk: Talk, topic: Topic, *partitions: int) -> None:
    talk.ask(topics=[{"name": topic.name, "partition_indexes": list(partitions or (0,))}])


def _delete(talk: Talk, topic: Topic, offset: int) -> None:
    part = {"partition_index": 0, "offset": offset}
    talk.ask("DeleteRecords", at=2, topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)


def from_its_first_batch_on(talk: Talk) -> None:
    """A producer is known once it has written, not once it has its id."""
    topic = talk.topic()
    number = talk.ask("InitProducerId", at=4, transactional_id=None, transaction_timeout_ms=60_000).producer_id
    _known(talk, topic)
    _send(talk, topic, (number, 0, 0))
    _known(talk, topic)


def repetitions_change_nothing(talk: Talk) -> None:
    """The last five batches may come again, each of them, and again; older ones may not."""
    topic = talk.topic()
    for sequence in range(7):
        _send(talk, topic, (4001, 0, sequence))
    for sequence in (2, 3, 4, 5, 6, 2, 1):
        _send(talk, topic, (4001, 0, sequence))
    _known(talk, topic)
    _send(talk, topic, (4001, 0, 7))
    _send(talk, topic, (4001, 0, 2))
    _send(talk, topic, (4001, 0, 3))


def five_batches_of_several_records(talk: Talk) -> None:
    """A repetition is the whole batch: its first and its last sequence."""
    topic = talk.topic()
    for first in range(0, 18, 3):
        _send(talk, topic, (4001, 0, first), b"a", b"b", b"c")
    _send(talk, topic, (4001, 0, 3), b"a", b"b", b"c")
    _send(talk, topic, (4001, 0, 0), b"a", b"b", b"c")
    _send(talk, topic, (4001, 0, 3), b"a", b"b")
    _send(talk, topic, (4001, 0, 4), b"b", b"c")
    _send(talk, topic, (4001, 0, 15), *[b"x"] * 6)
    _known(talk, topic)


def what_is_refused_changes_nothing(talk: Talk) -> None:
    """A gap, an old epoch, a new epoch that does not begin at zero."""
    topic = talk.topic()
    _send(talk, topic, (4001, 1, 0))
    for producer in ((4001, 1, 5), (4001, 0, 1), (4001, 2, 3)):
        _send(talk, topic, producer)
        _known(talk, topic)
    _send(talk, topic, (4001, 1, 1))


def new_epoch_forgets(talk: Talk) -> None:
    """With a new epoch the batches of the old one are no repetitions any more."""
    topic = talk.topic()
    for producer in ((4001, 0, 0), (4001, 0, 1), (4001, 1, 0), (4001, 0, 1), (4001, 1, 0), (4001, 1, 1)):
        _send(talk, topic, producer)
    _known(talk, topic)


def wrapped(talk: Talk) -> None:
    """A batch whose sequences wrap is repeated like any other."""
    topic = talk.topic()
    _send(talk, topic, (4001, 0, 2**31 - 2), b"a", b"b", b"c", b"d")
    _known(talk, topic)
    _send(talk, topic, (4001, 0, 2))
    _send(talk, topic, (4001, 0, 2**31 - 2), b"a", b"b", b"c", b"d")
    _send(talk, topic, (4001, 0, 2**31 - 2), b"a", b"b", b"c")
    _known(talk, topic)


def others_do_not_matter(talk: Talk) -> None:
    """Batches of others, and of nobody, between its own."""
    topic = talk.topic()
    _send(talk, topic, (4001, 0, 0))
    talk.produce(topic, b"plain")
    _send(talk, topic, (4002, 5, 8))
    _send(talk, topic, (4001, 0, 1))
    _send(talk, topic, (4002, 5, 9))
    _known(talk, topic)
    _send(talk, topic, (4001, 0, 0))


def partitions_apart(talk: Talk) -> None:
    """Each partition counts for itself; a repetition in another partition is none."""
    topic = talk.topic(partitions=2)
    _send(talk, topic, (4001, 0, 0), index=0)
    _send(talk, topic, (4001, 0, 1), index=1)
    _send(talk, topic, (4001, 0, 0), index=1)
    _known(talk, topic, 0, 1)


def records_deleted(talk: Talk) -> None:
    """Producers outlive their records."""
    topic = talk.topic()
    for sequence in range(3):
        _send(talk, topic, (4001, 0, sequence))
    _send(talk, topic, (4002, 0, 0))
    for offset in (2, -1):
        _delete(talk, topic, offset)
        _known(talk, topic)
    for producer in ((4001, 0, 0), (4001, 0, 4), (4001, 0, 3), (4002, 0, 3)):
        _send(talk, topic, producer)


def topic_made_anew(talk: Talk) -> None:
    """A topic of the same name knows nobody."""
    topic = talk.topic()
    _send(talk, topic, (4001, 3, 7))
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    asked = [{"name": topic.name, "partition_indexes": [0]}]
    talk.until(lambda a: a.topics[0].partitions[0].error_code == 3, topics=asked)
    topic = talk.topic()
    _known(talk, topic)
    _send(talk, topic, (4001, 0, 0))


def by_the_brokers_time(talk: Talk) -> None:
    """Where the broker's time counts, that is when a producer was last heard of; a repetition tells it too."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    _send(talk, topic, (4001, 0, 0))
    _known(talk, topic)
    _send(talk, topic, (4001, 0, 0))


def compressed(talk: Talk) -> None:
    """Compression is no matter, also where the broker changes it."""
    topic = talk.topic(configs={"compression.type": "gzip"})
    for sequence, codec in enumerate(("none", "lz4", "gzip")):
        _send(talk, topic, (4001, 0, 2 * sequence), b"a", b"b", codec=codec)
    _send(talk, topic, (4001, 0, 2), b"a", b"b", codec="none")
    _known(talk, topic)
    part = {"partition": 0, "fetch_offset": 6, "partition_max_bytes": 1000}
    talk.ask("Fetch", at=11, max_wait_ms=0, min_bytes=1, topics=[{"topic": topic.name, "partitions": [part]}])


def strange_ids(talk: Talk) -> None:
    """Numbers that no producer is given: what is no producer is not known."""
    topic = talk.topic()
    for producer in ((0, 0, 0), (2**62, 2**15 - 1, 0), (-2, 0, 0), (4001, -1, 0)):
        _send(talk, topic, producer)
    _known(talk, topic)

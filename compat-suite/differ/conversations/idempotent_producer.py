"""Idempotent producers: sequences in order, repeated, missing; old epochs; several producers (KIP-98, KIP-360)."""

from differ.batches import batch
from differ.talk import Talk, Topic

API = "Produce"


def _producer(talk: Talk) -> int:
    answer = talk.ask_quietly("InitProducerId", at=4, transactional_id=None, transaction_timeout_ms=60_000)
    number: int = answer.producer_id
    return number


def _send(talk: Talk, topic: Topic, producer: tuple[int, int, int], *rows: bytes, index: int = 0) -> None:
    part = {"index": index, "records": batch(*rows, producer=producer)}
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [part]}
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=[data])


def _end(talk: Talk, topic: Topic) -> None:
    """The log's end: what was taken."""
    asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    talk.ask("ListOffsets", at=7, replica_id=-1, topics=asked)


def in_order(talk: Talk) -> None:
    """Sequences count records."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 0), b"a", b"b")
    _send(talk, topic, (producer, 0, 2), b"c")
    _send(talk, topic, (producer, 0, 3), b"d", b"e", b"f")
    _end(talk, topic)


def repeated(talk: Talk) -> None:
    """A batch sent again gets the offset it had; also one of the last five, no older ones."""
    topic, producer = talk.topic(), _producer(talk)
    for sequence in range(7):
        _send(talk, topic, (producer, 0, sequence), b"x")
    for sequence in (6, 2, 1, 0):
        _send(talk, topic, (producer, 0, sequence), b"x")
    _end(talk, topic)


def repeated_otherwise(talk: Talk) -> None:
    """A batch that begins like one before and ends elsewhere is no repetition."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 0), b"a", b"b")
    _send(talk, topic, (producer, 0, 0), b"a")
    _send(talk, topic, (producer, 0, 1), b"b", b"c")
    _send(talk, topic, (producer, 0, 0), b"c", b"d")
    _end(talk, topic)


def gaps(talk: Talk) -> None:
    """A sequence that is missing refuses what follows, until it comes."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 0), b"a")
    _send(talk, topic, (producer, 0, 2), b"c")
    _send(talk, topic, (producer, 0, 1), b"b")
    _send(talk, topic, (producer, 0, 2), b"c")
    _end(talk, topic)


def first_not_zero(talk: Talk) -> None:
    """A producer that the partition does not know may begin anywhere."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 5), b"a")
    _send(talk, topic, (producer, 0, 6), b"b")
    _send(talk, topic, (producer, 0, 0), b"c")
    _end(talk, topic)


def new_epoch(talk: Talk) -> None:
    """A new epoch begins at zero, and the old one is over."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 0), b"a")
    _send(talk, topic, (producer, 1, 1), b"b")
    _send(talk, topic, (producer, 1, 0), b"b")
    _send(talk, topic, (producer, 0, 1), b"c")
    _send(talk, topic, (producer, 1, 1), b"c")
    _end(talk, topic)


def sequence_wraps(talk: Talk) -> None:
    """After the largest sequence comes zero."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 2**31 - 2), b"a", b"b")
    _send(talk, topic, (producer, 0, 0), b"c")
    _send(talk, topic, (producer, 0, 1), b"d")
    _end(talk, topic)


def wraps_within(talk: Talk) -> None:
    """A batch whose own sequences wrap."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 2**31 - 1), b"a", b"b")
    _send(talk, topic, (producer, 0, 1), b"c")
    _end(talk, topic)


def partitions_apart(talk: Talk) -> None:
    """Each partition counts by itself."""
    topic, producer = talk.topic(partitions=2), _producer(talk)
    for index in (0, 1):
        _send(talk, topic, (producer, 0, 0), b"a", index=index)
    _send(talk, topic, (producer, 0, 1), b"b", index=1)
    _send(talk, topic, (producer, 0, 1), b"b", index=0)


def producers_apart(talk: Talk) -> None:
    """Two producers on one partition."""
    topic, one, other = talk.topic(), _producer(talk), _producer(talk)
    _send(talk, topic, (one, 0, 0), b"a")
    _send(talk, topic, (other, 0, 0), b"b")
    _send(talk, topic, (one, 0, 1), b"c")
    _send(talk, topic, (other, 0, 2), b"d")
    _end(talk, topic)


def odd_numbers(talk: Talk) -> None:
    """An id without a sequence, a negative epoch, a sequence without an id."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, -1), b"a")
    _send(talk, topic, (producer, -1, 0), b"a")
    _send(talk, topic, (-1, 0, 0), b"a")
    _send(talk, topic, (producer, 0, -2), b"a")
    _send(talk, topic, (-2, 0, 0), b"a")
    _end(talk, topic)


def never_given_id(talk: Talk) -> None:
    """An id that the broker never gave out."""
    topic = talk.topic()
    _send(talk, topic, (7_000_000_000, 3, 0), b"a")
    _send(talk, topic, (7_000_000_000, 3, 1), b"b")
    _end(talk, topic)


def between_plain_batches(talk: Talk) -> None:
    """Batches without a producer do not disturb the sequence; readers see id, epoch and sequence."""
    topic, producer = talk.topic(), _producer(talk)
    _send(talk, topic, (producer, 0, 0), b"a")
    talk.produce(topic, b"plain")
    _send(talk, topic, (producer, 0, 1), b"b")
    partition = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 2**20}
    talk.ask(
        "Fetch",
        at=12,
        max_wait_ms=0,
        min_bytes=1,
        topics=[{"topic": topic.name, "partitions": [partition]}],
    )

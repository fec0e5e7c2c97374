"""DescribeProducers: who writes to a partition with sequences, how far they have come (KIP-664)."""

from differ.batches import batch
from differ.talk import Talk, Topic

API = "DescribeProducers"


def _ask(talk: Talk, name: str, *partitions: int) -> None:
    talk.ask(topics=[{"name": name, "partition_indexes": list(partitions)}])


def _send(talk: Talk, topic: Topic, producer: tuple[int, int, int], *rows: bytes, index: int = 0) -> None:
    talk.produce(topic, data=batch(*rows, producer=producer), partition=index)


def none_yet(talk: Talk) -> None:
    """A partition without records, and one with records of nobody."""
    topic = talk.topic()
    _ask(talk, topic.name, 0)
    talk.produce(topic, b"a")
    _ask(talk, topic.name, 0)


def one(talk: Talk) -> None:
    """Its epoch, the last sequence and the last timestamp, as batches come."""
    topic = talk.topic()
    for producer, rows in (((4001, 0, 0), b"abc"), ((4001, 0, 3), b"d"), ((4001, 2, 0), b"ef")):
        _send(talk, topic, producer, *[bytes([row]) for row in rows])
        _ask(talk, topic.name, 0)


def several(talk: Talk) -> None:
    """Each by itself; a batch that is sent again changes nothing."""
    topic = talk.topic()
    for number in (4003, 4001, 4002, 4001):
        _send(talk, topic, (number, 0, 0), b"a")
    _ask(talk, topic.name, 0)


def partitions_apart(talk: Talk) -> None:
    """Each partition knows its own; the order and repetitions are the request's."""
    topic = talk.topic(partitions=3)
    _send(talk, topic, (4001, 0, 0), b"a", index=0)
    _send(talk, topic, (4001, 1, 7), b"a", b"b", index=2)
    _ask(talk, topic.name, 2, 0, 1, 0)
    asked = [{"name": topic.name, "partition_indexes": [0]}, {"name": topic.name, "partition_indexes": [2]}]
    talk.ask(topics=asked)


def sequence_wrapped(talk: Talk) -> None:
    """After the largest sequence comes zero."""
    topic = talk.topic()
    _send(talk, topic, (4001, 0, 2**31 - 2), b"a", b"b")
    _ask(talk, topic.name, 0)
    _send(talk, topic, (4001, 0, 0), b"c")
    _ask(talk, topic.name, 0)


def times(talk: Talk) -> None:
    """The timestamp is the batch's largest, also where it goes back, also where there is none."""
    topic = talk.topic()
    for sequence, stamp in enumerate((1_700_000_000_500, 1_700_000_000_100, -1)):
        talk.produce(topic, data=batch(b"a", time=stamp, producer=(4001, 0, sequence)))
        _ask(talk, topic.name, 0)


def after_deletion(talk: Talk) -> None:
    """Whose records were deleted is still known."""
    topic = talk.topic()
    _send(talk, topic, (4001, 0, 0), b"a", b"b")
    part = {"partition_index": 0, "offset": -1}
    talk.ask("DeleteRecords", at=2, topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)
    _ask(talk, topic.name, 0)


def unknown(talk: Talk) -> None:
    """A topic that is not there, names that are none, partitions that are not there."""
    for name in (talk.name_of("missing"), "", "..", "a b", "x" * 250):
        _ask(talk, name, 0, 1)
    topic = talk.topic()
    _ask(talk, topic.name, 1, -1, 0)


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions, known and not."""
    talk.ask(topics=[])
    for name in (talk.topic().name, talk.name_of("missing"), ""):
        _ask(talk, name)

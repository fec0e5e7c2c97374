"""What is produced is fetched: offsets, waiting readers, many batches, requests in a row on one connection."""

from typing import Any

from differ.batches import batch
from differ.talk import Talk, Topic

API = "Fetch"
MUCH = 2**20


def _read(topic: Topic, offset: int = 0, **more: Any) -> dict[str, Any]:
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH}
    topics = [{"topic": topic.name, "topic_id": topic.id, "partitions": [partition]}]
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": topics} | more


def _write(topic: Topic, *rows: bytes, acks: int = -1) -> dict[str, Any]:
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": 0, "records": batch(*rows)}]}
    return {"acks": acks, "timeout_ms": 10_000, "topic_data": [data]}


def _leave_ends_open(talk: Talk) -> None:
    reason = "the reader may be woken between the append and the step of the high watermark"
    talk.leave_open("high_watermark", "last_stable_offset", because=reason)


def back_and_forth(talk: Talk) -> None:
    """Each batch is there as soon as it is acknowledged."""
    topic = talk.topic()
    offset = 0
    for rows in ((b"a",), (b"b", b"c"), (b"d", b"e", b"f")):
        talk.ask("Produce", at=max(3, min(talk.version, 13)), **_write(topic, *rows))
        talk.ask(**_read(topic, offset))
        offset += len(rows)
    talk.ask(**_read(topic, 0))
    talk.ask(**_read(topic, offset))


def waiting_reader(talk: Talk) -> None:
    """A reader at the end waits, and has the records when they come."""
    _leave_ends_open(talk)
    topic = talk.topic()
    reader = talk.connect("reader")
    reader.send(**_read(topic, max_wait_ms=8_000))
    talk.let_others_go_first()
    talk.produce(topic, b"a")
    reader.answer()


def waits_for_enough(talk: Talk) -> None:
    """A reader that wants more bytes than one batch has waits for the second."""
    _leave_ends_open(talk)
    topic = talk.topic()
    reader = talk.connect("reader")
    talk.produce(topic, b"a" * 100)
    reader.send(**_read(topic, max_wait_ms=8_000, min_bytes=250))
    talk.let_others_go_first()
    talk.produce(topic, b"b" * 100)
    reader.answer()


def wrong_offset_ends_waiting(talk: Talk) -> None:
    """An offset out of range answers for all partitions, at once."""
    topic = talk.topic(partitions=2)
    asked = [{"partition": i, "fetch_offset": 9 * i, "partition_max_bytes": MUCH} for i in (0, 1)]
    topics = [{"topic": topic.name, "topic_id": topic.id, "partitions": asked}]
    talk.ask(max_wait_ms=8_000, min_bytes=1, max_bytes=MUCH, topics=topics)


def unknown_partition_waits(talk: Talk) -> None:
    """A partition that is not there, beside one that is: Apache Kafka waits for the other one all the same."""
    topic = talk.topic()
    asked = [{"partition": i, "fetch_offset": 0, "partition_max_bytes": MUCH} for i in (0, 9)]
    topics = [{"topic": topic.name, "topic_id": topic.id, "partitions": asked}]
    talk.ask(max_wait_ms=30, min_bytes=1, max_bytes=MUCH, topics=topics)


def pipelined(talk: Talk) -> None:
    """Requests sent in a row on one connection are answered in order, after those that are slow."""
    topic = talk.topic()
    talk.send("Produce", at=9, **_write(topic, b"a"))
    talk.send(**_read(topic, 0))
    talk.send("Produce", at=9, **_write(topic, b"b"))
    talk.send(**_read(topic, 1))
    talk.send(**_read(topic, 2, max_wait_ms=20))
    talk.send("Metadata", at=4, topics=[])
    for _ in range(6):
        talk.answer()


def without_acknowledgement(talk: Talk) -> None:
    """With acks=0 only the reader learns of it; the next request is answered as ever."""
    topic = talk.topic()
    for rows in ((b"a",), (b"b", b"c")):
        talk.tell("Produce", at=9, **_write(topic, *rows, acks=0))
    talk.ask(**_read(topic, 0))


def refused_without_acknowledgement(talk: Talk) -> None:
    """A producer that wants no answers learns of an error by losing its connection."""
    missing = Topic(talk.name_of("missing"), b"unknown topic id")
    talk.tell("Produce", at=9, **_write(missing, b"a", acks=0))
    talk.ask("Metadata", at=4, topics=[])
    talk.ask("Metadata", at=4, topics=[])


def deleted_while_waiting(talk: Talk) -> None:
    """A reader of a topic that goes away is told so."""
    topic = talk.topic()
    reader = talk.connect("reader")
    reader.send(**_read(topic, max_wait_ms=8_000))
    talk.let_others_go_first()
    talk.ask("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    reader.answer()


def many_batches(talk: Talk) -> None:
    """A hundred batches, read in pieces of a few hundred bytes."""
    topic = talk.topic()
    for i in range(100):
        talk.produce(topic, b"%03d" % i)
    for offset in (0, 37, 99):
        talk.ask(**_read(topic, offset, max_bytes=300))

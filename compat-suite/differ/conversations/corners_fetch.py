"""Corners of Fetch: limits of nothing, batches above every limit, segments, what ends a wait and what does not."""

from typing import Any

from differ.batches import batch
from differ.talk import Connection, Talk, Topic
from kpybroker.wire.declare import Versions

API = "Fetch"
VERSIONS = Versions(12, 13)
MUCH = 2**20
SMALL_SEGMENTS = {"segment.bytes": str(MUCH)}  # the least that Kafka 4.3 takes
HALF, MOST = b"h" * 300_000, b"m" * 600_000  # of a segment: two halves fit into one
LONG = 8_000  # longer than any case takes: a wait that does not end by itself shows
SHORT = 30
WOKEN = "the reader may be woken between the append and the step of the high watermark"

Part = tuple[Topic, int, int] | tuple[Topic, int, int, int]


def _read(*parts: Part, **more: Any) -> dict[str, Any]:
    """Each part is (topic, partition, offset) or has its own limit behind that."""
    topics: list[dict[str, Any]] = []
    for topic, index, offset, *limit in parts:
        asked = {"partition": index, "fetch_offset": offset, "partition_max_bytes": limit[0] if limit else MUCH}
        topics.append({"topic": topic.name, "topic_id": topic.id, "partitions": [asked]})
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": topics} | more


def _waiting(talk: Talk, *parts: Part, **more: Any) -> Connection:
    """A reader that waits, and of which the broker knows."""
    talk.leave_open("high_watermark", "last_stable_offset", because=WOKEN)
    reader = talk.connect("reader")
    reader.ask_quietly("Metadata", at=4, topics=[])  # the connection is there
    reader.send(**_read(*parts, **{"max_wait_ms": LONG} | more))
    talk.let_others_go_first()
    return reader


def no_bytes_wanted(talk: Talk) -> None:
    """min_bytes of nothing, or less: answered at once, however long it would wait."""
    topic = talk.topic()
    for least in (0, -1, -(2**31)):
        talk.ask(**_read((topic, 0, 0), min_bytes=least, max_wait_ms=LONG))


def no_time_to_wait(talk: Talk) -> None:
    """max_wait_ms of nothing, or less: answered at once, however much it wants."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for most in (0, -1, -(2**31)):
        talk.ask(**_read((topic, 0, 0), min_bytes=MUCH, max_wait_ms=most))


def no_bytes_allowed(talk: Talk) -> None:
    """max_bytes of nothing, or less: the first batch comes all the same, and min_bytes does not matter."""
    topic = talk.topic()
    for value in (b"a", b"b"):
        talk.produce(topic, value)
    for most in (0, -1, -(2**31), 1):
        talk.ask(**_read((topic, 0, 0), max_bytes=most, min_bytes=MUCH, max_wait_ms=LONG))


def no_bytes_of_a_partition(talk: Talk) -> None:
    """A partition's own limit of nothing, or less."""
    topic = talk.topic(partitions=2)
    for index in (0, 1):
        talk.produce(topic, b"a", partition=index)
    for most in (0, -1, -(2**31)):
        talk.ask(**_read((topic, 0, 0, most), (topic, 1, 0)))
        talk.ask(**_read((topic, 0, 0), (topic, 1, 0, most)))


def above_every_limit(talk: Talk) -> None:
    """The first batch of the first partition that has one comes whole; a batch behind it has to fit."""
    topic = talk.topic(partitions=3)
    for index in (1, 2):
        talk.produce(topic, b"x" * 1000, partition=index)
        talk.produce(topic, b"y" * 10, partition=index)
    parts = [(topic, index, 0, 100) for index in range(3)]
    for most in (50, 100, 1100, MUCH):
        talk.ask(**_read(*parts, max_bytes=most))
    talk.ask(**_read((topic, 2, 1, 50), (topic, 1, 0, 50), max_bytes=60))


def within_a_batch(talk: Talk) -> None:
    """An offset in the middle of a batch gives the batch whole, compressed or not, and whatever the limit."""
    topic = talk.topic()
    for codec in ("none", "gzip", "zstd"):
        talk.produce(topic, data=batch(b"a", b"b", b"c", codec=codec))
    for offset in (1, 4, 5, 8):
        talk.ask(**_read((topic, 0, offset), max_bytes=1))


def one_segment_at_a_time(talk: Talk) -> None:
    """A read ends where its segment does."""
    topic = talk.topic(configs=SMALL_SEGMENTS)
    for value in (HALF, HALF, MOST, b"a"):
        talk.produce(topic, value)
    for offset in range(5):
        talk.ask(**_read((topic, 0, offset)))


def old_segments_do_not_wait(talk: Talk) -> None:
    """A read from an older segment is answered at once, however much it wants; one from the active segment waits."""
    topic = talk.topic(configs=SMALL_SEGMENTS)
    for value in (MOST, MOST):
        talk.produce(topic, value)
    talk.ask(**_read((topic, 0, 0), min_bytes=MUCH, max_wait_ms=LONG))
    talk.ask(**_read((topic, 0, 1), min_bytes=MUCH, max_wait_ms=SHORT))


def a_new_segment_ends_waiting(talk: Talk) -> None:
    """A wait for more than there is ends when a new segment begins, for nothing more comes into the old one."""
    topic = talk.topic(configs=SMALL_SEGMENTS)
    talk.produce(topic, HALF)
    reader = _waiting(talk, (topic, 0, 0), min_bytes=MUCH)
    talk.produce(topic, HALF)
    talk.produce(topic, MOST)
    reader.answer()


def a_new_segment_at_the_end(talk: Talk) -> None:
    """Who waits at the very end gets what begins the new segment."""
    topic = talk.topic(configs=SMALL_SEGMENTS)
    talk.produce(topic, MOST)
    reader = _waiting(talk, (topic, 0, 1))
    talk.produce(topic, MOST)
    reader.answer()


def together_enough(talk: Talk) -> None:
    """min_bytes counts all partitions together."""
    topic = talk.topic(partitions=2)
    for index in (0, 1):
        talk.produce(topic, b"a", partition=index)
    talk.ask(**_read((topic, 0, 0), (topic, 1, 0), min_bytes=138, max_wait_ms=LONG))
    talk.ask(**_read((topic, 0, 0), (topic, 1, 0), min_bytes=139, max_wait_ms=SHORT))
    talk.ask(**_read((topic, 0, 0), (topic, 1, 1), min_bytes=70, max_wait_ms=SHORT))


def more_than_may_come(talk: Talk) -> None:
    """min_bytes above max_bytes: what max_bytes allows is enough."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    talk.ask(**_read((topic, 0, 0), min_bytes=1000, max_bytes=69, max_wait_ms=LONG))
    talk.ask(**_read((topic, 0, 0), min_bytes=1000, max_bytes=70, max_wait_ms=SHORT))


def woken_by_another_partition(talk: Talk) -> None:
    """Any partition that is watched ends the wait; the others are in the answer too."""
    topic, other = talk.topic(partitions=2), talk.topic("other")
    reader = _waiting(talk, (topic, 0, 0), (other, 0, 0), (topic, 1, 0))
    talk.produce(other, b"a")
    reader.answer()


def woken_by_who_wants_no_answer(talk: Talk) -> None:
    """Records written with acks=0 wake a reader as others do."""
    topic = talk.topic()
    reader = _waiting(talk, (topic, 0, 0))
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": 0, "records": batch(b"a")}]}
    talk.tell("Produce", acks=0, timeout_ms=10_000, topic_data=[data])
    reader.answer()


def not_woken_by_refused_records(talk: Talk) -> None:
    """A batch that is refused wakes nobody."""
    topic = talk.topic()
    reader = _waiting(talk, (topic, 0, 0), max_wait_ms=80)
    data = {"name": topic.name, "partition_data": [{"index": 0, "records": batch(b"a", crc=1)}]}
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=[data])
    reader.answer()


def two_readers(talk: Talk) -> None:
    """One batch answers everyone who waits for it; who wants more goes on waiting."""
    talk.leave_open("high_watermark", "last_stable_offset", because=WOKEN)
    topic = talk.topic()
    readers = [talk.connect(name) for name in ("first", "second", "third")]
    for reader in readers:
        reader.ask_quietly("Metadata", at=4, topics=[])
    for reader, least in zip(readers, (1, 60, 130), strict=True):
        reader.send(**_read((topic, 0, 0), min_bytes=least, max_wait_ms=LONG))
    talk.let_others_go_first()
    talk.produce(topic, b"a")
    readers[0].answer()
    readers[1].answer()
    talk.produce(topic, b"b")
    readers[2].answer()


def partitions_come(talk: Talk) -> None:
    """A partition that is made while a reader waits does not end the wait, and is told as it was when it was asked."""
    topic = talk.topic()
    reader = _waiting(talk, (topic, 0, 0), (topic, 1, 0), max_wait_ms=400)
    more = {"name": topic.name, "count": 2, "assignments": None}
    talk.ask_quietly("CreatePartitions", at=2, topics=[more], timeout_ms=10_000, validate_only=False)
    talk.await_topic(topic.name, 2)
    talk.produce(topic, b"a", partition=1)
    reader.answer()
    talk.ask(**_read((topic, 0, 0), (topic, 1, 0)))


def only_errors(talk: Talk) -> None:
    """Where no partition can be read there is nothing to wait for."""
    topic = talk.topic()
    missing = Topic(talk.name_of("missing"), b"unknown topic id")
    talk.ask(**_read((topic, 5, 0), (missing, 0, 0), (topic, -1, 0), max_wait_ms=LONG))


def neighbours_share_an_entry(talk: Talk) -> None:
    """Partitions of a topic that were asked for one after the other are one entry, else the topic comes again."""
    topic, other = talk.topic(partitions=3), talk.topic("other", partitions=2)
    talk.ask(**_read((topic, 0, 0), (topic, 2, 0), (other, 0, 0), (topic, 1, 0), (other, 1, 0)))


def errors_come_last(talk: Talk) -> None:
    """Partitions that are not there are told behind those that are, wherever they were asked for."""
    topic = talk.topic(partitions=2)
    missing = Topic(talk.name_of("missing"), b"unknown topic id")
    talk.ask(**_read((missing, 0, 0), (topic, 0, 0), (topic, 9, 0), (missing, 1, 0), (topic, 1, 0), (topic, 0, 7)))


def out_of_range_beside_data(talk: Talk) -> None:
    """An offset beyond the end, between partitions that have records: all are answered, at once."""
    topic = talk.topic(partitions=3)
    for index in (0, 2):
        talk.produce(topic, b"a", partition=index)
    parts = [(topic, 0, 0), (topic, 1, 5), (topic, 2, 0)]
    talk.ask(**_read(*parts, min_bytes=MUCH, max_wait_ms=LONG))


def a_large_batch(talk: Talk) -> None:
    """A batch of almost a megabyte, above and below what may come."""
    topic = talk.topic()
    talk.produce(topic, b"x" * 1_000_000)
    talk.produce(topic, b"y")
    for most in (10, 1_000_070, 1_000_139, MUCH):
        talk.ask(**_read((topic, 0, 0, most)))
        talk.ask(**_read((topic, 0, 0), max_bytes=most))


def deleted_beside_another(talk: Talk) -> None:
    """One topic of several goes while a reader waits: answered at once, the others with what they have."""
    topic, going = talk.topic(), talk.topic("going")
    talk.produce(topic, b"a")
    reader = _waiting(talk, (topic, 0, 1), (going, 0, 0))
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[going.name], timeout_ms=10_000)
    reader.answer()


def committed_records_only(talk: Talk) -> None:
    """A reader of committed records waits and is woken as others are, where there are no transactions."""
    topic = talk.topic()
    reader = _waiting(talk, (topic, 0, 0), isolation_level=1)
    talk.produce(topic, b"a")
    reader.answer()


def a_reader_goes(talk: Talk) -> None:
    """A reader that hangs up while it waits leaves nothing behind: the next is answered as ever."""
    topic = talk.topic()
    reader = _waiting(talk, (topic, 0, 0))
    reader.close()
    talk.produce(topic, b"a")
    talk.ask(**_read((topic, 0, 0)))

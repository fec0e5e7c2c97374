"""Where a log begins after DeleteRecords, in answers that tell it: Produce, Fetch, ListOffsets, DescribeLogDirs."""

from typing import Any

from differ.batches import LONG_AGO, Row, batch
from differ.talk import Connection, Talk, Topic, versions

API = "DeleteRecords"
MUCH = 2**20
PRODUCE, FETCH, LIST_OFFSETS = (5, 9, 13), (5, 11, 17), (1, 7, 10)  # with which version of DeleteRecords goes which


def _delete(talk: Talk, topic: Topic, offset: int, index: int = 0) -> None:
    part = {"partition_index": index, "offset": offset}
    talk.ask(topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)


def _produce(talk: Talk, topic: Topic, *rows: bytes, **more: Any) -> None:
    part = {"index": 0, "records": batch(*rows, **more)}
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [part]}
    talk.ask("Produce", at=PRODUCE[talk.version], acks=-1, timeout_ms=10_000, topic_data=[data])


def _fetching(topic: Topic, offset: int, **more: Any) -> dict[str, Any]:
    part = {"partition": more.pop("index", 0), "fetch_offset": offset, "partition_max_bytes": MUCH}
    asked = {"topic": topic.name, "topic_id": topic.id, "partitions": [part]}
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": [asked]} | more


def _fetch(talk: Talk, topic: Topic, *offsets: int, **more: Any) -> None:
    for offset in offsets:
        talk.ask("Fetch", at=FETCH[talk.version], **_fetching(topic, offset, **more))


def _list(connection: Connection, topic: Topic, *timestamps: int, **more: Any) -> None:
    for timestamp in timestamps:
        part = {"partition_index": more.get("index", 0), "timestamp": timestamp}
        connection.ask(
            "ListOffsets",
            at=LIST_OFFSETS[connection.talk.version],
            replica_id=-1,
            isolation_level=more.get("isolation_level", 0),
            topics=[{"name": topic.name, "partitions": [part]}],
        )


def _written(talk: Talk, **more: Any) -> Topic:
    """Nine records in three batches, a minute between those."""
    topic = talk.topic(**more)
    for minute in range(3):
        talk.produce(topic, b"a", b"b", b"c", time=LONG_AGO + minute * 60_000)
    return topic


def told_by_produce(talk: Talk) -> None:
    """To who writes, and to who is refused by the log, not to who is refused before it."""
    topic = _written(talk, configs={"message.timestamp.after.max.ms": "3600000"})
    _delete(talk, topic, 4)
    _produce(talk, topic, b"d")
    _produce(talk, topic, b"e", time=2**53)
    _produce(talk, topic, b"e", crc=7)
    _produce(talk, topic, b"e", base_offset=3)


def told_by_fetch(talk: Talk) -> None:
    """Below the start is out of range; at the start, within its batch, at the end."""
    topic = _written(talk)
    _delete(talk, topic, 4)
    _fetch(talk, topic, 0, 3, 4, 5, 6, 9, 10)


def told_by_list_offsets(talk: Talk) -> None:
    """The earliest offset is the start; the others are where they were."""
    topic = _written(talk)
    for offset in (4, 9):
        _delete(talk, topic, offset)
        _list(talk, topic, -1, -2, -3, -4, -5)


def told_by_log_dirs(talk: Talk) -> None:
    """What was deleted within a segment is still there, in bytes."""
    topic = _written(talk)
    for offset in (4, -1):
        _delete(talk, topic, offset)
        talk.ask("DescribeLogDirs", at=talk.version + 2, topics=[{"topic": topic.name, "partitions": [0]}])


def times_before_the_start(talk: Talk) -> None:
    """A time finds no record that is gone."""
    topic = _written(talk)
    _delete(talk, topic, 4)
    _list(talk, topic, 0, LONG_AGO, LONG_AGO + 60_000, LONG_AGO + 60_001, LONG_AGO + 60_002, LONG_AGO + 200_000)


def times_when_nothing_is_left(talk: Talk) -> None:
    """No time finds anything where all is gone, until something comes."""
    topic = _written(talk)
    _delete(talk, topic, -1)
    _list(talk, topic, 0, LONG_AGO, LONG_AGO + 120_002)
    talk.produce(topic, b"d", time=LONG_AGO)
    _list(talk, topic, 0, LONG_AGO, LONG_AGO + 1)


def all_gone_then_written(talk: Talk) -> None:
    """Offsets go on where they were."""
    topic = _written(talk)
    _delete(talk, topic, -1)
    _produce(talk, topic, b"d", b"e")
    _fetch(talk, topic, 8, 9, 11)
    _list(talk, topic, -2, -1)
    _delete(talk, topic, -1)
    _list(talk, topic, -2, -1)


def within_a_compressed_batch(talk: Talk) -> None:
    """The batch that holds the start comes whole, though its first records are gone; by time they are not found."""
    topic = talk.topic()
    for codec in ("gzip", "zstd"):
        talk.produce(topic, data=batch(b"a", b"b", b"c", codec=codec))
    _delete(talk, topic, 4)
    _fetch(talk, topic, 3, 4, 5)
    _list(talk, topic, LONG_AGO, LONG_AGO + 1, LONG_AGO + 2, -3)


def read_committed(talk: Talk) -> None:
    """The same for who reads only what is committed."""
    topic = _written(talk)
    _delete(talk, topic, 4)
    _fetch(talk, topic, 3, 4, 9, isolation_level=1)
    _list(talk, topic, -1, -2, LONG_AGO, isolation_level=1)


def partitions_apart(talk: Talk) -> None:
    """Each partition begins where it begins."""
    topic = talk.topic(partitions=2)
    for index in (0, 1):
        talk.produce(topic, b"a", b"b", b"c", partition=index)
    _delete(talk, topic, 2, index=1)
    for index in (0, 1):
        _fetch(talk, topic, 0, 2, index=index)
        _list(talk, topic, -2, -1, index=index)


@versions("1+")
def told_in_a_session(talk: Talk) -> None:
    """In a session a new start is news, once."""
    topic = _written(talk)
    answer = talk.ask("Fetch", at=FETCH[talk.version], **_fetching(topic, 9, session_epoch=0))
    following = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "session_id": answer.session_id}
    for epoch, offset in enumerate((None, 2, None, 2, 9, None), 1):
        if offset is not None:
            _delete(talk, topic, offset)
        talk.ask("Fetch", at=FETCH[talk.version], session_epoch=epoch, **following)


@versions("1+")
def session_left_behind(talk: Talk) -> None:
    """A session whose place is gone is told so each time, until it goes on from elsewhere."""
    topic = _written(talk)
    answer = talk.ask("Fetch", at=FETCH[talk.version], **_fetching(topic, 3, session_epoch=0))
    _delete(talk, topic, 6)
    for epoch in (1, 2, 3, 4):
        moved = _fetching(topic, 6 if epoch == 3 else 3)["topics"] if epoch > 2 else []
        fields = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": moved}
        talk.ask("Fetch", at=FETCH[talk.version], session_id=answer.session_id, session_epoch=epoch, **fields)


def reader_waits_at_the_end(talk: Talk) -> None:
    """A reader that waits at the end is not disturbed; its answer tells the new start."""
    topic, reader = _written(talk), talk.connect("reader")
    reader.send("Fetch", at=FETCH[talk.version], **_fetching(topic, 9, max_wait_ms=300))
    _delete(talk, topic, -1)
    reader.answer()


def reader_waits_for_more(talk: Talk) -> None:
    """A reader that waits for more bytes than there are, while its place is deleted: out of range in the end."""
    topic, reader = _written(talk), talk.connect("reader")
    reader.send("Fetch", at=FETCH[talk.version], **_fetching(topic, 0, max_wait_ms=300, min_bytes=100_000))
    talk.let_others_go_first()
    _delete(talk, topic, 5)
    reader.answer()


def commits_stay(talk: Talk) -> None:
    """What a group has committed below the start stays committed."""
    topic, group = _written(talk), talk.name_of("group")
    data = [{"name": topic.name, "partitions": [{"partition_index": 0, "committed_offset": 1}]}]
    talk.ask("OffsetCommit", at=7, group_id=group, topics=data)
    _delete(talk, topic, 5)
    asked = [{"name": topic.name, "partition_indexes": [0]}]
    talk.ask("OffsetFetch", at=7, group_id=group, topics=asked)
    talk.ask("OffsetCommit", at=7, group_id=group, topics=data)


def topic_made_anew(talk: Talk) -> None:
    """A topic of the same name begins at zero."""
    topic = _written(talk)
    _delete(talk, topic, 5)
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    gone = {"replica_id": -1, "topics": asked}
    talk.until_quietly(lambda a: a.topics[0].partitions[0].error_code == 3, "ListOffsets", at=7, **gone)
    topic = talk.topic()
    _list(talk, topic, -2, -1)
    _produce(talk, topic, b"a")
    _delete(talk, topic, 1)
    _fetch(talk, topic, 0, 1)


def compacted_and_deleted(talk: Talk) -> None:
    """A topic that is compacted and deleted from."""
    topic = talk.topic(configs={"cleanup.policy": "compact,delete"})
    part = {"index": 0, "records": batch(*[Row(b"v", key) for key in (b"a", b"b", b"a")])}
    data = [{"name": topic.name, "partition_data": [part]}]
    talk.ask_quietly("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=data)
    _delete(talk, topic, 2)
    _list(talk, topic, -2, -1)
    _fetch(talk, topic, 0, 2)


def repeated_batches(talk: Talk) -> None:
    """A producer that sends deleted records again is told their old offset, and where the log begins now."""
    topic = talk.topic()
    for sequence in range(3):
        _produce(talk, topic, b"x", producer=(4001, 0, sequence))
    _delete(talk, topic, -1)
    for sequence in (2, 0, 5, 3):
        _produce(talk, topic, b"x", producer=(4001, 0, sequence))


def deleted_beyond_and_again(talk: Talk) -> None:
    """What is refused changes nothing."""
    topic = _written(talk)
    for offset in (10, 3, 12, -7):
        _delete(talk, topic, offset)
        _list(talk, topic, -2)

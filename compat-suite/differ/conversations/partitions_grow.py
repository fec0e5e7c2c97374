"""Topics that grow: what producers, consumers and groups find on partitions that were not there before."""

from typing import Any

from differ.batches import batch
from differ.talk import Connection, Talk, Topic
from kpybroker.wire.declare import Versions

API = "CreatePartitions"
VERSIONS = Versions(3, 3)
MUCH = 2**20


def _grow(talk: Talk, topic: Topic, count: int) -> None:
    talk.ask(topics=[{"name": topic.name, "count": count, "assignments": None}], timeout_ms=10_000)
    talk.await_topic(topic.name, count)


def _write(talk: Talk, topic: Topic, partition: int, *rows: bytes, **more: Any) -> None:
    data = {"index": partition, "records": batch(*rows, **more)}
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=[{"name": topic.name, "partition_data": [data]}])


def _read(topic: Topic, *partitions: int, **more: Any) -> dict[str, Any]:
    asked = [{"partition": index, "fetch_offset": 0, "partition_max_bytes": MUCH} for index in partitions]
    request = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "session_epoch": -1}
    return request | {"topics": [{"topic": topic.name, "topic_id": topic.id, "partitions": asked}]} | more


def _ends(talk: Connection, topic: Topic, *partitions: int, timestamp: int = -1) -> None:
    asked = [{"partition_index": index, "timestamp": timestamp} for index in partitions]
    talk.ask("ListOffsets", at=7, replica_id=-1, topics=[{"name": topic.name, "partitions": asked}])


def _describe(talk: Talk, topic: Topic) -> None:
    talk.ask("Metadata", at=12, topics=[{"name": topic.name}], allow_auto_topic_creation=False)


def written_and_read(talk: Talk) -> None:
    """A partition takes records as soon as it is there, and none before."""
    topic = talk.topic()
    _write(talk, topic, 1, b"too early")
    _grow(talk, topic, 2)
    _write(talk, topic, 1, b"a", b"b")
    talk.ask("Fetch", at=12, **_read(topic, 1))
    talk.ask("Fetch", at=12, **_read(topic, 0, 1))


def old_records_stay(talk: Talk) -> None:
    """What was written before is where it was."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    _grow(talk, topic, 3)
    talk.ask("Fetch", at=12, **_read(topic, 0, 1, 2))
    _ends(talk, topic, 0, 1, 2)


def read_before_it_is_there(talk: Talk) -> None:
    """A reader of a partition that is not there hears so at once; beside one that is there it waits for that one."""
    topic = talk.topic()
    talk.ask("Fetch", at=12, **_read(topic, 1, max_wait_ms=8_000))
    talk.ask("Fetch", at=12, **_read(topic, 0, 1, max_wait_ms=200))
    talk.ask("Fetch", at=13, **_read(topic, 1, max_wait_ms=8_000))
    _grow(talk, topic, 2)
    talk.ask("Fetch", at=12, **_read(topic, 1))
    talk.ask("Fetch", at=13, **_read(topic, 1))


def waiting_reader_of_an_old_partition(talk: Talk) -> None:
    """It waits on, and has what it waits for."""
    talk.leave_open("high_watermark", "last_stable_offset", because="the reader may be woken before the high watermark")
    topic = talk.topic()
    reader = talk.connect("reader")
    reader.send("Fetch", at=12, **_read(topic, 0, max_wait_ms=8_000))
    talk.let_others_go_first()
    _grow(talk, topic, 2)
    talk.produce(topic, b"other", partition=1)
    talk.produce(topic, b"a")
    reader.answer()


def waiting_reader_of_a_new_partition(talk: Talk) -> None:
    """A new partition can be waited for like any other."""
    talk.leave_open("high_watermark", "last_stable_offset", because="the reader may be woken before the high watermark")
    topic = talk.topic()
    _grow(talk, topic, 2)
    reader = talk.connect("reader")
    reader.send("Fetch", at=12, **_read(topic, 0, 1, max_wait_ms=8_000))
    talk.let_others_go_first()
    talk.produce(topic, b"a", partition=1)
    reader.answer()


def fetch_session(talk: Talk) -> None:
    """A session tells that a partition is not there, and then that it is."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    first = talk.ask("Fetch", at=12, **_read(topic, 0, 1, session_epoch=0))
    again = {"session_id": first.session_id, "topics": []}
    talk.ask("Fetch", at=12, **_read(topic, **again | {"session_epoch": 1}))
    _grow(talk, topic, 2)
    talk.produce(topic, b"b", partition=1)
    talk.ask("Fetch", at=12, **_read(topic, **again | {"session_epoch": 2}))
    talk.ask("Fetch", at=12, **_read(topic, **again | {"session_epoch": 3}))


def added_to_a_session(talk: Talk) -> None:
    """A new partition comes into a session that runs."""
    topic = talk.topic()
    first = talk.ask("Fetch", at=12, **_read(topic, 0, session_epoch=0))
    _grow(talk, topic, 2)
    talk.produce(topic, b"b", partition=1)
    talk.ask("Fetch", at=12, **_read(topic, 1, session_id=first.session_id, session_epoch=1))
    talk.ask("Fetch", at=12, **_read(topic, session_id=first.session_id, session_epoch=2, topics=[]))


def offsets_of_new_partitions(talk: Talk) -> None:
    """Empty from start to end, whatever is asked for."""
    topic = talk.topic()
    _ends(talk, topic, 0, 1, 2)
    _grow(talk, topic, 2)
    for timestamp in (-1, -2, -3, 0):
        _ends(talk, topic, 0, 1, 2, timestamp=timestamp)


def leader_epochs(talk: Talk) -> None:
    """The old ones keep theirs, new ones begin with 0."""
    topic = talk.topic()
    _describe(talk, topic)
    _grow(talk, topic, 2)
    _grow(talk, topic, 4)
    _describe(talk, topic)
    right = {"partition": 3, "fetch_offset": 0, "partition_max_bytes": MUCH, "current_leader_epoch": 0}
    for epoch in (0, 1, -1):
        part = right | {"current_leader_epoch": epoch}
        talk.ask("Fetch", at=12, **_read(topic, topics=[{"topic": topic.name, "partitions": [part]}]))


def the_same_id(talk: Talk) -> None:
    """A topic that grew is the topic that it was."""
    topic = talk.topic()
    _grow(talk, topic, 2)
    talk.ask("Metadata", at=12, topics=[{"name": None, "topic_id": topic.id}], allow_auto_topic_creation=False)
    talk.ask("DescribeTopicPartitions", at=0, topics=[{"name": topic.name}])


def committed_offsets(talk: Talk) -> None:
    """A group commits for a partition once it is there."""
    topic, group = talk.topic(), talk.name_of("group")
    parts = [{"partition_index": index, "committed_offset": 5} for index in (0, 1)]
    offsets = {"group_id": group, "topics": [{"name": topic.name, "partitions": parts}]}
    talk.ask("OffsetCommit", at=7, **offsets)
    _grow(talk, topic, 2)
    talk.ask("OffsetCommit", at=7, **offsets)
    talk.ask("OffsetFetch", at=7, group_id=group, topics=[{"name": topic.name, "partition_indexes": [0, 1, 2]}])


def idempotent_producer(talk: Talk) -> None:
    """Sequences of a new partition begin with 0, beside those of the old one."""
    topic = talk.topic()
    producer = talk.ask_quietly("InitProducerId", at=4, transactional_id=None, transaction_timeout_ms=60_000)
    _write(talk, topic, 0, b"a", b"b", producer=(producer.producer_id, 0, 0))
    _grow(talk, topic, 2)
    _write(talk, topic, 1, b"a", producer=(producer.producer_id, 0, 0))
    _write(talk, topic, 0, b"c", producer=(producer.producer_id, 0, 2))
    _write(talk, topic, 1, b"x", producer=(producer.producer_id, 0, 5))


def settings_hold_for_new_partitions(talk: Talk) -> None:
    """The topic's settings are those of its new partitions."""
    topic = talk.topic(configs={"max.message.bytes": "200"})
    _grow(talk, topic, 2)
    for partition in (0, 1):
        _write(talk, topic, partition, b"a" * 300)
        _write(talk, topic, partition, b"a" * 30)


def deleted_and_made_again(talk: Talk) -> None:
    """A topic of the same name that comes later has only what it was made with."""
    topic = talk.topic()
    _grow(talk, topic, 3)
    talk.produce(topic, b"a", partition=2)
    talk.ask("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    new = talk.topic(partitions=2)
    _describe(talk, new)
    _ends(talk, new, 0, 1, 2)
    _grow(talk, new, 3)
    _ends(talk, new, 2)


def one_after_another(talk: Talk) -> None:
    """Requests in a row on one connection: the second finds what the first did."""
    topic = talk.topic()
    for count in (2, 2, 3, 1):
        talk.send(topics=[{"name": topic.name, "count": count, "assignments": None}], timeout_ms=10_000)
    for _ in range(4):
        talk.answer()
    talk.await_topic(topic.name, 3)
    _describe(talk, topic)


def validated_then_grown(talk: Talk) -> None:
    """What was only validated can be done afterwards."""
    topic = talk.topic()
    wanted = {"topics": [{"name": topic.name, "count": 2, "assignments": [{"broker_ids": [1]}]}], "timeout_ms": 10_000}
    talk.ask(**wanted, validate_only=True)
    _ends(talk, topic, 1)
    talk.ask(**wanted)
    talk.await_topic(topic.name, 2)
    _ends(talk, topic, 1)
    talk.ask(**wanted, validate_only=True)


def pages(talk: Talk) -> None:
    """A cursor that was at the end goes on when there is more."""
    topic = talk.topic(partitions=2)
    asked = {"topics": [{"name": topic.name}], "cursor": {"topic_name": topic.name, "partition_index": 2}}
    talk.ask("DescribeTopicPartitions", at=0, **asked)
    _grow(talk, topic, 4)
    talk.ask("DescribeTopicPartitions", at=0, **asked)
    talk.ask("DescribeTopicPartitions", at=0, **asked, response_partition_limit=1)


def elections_and_reassignments(talk: Talk) -> None:
    """New partitions have their leader, and go nowhere."""
    topic = talk.topic()
    _grow(talk, topic, 2)
    talk.ask("ElectLeaders", at=2, topic_partitions=[{"topic": topic.name, "partitions": [0, 1, 2]}], timeout_ms=10_000)
    parts = [{"partition_index": index, "replicas": [1]} for index in (0, 1, 2)]
    talk.ask("AlterPartitionReassignments", at=0, topics=[{"name": topic.name, "partitions": parts}], timeout_ms=10_000)
    _describe(talk, topic)

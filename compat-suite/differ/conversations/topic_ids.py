"""Ids of topics that are gone, or have come again under the same name (KIP-516)."""

from typing import Any

from differ.batches import batch
from differ.talk import Talk, Topic
from kpybroker.wire.declare import Versions

API = "Metadata"
VERSIONS = Versions(13, 13)
MUCH = 2**20


def _made_again(talk: Talk, partitions: int = 1) -> tuple[Topic, Topic]:
    """A topic that is gone, and the one that has its name now."""
    old = talk.topic(partitions=partitions)
    talk.produce(old, b"old")
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[old.name], timeout_ms=10_000)
    _await_its_end(talk, old)
    return old, talk.topic(partitions=partitions)


def _await_its_end(talk: Talk, topic: Topic) -> None:
    end = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    gone = {"at": 7, "replica_id": -1, "topics": end}
    talk.until_quietly(lambda a: a.topics[0].partitions[0].error_code == 3, "ListOffsets", **gone)


def _by_id(topic: Topic) -> dict[str, Any]:
    return {"name": None, "topic_id": topic.id}


def _write(talk: Talk, topic: Topic, *rows: bytes) -> None:
    data = {"name": "", "topic_id": topic.id, "partition_data": [{"index": 0, "records": batch(*rows)}]}
    talk.ask("Produce", at=13, acks=-1, timeout_ms=10_000, topic_data=[data])


def _read(topic: Topic, offset: int = 0, **more: Any) -> dict[str, Any]:
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH}
    request = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "session_epoch": -1}
    return request | {"topics": [{"topic": topic.name, "topic_id": topic.id, "partitions": [part]}]} | more


def described(talk: Talk) -> None:
    """The old id is unknown, the name has the new one."""
    old, new = _made_again(talk)
    talk.ask(topics=[_by_id(old)], allow_auto_topic_creation=True)
    talk.ask(topics=[_by_id(new)], allow_auto_topic_creation=False)
    talk.ask(topics=[_by_id(old), _by_id(new)], allow_auto_topic_creation=False)
    talk.ask(topics=[{"name": new.name}], allow_auto_topic_creation=False)


def written(talk: Talk) -> None:
    """What is written to the old id is not written to the new topic."""
    old, new = _made_again(talk)
    _write(talk, old, b"for the old one")
    _write(talk, new, b"a")
    talk.ask("Fetch", at=13, **_read(new))


def written_to_both(talk: Talk) -> None:
    """In one request the one is refused and the other taken."""
    old, new = _made_again(talk)
    part = {"index": 0, "records": batch(b"a")}
    data = [{"name": "", "topic_id": topic.id, "partition_data": [part]} for topic in (old, new)]
    talk.ask("Produce", at=13, acks=-1, timeout_ms=10_000, topic_data=data)


def read(talk: Talk) -> None:
    """Nothing is read by the old id; by the name it is the new topic."""
    old, new = _made_again(talk)
    talk.ask("Fetch", at=13, **_read(old))
    talk.ask("Fetch", at=13, **_read(new))
    talk.ask("Fetch", at=12, **_read(old))


def read_on(talk: Talk) -> None:
    """A reader that goes on by name is out of range, and by id knows why."""
    old, new = _made_again(talk)
    talk.ask("Fetch", at=12, **_read(old, 1))
    talk.ask("Fetch", at=13, **_read(old, 1))
    talk.ask("Fetch", at=13, **_read(new, 1))


def deleted(talk: Talk) -> None:
    """The old id deletes nothing."""
    old, new = _made_again(talk)
    talk.ask("DeleteTopics", at=6, topics=[_by_id(old)], timeout_ms=10_000)
    talk.ask(topics=[{"name": new.name}], allow_auto_topic_creation=False)
    talk.ask("DeleteTopics", at=6, topics=[_by_id(old), _by_id(new)], timeout_ms=10_000)


def session_by_id(talk: Talk) -> None:
    """A session by ids tells that its topic is gone, though the name is there again."""
    old = talk.topic()
    talk.produce(old, b"old")
    first = talk.ask("Fetch", at=13, **_read(old, session_epoch=0))
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[old.name], timeout_ms=10_000)
    _await_its_end(talk, old)
    new = talk.topic()
    talk.produce(new, b"new")
    more = {"session_id": first.session_id}
    talk.ask("Fetch", at=13, **_read(old, **more, session_epoch=1, topics=[]))
    forgotten = [{"topic_id": old.id, "partitions": [0]}]
    talk.ask("Fetch", at=13, **_read(new, **more, session_epoch=2, forgotten_topics_data=forgotten))
    talk.ask("Fetch", at=13, **_read(new, **more, session_epoch=3, topics=[]))


def session_of_a_deleted_topic(talk: Talk) -> None:
    """A session tells that its topic is gone, again and again."""
    topic = talk.topic()
    first = talk.ask("Fetch", at=13, **_read(topic, session_epoch=0))
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    _await_its_end(talk, topic)
    for epoch in (1, 2):
        talk.ask("Fetch", at=13, **_read(topic, session_id=first.session_id, session_epoch=epoch, topics=[]))


def session_between_ids_and_names(talk: Talk) -> None:
    """A session stays with the ids, or the names, that it began with."""
    topic = talk.topic()
    by_id = talk.ask("Fetch", at=13, **_read(topic, session_epoch=0))
    talk.ask("Fetch", at=12, **_read(topic, session_id=by_id.session_id, session_epoch=1))
    by_name = talk.ask("Fetch", at=12, **_read(topic, session_epoch=0))
    talk.ask("Fetch", at=13, **_read(topic, session_id=by_name.session_id, session_epoch=1))


def no_id(talk: Talk) -> None:
    """An id of zeros is no topic's."""
    nobody = Topic("", bytes(16))
    _write(talk, nobody, b"a")
    talk.ask("Fetch", at=13, **_read(nobody))
    talk.ask("DeleteTopics", at=6, topics=[_by_id(nobody)], timeout_ms=10_000)
    talk.ask(topics=[_by_id(nobody)], allow_auto_topic_creation=False)


def before_ids(talk: Talk) -> None:
    """Versions that have the field but not the meaning."""
    topic = talk.topic()
    for version in (10, 11, 12):
        talk.ask(at=version, topics=[_by_id(topic)], allow_auto_topic_creation=False)
        talk.ask(at=version, topics=[{"name": topic.name, "topic_id": topic.id}], allow_auto_topic_creation=False)


def told_alike(talk: Talk) -> None:
    """Every answer that tells an id tells the same one."""
    talk.leave_open("configs", because="what a new topic is set to is compared where CreateTopics is")
    name = talk.name_of("topic")
    wanted = [{"name": name, "num_partitions": 1, "replication_factor": 1}]
    created = talk.ask("CreateTopics", at=7, topics=wanted, timeout_ms=10_000)
    talk.await_topic(name)
    talk.ask(topics=[{"name": name}], allow_auto_topic_creation=False)
    talk.ask(topics=[_by_id(Topic(name, created.topics[0].topic_id))], allow_auto_topic_creation=False)
    talk.ask("DescribeTopicPartitions", at=0, topics=[{"name": name}])
    talk.ask("DeleteTopics", at=6, topics=[{"name": name}], timeout_ms=10_000)


def different_each_time(talk: Talk) -> None:
    """A name has another id each time that it is used; validating gives none."""
    talk.leave_open("configs", because="what a new topic is set to is compared where CreateTopics is")
    name = talk.name_of("topic")
    wanted = [{"name": name, "num_partitions": 1, "replication_factor": 1}]
    talk.ask("CreateTopics", at=7, topics=wanted, timeout_ms=10_000, validate_only=True)
    for _ in range(2):
        talk.ask("CreateTopics", at=7, topics=wanted, timeout_ms=10_000)
        talk.ask("DeleteTopics", at=6, topics=[{"name": name}], timeout_ms=10_000)


def committed_offsets(talk: Talk) -> None:
    """A group commits by the new id, not by the old one, and finds nothing of the old topic's."""
    old, group = talk.topic(), talk.name_of("group")
    part = [{"partition_index": 0, "committed_offset": 5}]
    talk.ask("OffsetCommit", at=10, group_id=group, topics=[{"topic_id": old.id, "partitions": part}])
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[old.name], timeout_ms=10_000)
    _await_its_end(talk, old)
    asked = [{"name": old.name, "partition_indexes": [0]}]
    talk.until(
        lambda a: a.topics[0].partitions[0].committed_offset == -1, "OffsetFetch", at=7, group_id=group, topics=asked
    )
    new = talk.topic()
    talk.ask("OffsetCommit", at=10, group_id=group, topics=[{"topic_id": old.id, "partitions": part}])
    talk.ask("OffsetCommit", at=10, group_id=group, topics=[{"topic_id": new.id, "partitions": part}])
    for topic in (old, new):
        wanted = {"group_id": group, "topics": [{"topic_id": topic.id, "partition_indexes": [0]}]}
        talk.ask("OffsetFetch", at=10, groups=[wanted])


def grown_by_name(talk: Talk) -> None:
    """The name is the new topic's, whatever was known of the old one."""
    old, new = _made_again(talk, partitions=2)
    talk.ask("CreatePartitions", at=3, topics=[{"name": old.name, "count": 3, "assignments": None}], timeout_ms=10_000)
    talk.await_topic(new.name, 3)
    talk.ask(topics=[_by_id(old), _by_id(new)], allow_auto_topic_creation=False)

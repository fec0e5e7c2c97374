"""Names of topics at the edge of what a name may be, in every API that takes one."""

from typing import Any

from differ.batches import batch
from differ.talk import Talk, Topic
from kpybroker.wire.declare import NO_ID, Versions

API = "CreateTopics"
VERSIONS = Versions(7, 7)


def _create(talk: Talk, *names: str, **more: Any) -> None:
    talk.leave_open("configs", because="what a new topic is set to is compared where CreateTopics is")
    wanted = [{"name": name, "num_partitions": 1, "replication_factor": 1} for name in names]
    talk.ask(topics=wanted, timeout_ms=10_000, **more)


def _delete(talk: Talk, *names: str) -> None:
    talk.ask("DeleteTopics", at=4, topic_names=list(names), timeout_ms=10_000)


def _describe(talk: Talk, *names: str, create: bool = False) -> None:
    talk.ask("Metadata", at=12, topics=[{"name": name} for name in names], allow_auto_topic_creation=create)


def _everywhere(talk: Talk, name: str) -> None:
    """What each API says that takes a topic's name."""
    data = [{"name": name, "partition_data": [{"index": 0, "records": batch(b"a")}]}]
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=data)
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}
    limits = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": 1000, "session_epoch": -1}
    talk.ask("Fetch", at=12, **limits, topics=[{"topic": name, "partitions": [part]}])
    end = [{"partition_index": 0, "timestamp": -1}]
    talk.ask("ListOffsets", at=7, replica_id=-1, topics=[{"name": name, "partitions": end}])
    talk.ask("CreatePartitions", at=3, topics=[{"name": name, "count": 2, "assignments": None}], timeout_ms=10_000)
    talk.ask("DescribeTopicPartitions", at=0, topics=[{"name": name}])
    talk.ask("ElectLeaders", at=2, topic_partitions=[{"topic": name, "partitions": [0]}], timeout_ms=10_000)
    offset = [{"partition_index": 0, "committed_offset": 1}]
    group = talk.name_of("group")
    talk.ask("OffsetCommit", at=7, group_id=group, topics=[{"name": name, "partitions": offset}])
    talk.ask("OffsetFetch", at=7, group_id=group, topics=[{"name": name, "partition_indexes": [0]}])
    _describe(talk, name)
    _describe(talk, name, create=True)


def longest(talk: Talk) -> None:
    """249 characters can be created, written, read and deleted."""
    name = talk.name_of("a" * (249 - len(talk.prefix)))
    _create(talk, name)
    talk.await_topic(name)
    talk.produce(Topic(name, NO_ID), b"a")
    _describe(talk, name)
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}
    limits = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": 1000, "session_epoch": -1}
    talk.ask("Fetch", at=12, **limits, topics=[{"topic": name, "partitions": [part]}])
    _delete(talk, name)


def too_long(talk: Talk) -> None:
    """250 characters, everywhere."""
    _everywhere(talk, talk.name_of("a" * (250 - len(talk.prefix))))


def dots(talk: Talk) -> None:
    """The names of directories, everywhere."""
    for name in (".", ".."):
        _create(talk, name)
        _everywhere(talk, name)


def empty(talk: Talk) -> None:
    """No name at all, everywhere."""
    _create(talk, "")
    _everywhere(talk, "")


def odd_letters(talk: Talk) -> None:
    """A letter that no name has, everywhere."""
    name = talk.name_of("ünï")
    _create(talk, name)
    _everywhere(talk, name)


def path(talk: Talk) -> None:
    """What would lead out of a directory, everywhere."""
    name = "../" + talk.name_of("topic")
    _create(talk, name)
    _everywhere(talk, name)


def harmless(talk: Talk) -> None:
    """Dots, dashes and underscores may stand anywhere."""
    for end in ("...", "-", "_.", "0"):
        name = talk.name_of(end)
        _create(talk, name)
        talk.await_topic(name)
        _describe(talk, name)


def small_and_capital(talk: Talk) -> None:
    """Names that differ in this are two."""
    for name in ("topic", "Topic", "TOPIC"):
        talk.topic(name)
    _describe(talk, *(talk.name_of(name) for name in ("topic", "Topic", "TOPIC", "tOPIC")))


def dash_is_no_underscore(talk: Talk) -> None:
    """Only dots and underscores are one."""
    talk.topic("a-b")
    _create(talk, talk.name_of("a_b"))
    _create(talk, talk.name_of("a.b"))


def colliding(talk: Talk) -> None:
    """Dots and underscores in any place, before and behind."""
    talk.topic("a.b_c")
    for name in ("a_b_c", "a.b.c", "a_b.c", "a.b_c", "a.b-c"):
        _create(talk, talk.name_of(name), validate_only=True)


def colliding_in_one_request(talk: Talk) -> None:
    """Two that collide with each other, and one that does not."""
    names = [talk.name_of(name) for name in ("a.b", "a_b", "ab")]
    _create(talk, *names)
    _create(talk, *names)


def free_again(talk: Talk) -> None:
    """A name collides no longer once the other is gone."""
    topic = talk.topic("a.b")
    _create(talk, talk.name_of("a_b"))
    _delete(talk, topic.name)
    _create(talk, talk.name_of("a_b"))
    _create(talk, topic.name)


def colliding_when_asked_for(talk: Talk) -> None:
    """Asked for by a name that collides, nothing is created."""
    topic = talk.topic("a.b")
    other = talk.name_of("a_b")
    _describe(talk, topic.name, other, create=True)
    _describe(talk, other)


def several_created_by_asking(talk: Talk) -> None:
    """Good names are created, the others are not."""
    good, bad = talk.name_of("good"), talk.name_of("b d")
    _describe(talk, "..")
    asked = [{"name": name} for name in (good, bad)]
    talk.until(
        lambda a: all(topic.error_code not in (3, 5) for topic in a.topics),
        "Metadata",
        at=12,
        topics=asked,
        allow_auto_topic_creation=True,
    )
    _describe(talk, bad)


def metadata_log(talk: Talk) -> None:
    """The log of the metadata has a name that no client can use."""
    _create(talk, "__cluster_metadata", validate_only=True)
    _delete(talk, "__cluster_metadata")
    data = [{"name": "__cluster_metadata", "partition_data": [{"index": 0, "records": batch(b"a")}]}]
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=data)
    end = [{"partition_index": 0, "timestamp": -1}]
    talk.ask("ListOffsets", at=7, replica_id=-1, topics=[{"name": "__cluster_metadata", "partitions": end}])
    _describe(talk, "__cluster_metadata")


def the_same_name_again(talk: Talk) -> None:
    """A name is used over and over, with more partitions each time."""
    for partitions in (1, 2, 3):
        topic = talk.topic(partitions=partitions)
        _describe(talk, topic.name)
        _delete(talk, topic.name)
        gone = {"topics": [{"name": topic.name}], "allow_auto_topic_creation": False}
        talk.until(lambda a: a.topics[0].error_code == 3, "Metadata", at=12, **gone)

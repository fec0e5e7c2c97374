"""Whose turn it is where there is not room for all: the order of partitions in a read and in a session (KIP-227)."""

from typing import Any

from differ.talk import Talk, Topic
from kpybroker.wire.declare import Versions

API = "Fetch"
VERSIONS = Versions(12, 13)
MUCH = 2**20
FINAL = -1
ONE = 1  # byte: the first batch comes whole, and nothing else


def _ask(talk: Talk, session: int, epoch: int, *parts: tuple[Topic, int, int], **more: Any) -> Any:
    topics = [
        {
            "topic": topic.name,
            "topic_id": topic.id,
            "partitions": [{"partition": index, "fetch_offset": offset, "partition_max_bytes": MUCH}],
        }
        for topic, index, offset in parts
    ]
    request = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "session_id": session, "session_epoch": epoch}
    return talk.ask(**request | {"topics": topics} | more)


def _forget(topic: Topic, *indexes: int) -> dict[str, Any]:
    return {"forgotten_topics_data": [{"topic": topic.name, "topic_id": topic.id, "partitions": list(indexes)}]}


def _full(talk: Talk, partitions: int = 3, what: str = "topic") -> Topic:
    """A topic with a batch in each partition."""
    topic = talk.topic(what, partitions=partitions)
    for index in range(partitions):
        talk.produce(topic, b"a", partition=index)
    return topic


def no_turns_without_a_session(talk: Talk) -> None:
    """Without a session the first that was asked for is the first that is served, each time."""
    topic = _full(talk)
    for _ in range(2):
        _ask(talk, 0, FINAL, *[(topic, index, 0) for index in (1, 0, 2)], max_bytes=ONE)


def turns_of_one(talk: Talk) -> None:
    """In a session who was served goes behind the others."""
    topic = _full(talk)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(3)], max_bytes=ONE).session_id
    for epoch in range(1, 5):
        _ask(talk, session, epoch, max_bytes=ONE)
    _ask(talk, session, FINAL)


def turns_of_two(talk: Talk) -> None:
    """Two served at once go behind the others in their order; the last one may be cut off."""
    topic = _full(talk, 5)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(5)], max_bytes=138).session_id
    for epoch in range(1, 5):
        _ask(talk, session, epoch, max_bytes=138)
    _ask(talk, session, 5, max_bytes=100)
    _ask(talk, session, 6)
    _ask(talk, session, FINAL)


def reading_on(talk: Talk) -> None:
    """A partition that is asked for again with another offset keeps its place."""
    topic = _full(talk)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(3)], max_bytes=ONE).session_id
    _ask(talk, session, 1, (topic, 0, 1), max_bytes=ONE)
    _ask(talk, session, 2, (topic, 0, 0), max_bytes=ONE)
    _ask(talk, session, 3, (topic, 1, 1), (topic, 2, 1), max_bytes=ONE)
    _ask(talk, session, 4, max_bytes=ONE)
    _ask(talk, session, FINAL)


def empty_ones_keep_their_place(talk: Talk) -> None:
    """A partition without records stays where it is, and is first when it has some."""
    topic = talk.topic(partitions=3)
    talk.produce(topic, b"a", partition=1)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(3)], max_bytes=ONE).session_id
    _ask(talk, session, 1, max_bytes=ONE)
    for index in (0, 2):
        talk.produce(topic, b"b", partition=index)
    for epoch in range(2, 6):
        _ask(talk, session, epoch, max_bytes=ONE)
    _ask(talk, session, FINAL)


def newcomers_go_last(talk: Talk) -> None:
    """A partition that joins a session stands behind those that are there."""
    topic = _full(talk)
    session = _ask(talk, 0, 0, (topic, 2, 0), max_bytes=ONE).session_id
    _ask(talk, session, 1, (topic, 1, 0), (topic, 0, 0), max_bytes=ONE)
    for epoch in range(2, 5):
        _ask(talk, session, epoch, max_bytes=ONE)
    _ask(talk, session, FINAL)


def forgotten_and_back(talk: Talk) -> None:
    """Who is forgotten and asked for again is a newcomer."""
    topic = _full(talk)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(3)], max_bytes=ONE).session_id
    _ask(talk, session, 1, max_bytes=ONE, **_forget(topic, 0))
    _ask(talk, session, 2, (topic, 0, 0), max_bytes=ONE)
    for epoch in range(3, 6):
        _ask(talk, session, epoch, max_bytes=ONE)
    _ask(talk, session, FINAL)


def errors_stand_last_from_the_start(talk: Talk) -> None:
    """A session is kept in the order of its first answer: what was in error then stands behind the others."""
    topic = _full(talk, 2)
    session = _ask(talk, 0, 0, (topic, 2, 0), (topic, 1, 0), (topic, 0, 0), max_bytes=ONE).session_id
    more = {"name": topic.name, "count": 3, "assignments": None}
    talk.ask_quietly("CreatePartitions", at=2, topics=[more], timeout_ms=10_000, validate_only=False)
    talk.await_topic(topic.name, 3)
    talk.produce(topic, b"c", partition=2)
    for epoch in range(1, 5):
        _ask(talk, session, epoch, max_bytes=ONE)
    _ask(talk, session, FINAL)


def two_topics_in_turns(talk: Talk) -> None:
    """Turns mix topics: neighbours of one topic share an entry of the answer, others do not."""
    topic, other = _full(talk, 2), _full(talk, 2, "other")
    parts = [(topic, 0, 0), (other, 0, 0), (topic, 1, 0), (other, 1, 0)]
    session = _ask(talk, 0, 0, *parts).session_id
    for epoch, most in ((1, 69), (2, 138), (3, MUCH), (4, 207), (5, MUCH)):
        _ask(talk, session, epoch, max_bytes=most)
    _ask(talk, session, FINAL)


def session_of_another_order(talk: Talk) -> None:
    """A session that begins anew has the order in which it is asked for, not the old one."""
    topic = _full(talk)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(3)], max_bytes=ONE).session_id
    _ask(talk, session, 1, max_bytes=ONE)
    session = _ask(talk, session, 0, *[(topic, index, 0) for index in (2, 0, 1)], max_bytes=ONE).session_id
    for epoch in range(1, 4):
        _ask(talk, session, epoch, max_bytes=ONE)
    _ask(talk, session, FINAL)


def largest_limit_of_a_partition(talk: Talk) -> None:
    """A partition's own limit may change in a session, and bounds it from then on."""
    topic = talk.topic(partitions=2)
    for index in (0, 1):
        for value in (b"a", b"b"):
            talk.produce(topic, value, partition=index)
    session = _ask(talk, 0, 0, (topic, 0, 0), (topic, 1, 0)).session_id
    limited = {"partition": 1, "fetch_offset": 0, "partition_max_bytes": 75}
    asked = [{"topic": topic.name, "topic_id": topic.id, "partitions": [limited]}]
    _ask(talk, session, 1, topics=asked)
    _ask(talk, session, 2)
    _ask(talk, session, FINAL)

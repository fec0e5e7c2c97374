"""Incremental fetch sessions (KIP-227): only what changed is sent, epochs must match, topics can be forgotten."""

from typing import Any

from differ.talk import Talk, Topic, versions

API = "Fetch"
MUCH = 2**20
FINAL = -1


def _ask(
    talk: Talk,
    session: int,
    epoch: int,
    *asked: tuple[Topic, int, int],
    forgotten: tuple[tuple[Topic, list[int]], ...] = (),
    **more: Any,
) -> Any:
    """Each of `asked` is (topic, partition, offset)."""
    topics = [
        {
            "topic": topic.name,
            "topic_id": topic.id,
            "partitions": [{"partition": index, "fetch_offset": offset, "partition_max_bytes": MUCH}],
        }
        for topic, index, offset in asked
    ]
    left = [{"topic": topic.name, "topic_id": topic.id, "partitions": indexes} for topic, indexes in forgotten]
    request = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH} | more
    return talk.ask(session_id=session, session_epoch=epoch, topics=topics, forgotten_topics_data=left, **request)


@versions("7+")
def full_then_changes(talk: Talk) -> None:
    """The first answer has everything, the next only what is new."""
    topic, other = talk.topic(), talk.topic("other")
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0), (other, 0, 0)).session_id
    _ask(talk, session, 1, (topic, 0, 1))
    talk.produce(other, b"b")
    _ask(talk, session, 2)
    _ask(talk, session, 3, (other, 0, 1))
    _ask(talk, session, FINAL)


@versions("7+")
def not_read_yet(talk: Talk) -> None:
    """Records that the reader did not move past come again."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1)
    _ask(talk, session, FINAL)


@versions("7+")
def partition_added(talk: Talk) -> None:
    """A partition that joins a session is answered, also when it is empty."""
    topic = talk.topic(partitions=2)
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1, (topic, 1, 0))
    _ask(talk, session, 2)
    _ask(talk, session, FINAL)


@versions("7+")
def forgotten(talk: Talk) -> None:
    """A partition that leaves a session is answered no more; forgetting what was not there does not matter."""
    topic, other = talk.topic(), talk.topic("other")
    session = _ask(talk, 0, 0, (topic, 0, 0), (other, 0, 0)).session_id
    _ask(talk, session, 1, forgotten=((topic, [0]), (topic, [7])))
    talk.produce(topic, b"a")
    talk.produce(other, b"b")
    _ask(talk, session, 2)
    _ask(talk, session, 3, (topic, 0, 0), (other, 0, 1))
    _ask(talk, session, FINAL)


@versions("7+")
def forgotten_and_asked(talk: Talk) -> None:
    """One partition asked for and forgotten in one request; everything forgotten."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1, (topic, 0, 0), forgotten=((topic, [0]),))
    _ask(talk, session, 2, forgotten=((topic, [0]),))
    _ask(talk, session, 3)
    _ask(talk, session, FINAL)


@versions("7+")
def wrong_epoch(talk: Talk) -> None:
    """Epochs that were, or will be; then the right one."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    for epoch in (2, 5):
        _ask(talk, session, epoch, (topic, 0, 0))
    _ask(talk, session, 1, (topic, 0, 0))
    _ask(talk, session, 1, (topic, 0, 0))
    _ask(talk, session, FINAL)


@versions("7+")
def unknown_session(talk: Talk) -> None:
    """A session that is not there, at any epoch."""
    topic = talk.topic()
    for epoch in (1, 2, 0, FINAL):
        answer = _ask(talk, 1, epoch, (topic, 0, 0))
        if answer.session_id:
            _ask(talk, answer.session_id, FINAL)


@versions("7+")
def ended(talk: Talk) -> None:
    """The last request of a session is answered in full; then the session is gone."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, FINAL, (topic, 0, 0))
    _ask(talk, session, 1, (topic, 0, 0))


@versions("7+")
def begun_anew(talk: Talk) -> None:
    """Epoch zero in a session closes it and opens another."""
    topic = talk.topic()
    first = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    second = _ask(talk, first, 0, (topic, 0, 0)).session_id
    _ask(talk, first, 1)
    _ask(talk, second, FINAL)


@versions("7+")
def without_session(talk: Talk) -> None:
    """The last epoch without a session: a full answer and no session. Other epochs without one."""
    topic = talk.topic()
    for epoch in (FINAL, 1, 2, -2):
        _ask(talk, 0, epoch, (topic, 0, 0))


@versions("7+")
def session_of_nothing(talk: Talk) -> None:
    """A session that begins without topics."""
    session = _ask(talk, 0, 0).session_id
    _ask(talk, session, 1)
    _ask(talk, session, FINAL)


@versions("7+")
def errors_come_again(talk: Talk) -> None:
    """A partition in error is answered each time."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 9)).session_id
    _ask(talk, session, 1)
    _ask(talk, session, 2, (topic, 0, 0))
    _ask(talk, session, 3)
    _ask(talk, session, FINAL)


@versions("7+")
def unknown_topic(talk: Talk) -> None:
    """A topic that is not there, until it is: by name it is found, by id it cannot be."""
    missing = Topic(talk.name_of("later"), b"unknown topic id")
    session = _ask(talk, 0, 0, (missing, 0, 0)).session_id
    _ask(talk, session, 1)
    talk.topic("later")
    _ask(talk, session, 2)
    _ask(talk, session, FINAL)


@versions("7+")
def topic_deleted(talk: Talk) -> None:
    """A topic of the session goes away."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    asked = {"topics": [{"name": topic.name}], "allow_auto_topic_creation": False}
    talk.until_quietly(lambda a: a.topics[0].error_code == 3, "Metadata", at=4, **asked)
    _ask(talk, session, 1)
    _ask(talk, session, FINAL)


@versions("13+")
def names_then_ids(talk: Talk) -> None:
    """A session that began with names does not go on with ids, nor the other way round (KIP-516)."""
    topic = talk.topic()
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": MUCH}
    named: dict[str, Any] = {"topics": [{"topic": topic.name, "topic_id": topic.id, "partitions": [part]}]}
    plain: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH}
    session = talk.ask(at=12, session_id=0, session_epoch=0, **named, **plain).session_id
    talk.ask(session_id=session, session_epoch=1, **named, **plain)
    talk.ask(at=12, session_id=session, session_epoch=FINAL, topics=[], **plain)
    session = talk.ask(session_id=0, session_epoch=0, **named, **plain).session_id
    talk.ask(at=12, session_id=session, session_epoch=1, **named, **plain)
    talk.ask(session_id=session, session_epoch=FINAL, topics=[], **plain)


@versions("7+")
def other_connection(talk: Talk) -> None:
    """A session belongs to its id, not to the connection."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    talk.produce(topic, b"a")
    plain: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": []}
    talk.connect("other").ask(session_id=session, session_epoch=1, **plain)
    _ask(talk, session, FINAL)


@versions("12")
def no_room(talk: Talk) -> None:
    """When the cache is full of sessions in use, a reader that asks for one is answered without."""
    topic = talk.topic()
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": MUCH}
    wanted: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "topics": [{"topic": topic.name, "partitions": [part]}]}
    opened = []
    refused = 0
    while refused < 50:  # the cache is cut into slices by session id: a refusal may come before all are full
        answer = talk.ask_quietly("Fetch", at=12, session_id=0, session_epoch=0, **wanted)
        refused += answer.session_id == 0
        opened += [answer.session_id] if answer.session_id else []
        assert len(opened) <= 1000, "more sessions than max.incremental.fetch.session.cache.slots"
    _ask(talk, 0, 0, (topic, 0, 0))
    for session in opened:
        talk.ask_quietly("Fetch", at=12, max_wait_ms=0, min_bytes=1, session_id=session, session_epoch=FINAL)

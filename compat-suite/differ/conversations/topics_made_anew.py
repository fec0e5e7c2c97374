"""Readers by topic id across the end of a topic and the beginning of another of its name: what a session follows."""

from typing import Any

from differ.talk import Talk, Topic, versions

API = "Fetch"
MUCH = 2**20


def _fetching(topic: Topic, offset: int = 0, **more: Any) -> dict[str, Any]:
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH}
    asked = {"topic": topic.name, "topic_id": topic.id, "partitions": [part]}
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": [asked]} | more


def _remove(talk: Talk, topic: Topic) -> None:
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    part = {"partition_index": 0, "timestamp": -1}
    gone = {"replica_id": -1, "topics": [{"name": topic.name, "partitions": [part]}]}
    talk.until_quietly(lambda a: a.topics[0].partitions[0].error_code == 3, "ListOffsets", at=7, **gone)


@versions("12-18")
def by_the_old_id(talk: Talk) -> None:
    """By its old id the topic is unknown; by its new one, or its name, it is there."""
    old = talk.topic()
    talk.produce(old, b"a")
    _remove(talk, old)
    new = talk.topic()
    talk.produce(new, b"b")
    for topic in (old, new):
        talk.ask(**_fetching(topic))


@versions("7-18")
def session_goes_on(talk: Talk) -> None:
    """A session knows the topic by the id it had: another one of that name is not what it follows."""
    old = talk.topic()
    talk.produce(old, b"a")
    answer = talk.ask(**_fetching(old), session_epoch=0)
    _remove(talk, old)
    new = talk.topic()
    talk.produce(new, b"b")
    for epoch in (1, 2):
        talk.ask(**_fetching(old, topics=[]), session_id=answer.session_id, session_epoch=epoch)
    talk.ask(**_fetching(new), session_id=answer.session_id, session_epoch=3)
    forgotten = [{"topic": old.name, "topic_id": old.id, "partitions": [0]}]
    fields = _fetching(new, topics=[], forgotten_topics_data=forgotten)
    for epoch in (4, 5):
        talk.ask(**fields, session_id=answer.session_id, session_epoch=epoch)


@versions("7-18")
def session_in_between(talk: Talk) -> None:
    """Between deletion and creation the session's topic is unknown."""
    old = talk.topic()
    talk.produce(old, b"a")
    answer = talk.ask(**_fetching(old, 1), session_epoch=0)
    _remove(talk, old)
    for epoch in (1, 2):
        talk.ask(**_fetching(old, topics=[]), session_id=answer.session_id, session_epoch=epoch)
    talk.topic()
    for epoch in (3, 4):
        talk.ask(**_fetching(old, topics=[]), session_id=answer.session_id, session_epoch=epoch)


@versions("13-13")
def ids_crossed(talk: Talk) -> None:
    """The id counts, whatever the name beside it."""
    one, two = talk.topic("one"), talk.topic("two")
    talk.produce(one, b"1")
    talk.produce(two, b"2")
    crossed = _fetching(Topic(one.name, two.id))["topics"] + _fetching(Topic(two.name, one.id))["topics"]
    talk.ask(**_fetching(one, topics=crossed))

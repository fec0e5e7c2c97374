"""DeleteTopics: by name and, from version 6, by id."""

from typing import Any

from differ.talk import Talk, Topic, versions

API = "DeleteTopics"


def _ask(talk: Talk, *topics: Topic) -> None:
    """By name, in every version."""
    states: list[dict[str, Any]] = [{"name": topic.name} for topic in topics]
    talk.ask(topics=states, topic_names=[topic.name for topic in topics], timeout_ms=10_000)


def deleted(talk: Talk) -> None:
    """A topic that is there, and a second time."""
    topic = talk.topic()
    _ask(talk, topic)
    _ask(talk, topic)


def then_unknown(talk: Talk) -> None:
    """Afterwards nobody knows it, and its name is free."""
    topic = talk.topic()
    _ask(talk, topic)
    asked = [{"name": topic.name}]
    talk.until(lambda a: a.topics[0].error_code == 3, "Metadata", at=12, topics=asked, allow_auto_topic_creation=False)
    again = [{"name": topic.name, "num_partitions": 2, "replication_factor": 1}]
    talk.ask("CreateTopics", at=4, topics=again, timeout_ms=10_000)


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there."""
    _ask(talk, Topic(talk.name_of("missing"), b""))


def invalid_names(talk: Talk) -> None:
    """Names that no topic can have."""
    for name in ("", ".", "a" * 250, "sp ace"):
        _ask(talk, Topic(name, b""))


def several(talk: Talk) -> None:
    """One that is there between two that are not."""
    _ask(talk, Topic(talk.name_of("a"), b""), talk.topic("b"), Topic(talk.name_of("c"), b""))


def named_twice(talk: Talk) -> None:
    """The same name twice, beside another."""
    topic, other = talk.topic(), talk.topic("other")
    _ask(talk, topic, other, topic)


def nothing(talk: Talk) -> None:
    """No topics."""
    _ask(talk)


@versions("6+")
def by_id(talk: Talk) -> None:
    """By id, and a second time."""
    topic = talk.topic()
    for _ in range(2):
        talk.ask(topics=[{"topic_id": topic.id}], timeout_ms=10_000)


@versions("6+")
def invalid_ids(talk: Talk) -> None:
    """An id that no topic has; neither name nor id; both; the same topic by name and by id."""
    topic = talk.topic()
    talk.ask(topics=[{"topic_id": b"unknown topic id"}], timeout_ms=10_000)
    talk.ask(topics=[{"name": None}], timeout_ms=10_000)
    talk.ask(topics=[{"name": topic.name, "topic_id": topic.id}], timeout_ms=10_000)
    talk.ask(topics=[{"name": topic.name}, {"topic_id": topic.id}], timeout_ms=10_000)


@versions("6+")
def by_an_old_id(talk: Talk) -> None:
    """The id of a topic that was deleted; its name has a new one."""
    old = talk.topic()
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[old.name], timeout_ms=10_000)
    new = talk.topic()
    talk.ask(topics=[{"name": None, "topic_id": old.id}], timeout_ms=10_000)
    talk.ask(topics=[{"name": None, "topic_id": new.id}], timeout_ms=10_000)


@versions("6+")
def the_same_id_twice(talk: Talk) -> None:
    """An id twice; one that is unknown, twice; beside another."""
    topic, other = talk.topic(), talk.topic("other")
    one, unknown = {"name": None, "topic_id": topic.id}, {"name": None, "topic_id": b"unknown topic id"}
    talk.ask(topics=[one, one], timeout_ms=10_000)
    talk.ask(topics=[unknown, unknown, {"name": other.name}], timeout_ms=10_000)


@versions("6")
def by_name_and_id(talk: Talk) -> None:
    """One topic by both, by its name once and its id twice, and the other way round: it stays each time."""
    topic = talk.topic()
    name, topic_id = {"name": topic.name}, {"name": None, "topic_id": topic.id}
    for asked in ([name, topic_id], [topic_id, name], [name, topic_id, topic_id], [topic_id, topic_id, name]):
        talk.ask(topics=asked, timeout_ms=10_000)
    talk.ask("Metadata", at=9, topics=[name])
    talk.ask(topics=[name, name, topic_id], timeout_ms=10_000)


def metadata_log(talk: Talk) -> None:
    """The metadata log is no topic that could be deleted."""
    _ask(talk, Topic("__cluster_metadata", b""))


def no_time(talk: Talk) -> None:
    """A request that may take no time is not done."""
    topic, missing = talk.topic(), talk.name_of("missing")
    for timeout_ms in (0, -1):
        for names in ([topic.name], [missing], [topic.name, missing], [topic.name, topic.name], []):
            talk.ask(topics=[{"name": name} for name in names], topic_names=names, timeout_ms=timeout_ms)
    talk.ask("Metadata", at=9, topics=[{"name": topic.name}], allow_auto_topic_creation=False)

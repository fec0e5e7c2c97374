"""Metadata: brokers, and topics by name, by id, or all of them."""

from differ.talk import Talk, versions

API = "Metadata"


def no_topics(talk: Talk) -> None:
    """An empty list: no topic from version 1 on, every topic in version 0."""
    talk.topic()
    talk.ask(topics=[], allow_auto_topic_creation=False)


@versions("1+")
def every_topic(talk: Talk) -> None:
    """A null list asks for every topic."""
    talk.topic()
    talk.ask(topics=None, allow_auto_topic_creation=False)


def one_topic(talk: Talk) -> None:
    """A topic of three partitions."""
    topic = talk.topic(partitions=3)
    talk.ask(topics=[{"name": topic.name}], allow_auto_topic_creation=False)


def named_twice(talk: Talk) -> None:
    """The same topic named twice."""
    topic = talk.topic()
    talk.ask(topics=[{"name": topic.name}, {"name": topic.name}], allow_auto_topic_creation=False)


def internal_topic(talk: Talk) -> None:
    """The offsets topic is internal."""
    talk.ask(topics=[{"name": "__consumer_offsets"}], allow_auto_topic_creation=False)


@versions("4+")
def unknown_topic(talk: Talk) -> None:
    """A topic that is not there, among one that is, and may not be created."""
    topic = talk.topic()
    missing = talk.name_of("missing")
    talk.ask(topics=[{"name": missing}, {"name": topic.name}], allow_auto_topic_creation=False)
    talk.ask(topics=[{"name": missing}], allow_auto_topic_creation=False)


def created_by_asking(talk: Talk) -> None:
    """A topic that is not there is created, with the broker's defaults."""
    wanted = [{"name": talk.name_of("wanted")}]
    talk.until(lambda a: a.topics[0].error_code not in (3, 5), topics=wanted, allow_auto_topic_creation=True)


def invalid_names(talk: Talk) -> None:
    """Names that Kafka refuses, one request each."""
    for name in ("", ".", "..", "a" * 250, "sp ace", "sla/sh", "ünï"):
        talk.ask(topics=[{"name": name}], allow_auto_topic_creation=True)


@versions("10+")
def by_id(talk: Talk) -> None:
    """Topics asked for by id, with a null name (KIP-516)."""
    topic = talk.topic(partitions=2)
    talk.ask(topics=[{"name": None, "topic_id": topic.id}], allow_auto_topic_creation=False)


@versions("10+")
def by_unknown_id(talk: Talk) -> None:
    """An id that no topic has."""
    talk.ask(topics=[{"name": None, "topic_id": b"unknown topic id"}], allow_auto_topic_creation=True)


@versions("10+")
def by_id_and_name(talk: Talk) -> None:
    """Some by id and some by name; both for one topic; neither."""
    topic, other = talk.topic(), talk.topic("other")
    by_id = {"name": None, "topic_id": topic.id}
    talk.ask(topics=[by_id, {"name": other.name}], allow_auto_topic_creation=False)
    talk.ask(topics=[{"name": topic.name, "topic_id": topic.id}], allow_auto_topic_creation=False)
    talk.ask(topics=[{"name": None}], allow_auto_topic_creation=False)


@versions("8+")
def authorized_operations(talk: Talk) -> None:
    """What one may do, where no authorizer is set."""
    topic = talk.topic()
    talk.ask(
        topics=[{"name": topic.name}],
        allow_auto_topic_creation=False,
        include_cluster_authorized_operations=True,
        include_topic_authorized_operations=True,
    )

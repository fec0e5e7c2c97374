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


@versions("8+")
def authorized_operations_of_others(talk: Talk) -> None:
    """Of topics that are not there, cannot be, or are internal; of the cluster alone; of topics alone."""
    names = [talk.name_of("missing"), "..", "__consumer_offsets"]
    asked = {"topics": [{"name": name} for name in names], "allow_auto_topic_creation": False}
    talk.ask(**asked, include_topic_authorized_operations=True)
    talk.ask(**asked, include_cluster_authorized_operations=True)
    talk.ask(topics=[], include_cluster_authorized_operations=True, include_topic_authorized_operations=True)
    talk.ask(topics=[{"name": ""}], allow_auto_topic_creation=False, include_topic_authorized_operations=True)


@versions("12+")
def authorized_operations_by_id(talk: Talk) -> None:
    """By an id that there is, and one that there is not."""
    topic = talk.topic()
    for topic_id in (topic.id, b"unknown topic id"):
        asked = [{"name": None, "topic_id": topic_id}]
        talk.ask(topics=asked, allow_auto_topic_creation=False, include_topic_authorized_operations=True)


@versions("4+")
def deleted_topic(talk: Talk) -> None:
    """A topic that was there, by its name and, where one can, by its id."""
    topic = talk.topic()
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    gone = {"topics": [{"name": topic.name}], "allow_auto_topic_creation": False}
    talk.until(lambda a: a.topics[0].error_code == 3, **gone)
    if talk.version >= 12:
        talk.ask(topics=[{"name": None, "topic_id": topic.id}], allow_auto_topic_creation=True)


@versions("12+")
def the_same_id_twice(talk: Talk) -> None:
    """An id twice, with the topic's name, with another's, with none."""
    topic, other = talk.topic(), talk.topic("other")
    one = {"name": None, "topic_id": topic.id}
    talk.ask(topics=[one, one], allow_auto_topic_creation=False)
    talk.ask(topics=[one, {"name": topic.name}], allow_auto_topic_creation=False)
    talk.ask(topics=[{"name": other.name, "topic_id": topic.id}], allow_auto_topic_creation=False)
    talk.ask(topics=[one, {"name": None, "topic_id": other.id}], allow_auto_topic_creation=False)


@versions("4+")
def internal_names(talk: Talk) -> None:
    """Names that internal topics have, there or not; the log of the metadata itself."""
    for name in ("__share_group_state", "__cluster_metadata", "__no_such_topic"):
        talk.ask(topics=[{"name": name}], allow_auto_topic_creation=False)


@versions("4+")
def longest_name(talk: Talk) -> None:
    """249 characters are a name, one more is not."""
    for size in (249, 250):
        name = talk.name_of("a" * (size - len(talk.prefix)))
        talk.ask(topics=[{"name": name}], allow_auto_topic_creation=False)


@versions("4+")
def metadata_log_is_not_made(talk: Talk) -> None:
    """Nor is the log of the metadata created by asking for it."""
    for _ in range(2):
        talk.ask(topics=[{"name": "__cluster_metadata"}], allow_auto_topic_creation=True)


@versions("10+")
def nothing_beside_an_id(talk: Talk) -> None:
    """Neither name nor id: a mistake, unless another topic has an id, for then only ids count."""
    nothing, unknown = {"name": None, "topic_id": bytes(16)}, {"name": None, "topic_id": b"7" * 16}
    internal = {"name": "__consumer_offsets"}
    for asked in ([nothing], [nothing, {"name": talk.topic().name}], [unknown, nothing], [nothing, internal]):
        talk.ask(topics=asked, allow_auto_topic_creation=False)


def colliding_name(talk: Talk) -> None:
    """A topic is not created by asking where its name collides."""
    talk.topic("a.b")
    asked = [{"name": talk.name_of("a_b")}]
    talk.until(lambda a: a.topics[0].error_code != 5, topics=asked, allow_auto_topic_creation=True)

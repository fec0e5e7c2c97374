"""AlterPartitionReassignments: replicas to where they are, to brokers that are not there, and nowhere."""

from typing import Any

from differ.talk import Talk, versions

API = "AlterPartitionReassignments"


def _ask(talk: Talk, name: str, *partitions: tuple[int, list[int] | None], **more: Any) -> None:
    wanted = [{"partition_index": index, "replicas": replicas} for index, replicas in partitions]
    talk.ask(topics=[{"name": name, "partitions": wanted}], timeout_ms=10_000, **more)


def to_where_they_are(talk: Talk) -> None:
    """Nothing changes."""
    topic = talk.topic(partitions=2)
    _ask(talk, topic.name, (0, [1]), (1, [1]))
    talk.ask("Metadata", at=9, topics=[{"name": topic.name}], allow_auto_topic_creation=False)


def cancelled(talk: Talk) -> None:
    """Null cancels; there is nothing to cancel."""
    topic = talk.topic()
    _ask(talk, topic.name, (0, None))
    _ask(talk, topic.name, (7, None))
    _ask(talk, talk.name_of("missing"), (0, None))


def impossible_replicas(talk: Talk) -> None:
    """Brokers that are not there or named twice, no brokers."""
    topic = talk.topic()
    for replicas in ([7], [1, 7], [7, 1], [1, 1], [], [-1]):
        _ask(talk, topic.name, (0, replicas))


def unknown_topic(talk: Talk) -> None:
    """Topics that are not there."""
    for name in (talk.name_of("missing"), "", ".."):
        _ask(talk, name, (0, [1]))


def unknown_partition(talk: Talk) -> None:
    """Partitions that are not there."""
    topic = talk.topic()
    _ask(talk, topic.name, (1, [1]), (-1, [1]))


def several(talk: Talk) -> None:
    """Right beside wrong, one partition twice, a topic twice."""
    topic = talk.topic(partitions=2)
    _ask(talk, topic.name, (0, [1]), (1, [7]), (2, [1]), (0, None), (0, [1]))
    one = {"name": topic.name, "partitions": [{"partition_index": 0, "replicas": [1]}]}
    talk.ask(topics=[one, {"name": talk.name_of("missing"), "partitions": one["partitions"]}, one], timeout_ms=10_000)


def nothing(talk: Talk) -> None:
    """No topics, no partitions."""
    talk.ask(topics=[], timeout_ms=10_000)
    _ask(talk, talk.topic().name)
    _ask(talk, talk.name_of("missing"))


@versions("1+")
def nothing_with_as_many_replicas(talk: Talk) -> None:
    """Whether the number of replicas may change is only repeated where there is something to change."""
    talk.ask(topics=[], allow_replication_factor_change=False, timeout_ms=10_000)
    talk.ask(topics=[], allow_replication_factor_change=False, timeout_ms=0)
    _ask(talk, talk.name_of("missing"), allow_replication_factor_change=False)


@versions("1+")
def replication_factor(talk: Talk) -> None:
    """Where it may not change, as many replicas as there were are asked for (KIP-860)."""
    topic = talk.topic()
    for replicas in ([1], [1, 7], [], None):
        _ask(talk, topic.name, (0, replicas), allow_replication_factor_change=False)


def no_time(talk: Talk) -> None:
    """A request that may take no time is not done."""
    topic = talk.topic()
    parts = [{"partition_index": 0, "replicas": [1]}, {"partition_index": 5, "replicas": None}]
    for timeout_ms in (0, -1):
        talk.ask(topics=[{"name": topic.name, "partitions": parts}], timeout_ms=timeout_ms)
        talk.ask(topics=[], timeout_ms=timeout_ms)

"""ListPartitionReassignments: replicas on their way to other brokers, of which one broker has none."""

from differ.talk import Talk

API = "ListPartitionReassignments"


def every_topic(talk: Talk) -> None:
    """Null asks for all."""
    talk.topic()
    talk.ask(topics=None, timeout_ms=10_000)


def of_a_topic(talk: Talk) -> None:
    """A topic that is there, all its partitions."""
    topic = talk.topic(partitions=3)
    talk.ask(topics=[{"name": topic.name, "partition_indexes": [0, 1, 2]}], timeout_ms=10_000)


def unknown_topic(talk: Talk) -> None:
    """Topics that are not there."""
    for name in (talk.name_of("missing"), "", ".."):
        talk.ask(topics=[{"name": name, "partition_indexes": [0]}], timeout_ms=10_000)


def unknown_partitions(talk: Talk) -> None:
    """Partitions that are not there, some that are."""
    topic = talk.topic()
    talk.ask(topics=[{"name": topic.name, "partition_indexes": [5, 0, -1]}], timeout_ms=10_000)


def nothing(talk: Talk) -> None:
    """No topics, no partitions, no time."""
    talk.ask(topics=[], timeout_ms=10_000)
    talk.ask(topics=[{"name": talk.topic().name, "partition_indexes": []}], timeout_ms=10_000)
    talk.ask(topics=None, timeout_ms=0)


def after_a_reassignment(talk: Talk) -> None:
    """A reassignment to where the replicas are is done at once."""
    topic = talk.topic()
    moved = [{"name": topic.name, "partitions": [{"partition_index": 0, "replicas": [1]}]}]
    talk.ask("AlterPartitionReassignments", at=0, topics=moved, timeout_ms=10_000)
    talk.ask(topics=[{"name": topic.name, "partition_indexes": [0]}], timeout_ms=10_000)

"""ElectLeaders: nothing is to be elected where there is one broker."""

from typing import Any

from differ.talk import Talk, versions

API = "ElectLeaders"
PREFERRED, UNCLEAN = 0, 1


def _ask(talk: Talk, *topics: tuple[str, list[int]], kind: int = PREFERRED) -> None:
    asked: list[dict[str, Any]] = [{"topic": name, "partitions": indexes} for name, indexes in topics]
    talk.ask(election_type=kind, topic_partitions=asked, timeout_ms=10_000)


def preferred(talk: Talk) -> None:
    """The preferred replica leads already."""
    topic = talk.topic(partitions=2)
    _ask(talk, (topic.name, [0, 1]))


@versions("1+")
def unclean(talk: Talk) -> None:
    """There is a leader already."""
    topic = talk.topic()
    _ask(talk, (topic.name, [0]), kind=UNCLEAN)


@versions("1+")
def unknown_kinds(talk: Talk) -> None:
    """Kinds of election that there are not."""
    topic = talk.topic()
    for kind in (2, -1, 127):
        _ask(talk, (topic.name, [0]), (talk.name_of("missing"), [0, 1]), kind=kind)
    talk.ask(election_type=2, topic_partitions=None, timeout_ms=10_000)
    talk.ask(election_type=2, topic_partitions=[], timeout_ms=10_000)


def every_partition(talk: Talk) -> None:
    """Null asks for all; those that need no election are left out."""
    talk.topic(partitions=2)
    talk.ask(topic_partitions=None, timeout_ms=10_000)


@versions("1+")
def every_partition_unclean(talk: Talk) -> None:
    """The same for the other kind."""
    talk.topic()
    talk.ask(election_type=UNCLEAN, topic_partitions=None, timeout_ms=10_000)


def unknown(talk: Talk) -> None:
    """Topics and partitions that are not there."""
    topic = talk.topic()
    _ask(talk, (talk.name_of("missing"), [0, 1]))
    _ask(talk, (topic.name, [1, -1]))
    _ask(talk, ("", [0]), ("..", [0]))


def several(talk: Talk) -> None:
    """Some there and some not; a partition twice."""
    topic = talk.topic(partitions=2)
    _ask(talk, (topic.name, [1, 5, 0]), (talk.name_of("missing"), [0]))
    _ask(talk, (topic.name, [0, 0]))


def nothing(talk: Talk) -> None:
    """No topics, no partitions."""
    _ask(talk)
    _ask(talk, (talk.topic().name, []))


def no_time(talk: Talk) -> None:
    """A request that may take no time is not done."""
    topic = talk.topic()
    asked = [{"topic": topic.name, "partitions": [0, 5]}]
    for timeout_ms in (0, -1):
        talk.ask(topic_partitions=asked, timeout_ms=timeout_ms)
        talk.ask(topic_partitions=None, timeout_ms=timeout_ms)
        talk.ask(topic_partitions=[], timeout_ms=timeout_ms)

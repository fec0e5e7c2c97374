"""CreatePartitions: topics that grow, by number or laid out by hand, and why others do not."""

from typing import Any

from differ.talk import Talk

API = "CreatePartitions"


def _ask(talk: Talk, *topics: dict[str, Any], validate_only: bool = False) -> None:
    """Each topic is laid out by the broker where a case does not say."""
    wanted = [{"assignments": None} | topic for topic in topics]
    talk.ask(topics=wanted, timeout_ms=10_000, validate_only=validate_only)


def _by_hand(*replicas: list[int]) -> list[dict[str, Any]]:
    return [{"broker_ids": ids} for ids in replicas]


def _describe(talk: Talk, name: str) -> None:
    talk.ask("Metadata", at=9, topics=[{"name": name}], allow_auto_topic_creation=False)


def grown(talk: Talk) -> None:
    """From one partition to three, then to four."""
    topic = talk.topic()
    for count in (3, 4):
        _ask(talk, {"name": topic.name, "count": count})
        talk.await_topic(topic.name, count)
        _describe(talk, topic.name)


def grown_by_hand(talk: Talk) -> None:
    """Two more, each with its replicas."""
    topic = talk.topic()
    _ask(talk, {"name": topic.name, "count": 3, "assignments": _by_hand([1], [1])})
    talk.await_topic(topic.name, 3)
    _describe(talk, topic.name)


def validated_only(talk: Talk) -> None:
    """Asked whether it could grow; then it has not grown."""
    topic = talk.topic()
    _ask(talk, {"name": topic.name, "count": 2}, validate_only=True)
    _ask(talk, {"name": topic.name, "count": 2, "assignments": _by_hand([1])}, validate_only=True)
    _ask(talk, {"name": topic.name, "count": 2, "assignments": _by_hand([7])}, validate_only=True)
    _describe(talk, topic.name)


def not_an_increase(talk: Talk) -> None:
    """As many as there are, fewer, none, less than none."""
    topic = talk.topic(partitions=3)
    for count in (3, 2, 0, -1):
        _ask(talk, {"name": topic.name, "count": count})
        _ask(talk, {"name": topic.name, "count": count, "assignments": []})


def unknown_topic(talk: Talk) -> None:
    """Topics that are not there, and names that no topic can have."""
    for name in (talk.name_of("missing"), "", "..", "a" * 250, "sp ace", "__cluster_metadata"):
        _ask(talk, {"name": name, "count": 2})


def deleted_topic(talk: Talk) -> None:
    """A topic that was there."""
    topic = talk.topic()
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    _ask(talk, {"name": topic.name, "count": 2})


def invalid_assignments(talk: Talk) -> None:
    """More or fewer lists than new partitions, brokers that are not there or named twice, no brokers."""
    topic = talk.topic()
    for count, replicas in (
        (3, [[1]]),
        (2, [[1], [1]]),
        (2, []),
        (2, [[7]]),
        (2, [[1, 1]]),
        (2, [[]]),
        (2, [[1, 7]]),
        (2, [[-1]]),
        (3, [[1], [7]]),
    ):
        _ask(talk, {"name": topic.name, "count": count, "assignments": _by_hand(*replicas)})
    _describe(talk, topic.name)


def named_twice(talk: Talk) -> None:
    """The same topic twice, beside another."""
    topic, other = talk.topic(), talk.topic("other")
    wanted = {"name": topic.name, "count": 2}
    _ask(talk, wanted, {"name": other.name, "count": 2}, wanted)
    _ask(talk, wanted, {"name": topic.name, "count": 3})
    _describe(talk, topic.name)


def several(talk: Talk) -> None:
    """One that grows among those that do not."""
    topic, other = talk.topic(), talk.topic("other", partitions=2)
    missing = {"name": talk.name_of("missing"), "count": 2}
    _ask(talk, missing, {"name": topic.name, "count": 2}, {"name": other.name, "count": 1})
    talk.await_topic(topic.name, 2)
    _describe(talk, topic.name)


def internal_topic(talk: Talk) -> None:
    """The offsets topic could grow too."""
    _ask(talk, {"name": "__consumer_offsets", "count": 51}, validate_only=True)
    _ask(talk, {"name": "__consumer_offsets", "count": 50}, validate_only=True)


def too_many(talk: Talk) -> None:
    """More records than the controller makes at once; and just as many."""
    topic = talk.topic()
    _ask(talk, {"name": topic.name, "count": 10_002}, validate_only=True)
    _ask(talk, {"name": topic.name, "count": 10_001}, validate_only=True)


def nothing(talk: Talk) -> None:
    """No topics."""
    _ask(talk)


def no_time(talk: Talk) -> None:
    """A request that may take no time is not done."""
    topic = talk.topic()
    wanted = {"name": topic.name, "count": 2, "assignments": None}
    for timeout_ms in (0, -1):
        talk.ask(topics=[wanted], timeout_ms=timeout_ms)
        talk.ask(topics=[wanted, {"name": talk.name_of("missing"), "count": 2}], timeout_ms=timeout_ms)
        talk.ask(topics=[wanted, wanted], timeout_ms=timeout_ms)
        talk.ask(topics=[], timeout_ms=timeout_ms)
    _describe(talk, topic.name)

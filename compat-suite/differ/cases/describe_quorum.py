"""DescribeQuorum: who votes on the metadata log, and how far each has come."""

from typing import Any

from differ.talk import Talk

API = "DescribeQuorum"
LOG = "__cluster_metadata"


def _ask(talk: Talk, *topics: tuple[str, list[int]]) -> Any:
    talk.leave_open("high_watermark", "log_end_offset", because="the metadata log grows with all that was done before")
    asked = [
        {"topic_name": name, "partitions": [{"partition_index": index} for index in indexes]}
        for name, indexes in topics
    ]
    return talk.ask(topics=asked)


def of_the_metadata_log(talk: Talk) -> None:
    """The one partition that has a quorum."""
    _ask(talk, (LOG, [0]))


def asked_twice(talk: Talk) -> None:
    """A second time, after something was written."""
    _ask(talk, (LOG, [0]))
    talk.topic()
    _ask(talk, (LOG, [0]))


def of_other_topics(talk: Talk) -> None:
    """Topics that have no quorum, there or not."""
    _ask(talk, (talk.topic().name, [0]))
    _ask(talk, (talk.name_of("missing"), [0]))
    _ask(talk, ("", [0]))


def other_partitions(talk: Talk) -> None:
    """Partitions that the log has not."""
    _ask(talk, (LOG, [1]))
    _ask(talk, (LOG, [-1]))


def several(talk: Talk) -> None:
    """Exactly one partition of one topic may be asked for."""
    _ask(talk, (LOG, [0, 1]))
    _ask(talk, (LOG, [0, 0]))
    _ask(talk, (LOG, [0]), (LOG, [0]))
    _ask(talk, (LOG, [0]), (talk.name_of("missing"), [0, 3]))


def nothing(talk: Talk) -> None:
    """No topics, no partitions."""
    _ask(talk)
    _ask(talk, (LOG, []))

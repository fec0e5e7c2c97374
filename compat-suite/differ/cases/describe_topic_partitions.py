"""DescribeTopicPartitions: topics in the order of their names, page by page (KIP-966)."""

from typing import Any

from differ.talk import Talk

API = "DescribeTopicPartitions"
MANY = 2000


def _ask(talk: Talk, *names: str, limit: int = MANY, cursor: tuple[str, int] | None = None) -> None:
    page: dict[str, Any] = {"response_partition_limit": limit}
    if cursor is not None:
        page["cursor"] = {"topic_name": cursor[0], "partition_index": cursor[1]}
    talk.ask(topics=[{"name": name} for name in names], **page)


def one_topic(talk: Talk) -> None:
    """A topic of three partitions."""
    _ask(talk, talk.topic(partitions=3).name)


def sorted_by_name(talk: Talk) -> None:
    """However they are asked for, they come by name; capitals first."""
    names = [talk.topic(name).name for name in ("b", "a", "B", "a-b", "ab")]
    _ask(talk, *names)
    _ask(talk, *reversed(names))


def unknown_topics(talk: Talk) -> None:
    """A topic that is not there, among one that is."""
    topic = talk.topic()
    _ask(talk, talk.name_of("missing"))
    _ask(talk, talk.name_of("zzz"), topic.name, talk.name_of("missing"))


def invalid_names(talk: Talk) -> None:
    """Names that no topic can have, one by one and together."""
    names = ("", ".", "..", "a" * 250, "sp ace", "sla/sh", "ünï", "\U0001f600", "\uffff")
    for name in names:
        _ask(talk, name)
    _ask(talk, *names)
    _ask(talk, "", ".", cursor=("", 0))


def deleted_topic(talk: Talk) -> None:
    """A topic that was there."""
    topic = talk.topic()
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    gone = {"topics": [{"name": topic.name}], "response_partition_limit": MANY}
    talk.until(lambda a: a.topics[0].error_code == 3, **gone)


def named_twice(talk: Talk) -> None:
    """The same topic named twice comes once."""
    topic = talk.topic()
    _ask(talk, topic.name, topic.name)


def internal_topic(talk: Talk) -> None:
    """The offsets topic is internal; so would be one that is not there yet."""
    _ask(talk, "__consumer_offsets", limit=1)
    _ask(talk, "__share_group_state", limit=1)


def limits(talk: Talk) -> None:
    """As many partitions as asked for, at least one; the cursor says what comes next."""
    names = [talk.topic(name, partitions=2).name for name in ("a", "b")]
    for limit in (0, -1, 1, 2, 3, 4, 5):
        _ask(talk, *names, limit=limit)


def page_by_page(talk: Talk) -> None:
    """From cursor to cursor until the end."""
    names = [talk.topic(name, partitions=3).name for name in ("a", "b")]
    cursor = None
    for _ in range(4):
        _ask(talk, *names, limit=2, cursor=cursor)
        cursor = (names[0], 2) if cursor is None else (names[1], 1 if cursor[0] == names[0] else 3)


def pages_over_unknown_topics(talk: Talk) -> None:
    """What is not there takes no place on a page, and may be where the next begins."""
    topic, missing, last = talk.topic("b", partitions=2).name, talk.name_of("a"), talk.name_of("c")
    _ask(talk, missing, topic, last, limit=2)
    _ask(talk, missing, topic, last, limit=2, cursor=(last, 0))
    _ask(talk, missing, topic, last, limit=1, cursor=(missing, 5))


def cursors(talk: Talk) -> None:
    """Within a topic, at its end, beyond it, and as far as a number goes."""
    topic = talk.topic(partitions=3).name
    for index in (0, 1, 3, 4, 2**31 - 1):
        _ask(talk, topic, cursor=(topic, index))
    _ask(talk, topic, cursor=(topic, 2**31 - 1), limit=1)


def invalid_cursors(talk: Talk) -> None:
    """A topic that was not asked for, a partition below zero."""
    topic, other = talk.topic("a").name, talk.topic("b").name
    _ask(talk, topic, cursor=(other, 0))
    _ask(talk, other, cursor=(topic, 0))
    _ask(talk, topic, other, cursor=(talk.name_of("missing"), 0))
    _ask(talk, topic, cursor=(topic, -1))
    _ask(talk, cursor=(topic, -1))


def every_topic(talk: Talk) -> None:
    """No names ask for all, from the cursor on, whether its topic is there or not."""
    topic, other = talk.topic("a", partitions=2).name, talk.topic("b", partitions=2).name
    _ask(talk, limit=3, cursor=(topic, 0))
    _ask(talk, limit=2, cursor=(topic, 1))
    _ask(talk, limit=1, cursor=(talk.name_of("A"), 7))
    _ask(talk, limit=1, cursor=(other, 0))

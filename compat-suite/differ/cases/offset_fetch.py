"""OffsetFetch: one group up to version 7, several from 8 on, topics by id in 10."""

from typing import Any

from differ.groups import committed, stable
from differ.talk import Talk, Topic, versions

API = "OffsetFetch"


def _ask(talk: Talk, group: str, topics: list[tuple[Topic, list[int]]] | None, **more: Any) -> None:
    """The same question in the shape of every version."""
    named = [{"name": topic.name, "partition_indexes": indexes} for topic, indexes in topics or ()]
    both = [{"topic_id": topic.id} | name for name, (topic, _) in zip(named, topics or (), strict=True)]
    require_stable = more.pop("require_stable", False)
    one = {"group_id": group, "topics": None if topics is None else both} | more
    shown = None if topics is None else named
    talk.ask(group_id=group, topics=shown, groups=[one], require_stable=require_stable)


def some_partitions(talk: Talk) -> None:
    """One partition with an offset, one without."""
    topic, group = talk.topic(partitions=2), talk.name_of("group")
    committed(talk, group, topic, committed_leader_epoch=0)
    _ask(talk, group, [(topic, [0, 1])])


@versions("2+")
def everything(talk: Talk) -> None:
    """All that was committed."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic, committed_metadata=None)
    _ask(talk, group, None)


@versions("2+")
def everything_of_nothing(talk: Talk) -> None:
    """All, of a group that is not there and of one that committed nothing."""
    group = talk.name_of("group")
    stable(talk, group)
    _ask(talk, talk.name_of("missing"), None)
    _ask(talk, group, None)


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id."""
    topic = talk.topic()
    _ask(talk, talk.name_of("missing"), [(topic, [0])])
    _ask(talk, "", [(topic, [0])])


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there, beside one that is; partitions that are not there."""
    topic, missing = talk.topic(), Topic(talk.name_of("missing"), b"unknown topic id")
    _ask(talk, talk.name_of("missing"), [(missing, [0])])
    committed(talk, talk.name_of("group"), topic)
    _ask(talk, talk.name_of("group"), [(missing, [0]), (topic, [0, 1, -1])])


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group, [])
    _ask(talk, group, [(topic, [])])


def named_twice(talk: Talk) -> None:
    """One partition twice."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group, [(topic, [0, 0])])
    _ask(talk, group, [(topic, [0]), (topic, [0])])


@versions("7+")
def require_stable(talk: Talk) -> None:
    """Only stable offsets, where no transaction is pending (KIP-447)."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group, [(topic, [0])], require_stable=True)


@versions("8+")
def several_groups(talk: Talk) -> None:
    """Two groups, one that is not there, one twice; none."""
    topic = talk.topic()
    asked = []
    for name in ("a", "b"):
        committed(talk, talk.name_of(name), topic)
    for name in ("a", "missing", "b", "a"):
        topics = [{"name": topic.name, "topic_id": topic.id, "partition_indexes": [0]}]
        asked.append({"group_id": talk.name_of(name), "topics": topics})
    talk.ask(groups=asked)
    talk.ask(groups=[])


@versions("9+")
def with_member(talk: Talk) -> None:
    """A member says who it is (KIP-848): a member of a classic group, nobody, an epoch that is wrong."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group)
    for member_id, epoch in ((member.id, member.generation), (member.id, 9), ("nobody", 1), (None, -1), ("", 1)):
        _ask(talk, group, [(topic, [0])], member_id=member_id, member_epoch=epoch)


@versions("10+")
def no_topic_id(talk: Talk) -> None:
    """An id of zeros."""
    _ask(talk, talk.name_of("group"), [(Topic("", bytes(16)), [0])])

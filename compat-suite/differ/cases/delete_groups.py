"""DeleteGroups: groups without members go, others stay."""

from differ.groups import committed, gone, joined, stable
from differ.talk import Talk

API = "DeleteGroups"


def emptied(talk: Talk) -> None:
    """A group whose last member left, and a second time."""
    group = talk.name_of("group")
    gone(talk, group, stable(talk, group))
    talk.ask(groups_names=[group])
    talk.ask(groups_names=[group])


def only_offsets(talk: Talk) -> None:
    """A group that only keeps offsets: they are gone too."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    talk.ask(groups_names=[group])
    talk.ask("OffsetFetch", at=7, group_id=group, topics=[{"name": topic.name, "partition_indexes": [0]}])


def with_member(talk: Talk) -> None:
    """A group with a member, stable or not, stays."""
    stable(talk, talk.name_of("stable"))
    joined(talk, talk.name_of("joined"))
    talk.ask(groups_names=[talk.name_of("stable"), talk.name_of("joined")])
    talk.ask("DescribeGroups", at=5, groups=[talk.name_of("stable")])


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id."""
    talk.ask(groups_names=[talk.name_of("missing")])
    talk.ask(groups_names=[""])


def several(talk: Talk) -> None:
    """One that goes, one that stays, one that is not there."""
    stable(talk, talk.name_of("stable"))
    committed(talk, talk.name_of("offsets"), talk.topic())
    talk.ask(groups_names=[talk.name_of(name) for name in ("stable", "offsets", "missing")])


def named_twice(talk: Talk) -> None:
    """The same group twice."""
    group = talk.name_of("group")
    committed(talk, group, talk.topic())
    talk.ask(groups_names=[group, group])


def nothing(talk: Talk) -> None:
    """No groups."""
    talk.ask(groups_names=[])

"""DescribeGroups: states, members, and groups that are not there."""

from differ.groups import committed, gone, joined, stable
from differ.talk import Talk, versions

API = "DescribeGroups"


def stable_group(talk: Talk) -> None:
    """One member with an assignment."""
    group = talk.name_of("group")
    stable(talk, group)
    talk.ask(groups=[group])


def before_sync(talk: Talk) -> None:
    """One member that waits for its assignment."""
    group = talk.name_of("group")
    joined(talk, group)
    talk.ask(groups=[group])


def emptied(talk: Talk) -> None:
    """The last member has left."""
    group = talk.name_of("group")
    gone(talk, group, stable(talk, group))
    talk.ask(groups=[group])


def only_offsets(talk: Talk) -> None:
    """A group that only keeps offsets."""
    group = talk.name_of("group")
    committed(talk, group, talk.topic())
    talk.ask(groups=[group])


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id (KIP-1043 tells them apart from version 6 on)."""
    talk.ask(groups=[talk.name_of("missing")])
    talk.ask(groups=[""])


def several(talk: Talk) -> None:
    """Two groups, one of them twice."""
    group = talk.name_of("group")
    stable(talk, group)
    talk.ask(groups=[group, talk.name_of("missing"), group])


def nothing(talk: Talk) -> None:
    """No groups."""
    talk.ask(groups=[])


@versions("3+")
def authorized_operations(talk: Talk) -> None:
    """What one may do, with a group that is there and one that is not."""
    group = talk.name_of("group")
    stable(talk, group)
    talk.ask(groups=[group, talk.name_of("missing")], include_authorized_operations=True)


@versions("4+")
def static_member(talk: Talk) -> None:
    """An instance id is shown."""
    group = talk.name_of("group")
    stable(talk, group, group_instance_id="one")
    talk.ask(groups=[group])


def other_protocol_type(talk: Talk) -> None:
    """A group of something other than consumers."""
    group = talk.name_of("group")
    stable(talk, group, protocol_type="connect", protocols=[{"name": "sessioned", "metadata": b"\0\1"}])
    talk.ask(groups=[group])

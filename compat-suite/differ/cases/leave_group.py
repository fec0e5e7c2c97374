"""LeaveGroup: one member up to version 2, several from 3 on."""

from typing import Any

from differ.groups import stable
from differ.talk import Talk, versions

API = "LeaveGroup"


def _ask(talk: Talk, group: str, *members: str | dict[str, Any]) -> None:
    known = [{"member_id": m} if isinstance(m, str) else m for m in members]
    talk.ask(group_id=group, member_id=known[0]["member_id"] if known else "", members=known)


def left(talk: Talk) -> None:
    """A member leaves, and a second time."""
    group = talk.name_of("group")
    member = stable(talk, group)
    _ask(talk, group, member.id)
    _ask(talk, group, member.id)


def then_empty(talk: Talk) -> None:
    """The group stays, without members."""
    group = talk.name_of("group")
    _ask(talk, group, stable(talk, group).id)
    talk.ask("DescribeGroups", at=5, groups=[group])


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id."""
    _ask(talk, talk.name_of("missing"), "nobody")
    _ask(talk, "", "nobody")


def unknown_member(talk: Talk) -> None:
    """Nobody, and no name at all."""
    group = talk.name_of("group")
    stable(talk, group)
    _ask(talk, group, "nobody")
    _ask(talk, group, "")


def given_id(talk: Talk) -> None:
    """A member that was given an id and never joined with it."""
    group = talk.name_of("group")
    answer = talk.ask_quietly(
        "JoinGroup",
        at=9,
        group_id=group,
        session_timeout_ms=10_000,
        rebalance_timeout_ms=10_000,
        protocol_type="consumer",
        protocols=[{"name": "range", "metadata": b""}],
    )
    _ask(talk, group, answer.member_id)


@versions("3+")
def several(talk: Talk) -> None:
    """Somebody unknown, a member, the same member again (KIP-345)."""
    group = talk.name_of("group")
    member = stable(talk, group)
    _ask(talk, group, "nobody", member.id, member.id)


@versions("3+")
def static_member(talk: Talk) -> None:
    """By instance id alone, by the wrong one, by an id that is not its own."""
    group = talk.name_of("group")
    member = stable(talk, group, group_instance_id="one")
    _ask(talk, group, {"member_id": member.id, "group_instance_id": "two"})
    _ask(talk, group, {"member_id": "nobody", "group_instance_id": "one"})
    _ask(talk, group, {"member_id": "", "group_instance_id": "one"})


@versions("3+")
def nobody(talk: Talk) -> None:
    """No members, from a group that is there and one that is not."""
    group = talk.name_of("group")
    stable(talk, group)
    _ask(talk, group)
    _ask(talk, talk.name_of("missing"))


@versions("5+")
def with_reason(talk: Talk) -> None:
    """A reason is taken and not given back (KIP-800)."""
    group = talk.name_of("group")
    _ask(talk, group, {"member_id": stable(talk, group).id, "reason": "enough"})

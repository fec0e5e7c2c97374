"""SyncGroup: the leader hands out assignments, the group refuses who is wrong."""

from typing import Any

from differ.groups import Member, joined, stable
from differ.talk import Talk, versions

API = "SyncGroup"


def _ask(talk: Talk, group: str, member: Member, assignment: bytes | None = b"assignment", **more: Any) -> None:
    given = [] if assignment is None else [{"member_id": member.id, "assignment": assignment}]
    fields: dict[str, Any] = {
        "group_id": group,
        "generation_id": member.generation,
        "member_id": member.id,
        "assignments": given,
    }
    names: dict[str, Any] = {"protocol_type": "consumer", "protocol_name": "range"}
    talk.ask(**(fields | names | more))


def assigned(talk: Talk) -> None:
    """The only member assigns itself, and asks again when the group is stable."""
    group = talk.name_of("group")
    member = joined(talk, group)
    _ask(talk, group, member)
    _ask(talk, group, member, None)
    _ask(talk, group, member, b"other")


def empty_assignments(talk: Talk) -> None:
    """A leader that gives nothing, an empty assignment, one for somebody unknown."""
    for name in ("none", "empty", "unknown"):
        group = talk.name_of(name)
        member = joined(talk, group)
        match name:
            case "none":
                _ask(talk, group, member, None)
            case "empty":
                _ask(talk, group, member, b"")
            case _:
                _ask(talk, group, member, assignments=[{"member_id": "nobody", "assignment": b"lost"}])


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id."""
    _ask(talk, talk.name_of("missing"), Member("nobody", 1))
    _ask(talk, "", Member("nobody", 1))


def unknown_member(talk: Talk) -> None:
    """Nobody, and no name at all."""
    group = talk.name_of("group")
    stable(talk, group)
    _ask(talk, group, Member("nobody", 1))
    _ask(talk, group, Member("", 1))


def wrong_generation(talk: Talk) -> None:
    """Generations before and after, and none."""
    group = talk.name_of("group")
    member = stable(talk, group)
    for generation in (0, 2, -1):
        _ask(talk, group, Member(member.id, generation))


@versions("5+")
def wrong_protocol(talk: Talk) -> None:
    """Another protocol type or name than the group's, or none (KIP-559)."""
    group = talk.name_of("group")
    member = joined(talk, group)
    _ask(talk, group, member, protocol_type="connect")
    _ask(talk, group, member, protocol_name="roundrobin")
    _ask(talk, group, member, protocol_type=None, protocol_name=None)


@versions("3+")
def static_member(talk: Talk) -> None:
    """A static member, with the wrong instance id first."""
    group = talk.name_of("group")
    member = joined(talk, group, group_instance_id="one")
    _ask(talk, group, member, group_instance_id="two")
    _ask(talk, group, Member("nobody", 1), group_instance_id="one")
    _ask(talk, group, member, group_instance_id="one")


def emptied_group(talk: Talk) -> None:
    """A group whose member has left."""
    group = talk.name_of("group")
    member = stable(talk, group)
    talk.ask_quietly("LeaveGroup", at=3, group_id=group, members=[{"member_id": member.id}])
    _ask(talk, group, member)

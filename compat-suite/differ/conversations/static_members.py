"""Static members: they come back in their old place, and their older incarnations are fenced off (KIP-345, KIP-814)."""

from typing import Any

from differ.groups import Member, join, subscription
from differ.members import (
    await_rebalance,
    begin_join,
    begin_sync,
    commit_as,
    describe,
    end_join,
    enter,
    heartbeat,
    leave,
    reads,
    sync,
)
from differ.talk import Connection, Talk, versions
from kpybroker.wire.declare import Versions

API = "JoinGroup"  # every other API is asked at the same number, as far as it has it
VERSIONS = Versions(9, 9)
ONE: dict[str, Any] = {"group_instance_id": "one"}
TWO: dict[str, Any] = {"group_instance_id": "two"}


def _alone(talk: Talk, group: str, **more: Any) -> Member:
    member = enter(talk, group, **ONE, **more)
    sync(talk, group, member, **ONE)
    return member


def _two(talk: Talk, group: str) -> tuple[Connection, Member, Connection, Member]:
    """Two static members that have joined; the first leads and has not shared out yet."""
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group, **ONE)
    sync(first, group, alone, **ONE)
    begin_join(second, group, **TWO)
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id, **ONE)
    return first, end_join(first), second, end_join(second)


def _shared(talk: Talk, group: str) -> tuple[Connection, Member, Connection, Member]:
    first, leader, second, follower = _two(talk, group)
    sync(first, group, leader, follower, **ONE)
    sync(second, group, follower, give=False, **TWO)
    return first, leader, second, follower


def _remove(talk: Talk, group: str, *members: tuple[str, str | None]) -> None:
    listed = [{"member_id": member_id, "group_instance_id": instance} for member_id, instance in members]
    talk.ask("LeaveGroup", group_id=group, members=listed)


@versions("5-9")
def leader_returns(talk: Talk) -> None:
    """What a leader is told that comes back: from version 9 on not to share out again (KIP-814)."""
    group = talk.name_of("group")
    first, leader, second, follower = _shared(talk, group)
    again = talk.connect("again")
    back = enter(again, group, **ONE)
    sync(again, group, back, follower, **ONE)
    heartbeat(second, group, follower, **TWO)
    heartbeat(first, group, leader, **ONE)
    describe(talk, group)


def leader_returns_twice(talk: Talk) -> None:
    """Each time under a new id; those before it are fenced."""
    group = talk.name_of("group")
    members = [_alone(talk, group)]
    for _ in range(2):
        members.append(enter(talk, group, **ONE))
    for member in members:
        heartbeat(talk, group, member, **ONE)
    sync(talk, group, members[2], give=False, **ONE)


@versions("5-5")
def returns_before_sharing(talk: Talk) -> None:
    """A leader comes back before it has shared out: the rebalance begins anew."""
    group = talk.name_of("group")
    first, leader, second, follower = _two(talk, group)
    begin_sync(second, group, follower, give=False, **TWO)
    talk.let_others_go_first()
    again = talk.connect("again")
    begin_join(again, group, **ONE)
    second.answer()
    sync(first, group, leader, follower, **ONE)
    begin_join(second, group, follower.id, **TWO)
    end_join(again)
    end_join(second)


def follower_returns_before_sharing(talk: Talk) -> None:
    """So it does when a follower comes back; what the old one waits for it does not get."""
    group = talk.name_of("group")
    first, leader, second, follower = _two(talk, group)
    begin_sync(second, group, follower, give=False, **TWO)
    talk.let_others_go_first()
    again = talk.connect("again")
    begin_join(again, group, **TWO)
    second.answer()
    await_rebalance(first, group, leader)
    begin_join(first, group, leader.id, **ONE)
    end_join(first)
    end_join(again)
    heartbeat(second, group, follower, **TWO)


def returns_in_a_rebalance(talk: Talk) -> None:
    """A member comes back while the others wait for it to join: that is what they waited for."""
    group = talk.name_of("group")
    first, leader, second, follower = _shared(talk, group)
    begin_join(first, group, leader.id, **ONE)
    await_rebalance(second, group, follower)
    again = talk.connect("again")
    begin_join(again, group, **TWO)
    end_join(first)
    end_join(again)
    heartbeat(second, group, follower, **TWO)
    describe(talk, group)


def with_another_subscription(talk: Talk) -> None:
    """Other topics without another protocol: the group learns of it, and nobody joins again."""
    group = talk.name_of("group")
    first, leader, _, _ = _shared(talk, group)
    again = talk.connect("again")
    back = enter(again, group, protocols=reads("another"), **TWO)
    sync(again, group, back, give=False, **TWO)
    heartbeat(first, group, leader, **ONE)
    describe(talk, group)
    begin_join(first, group, leader.id, **ONE)
    await_rebalance(again, group, back)
    begin_join(again, group, back.id, protocols=reads("another"), **TWO)
    end_join(first)
    end_join(again)


def with_another_protocol(talk: Talk) -> None:
    """Another protocol than the group's makes a rebalance."""
    group = talk.name_of("group")
    both = [{"name": name, "metadata": subscription(name)} for name in ("range", "sticky")]
    _alone(talk, group, protocols=both)
    back = enter(talk, group, protocols=both[::-1], **ONE)
    heartbeat(talk, group, back, **ONE)
    sync(talk, group, back, protocol_name="sticky", **ONE)
    describe(talk, group)


def with_unknown_protocol(talk: Talk) -> None:
    """Protocols that the other member does not have are refused, also to a static member."""
    group = talk.name_of("group")
    first, leader, _, _ = _shared(talk, group)
    again = talk.connect("again")
    again.ask(**join(group, protocols=[{"name": "sticky", "metadata": b""}], **TWO))
    again.ask(**join(group, protocol_type="connect", **TWO))
    heartbeat(first, group, leader, **ONE)


def with_other_timeouts(talk: Talk) -> None:
    """A member may come back with other timeouts; a session timeout out of bounds is refused."""
    group = talk.name_of("group")
    old = _alone(talk, group)
    talk.ask(**join(group, session_timeout_ms=1, **ONE))
    heartbeat(talk, group, old, **ONE)
    enter(talk, group, session_timeout_ms=20_000, rebalance_timeout_ms=30_000, **ONE)
    heartbeat(talk, group, old, **ONE)


@versions("5-5")
def fenced_everywhere(talk: Talk) -> None:
    """The older incarnation is fenced whatever it asks; without its instance id it is unknown."""
    topic, group = talk.topic(), talk.name_of("group")
    old = _alone(talk, group)
    new = enter(talk, group, **ONE)
    heartbeat(talk, group, old, **ONE)
    sync(talk, group, old, **ONE)
    talk.ask("OffsetCommit", at=7, group_id=group, member_id=old.id, generation_id_or_member_epoch=1, topics=[], **ONE)
    commit_as(talk, group, old, topic, at=7, **ONE)
    talk.ask(**join(group, old.id, **ONE))
    _remove(talk, group, (old.id, "one"))
    heartbeat(talk, group, old)
    sync(talk, group, old)
    commit_as(talk, group, old, topic)
    talk.ask(**join(group, old.id))
    _remove(talk, group, (old.id, None))
    heartbeat(talk, group, new, **ONE)
    heartbeat(talk, group, new)
    commit_as(talk, group, new, topic)


def instance_of_another(talk: Talk) -> None:
    """One member under the other's instance id, an instance id that nobody has, a member id that nobody has."""
    group = talk.name_of("group")
    _, leader, _, follower = _shared(talk, group)
    heartbeat(talk, group, leader, **TWO)
    heartbeat(talk, group, leader, group_instance_id="three")
    heartbeat(talk, group, Member("nobody", leader.generation), **ONE)
    talk.ask(**join(group, leader.id, **TWO))
    talk.ask(**join(group, leader.id, group_instance_id="three"))
    talk.ask(**join(group, "nobody", **ONE))
    sync(talk, group, follower, give=False, **ONE)
    heartbeat(talk, group, leader, **ONE)


def removed(talk: Talk) -> None:
    """An administrator removes static members by instance id: one that is there, one that is not, one twice."""
    group = talk.name_of("group")
    first, leader, second, follower = _shared(talk, group)
    _remove(talk, group, ("", "two"), ("", "three"), ("", "two"), ("", None))
    heartbeat(second, group, follower, **TWO)
    await_rebalance(first, group, leader)
    alone = enter(first, group, leader.id, **ONE)
    sync(first, group, alone, **ONE)
    describe(talk, group)


def removed_all_at_once(talk: Talk) -> None:
    """By instance id, by both ids, and a dynamic member by its member id."""
    group = talk.name_of("group")
    first, leader, second, follower = _shared(talk, group)
    third = talk.connect("third")
    begin_join(third, group)
    await_rebalance(first, group, leader)
    begin_join(first, group, leader.id, **ONE)
    begin_join(second, group, follower.id, **TWO)
    end_join(first)
    end_join(second)
    dynamic = end_join(third)
    _remove(talk, group, ("", "one"), (follower.id, "two"), (dynamic.id, "one"), (dynamic.id, None))
    describe(talk, group)


def removed_while_joining(talk: Talk) -> None:
    """A static member whose JoinGroup waits is removed: it is told so."""
    group = talk.name_of("group")
    first, leader, second, follower = _shared(talk, group)
    begin_join(first, group, leader.id, **ONE)
    await_rebalance(second, group, follower)
    _remove(talk, group, ("", "one"))
    first.answer()
    begin_join(second, group, follower.id, **TWO)
    end_join(second)


def leaves_and_returns(talk: Talk) -> None:
    """A static member that was removed is a new one when it comes back."""
    group = talk.name_of("group")
    old = _alone(talk, group)
    _remove(talk, group, (old.id, "one"))
    describe(talk, group)
    new = _alone(talk, group)
    heartbeat(talk, group, old, **ONE)
    heartbeat(talk, group, new, **ONE)


def stays_in_a_rebalance(talk: Talk) -> None:
    """A static member that leaves the ordinary way goes; a dynamic one takes its instance id."""
    group = talk.name_of("group")
    first, leader, second, follower = _shared(talk, group)
    leave(second, group, follower)
    await_rebalance(first, group, leader)
    again = talk.connect("again")
    begin_join(again, group, **TWO)
    talk.let_others_go_first()
    begin_join(first, group, leader.id, **ONE)
    end_join(first)
    end_join(again)
    describe(talk, group)


def dynamic_becomes_static(talk: Talk) -> None:
    """A dynamic member cannot become a static one under its id; as somebody new it can."""
    group = talk.name_of("group")
    member = enter(talk, group)
    sync(talk, group, member)
    talk.ask(**join(group, member.id, **ONE))
    second = talk.connect("second")
    begin_join(second, group, **ONE)
    await_rebalance(talk, group, member)
    begin_join(talk, group, member.id)
    end_join(talk)
    end_join(second)
    describe(talk, group)


def odd_instance_ids(talk: Talk) -> None:
    """The empty one, dots, long ones, spaces: what clients refuse the coordinator takes."""
    for number, instance in enumerate(("", ".", "a" * 300, "sp ace/ü")):
        group = talk.name_of(f"group-{number}")
        old = enter(talk, group, group_instance_id=instance)
        sync(talk, group, old, group_instance_id=instance)
        enter(talk, group, group_instance_id=instance)
        heartbeat(talk, group, old, group_instance_id=instance)
        _remove(talk, group, ("", instance))


def fenced_while_waiting_for_a_share(talk: Talk) -> None:
    """A second process under one instance id: the first one's SyncGroup is answered, and says so."""
    group = talk.name_of("group")
    _, _, second, follower = _two(talk, group)
    begin_sync(second, group, follower, give=False, **TWO)
    talk.let_others_go_first()
    begin_join(talk.connect("again"), group, **TWO)
    second.answer()
    describe(talk, group)


def same_instance_in_two_groups(talk: Talk) -> None:
    """Instance ids belong to a group."""
    one, other = talk.name_of("one"), talk.name_of("other")
    first, second = _alone(talk, one), _alone(talk, other)
    heartbeat(talk, one, first, **ONE)
    heartbeat(talk, other, second, **ONE)
    heartbeat(talk, one, second, **ONE)

"""The course of a rebalance: who has to join again, when everybody is in, and what happens when time runs out."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from kpybroker.groups.classic import ClassicGroup, State, subscribed_topics
from kpybroker.groups.members import Link, Member, ParkedJoin
from kpybroker.groups.records import group_record
from kpybroker.groups.settings import GroupSettings, Turn
from kpybroker.machine import Instant
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.join_group import JoinGroupResponse
from kpybroker.wire.messages.sync_group import SyncGroupResponse


def join_error(error: Error, member_id: str, version: int) -> JoinGroupResponse:
    """A refused JoinGroup. Before version 7 nothing on the wire is null: no protocol is an empty one."""
    return JoinGroupResponse(
        error_code=error, protocol_name=None if version >= 7 else "", leader="", member_id=member_id, members=[]
    )


def sync_error(error: Error) -> SyncGroupResponse:
    return SyncGroupResponse(error_code=error, assignment=b"")


def joined(group: ClassicGroup, member_id: str, *, skip_assignment: bool = False) -> JoinGroupResponse:
    """A member's place in the generation; only the leader learns who the others are."""
    return JoinGroupResponse(
        error_code=Error.NONE,
        generation_id=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol or "",
        leader=group.leader or "",
        skip_assignment=skip_assignment,
        member_id=member_id,
        members=everybody(group) if group.leader == member_id else [],
    )


def everybody(group: ClassicGroup) -> list[JoinGroupResponse.JoinGroupResponseMember]:
    protocol = group.protocol or ""
    return [
        JoinGroupResponse.JoinGroupResponseMember(
            member_id=member.member_id, group_instance_id=member.instance_id, metadata=member.metadata(protocol)
        )
        for member in group.members.values()
    ]


def answer_join(group: ClassicGroup, member_id: str, error: Error, named: str, turn: Turn) -> None:
    """Answers a parked JoinGroup with an error, if there is one."""
    parked = group.parked_joins.pop(member_id, None)
    if parked is not None:
        turn.reply(parked.ticket, join_error(error, named, parked.version))


def answer_sync(group: ClassicGroup, member: Member, response: SyncGroupResponse, turn: Turn) -> None:
    """Answers a parked SyncGroup, if there is one; the session begins anew, for it may have run out meanwhile."""
    ticket = group.parked_syncs.pop(member.member_id, None)
    if ticket is not None:
        turn.reply(ticket, response)
        member.heard(turn.now)


def drop_member(group: ClassicGroup, member_id: str, turn: Turn) -> None:
    """Takes a member out for good; it is told to come as somebody new, should it be waiting."""
    answer_join(group, member_id, Error.UNKNOWN_MEMBER_ID, "", turn)
    answer_sync(group, group.members[member_id], sync_error(Error.UNKNOWN_MEMBER_ID), turn)
    group.remove(member_id)


def abandon(group: ClassicGroup, turn: Turn) -> None:
    """Whoever waits in this group is told to look for its coordinator anew."""
    for member_id, parked in group.parked_joins.items():
        turn.reply(parked.ticket, join_error(Error.NOT_COORDINATOR, member_id, parked.version))
    for ticket in group.parked_syncs.values():
        turn.reply(ticket, sync_error(Error.NOT_COORDINATOR))


def prepare_or_complete(group: ClassicGroup, turn: Turn) -> None:
    """Something about the members has changed: begin a rebalance, or see whether the one under way is done."""
    if group.state is State.PREPARING:
        complete_if_all_joined(group, turn)
    else:
        prepare(group, turn)


def complete_if_all_joined(group: ClassicGroup, turn: Turn) -> None:
    """A first rebalance goes by its delay alone: more members are expected than have come so far."""
    if group.state is State.PREPARING and group.previous_state is not State.EMPTY and group.all_joined:
        complete_join(group, turn)


def prepare(group: ClassicGroup, turn: Turn) -> None:
    """Everybody has to join again."""
    if group.state is State.COMPLETING:
        for member in group.members.values():
            member.assignment = b""
            answer_sync(group, member, sync_error(Error.REBALANCE_IN_PROGRESS), turn)
    group.unsynced.clear()
    group.sync_ends = None
    first = group.state is State.EMPTY
    group.become(State.PREPARING, turn.now)
    group.waiting_since = turn.now
    delay = turn.settings.group_initial_rebalance_delay_ms
    if first and delay > 0:
        group.join_ends = turn.now + delay
        group.initial_delay = (delay, max(group.rebalance_timeout_ms - delay, 0))
    elif first or group.all_joined:
        complete_join(group, turn)
    else:
        wait_for_joins(group, turn)


def wait_for_joins(group: ClassicGroup, turn: Turn) -> None:
    group.join_ends = turn.now + max(group.rebalance_timeout_ms, 1)
    group.initial_delay = None


def complete_join(group: ClassicGroup, turn: Turn) -> None:
    """The next generation begins with those who are here. Static members stay in, even if they are not."""
    group.join_ends = group.initial_delay = None
    absent = [m.member_id for m in group.members.values() if m.instance_id is None and awaited(group, m)]
    for member_id in absent:
        group.remove(member_id)
    if group.members and not group.elect_joined_leader():
        wait_for_joins(group, turn)  # until the sessions of the static members are over, or one of them comes
        return
    group.generation += 1
    group.unsynced.clear()
    if not group.members:
        group.protocol = None
        group.topics_read = subscribed_topics(group)
        group.become(State.EMPTY, turn.now)
        turn.records.append(group_record(group, {}))
        return
    group.protocol = group.select_protocol()
    group.topics_read = subscribed_topics(group)
    group.become(State.COMPLETING, turn.now)
    group.waiting_since = turn.now
    group.sync_ends = turn.now + max(group.rebalance_timeout_ms, 1)
    for member in group.members.values():
        parked = group.parked_joins.pop(member.member_id, None)
        if parked is not None:
            turn.reply(parked.ticket, joined(group, member.member_id))
        member.heard(turn.now)
        member.is_new = False
        group.unsynced[member.member_id] = None


def awaited(group: ClassicGroup, member: Member) -> bool:
    return member.member_id not in group.parked_joins


def park_join(group: ClassicGroup, member: Member, parked: ParkedJoin, turn: Turn) -> None:
    """The member waits for the rebalance. What it had parked on another connection is overtaken: Kafka forgets such a
    request; here everybody gets an answer."""
    answer_join(group, member.member_id, Error.REBALANCE_IN_PROGRESS, member.member_id, turn)
    group.parked_joins[member.member_id] = parked


class Due(IntEnum):
    """What can run out; where two do at once, in this order."""

    JOIN = 0
    SYNC = 1
    SESSION = 2
    CLOSED = 3


class Deadline(NamedTuple):
    at: Instant
    due: Due
    who: str = ""


def earliest(group: ClassicGroup, settings: GroupSettings) -> Deadline | None:
    """What runs out first in this group."""
    first: Deadline | None = None
    if group.join_ends is not None:
        first = Deadline(group.join_ends, Due.JOIN)
    if group.sync_ends is not None and (first is None or group.sync_ends < first.at):
        first = Deadline(group.sync_ends, Due.SYNC)
    for member_id, link in group.links():
        if link.session_ends is not None and (first is None or link.session_ends < first.at):
            first = Deadline(link.session_ends, Due.SESSION, member_id)
        if link.closed_at is not None and settings.closed_member_grace_ms is not None and held_up_by(group, member_id):
            given_up_at = max(link.closed_at, group.waiting_since) + settings.closed_member_grace_ms
            if first is None or given_up_at < first.at:
                first = Deadline(given_up_at, Due.CLOSED, member_id)
    return first


def held_up_by(group: ClassicGroup, member_id: str) -> bool:
    """Whether a rebalance waits for this one to join, or to take its assignment. Static members are not hurried."""
    member = group.members.get(member_id)
    if member is not None and member.instance_id is not None:
        return False
    return group.state is State.PREPARING or member_id in group.unsynced


def expire(group: ClassicGroup, deadline: Deadline, turn: Turn) -> None:
    """One thing has run out; whatever happens, this deadline is gone or has moved."""
    match deadline.due:
        case Due.JOIN:
            expire_join(group, turn)
        case Due.SYNC:
            expire_sync(group, turn)
        case Due.SESSION:
            expire_session(group, deadline.who, turn)
        case Due.CLOSED:
            give_up(group, deadline.who, turn)


def expire_join(group: ClassicGroup, turn: Turn) -> None:
    if group.initial_delay is not None and group.new_member_added and group.initial_delay[1] != 0:
        # somebody came during the delay: more may follow, as long as the rebalance timeout leaves room
        group.new_member_added = False
        delay, remaining = group.initial_delay
        following = min(turn.settings.group_initial_rebalance_delay_ms, remaining)
        group.join_ends = turn.now + following
        group.initial_delay = (following, max(remaining - delay, 0))
    else:
        complete_join(group, turn)


def expire_sync(group: ClassicGroup, turn: Turn) -> None:
    """Those who have joined and never asked for their assignment are dropped, and the rest goes on without them."""
    group.sync_ends = None
    if group.unsynced:
        for member_id in list(group.unsynced):
            group.remove(member_id)
        prepare(group, turn)


def expire_session(group: ClassicGroup, member_id: str, turn: Turn) -> None:
    link: Link | None = group.members.get(member_id) or group.pending.get(member_id)
    assert link is not None
    link.session_ends = None
    member = group.members.get(member_id)
    parked = member_id in group.parked_joins or member_id in group.parked_syncs
    if member is None or member.is_new or not parked:
        give_up(group, member_id, turn)


def give_up(group: ClassicGroup, member_id: str, turn: Turn) -> None:
    """A member, or somebody who never came back with the id we gave, is no longer counted on."""
    if member_id in group.members:
        drop_member(group, member_id, turn)
        if group.state in (State.STABLE, State.COMPLETING):
            prepare(group, turn)
            return
    else:
        group.remove(member_id)
    if group.state is State.PREPARING and group.all_joined:
        complete_join(group, turn)

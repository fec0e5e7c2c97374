"""JoinGroup: who may come in, under which id, and whether that begins a rebalance."""

from __future__ import annotations

from random import Random
from uuid import UUID

from kpybroker.groups.classic import ClassicGroup, State
from kpybroker.groups.members import Link, Member, ParkedJoin, client_id_of, protocols_of, timeouts_of
from kpybroker.groups.rebalance import (
    answer_join,
    answer_sync,
    complete_if_all_joined,
    everybody,
    join_error,
    joined,
    park_join,
    prepare,
    prepare_or_complete,
    sync_error,
)
from kpybroker.groups.records import group_record
from kpybroker.groups.settings import NEW_MEMBER_JOIN_TIMEOUT_MS, GroupSettings, Turn
from kpybroker.machine import Call
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.join_group import JoinGroupRequest, JoinGroupResponse


def join_refusal(request: JoinGroupRequest, settings: GroupSettings) -> Error:
    """What is wrong with the request whatever the group is."""
    if request.group_id == "":
        return Error.INVALID_GROUP_ID
    shortest, longest = settings.group_min_session_timeout_ms, settings.group_max_session_timeout_ms
    if shortest <= request.session_timeout_ms <= longest:
        return Error.NONE
    return Error.INVALID_SESSION_TIMEOUT


def join(group: ClassicGroup, call: Call, turn: Turn, random: Random) -> None:
    """One JoinGroup to a group that exists by now."""
    request: JoinGroupRequest = call.request
    member_id = request.member_id
    if not has_room(group, member_id, turn.settings):
        # Kafka forgets it without a word to the others: the rebalance goes by its deadline
        answer_join(group, member_id, Error.UNKNOWN_MEMBER_ID, "", turn)
        group.remove(member_id)
        refuse(call, Error.GROUP_MAX_SIZE_REACHED, "", turn)
    elif not group.supports(request.protocol_type, [protocol.name for protocol in request.protocols]):
        refuse(call, Error.INCONSISTENT_GROUP_PROTOCOL, member_id, turn)
    elif member_id == "":
        join_new(group, call, turn, random)
    elif member_id in group.pending and request.group_instance_id is not None:
        refuse(call, Error.UNKNOWN_SERVER_ERROR, "", turn)  # a static member is never asked to come back with an id
    elif member_id in group.pending:
        add(group, member_id, call, turn)
    else:
        rejoin(group, call, turn)


def refuse(call: Call, error: Error, member_id: str, turn: Turn) -> None:
    turn.reply(call.ticket, join_error(error, member_id, call.version))


def has_room(group: ClassicGroup, member_id: str, settings: GroupSettings) -> bool:
    """Members may come back; new ones until the group is full. In a rebalance those who have joined count."""
    if group.state is State.EMPTY:
        return True
    if group.state is State.PREPARING:
        return member_id in group.parked_joins or len(group.parked_joins) < settings.group_max_size
    return member_id in group.members or len(group.members) < settings.group_max_size


def join_new(group: ClassicGroup, call: Call, turn: Turn, random: Random) -> None:
    """Somebody without a member id."""
    request: JoinGroupRequest = call.request
    instance_id = request.group_instance_id
    prefix = client_id_of(call) if instance_id is None else instance_id
    member_id = f"{prefix}-{UUID(int=random.getrandbits(128), version=4)}"
    if instance_id in group.static_ids:
        replace_static(group, member_id, call, turn)
    elif instance_id is None and call.version >= 4:
        # the client has to come back with the id: one that gives up in between leaves no member behind (KIP-394)
        group.pending[member_id] = Link(call.peer.connection, turn.now + request.session_timeout_ms)
        refuse(call, Error.MEMBER_ID_REQUIRED, member_id, turn)
    else:
        add(group, member_id, call, turn)


def add(group: ClassicGroup, member_id: str, call: Call, turn: Turn) -> None:
    """A new member, who waits for the rebalance that it causes."""
    request: JoinGroupRequest = call.request
    member = Member.joining(member_id, call)
    member.is_new = True
    member.session_ends = turn.now + NEW_MEMBER_JOIN_TIMEOUT_MS
    if group.state is State.PREPARING and group.previous_state is State.EMPTY:
        group.new_member_added = True
    if not group.members:
        group.protocol_type = request.protocol_type
    group.add(member)
    group.parked_joins[member_id] = ParkedJoin(call.ticket, call.version)
    prepare_or_complete(group, turn)


def rejoin(group: ClassicGroup, call: Call, turn: Turn) -> None:
    """A member comes again: for a rebalance under way, with news, or because it lost our answer."""
    request: JoinGroupRequest = call.request
    error = group.refusal(request.member_id, request.group_instance_id)
    if error is not Error.NONE:
        refuse(call, error, request.member_id, turn)
        return
    member = group.members[request.member_id]
    member.heard_on(call.peer.connection)
    unchanged = member.protocols == protocols_of(request)
    leads = group.leader == member.member_id
    if unchanged and (group.state is State.COMPLETING or (group.state is State.STABLE and not leads)):
        turn.reply(call.ticket, joined(group, member.member_id))
        return
    # in a stable group the leader rebalances by joining alone: it may have seen that topics changed
    update(group, member, call)
    park_join(group, member, ParkedJoin(call.ticket, call.version), turn)
    prepare_or_complete(group, turn)


def update(group: ClassicGroup, member: Member, call: Call) -> None:
    """What the member now says of itself."""
    request: JoinGroupRequest = call.request
    group.update(member, protocols_of(request))
    member.timeouts = timeouts_of(request, call.version)


def replace_static(group: ClassicGroup, member_id: str, call: Call, turn: Turn) -> None:
    """A static member after a restart takes the place of its older incarnation, if it can without a rebalance."""
    instance_id = call.request.group_instance_id
    old = group.members[group.static_ids[instance_id]]
    old_leader = group.leader or ""
    answer_join(group, old.member_id, Error.FENCED_INSTANCE_ID, old.member_id, turn)
    answer_sync(group, old, sync_error(Error.FENCED_INSTANCE_ID), turn)
    new = old.successor(member_id)
    group.replace(old, new)
    new.heard(turn.now)
    new.heard_on(call.peer.connection)
    update(group, new, call)
    if group.state is State.STABLE and group.select_protocol() == group.protocol:
        turn.records.append(group_record(group, {m.member_id: m.assignment for m in group.members.values()}))
        turn.reply(call.ticket, rejoined_static(group, member_id, old_leader, call.version))
        return
    group.parked_joins[member_id] = ParkedJoin(call.ticket, call.version)
    if group.state is State.PREPARING:
        complete_if_all_joined(group, turn)
    else:
        prepare(group, turn)


def rejoined_static(group: ClassicGroup, member_id: str, old_leader: str, version: int) -> JoinGroupResponse:
    """The member's old place. A leader must not assign again: from version 9 on it is told so (KIP-814), before
    that it sees its older incarnation's id as the leader's and takes itself for a follower."""
    leads = group.leader == member_id
    return JoinGroupResponse(
        error_code=Error.NONE,
        generation_id=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol or "",
        leader=(group.leader or "") if version >= 9 else old_leader,
        skip_assignment=leads and version >= 9,
        member_id=member_id,
        members=everybody(group) if leads and version >= 9 else [],
    )

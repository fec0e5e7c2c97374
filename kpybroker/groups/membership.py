"""SyncGroup, Heartbeat and LeaveGroup: what a member does between joining and going."""

from __future__ import annotations

from kpybroker.groups.classic import ClassicGroup, State
from kpybroker.groups.rebalance import complete_if_all_joined, drop_member, prepare, sync_error
from kpybroker.groups.records import group_record
from kpybroker.groups.settings import Turn
from kpybroker.machine import Call
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.heartbeat import HeartbeatRequest
from kpybroker.wire.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from kpybroker.wire.messages.sync_group import SyncGroupRequest, SyncGroupResponse


def sync(group: ClassicGroup, call: Call, turn: Turn) -> None:
    """The leader brings the assignments, everybody gets theirs; who comes before the leader waits."""
    request: SyncGroupRequest = call.request
    error = sync_refusal(group, request)
    if error is not Error.NONE:
        turn.reply(call.ticket, sync_error(error))
        return
    member = group.members[request.member_id]
    member.heard_on(call.peer.connection)
    group.unsynced.pop(request.member_id, None)
    if not group.unsynced:
        group.sync_ends = None
    if group.state is State.STABLE:
        turn.reply(call.ticket, assigned(group, member.assignment))
        return
    overtaken = group.parked_syncs.pop(request.member_id, None)
    if overtaken is not None:
        turn.reply(overtaken, sync_error(Error.REBALANCE_IN_PROGRESS))
    group.parked_syncs[request.member_id] = call.ticket
    if group.leader == request.member_id:
        assign(group, request, turn)


def sync_refusal(group: ClassicGroup, request: SyncGroupRequest) -> Error:
    if group.state is State.EMPTY:
        return Error.UNKNOWN_MEMBER_ID
    error = group.refusal(request.member_id, request.group_instance_id)
    if error is not Error.NONE:
        return error
    if request.generation_id != group.generation:
        return Error.ILLEGAL_GENERATION
    if differs(request.protocol_type, group.protocol_type) or differs(request.protocol_name, group.protocol):
        return Error.INCONSISTENT_GROUP_PROTOCOL
    return Error.REBALANCE_IN_PROGRESS if group.state is State.PREPARING else Error.NONE


def differs(asked: str | None, actual: str | None) -> bool:
    return asked is not None and actual is not None and asked != actual


def assign(group: ClassicGroup, request: SyncGroupRequest, turn: Turn) -> None:
    """The record of the new generation, and the answers that go out once it is safe. Its replay makes it stable."""
    given = {assignment.member_id: bytes(assignment.assignment) for assignment in request.assignments}
    assignments = {member_id: given.get(member_id, b"") for member_id in group.members}
    turn.records.append(group_record(group, assignments))
    for member_id, ticket in group.parked_syncs.items():
        turn.reply(ticket, assigned(group, assignments[member_id]))
        group.members[member_id].heard(turn.now)
    group.parked_syncs.clear()


def assigned(group: ClassicGroup, assignment: bytes) -> SyncGroupResponse:
    return SyncGroupResponse(
        error_code=Error.NONE,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol,
        assignment=assignment,
    )


def heartbeat(group: ClassicGroup, call: Call, turn: Turn) -> Error:
    """The member is alive; the answer is how it learns of a rebalance."""
    request: HeartbeatRequest = call.request
    error = group.refusal(request.member_id, request.group_instance_id)
    if error is not Error.NONE:
        return error
    if request.generation_id != group.generation:
        return Error.ILLEGAL_GENERATION
    member = group.members[request.member_id]
    member.heard_on(call.peer.connection)
    member.heard(turn.now)
    return Error.REBALANCE_IN_PROGRESS if group.state is State.PREPARING else Error.NONE


def leave(group: ClassicGroup | None, call: Call, turn: Turn) -> LeaveGroupResponse:
    """Each one named leaves or is refused; then one rebalance for all of them."""
    request: LeaveGroupRequest = call.request
    identities = (
        request.members if call.version >= 3 else [LeaveGroupRequest.MemberIdentity(member_id=request.member_id)]
    )
    responses = [
        LeaveGroupResponse.MemberResponse(
            member_id=identity.member_id,
            group_instance_id=identity.group_instance_id,
            error_code=Error.UNKNOWN_MEMBER_ID if group is None else leave_one(group, identity, turn),
        )
        for identity in identities
    ]
    if group is not None and any(response.error_code == Error.NONE for response in responses):
        if group.state in (State.STABLE, State.COMPLETING):
            prepare(group, turn)
        else:
            complete_if_all_joined(group, turn)
    if call.version < 3:
        return LeaveGroupResponse(error_code=responses[0].error_code)
    return LeaveGroupResponse(error_code=Error.NONE, members=responses)


def leave_one(group: ClassicGroup, identity: LeaveGroupRequest.MemberIdentity, turn: Turn) -> Error:
    """Without a member id an administrator removes a static member by its group.instance.id."""
    if identity.member_id == "":
        instance_id = identity.group_instance_id
        member_id = None if instance_id is None else group.static_ids.get(instance_id)
        if member_id is None:
            return Error.UNKNOWN_MEMBER_ID
        drop_member(group, member_id, turn)
        return Error.NONE
    if identity.member_id in group.pending:
        group.remove(identity.member_id)
        return Error.NONE
    error = group.refusal(identity.member_id, identity.group_instance_id)
    if error is Error.NONE:
        drop_member(group, identity.member_id, turn)
    return error

"""The requests that are about one group: what is wrong with them before any group is asked, and who answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from kpybroker.groups import membership, offsets
from kpybroker.groups.classic import ClassicGroup, State
from kpybroker.groups.joining import join, join_refusal, refuse
from kpybroker.groups.rebalance import join_error, sync_error
from kpybroker.groups.records import new_group_record
from kpybroker.groups.settings import GroupSettings, Turn
from kpybroker.machine import Call
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_groups import DescribeGroupsResponse
from kpybroker.wire.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from kpybroker.wire.messages.list_groups import ListGroupsResponse
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.sync_group import SyncGroupRequest

Groups = dict[str, ClassicGroup]
ListedGroup = ListGroupsResponse.ListedGroup
Handler = Callable[[Groups, Call, Turn, Random], None]


def join_group(groups: Groups, call: Call, turn: Turn, random: Random) -> None:
    """Who comes without a member id brings the group into being, even if it is then refused."""
    request: JoinGroupRequest = call.request
    group = groups.get(request.group_id)
    error = join_refusal(request, turn.settings)
    if error is Error.NONE and group is None and request.member_id != "":
        error = Error.UNKNOWN_MEMBER_ID
    if error is not Error.NONE:
        refuse(call, error, request.member_id, turn)
    elif group is not None:
        join(group, call, turn, random)
    else:
        group = groups[request.group_id] = ClassicGroup(request.group_id, turn.now)
        join(group, call, turn, random)
        turn.records.append(new_group_record(group))


def sync_group(groups: Groups, call: Call, turn: Turn, random: Random) -> None:
    request: SyncGroupRequest = call.request
    group = groups.get(request.group_id)
    if names_no_protocol(request, call.version):
        turn.reply(call.ticket, sync_error(Error.INCONSISTENT_GROUP_PROTOCOL))
    elif request.group_id == "":
        turn.reply(call.ticket, sync_error(Error.INVALID_GROUP_ID))
    elif group is None:
        turn.reply(call.ticket, sync_error(Error.UNKNOWN_MEMBER_ID))
    else:
        membership.sync(group, call, turn)


def names_no_protocol(request: SyncGroupRequest, version: int) -> bool:
    """From version 5 on it must (KIP-559)."""
    return version >= 5 and (request.protocol_type is None or request.protocol_name is None)


def heartbeat(groups: Groups, call: Call, turn: Turn, random: Random) -> None:
    request: HeartbeatRequest = call.request
    group = groups.get(request.group_id)
    if request.group_id == "":
        error = Error.INVALID_GROUP_ID
    elif group is None:
        error = Error.UNKNOWN_MEMBER_ID
    else:
        error = membership.heartbeat(group, call, turn)
    turn.reply(call.ticket, HeartbeatResponse(error_code=error))


def leave_group(groups: Groups, call: Call, turn: Turn, random: Random) -> None:
    request: LeaveGroupRequest = call.request
    if request.group_id == "":
        turn.reply(call.ticket, LeaveGroupResponse(error_code=Error.INVALID_GROUP_ID))
    else:
        turn.reply(call.ticket, membership.leave(groups.get(request.group_id), call, turn))


def commit_offsets(groups: Groups, call: Call, turn: Turn, random: Random) -> None:
    """The group id may be empty: Kafka has always let such consumers commit."""
    turn.reply(call.ticket, offsets.commit(groups.get(call.request.group_id), call, turn))


HANDLERS: dict[type, Handler] = {
    JoinGroupRequest: join_group,
    SyncGroupRequest: sync_group,
    HeartbeatRequest: heartbeat,
    LeaveGroupRequest: leave_group,
    OffsetCommitRequest: commit_offsets,
}


def turned_away(call: Call, settings: GroupSettings) -> Any:
    """What a node answers that does not coordinate the group: first what is wrong with the request itself."""
    request = call.request
    if isinstance(request, OffsetCommitRequest):
        return offsets.refused(request, Error.NOT_COORDINATOR)
    if isinstance(request, JoinGroupRequest):
        error = join_refusal(request, settings)
        member_id = "" if error is Error.NONE else request.member_id
        return join_error(error or Error.NOT_COORDINATOR, member_id, call.version)
    error = Error.NOT_COORDINATOR if request.group_id else Error.INVALID_GROUP_ID
    if isinstance(request, HeartbeatRequest):
        return HeartbeatResponse(error_code=error)
    if isinstance(request, LeaveGroupRequest):
        return LeaveGroupResponse(error_code=error)
    assert isinstance(request, SyncGroupRequest)
    return sync_error(Error.INCONSISTENT_GROUP_PROTOCOL if names_no_protocol(request, call.version) else error)


def listed(group: ClassicGroup) -> ListedGroup:
    return ListedGroup(
        group_id=group.group_id,
        protocol_type=group.protocol_type or "",
        group_state=group.state.value,
        group_type="classic",
    )


def selected(groups: list[ListedGroup], states: Iterable[str], types: Iterable[str]) -> list[ListedGroup]:
    """Those in these states and of these types; none named: all."""
    wanted_states = [state.lower().strip() for state in states]
    wanted_types = [name.lower() for name in types]
    return [
        group
        for group in groups
        if (not wanted_states or group.group_state.lower() in wanted_states)
        and (not wanted_types or group.group_type in wanted_types)
    ]


def describe(group: ClassicGroup | None, group_id: str, version: int) -> DescribeGroupsResponse.DescribedGroup:
    """A group as it is now. What the members said of themselves is only told while it is stable."""
    if group is None:
        unknown = version >= 6  # before that, a group that nobody knows is a dead one and no error
        return DescribeGroupsResponse.DescribedGroup(
            error_code=Error.GROUP_ID_NOT_FOUND if unknown else Error.NONE,
            error_message=f"Group {group_id} not found." if unknown else None,
            group_id=group_id,
            group_state=State.DEAD.value,
            protocol_type="",
            protocol_data="",
            members=[],
        )
    stable = group.state is State.STABLE
    protocol = group.protocol or "" if stable else ""
    return DescribeGroupsResponse.DescribedGroup(
        error_code=Error.NONE,
        group_id=group_id,
        group_state=group.state.value,
        protocol_type=group.protocol_type or "",
        protocol_data=protocol,
        members=[
            DescribeGroupsResponse.DescribedGroup.DescribedGroupMember(
                member_id=member.member_id,
                group_instance_id=member.instance_id,
                client_id=member.identity.client_id,
                client_host=member.identity.client_host,
                member_metadata=member.metadata(protocol) if stable else b"",
                member_assignment=member.assignment,
            )
            for member in group.members.values()
        ],
    )

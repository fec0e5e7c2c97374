"""DescribeGroups: state, protocol and members of classic groups."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, GroupId, int16, int32, message, part


@message(key=15, versions="0-6", flexible="5+")
class DescribeGroupsRequest:
    groups: list[GroupId]
    include_authorized_operations: Field[bool, "3+"] = False


@message(key=15, versions="0-6", flexible="5+")
class DescribeGroupsResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    groups: list[DescribedGroup]

    @part
    class DescribedGroup:
        error_code: int16
        error_message: Field[str | None, "6+"] = None
        group_id: GroupId
        group_state: str
        protocol_type: str
        protocol_data: str
        members: list[DescribedGroupMember]
        authorized_operations: Field[int32, "3+"] = -(2**31)

        @part
        class DescribedGroupMember:
            member_id: str
            group_instance_id: Field[str | None, "4+"] = None
            client_id: str
            client_host: str
            member_metadata: Bytes
            member_assignment: Bytes

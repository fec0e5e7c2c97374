"""JoinGroup: become a member of a classic group, and wait until the rebalance has everybody (KIP-394, KIP-345)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, GroupId, int16, int32, message, null, part


@message(key=11, versions="0-9", flexible="6+")
class JoinGroupRequest:
    group_id: GroupId
    session_timeout_ms: int32
    rebalance_timeout_ms: Field[int32, "1+"] = -1
    member_id: str
    group_instance_id: Field[str | None, "5+"] = None
    protocol_type: str
    protocols: list[JoinGroupRequestProtocol]
    reason: Field[str | None, "8+"] = None

    @part
    class JoinGroupRequestProtocol:
        name: str
        metadata: Bytes


@message(key=11, versions="0-9", flexible="6+")
class JoinGroupResponse:
    throttle_time_ms: Field[int32, "2+"] = 0
    error_code: int16
    generation_id: int32 = -1
    protocol_type: Field[str | None, "7+"] = None
    protocol_name: Field[str | None, null("7+")]
    leader: str
    skip_assignment: Field[bool, "9+"] = False
    member_id: str
    members: list[JoinGroupResponseMember]

    @part
    class JoinGroupResponseMember:
        member_id: str
        group_instance_id: Field[str | None, "5+"] = None
        metadata: Bytes

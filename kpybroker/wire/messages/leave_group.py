"""LeaveGroup: members leave a classic group; from v3 several at once (KIP-345)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import GroupId, int16, int32, message, part


@message(key=13, versions="0-5", flexible="4+")
class LeaveGroupRequest:
    group_id: GroupId
    member_id: Field[str, "0-2"] = ""
    members: Field[list[MemberIdentity], "3+"] = []

    @part
    class MemberIdentity:
        member_id: str
        group_instance_id: str | None = None
        reason: Field[str | None, "5+"] = None


@message(key=13, versions="0-5", flexible="4+")
class LeaveGroupResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    error_code: int16
    members: Field[list[MemberResponse], "3+"] = []

    @part
    class MemberResponse:
        member_id: str
        group_instance_id: str | None
        error_code: int16

"""SyncGroup: the leader hands in what each member shall read, and everybody gets their part."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, GroupId, int16, int32, message, part


@message(key=14, versions="0-5", flexible="4+")
class SyncGroupRequest:
    group_id: GroupId
    generation_id: int32
    member_id: str
    group_instance_id: Field[str | None, "3+"] = None
    protocol_type: Field[str | None, "5+"] = None
    protocol_name: Field[str | None, "5+"] = None
    assignments: list[SyncGroupRequestAssignment]

    @part
    class SyncGroupRequestAssignment:
        member_id: str
        assignment: Bytes


@message(key=14, versions="0-5", flexible="4+")
class SyncGroupResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    error_code: int16
    protocol_type: Field[str | None, "5+"] = None
    protocol_name: Field[str | None, "5+"] = None
    assignment: Bytes

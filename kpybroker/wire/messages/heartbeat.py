"""Heartbeat: a member of a classic group lives, and learns that a rebalance is under way."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import GroupId, int16, int32, message


@message(key=12, versions="0-4", flexible="4+")
class HeartbeatRequest:
    group_id: GroupId
    generation_id: int32
    member_id: str
    group_instance_id: Field[str | None, "3+"] = None


@message(key=12, versions="0-4", flexible="4+")
class HeartbeatResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    error_code: int16

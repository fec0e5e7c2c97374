"""BrokerHeartbeat: a broker tells the controller that it lives, and is told whether it is fenced (KIP-631)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, Uuid, int16, int32, int64, message, tag


@message(key=63, versions="0-2", flexible="0+")
class BrokerHeartbeatRequest:
    broker_id: BrokerId
    broker_epoch: int64 = -1
    current_metadata_offset: int64
    want_fence: bool
    want_shut_down: bool
    offline_log_dirs: Field[list[Uuid], "1+", tag(0)] = []
    cordoned_log_dirs: Field[list[Uuid] | None, "2+", tag(1)] = None


@message(key=63, versions="0-2", flexible="0+")
class BrokerHeartbeatResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    is_caught_up: bool = False
    is_fenced: bool = True
    should_shut_down: bool

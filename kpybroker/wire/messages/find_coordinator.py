"""FindCoordinator: which broker keeps a group, a transactional id or a share partition (KIP-699 for many at once)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, int8, int16, int32, message, part


@message(key=10, versions="0-6", flexible="3+")
class FindCoordinatorRequest:
    key: Field[str, "0-3"] = ""
    key_type: Field[int8, "1+"] = 0
    coordinator_keys: Field[list[str], "4+"] = []


@message(key=10, versions="0-6", flexible="3+")
class FindCoordinatorResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    error_code: Field[int16, "0-3"] = 0
    error_message: Field[str | None, "1-3"] = ""
    node_id: Field[BrokerId, "0-3"] = 0
    host: Field[str, "0-3"] = ""
    port: Field[int32, "0-3"] = 0
    coordinators: Field[list[Coordinator], "4+"] = []

    @part
    class Coordinator:
        key: str
        node_id: BrokerId
        host: str
        port: int32
        error_code: int16
        error_message: str | None

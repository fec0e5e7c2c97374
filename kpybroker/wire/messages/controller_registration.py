"""ControllerRegistration: a controller makes its listeners and features known to the active one (KIP-919)."""

from __future__ import annotations

from kpybroker.wire.declare import Uuid, int16, int32, message, part, uint16


@message(key=70, versions="0", flexible="0+")
class ControllerRegistrationRequest:
    controller_id: int32
    incarnation_id: Uuid
    zk_migration_ready: bool
    listeners: list[Listener]
    features: list[Feature]

    @part
    class Listener:
        name: str
        host: str
        port: uint16
        security_protocol: int16

    @part
    class Feature:
        name: str
        min_supported_version: int16
        max_supported_version: int16


@message(key=70, versions="0", flexible="0+")
class ControllerRegistrationResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None

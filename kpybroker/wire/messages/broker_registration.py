"""BrokerRegistration: a starting broker joins the cluster with its listeners, features and disks (KIP-631)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, Uuid, int16, int32, int64, message, part, uint16


@message(key=62, versions="0-4", flexible="0+")
class BrokerRegistrationRequest:
    broker_id: BrokerId
    cluster_id: str
    incarnation_id: Uuid
    listeners: list[Listener]
    features: list[Feature]
    rack: str | None
    is_migrating_zk_broker: Field[bool, "1+"] = False
    log_dirs: Field[list[Uuid], "2+"] = []
    previous_broker_epoch: Field[int64, "3+"] = -1

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


@message(key=62, versions="0-4", flexible="0+")
class BrokerRegistrationResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    broker_epoch: int64 = -1

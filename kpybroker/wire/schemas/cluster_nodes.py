"""Records of the metadata log about nodes: brokers and controllers come, change, are fenced and go (KIP-631)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, Uuid, int8, int16, int32, int64, message, part, tag, uint16


@message(key=17, versions="0-3", flexible="0+")
class BrokerRegistrationChangeRecord:
    broker_id: BrokerId
    broker_epoch: int64
    fenced: Field[int8, tag(0)] = 0  # -1 is unfenced, 1 fenced, 0 as it was
    in_controlled_shutdown: Field[int8, "1+", tag(1)] = 0  # 1 if so, 0 as it was
    log_dirs: Field[list[Uuid], "2+", tag(2)] = []
    cordoned_log_dirs: Field[list[Uuid] | None, "3+", tag(3)] = None


@message(key=7, versions="0", flexible="0+")
class FenceBrokerRecord:
    id: BrokerId
    epoch: int64


@message(key=0, versions="0-4", flexible="0+")
class RegisterBrokerRecord:
    broker_id: BrokerId
    is_migrating_zk_broker: Field[bool, "2+"] = False
    incarnation_id: Uuid
    broker_epoch: int64
    end_points: list[BrokerEndpoint]
    features: list[BrokerFeature]
    rack: str | None
    fenced: bool = True
    in_controlled_shutdown: Field[bool, "1+"] = False
    log_dirs: Field[list[Uuid], "3+", tag(0)] = []
    cordoned_log_dirs: Field[list[Uuid] | None, "4+", tag(1)] = None

    @part
    class BrokerEndpoint:
        name: str
        host: str
        port: uint16
        security_protocol: int16

    @part
    class BrokerFeature:
        name: str
        min_supported_version: int16
        max_supported_version: int16


@message(key=27, versions="0", flexible="0+")
class RegisterControllerRecord:
    controller_id: int32
    incarnation_id: Uuid
    zk_migration_ready: bool
    end_points: list[ControllerEndpoint]
    features: list[ControllerFeature]

    @part
    class ControllerEndpoint:
        name: str
        host: str
        port: uint16
        security_protocol: int16

    @part
    class ControllerFeature:
        name: str
        min_supported_version: int16
        max_supported_version: int16


@message(key=8, versions="0", flexible="0+")
class UnfenceBrokerRecord:
    id: BrokerId
    epoch: int64


@message(key=1, versions="0", flexible="0+")
class UnregisterBrokerRecord:
    broker_id: BrokerId
    broker_epoch: int64

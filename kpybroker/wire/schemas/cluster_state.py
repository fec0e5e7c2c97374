"""Records of the metadata log about the cluster: settings, quotas, features, producer ids, its own transactions."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, float64, int8, int16, int64, message, part, tag


@message(key=25, versions="0", flexible="0+")
class AbortTransactionRecord:
    reason: Field[str | None, tag(0)] = None


@message(key=23, versions="0", flexible="0+")
class BeginTransactionRecord:
    name: Field[str | None, tag(0)] = None


@message(key=14, versions="0", flexible="0+")
class ClientQuotaRecord:
    entity: list[EntityData]
    key: str
    value: float64
    remove: bool

    @part
    class EntityData:
        entity_type: str
        entity_name: str | None


@message(key=4, versions="0", flexible="0+")
class ConfigRecord:
    resource_type: int8
    resource_name: str
    name: str
    value: str | None


@message(key=24, versions="0", flexible="0+")
class EndTransactionRecord:
    pass


@message(key=12, versions="0", flexible="0+")
class FeatureLevelRecord:
    name: str
    feature_level: int16


@message(key=20, versions="0", flexible="0+")
class NoOpRecord:
    pass


@message(key=15, versions="0", flexible="0+")
class ProducerIdsRecord:
    broker_id: BrokerId
    broker_epoch: int64 = -1
    next_producer_id: int64


@message(key=21, versions="0", flexible="0+")
class ZkMigrationStateRecord:
    zk_migration_state: int8

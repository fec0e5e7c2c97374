"""ControlledShutdown: a broker asks a ZooKeeper-era controller to move its leaderships; v0 has no client id."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, int16, int32, int64, message, part


@message(key=7, versions="0-3", flexible="3+")
class ControlledShutdownRequest:
    broker_id: BrokerId
    broker_epoch: Field[int64, "2+"] = -1


@message(key=7, versions="0-3", flexible="3+")
class ControlledShutdownResponse:
    error_code: int16
    remaining_partitions: list[RemainingPartition]

    @part
    class RemainingPartition:
        topic_name: TopicName
        partition_index: int32

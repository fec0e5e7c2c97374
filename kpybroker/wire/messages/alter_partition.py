"""AlterPartition: a leader asks the controller to change its in-sync replicas (KIP-497)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, BrokerId, TopicName, Uuid, int8, int16, int32, int64, message, part


@message(key=56, versions="0-3", flexible="0+")
class AlterPartitionRequest:
    broker_id: BrokerId
    broker_epoch: int64 = -1
    topics: list[TopicData]

    @part
    class TopicData:
        topic_name: Field[TopicName, "0-1"] = ""
        topic_id: Field[Uuid, "2+"] = NO_ID
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            leader_epoch: int32
            new_isr: Field[list[BrokerId], "0-2"] = []
            new_isr_with_epochs: Field[list[BrokerState], "3+"] = []
            leader_recovery_state: Field[int8, "1+"] = 0
            partition_epoch: int32

            @part
            class BrokerState:
                broker_id: BrokerId
                broker_epoch: int64 = -1


@message(key=56, versions="0-3", flexible="0+")
class AlterPartitionResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    topics: list[TopicData]

    @part
    class TopicData:
        topic_name: Field[TopicName, "0-1"] = ""
        topic_id: Field[Uuid, "2+"] = NO_ID
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            error_code: int16
            leader_id: BrokerId
            leader_epoch: int32
            isr: list[BrokerId]
            leader_recovery_state: Field[int8, "1+"] = 0
            partition_epoch: int32

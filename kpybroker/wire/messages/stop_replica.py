"""StopReplica: a controller of the ZooKeeper era tells a broker to stop, and maybe delete, replicas."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, int16, int32, int64, message, part


@message(key=5, versions="0-4", flexible="2+")
class StopReplicaRequest:
    controller_id: BrokerId
    is_kraft_controller: Field[bool, "4+"] = False
    controller_epoch: int32
    broker_epoch: Field[int64, "1+"] = -1
    delete_partitions: Field[bool, "0-2"] = False
    ungrouped_partitions: Field[list[StopReplicaPartitionV0], "0"] = []
    topics: Field[list[StopReplicaTopicV1], "1-2"] = []
    topic_states: Field[list[StopReplicaTopicState], "3+"] = []

    @part
    class StopReplicaPartitionV0:
        topic_name: TopicName
        partition_index: int32

    @part
    class StopReplicaTopicV1:
        name: TopicName
        partition_indexes: list[int32]

    @part
    class StopReplicaTopicState:
        topic_name: TopicName
        partition_states: list[StopReplicaPartitionState]

        @part
        class StopReplicaPartitionState:
            partition_index: int32
            leader_epoch: int32 = -1
            delete_partition: bool


@message(key=5, versions="0-4", flexible="2+")
class StopReplicaResponse:
    error_code: int16
    partition_errors: list[StopReplicaPartitionError]

    @part
    class StopReplicaPartitionError:
        topic_name: TopicName
        partition_index: int32
        error_code: int16

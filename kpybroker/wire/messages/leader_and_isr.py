"""LeaderAndIsr: a controller of the ZooKeeper era tells a broker which replicas it has and who leads them."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, BrokerId, TopicName, Uuid, int8, int16, int32, int64, message, part


@message(key=4, versions="0-7", flexible="4+")
class LeaderAndIsrRequest:
    controller_id: BrokerId
    is_kraft_controller: Field[bool, "7+"] = False
    controller_epoch: int32
    broker_epoch: Field[int64, "2+"] = -1
    type: Field[int8, "5+"] = 0
    ungrouped_partition_states: Field[list[LeaderAndIsrPartitionState], "0-1"] = []
    topic_states: Field[list[LeaderAndIsrTopicState], "2+"] = []
    live_leaders: list[LeaderAndIsrLiveLeader]

    @part
    class LeaderAndIsrTopicState:
        topic_name: TopicName
        topic_id: Field[Uuid, "5+"] = NO_ID
        partition_states: list[LeaderAndIsrPartitionState]

    @part
    class LeaderAndIsrLiveLeader:
        broker_id: BrokerId
        host_name: str
        port: int32


@part
class LeaderAndIsrPartitionState:
    topic_name: Field[TopicName, "0-1"] = ""
    partition_index: int32
    controller_epoch: int32
    leader: BrokerId
    leader_epoch: int32
    isr: list[BrokerId]
    partition_epoch: int32
    replicas: list[BrokerId]
    adding_replicas: Field[list[BrokerId], "3+"] = []
    removing_replicas: Field[list[BrokerId], "3+"] = []
    is_new: Field[bool, "1+"] = False
    leader_recovery_state: Field[int8, "6+"] = 0


@message(key=4, versions="0-7", flexible="4+")
class LeaderAndIsrResponse:
    error_code: int16
    partition_errors: Field[list[LeaderAndIsrPartitionError], "0-4"] = []
    topics: Field[list[LeaderAndIsrTopicError], "5+"] = []

    @part
    class LeaderAndIsrTopicError:
        topic_id: Uuid
        partition_errors: list[LeaderAndIsrPartitionError]


@part
class LeaderAndIsrPartitionError:
    topic_name: Field[TopicName, "0-4"] = ""
    partition_index: int32
    error_code: int16

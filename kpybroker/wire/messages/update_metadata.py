"""UpdateMetadata: a controller of the ZooKeeper era tells a broker the state of the cluster."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    NO_ID,
    BrokerId,
    TopicName,
    Uuid,
    int8,
    int16,
    int32,
    int64,
    message,
    part,
    tag,
)


@message(key=6, versions="0-8", flexible="6+")
class UpdateMetadataRequest:
    controller_id: BrokerId
    is_kraft_controller: Field[bool, "8+"] = False
    type: Field[int8, "8+", tag(0)] = 0
    controller_epoch: int32
    broker_epoch: Field[int64, "5+"] = -1
    ungrouped_partition_states: Field[list[UpdateMetadataPartitionState], "0-4"] = []
    topic_states: Field[list[UpdateMetadataTopicState], "5+"] = []
    live_brokers: list[UpdateMetadataBroker]

    @part
    class UpdateMetadataTopicState:
        topic_name: TopicName
        topic_id: Field[Uuid, "7+"] = NO_ID
        partition_states: list[UpdateMetadataPartitionState]

    @part
    class UpdateMetadataBroker:
        id: BrokerId
        v0_host: Field[str, "0"] = ""
        v0_port: Field[int32, "0"] = 0
        endpoints: Field[list[UpdateMetadataEndpoint], "1+"] = []
        rack: Field[str | None, "2+"] = ""

        @part
        class UpdateMetadataEndpoint:
            port: int32
            host: str
            listener: Field[str, "3+"] = ""
            security_protocol: int16


@part
class UpdateMetadataPartitionState:
    topic_name: Field[TopicName, "0-4"] = ""
    partition_index: int32
    controller_epoch: int32
    leader: BrokerId
    leader_epoch: int32
    isr: list[BrokerId]
    zk_version: int32
    replicas: list[BrokerId]
    offline_replicas: Field[list[BrokerId], "4+"] = []


@message(key=6, versions="0-8", flexible="6+")
class UpdateMetadataResponse:
    error_code: int16

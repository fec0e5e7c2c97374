"""DescribeQuorum: leader, voters and observers of the metadata quorum, and how far each is (KIP-595, KIP-836)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    NO_ID,
    BrokerId,
    TopicName,
    Uuid,
    int16,
    int32,
    int64,
    message,
    part,
    uint16,
)


@message(key=55, versions="0-2", flexible="0+")
class DescribeQuorumRequest:
    topics: list[TopicData]

    @part
    class TopicData:
        topic_name: TopicName
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32


@message(key=55, versions="0-2", flexible="0+")
class DescribeQuorumResponse:
    error_code: int16
    error_message: Field[str | None, "2+"] = ""
    topics: list[TopicData]
    nodes: Field[list[Node], "2+"] = []

    @part
    class TopicData:
        topic_name: TopicName
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            error_code: int16
            error_message: Field[str | None, "2+"] = ""
            leader_id: BrokerId
            leader_epoch: int32
            high_watermark: int64
            current_voters: list[ReplicaState]
            observers: list[ReplicaState]

    @part
    class Node:
        node_id: BrokerId
        listeners: list[Listener]

        @part
        class Listener:
            name: str
            host: str
            port: uint16


@part
class ReplicaState:
    replica_id: BrokerId
    replica_directory_id: Field[Uuid, "2+"] = NO_ID
    log_end_offset: int64
    last_fetch_timestamp: Field[int64, "1+"] = -1
    last_caught_up_timestamp: Field[int64, "1+"] = -1

"""EndQuorumEpoch: a leader of the metadata quorum resigns and names successors (KIP-595)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, Uuid, int16, int32, message, part, tag, uint16


@message(key=54, versions="0-1", flexible="1+")
class EndQuorumEpochRequest:
    cluster_id: str | None = None
    topics: list[TopicData]
    leader_endpoints: Field[list[LeaderEndpoint], "1+"] = []

    @part
    class TopicData:
        topic_name: TopicName
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            leader_id: BrokerId
            leader_epoch: int32
            preferred_successors: Field[list[int32], "0"] = []
            preferred_candidates: Field[list[ReplicaInfo], "1+"] = []

            @part
            class ReplicaInfo:
                candidate_id: BrokerId
                candidate_directory_id: Uuid

    @part
    class LeaderEndpoint:
        name: str
        host: str
        port: uint16


@message(key=54, versions="0-1", flexible="1+")
class EndQuorumEpochResponse:
    error_code: int16
    topics: list[TopicData]
    node_endpoints: Field[list[NodeEndpoint], "1+", tag(0)] = []

    @part
    class TopicData:
        topic_name: TopicName
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            error_code: int16
            leader_id: BrokerId
            leader_epoch: int32

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: uint16

"""BeginQuorumEpoch: a new leader of the metadata quorum makes itself known to the voters (KIP-595)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, BrokerId, TopicName, Uuid, int16, int32, message, part, tag, uint16


@message(key=53, versions="0-1", flexible="1+")
class BeginQuorumEpochRequest:
    cluster_id: str | None = None
    voter_id: Field[BrokerId, "1+"] = -1
    topics: list[TopicData]
    leader_endpoints: Field[list[LeaderEndpoint], "1+"] = []

    @part
    class TopicData:
        topic_name: TopicName
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            voter_directory_id: Field[Uuid, "1+"] = NO_ID
            leader_id: BrokerId
            leader_epoch: int32

    @part
    class LeaderEndpoint:
        name: str
        host: str
        port: uint16


@message(key=53, versions="0-1", flexible="1+")
class BeginQuorumEpochResponse:
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

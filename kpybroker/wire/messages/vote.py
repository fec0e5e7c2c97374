"""Vote: a candidate asks for a vote, or first whether it would get it (KIP-595, KIP-996)."""

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
    tag,
    uint16,
)


@message(key=52, versions="0-2", flexible="0+")
class VoteRequest:
    cluster_id: str | None = None
    voter_id: Field[BrokerId, "1+"] = -1
    topics: list[TopicData]

    @part
    class TopicData:
        topic_name: TopicName
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            # replica_* were called candidate_* before v2, on the same bytes
            replica_epoch: int32
            replica_id: BrokerId
            replica_directory_id: Field[Uuid, "1+"] = NO_ID
            voter_directory_id: Field[Uuid, "1+"] = NO_ID
            last_offset_epoch: int32
            last_offset: int64
            pre_vote: Field[bool, "2+"] = False


@message(key=52, versions="0-2", flexible="0+")
class VoteResponse:
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
            vote_granted: bool

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: uint16

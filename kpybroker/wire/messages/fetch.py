"""Fetch: read batches from partitions, waiting for data if asked to; sessions send only what changed (KIP-227)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    NO_ID,
    BrokerId,
    ProducerId,
    Records,
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


@message(key=1, versions="0-18", flexible="12+")
class FetchRequest:
    cluster_id: Field[str | None, "12+", tag(0)] = None
    replica_id: Field[BrokerId, "0-14"] = -1
    replica_state: Field[ReplicaState | None, "15+", tag(1)] = None
    max_wait_ms: int32
    min_bytes: int32
    max_bytes: Field[int32, "3+"] = 2**31 - 1
    isolation_level: Field[int8, "4+"] = 0
    session_id: Field[int32, "7+"] = 0
    session_epoch: Field[int32, "7+"] = -1
    topics: list[FetchTopic]
    forgotten_topics_data: Field[list[ForgottenTopic], "7+"] = []
    rack_id: Field[str, "11+"] = ""

    @part
    class ReplicaState:
        replica_id: BrokerId = -1
        replica_epoch: int64 = -1

    @part
    class FetchTopic:
        topic: Field[TopicName, "0-12"] = ""
        topic_id: Field[Uuid, "13+"] = NO_ID
        partitions: list[FetchPartition]

        @part
        class FetchPartition:
            partition: int32
            current_leader_epoch: Field[int32, "9+"] = -1
            fetch_offset: int64
            last_fetched_epoch: Field[int32, "12+"] = -1
            log_start_offset: Field[int64, "5+"] = -1
            partition_max_bytes: int32
            replica_directory_id: Field[Uuid, "17+", tag(0)] = NO_ID
            high_watermark: Field[int64, "18+", tag(1)] = 2**63 - 1

    @part
    class ForgottenTopic:
        topic: Field[TopicName, "7-12"] = ""
        topic_id: Field[Uuid, "13+"] = NO_ID
        partitions: list[int32]


@message(key=1, versions="0-18", flexible="12+")
class FetchResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    error_code: Field[int16, "7+"] = 0
    session_id: Field[int32, "7+"] = 0
    responses: list[FetchableTopicResponse]
    node_endpoints: Field[list[NodeEndpoint], "16+", tag(0)] = []

    @part
    class FetchableTopicResponse:
        topic: Field[TopicName, "0-12"] = ""
        topic_id: Field[Uuid, "13+"] = NO_ID
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            error_code: int16
            high_watermark: int64
            last_stable_offset: Field[int64, "4+"] = -1
            log_start_offset: Field[int64, "5+"] = -1
            diverging_epoch: Field[EpochEndOffset | None, "12+", tag(0)] = None
            current_leader: Field[LeaderIdAndEpoch | None, "12+", tag(1)] = None
            snapshot_id: Field[SnapshotId | None, "12+", tag(2)] = None
            aborted_transactions: Field[list[AbortedTransaction] | None, "4+"] = []
            preferred_read_replica: Field[BrokerId, "11+"] = -1
            records: Records | None

            @part
            class EpochEndOffset:
                epoch: int32 = -1
                end_offset: int64 = -1

            @part
            class LeaderIdAndEpoch:
                leader_id: BrokerId = -1
                leader_epoch: int32 = -1

            @part
            class SnapshotId:
                end_offset: int64 = -1
                epoch: int32 = -1

            @part
            class AbortedTransaction:
                producer_id: ProducerId
                first_offset: int64

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: int32
        rack: str | None = None

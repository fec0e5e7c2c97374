"""FetchSnapshot: a slice of a metadata snapshot, for who is too far behind to read the log (KIP-630)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    NO_ID,
    BrokerId,
    Records,
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


@message(key=59, versions="0-1", flexible="0+")
class FetchSnapshotRequest:
    cluster_id: Field[str | None, tag(0)] = None
    replica_id: BrokerId = -1
    max_bytes: int32 = 2**31 - 1
    topics: list[TopicSnapshot]

    @part
    class TopicSnapshot:
        name: TopicName
        partitions: list[PartitionSnapshot]

        @part
        class PartitionSnapshot:
            partition: int32
            current_leader_epoch: int32
            snapshot_id: SnapshotId
            position: int64
            replica_directory_id: Field[Uuid, "1+", tag(0)] = NO_ID

            @part
            class SnapshotId:
                end_offset: int64
                epoch: int32


@message(key=59, versions="0-1", flexible="0+")
class FetchSnapshotResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    topics: list[TopicSnapshot]
    node_endpoints: Field[list[NodeEndpoint], "1+", tag(0)] = []

    @part
    class TopicSnapshot:
        name: TopicName
        partitions: list[PartitionSnapshot]

        @part
        class PartitionSnapshot:
            index: int32
            error_code: int16
            snapshot_id: SnapshotId
            current_leader: Field[LeaderIdAndEpoch | None, tag(0)] = None
            size: int64
            position: int64
            unaligned_records: Records

            @part
            class SnapshotId:
                end_offset: int64
                epoch: int32

            @part
            class LeaderIdAndEpoch:
                leader_id: BrokerId
                leader_epoch: int32

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: uint16

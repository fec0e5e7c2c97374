"""Records of `__remote_log_metadata`: which segments are in remote storage (KIP-405)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, Uuid, int8, int32, int64, message, part, tag


@message(key=0, versions="0", flexible="0+")
class RemoteLogSegmentMetadataRecord:
    remote_log_segment_id: RemoteLogSegmentIdEntry
    start_offset: int64
    end_offset: int64
    broker_id: int32
    max_timestamp_ms: int64
    event_timestamp_ms: int64
    segment_leader_epochs: list[SegmentLeaderEpochEntry]
    segment_size_in_bytes: int32
    custom_metadata: Bytes | None = None
    remote_log_segment_state: int8
    txn_index_empty: Field[bool, tag(0)] = False

    @part
    class RemoteLogSegmentIdEntry:
        topic_id_partition: TopicIdPartitionEntry
        id: Uuid

        @part
        class TopicIdPartitionEntry:
            name: str
            id: Uuid
            partition: int32

    @part
    class SegmentLeaderEpochEntry:
        leader_epoch: int32
        offset: int64


@message(key=3, versions="0", flexible="0+")
class RemoteLogSegmentMetadataSnapshotRecord:
    segment_id: Uuid
    start_offset: int64
    end_offset: int64
    broker_id: int32
    max_timestamp_ms: int64
    event_timestamp_ms: int64
    segment_leader_epochs: list[SegmentLeaderEpochEntry]
    segment_size_in_bytes: int32
    custom_metadata: Bytes | None = None
    remote_log_segment_state: int8
    txn_index_empty: Field[bool, tag(0)] = False

    @part
    class SegmentLeaderEpochEntry:
        leader_epoch: int32
        offset: int64


@message(key=1, versions="0", flexible="0+")
class RemoteLogSegmentMetadataUpdateRecord:
    remote_log_segment_id: RemoteLogSegmentIdEntry
    broker_id: int32
    event_timestamp_ms: int64
    custom_metadata: Bytes | None = None
    remote_log_segment_state: int8

    @part
    class RemoteLogSegmentIdEntry:
        topic_id_partition: TopicIdPartitionEntry
        id: Uuid

        @part
        class TopicIdPartitionEntry:
            name: str
            id: Uuid
            partition: int32


@message(key=2, versions="0", flexible="0+")
class RemotePartitionDeleteMetadataRecord:
    topic_id_partition: TopicIdPartitionEntry
    broker_id: int32
    event_timestamp_ms: int64
    remote_partition_delete_state: int8

    @part
    class TopicIdPartitionEntry:
        name: str
        id: Uuid
        partition: int32

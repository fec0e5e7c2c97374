"""Records of share groups: membership in `__consumer_offsets`, deliveries in `__share_group_state` (KIP-932)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Uuid, int8, int16, int32, int64, message, part, tag


@message(key=14, versions="0")
class ShareGroupCurrentMemberAssignmentKey:
    group_id: str
    member_id: str


@message(key=14, versions="0", flexible="0+")
class ShareGroupCurrentMemberAssignmentValue:
    member_epoch: int32
    previous_member_epoch: int32
    state: int8
    assigned_partitions: list[TopicPartitions]


@part
class TopicPartitions:
    topic_id: Uuid
    partitions: list[int32]


@message(key=10, versions="0")
class ShareGroupMemberMetadataKey:
    group_id: str
    member_id: str


@message(key=10, versions="0", flexible="0+")
class ShareGroupMemberMetadataValue:
    rack_id: str | None
    client_id: str
    client_host: str
    subscribed_topic_names: list[str]


@message(key=11, versions="0")
class ShareGroupMetadataKey:
    group_id: str


@message(key=11, versions="0", flexible="0+")
class ShareGroupMetadataValue:
    epoch: int32
    metadata_hash: int64


@message(key=15, versions="0")
class ShareGroupStatePartitionMetadataKey:
    group_id: str


@message(key=15, versions="0", flexible="0+")
class ShareGroupStatePartitionMetadataValue:
    initializing_topics: list[TopicPartitionsInfo]
    initialized_topics: list[TopicPartitionsInfo]
    deleting_topics: list[TopicInfo]


@part
class TopicPartitionsInfo:
    topic_id: Uuid
    topic_name: str
    partitions: list[int32]


@part
class TopicInfo:
    topic_id: Uuid
    topic_name: str


@message(key=13, versions="0")
class ShareGroupTargetAssignmentMemberKey:
    group_id: str
    member_id: str


@message(key=13, versions="0", flexible="0+")
class ShareGroupTargetAssignmentMemberValue:
    topic_partitions: list[TopicPartition]

    @part
    class TopicPartition:
        topic_id: Uuid
        partitions: list[int32]


@message(key=12, versions="0")
class ShareGroupTargetAssignmentMetadataKey:
    group_id: str


@message(key=12, versions="0", flexible="0+")
class ShareGroupTargetAssignmentMetadataValue:
    assignment_epoch: int32
    assignment_timestamp: Field[int64, tag(0)] = 0


# In __share_group_state: a whole state, and what changed since the last one.
@message(key=0, versions="0")
class ShareSnapshotKey:
    group_id: str
    topic_id: Uuid
    partition: int32


@message(key=0, versions="0", flexible="0+")
class ShareSnapshotValue:
    snapshot_epoch: int32
    state_epoch: int32
    leader_epoch: int32
    start_offset: int64
    delivery_complete_count: Field[int32, tag(0)] = -1
    create_timestamp: int64
    write_timestamp: int64
    state_batches: list[StateBatch]

    @part
    class StateBatch:
        first_offset: int64
        last_offset: int64
        delivery_state: int8
        delivery_count: int16


@message(key=1, versions="0")
class ShareUpdateKey:
    group_id: str
    topic_id: Uuid
    partition: int32


@message(key=1, versions="0", flexible="0+")
class ShareUpdateValue:
    snapshot_epoch: int32
    leader_epoch: int32
    start_offset: int64
    delivery_complete_count: Field[int32, tag(0)] = -1
    state_batches: list[StateBatch]

    @part
    class StateBatch:
        first_offset: int64
        last_offset: int64
        delivery_state: int8
        delivery_count: int16

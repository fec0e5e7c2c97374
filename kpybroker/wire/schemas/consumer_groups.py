"""Records of `__consumer_offsets` for the new consumer protocol: group, members, assignments (KIP-848)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, Uuid, int8, int32, int64, message, null, part, tag


@message(key=8, versions="0")
class ConsumerGroupCurrentMemberAssignmentKey:
    group_id: str
    member_id: str


@message(key=8, versions="0", flexible="0+")
class ConsumerGroupCurrentMemberAssignmentValue:
    member_epoch: int32
    previous_member_epoch: int32
    state: int8
    assigned_partitions: list[TopicPartitions]
    partitions_pending_revocation: list[TopicPartitions]


@part
class TopicPartitions:
    topic_id: Uuid
    partitions: list[int32]
    assignment_epochs: Field[list[int32] | None, tag(0)] = []


@message(key=5, versions="0")
class ConsumerGroupMemberMetadataKey:
    group_id: str
    member_id: str


@message(key=5, versions="0", flexible="0+")
class ConsumerGroupMemberMetadataValue:
    instance_id: str | None
    rack_id: str | None
    client_id: str
    client_host: str
    subscribed_topic_names: list[str]
    subscribed_topic_regex: str | None
    rebalance_timeout_ms: int32 = -1
    server_assignor: str | None
    # None is sent, and means a member of the new protocol; only a member of both has it
    classic_member_metadata: Field[ClassicMemberMetadata | None, tag(0), null("0+")] = None

    @part
    class ClassicMemberMetadata:
        session_timeout_ms: int32
        supported_protocols: list[ClassicProtocol]

        @part
        class ClassicProtocol:
            name: str
            metadata: Bytes


@message(key=3, versions="0")
class ConsumerGroupMetadataKey:
    group_id: str


@message(key=3, versions="0", flexible="0+")
class ConsumerGroupMetadataValue:
    epoch: int32
    metadata_hash: Field[int64, tag(0)] = 0


# Of earlier releases; now a hash in the group's own record says the same. Tombstones of it still come.
@message(key=4, versions="0")
class ConsumerGroupPartitionMetadataKey:
    group_id: str


@message(key=4, versions="0", flexible="0+")
class ConsumerGroupPartitionMetadataValue:
    topics: list[TopicMetadata]

    @part
    class TopicMetadata:
        topic_id: Uuid
        topic_name: str
        num_partitions: int32
        partition_metadata: list[PartitionMetadata]

        @part
        class PartitionMetadata:
            partition: int32
            racks: list[str]


@message(key=16, versions="0")
class ConsumerGroupRegularExpressionKey:
    group_id: str
    regular_expression: str


@message(key=16, versions="0", flexible="0+")
class ConsumerGroupRegularExpressionValue:
    topics: list[str]
    version: int64
    timestamp: int64


@message(key=7, versions="0")
class ConsumerGroupTargetAssignmentMemberKey:
    group_id: str
    member_id: str


@message(key=7, versions="0", flexible="0+")
class ConsumerGroupTargetAssignmentMemberValue:
    topic_partitions: list[TopicPartition]

    @part
    class TopicPartition:
        topic_id: Uuid
        partitions: list[int32]


@message(key=6, versions="0")
class ConsumerGroupTargetAssignmentMetadataKey:
    group_id: str


@message(key=6, versions="0", flexible="0+")
class ConsumerGroupTargetAssignmentMetadataValue:
    assignment_epoch: int32
    assignment_timestamp: Field[int64, tag(0)] = 0

"""DescribeTopicPartitions: topics a page at a time, with the replicas that may lead (KIP-966)."""

from __future__ import annotations

from kpybroker.wire.declare import BrokerId, TopicName, Uuid, int16, int32, message, part


@message(key=75, versions="0", flexible="0+")
class DescribeTopicPartitionsRequest:
    topics: list[TopicRequest]
    response_partition_limit: int32 = 2000
    cursor: Cursor | None = None

    @part
    class TopicRequest:
        name: TopicName

    @part
    class Cursor:
        topic_name: TopicName
        partition_index: int32


@message(key=75, versions="0", flexible="0+")
class DescribeTopicPartitionsResponse:
    throttle_time_ms: int32 = 0
    topics: list[DescribeTopicPartitionsResponseTopic]
    next_cursor: Cursor | None = None

    @part
    class DescribeTopicPartitionsResponseTopic:
        error_code: int16
        name: TopicName | None
        topic_id: Uuid
        is_internal: bool = False
        partitions: list[DescribeTopicPartitionsResponsePartition]
        topic_authorized_operations: int32 = -(2**31)

        @part
        class DescribeTopicPartitionsResponsePartition:
            error_code: int16
            partition_index: int32
            leader_id: BrokerId
            leader_epoch: int32 = -1
            replica_nodes: list[BrokerId]
            isr_nodes: list[BrokerId]
            eligible_leader_replicas: list[BrokerId] | None = None
            last_known_elr: list[BrokerId] | None = None
            offline_replicas: list[BrokerId]

    @part
    class Cursor:
        topic_name: TopicName
        partition_index: int32

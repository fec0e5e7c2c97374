"""ListPartitionReassignments: the moves of replicas that are under way (KIP-455)."""

from __future__ import annotations

from kpybroker.wire.declare import BrokerId, TopicName, int16, int32, message, part


@message(key=46, versions="0", flexible="0+")
class ListPartitionReassignmentsRequest:
    timeout_ms: int32 = 60000
    topics: list[ListPartitionReassignmentsTopics] | None = None

    @part
    class ListPartitionReassignmentsTopics:
        name: TopicName
        partition_indexes: list[int32]


@message(key=46, versions="0", flexible="0+")
class ListPartitionReassignmentsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
    topics: list[OngoingTopicReassignment]

    @part
    class OngoingTopicReassignment:
        name: TopicName
        partitions: list[OngoingPartitionReassignment]

        @part
        class OngoingPartitionReassignment:
            partition_index: int32
            replicas: list[BrokerId]
            adding_replicas: list[BrokerId]
            removing_replicas: list[BrokerId]

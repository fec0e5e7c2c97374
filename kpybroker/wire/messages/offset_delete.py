"""OffsetDelete: makes a group forget its offsets in topics that it does not subscribe to (KIP-496)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, int16, int32, message, part


@message(key=47, versions="0")
class OffsetDeleteRequest:
    group_id: GroupId
    topics: list[OffsetDeleteRequestTopic]

    @part
    class OffsetDeleteRequestTopic:
        name: TopicName
        partitions: list[OffsetDeleteRequestPartition]

        @part
        class OffsetDeleteRequestPartition:
            partition_index: int32


@message(key=47, versions="0")
class OffsetDeleteResponse:
    error_code: int16
    throttle_time_ms: int32 = 0
    topics: list[OffsetDeleteResponseTopic]

    @part
    class OffsetDeleteResponseTopic:
        name: TopicName
        partitions: list[OffsetDeleteResponsePartition]

        @part
        class OffsetDeleteResponsePartition:
            partition_index: int32
            error_code: int16

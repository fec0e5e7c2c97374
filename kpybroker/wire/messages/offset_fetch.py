"""OffsetFetch: how far groups have read, for some partitions or for all (KIP-709 for many groups at once)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, GroupId, TopicName, Uuid, int16, int32, int64, message, null, part


@message(key=9, versions="0-10", flexible="6+")
class OffsetFetchRequest:
    group_id: Field[GroupId, "0-7"] = ""
    topics: Field[list[OffsetFetchRequestTopic] | None, "0-7", null("2-7")] = []
    groups: Field[list[OffsetFetchRequestGroup], "8+"] = []
    require_stable: Field[bool, "7+"] = False

    @part
    class OffsetFetchRequestTopic:
        name: TopicName
        partition_indexes: list[int32]

    @part
    class OffsetFetchRequestGroup:
        group_id: GroupId
        member_id: Field[str | None, "9+"] = None
        member_epoch: Field[int32, "9+"] = -1
        topics: list[OffsetFetchRequestTopics] | None

        @part
        class OffsetFetchRequestTopics:
            name: Field[TopicName, "8-9"] = ""
            topic_id: Field[Uuid, "10+"] = NO_ID
            partition_indexes: list[int32]


@message(key=9, versions="0-10", flexible="6+")
class OffsetFetchResponse:
    throttle_time_ms: Field[int32, "3+"] = 0
    topics: Field[list[OffsetFetchResponseTopic], "0-7"] = []
    error_code: Field[int16, "2-7"] = 0
    groups: Field[list[OffsetFetchResponseGroup], "8+"] = []

    @part
    class OffsetFetchResponseTopic:
        name: TopicName
        partitions: list[OffsetFetchResponsePartition]

        @part
        class OffsetFetchResponsePartition:
            partition_index: int32
            committed_offset: int64
            committed_leader_epoch: Field[int32, "5+"] = -1
            metadata: str | None
            error_code: int16

    @part
    class OffsetFetchResponseGroup:
        group_id: GroupId
        topics: list[OffsetFetchResponseTopics]
        error_code: int16 = 0

        @part
        class OffsetFetchResponseTopics:
            name: Field[TopicName, "8-9"] = ""
            topic_id: Field[Uuid, "10+"] = NO_ID
            partitions: list[OffsetFetchResponsePartitions]

            @part
            class OffsetFetchResponsePartitions:
                partition_index: int32
                committed_offset: int64
                committed_leader_epoch: int32 = -1
                metadata: str | None
                error_code: int16

"""DescribeShareGroupOffsets: where share groups are in their partitions, and how far behind (KIP-932)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import GroupId, TopicName, Uuid, int16, int32, int64, message, part


@message(key=90, versions="0-1", flexible="0+")
class DescribeShareGroupOffsetsRequest:
    groups: list[DescribeShareGroupOffsetsRequestGroup]

    @part
    class DescribeShareGroupOffsetsRequestGroup:
        group_id: GroupId
        topics: list[DescribeShareGroupOffsetsRequestTopic] | None

        @part
        class DescribeShareGroupOffsetsRequestTopic:
            topic_name: TopicName
            partitions: list[int32]


@message(key=90, versions="0-1", flexible="0+")
class DescribeShareGroupOffsetsResponse:
    throttle_time_ms: int32 = 0
    groups: list[DescribeShareGroupOffsetsResponseGroup]

    @part
    class DescribeShareGroupOffsetsResponseGroup:
        group_id: GroupId
        topics: list[DescribeShareGroupOffsetsResponseTopic]
        error_code: int16
        error_message: str | None = None

        @part
        class DescribeShareGroupOffsetsResponseTopic:
            topic_name: TopicName
            topic_id: Uuid
            partitions: list[DescribeShareGroupOffsetsResponsePartition]

            @part
            class DescribeShareGroupOffsetsResponsePartition:
                partition_index: int32
                start_offset: int64
                leader_epoch: int32
                lag: Field[int64, "1+"] = -1
                error_code: int16
                error_message: str | None = None

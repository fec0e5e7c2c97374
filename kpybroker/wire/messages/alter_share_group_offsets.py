"""AlterShareGroupOffsets: sets where an empty share group reads on (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, Uuid, int16, int32, int64, message, part


@message(key=91, versions="0", flexible="0+")
class AlterShareGroupOffsetsRequest:
    group_id: GroupId
    topics: list[AlterShareGroupOffsetsRequestTopic]

    @part
    class AlterShareGroupOffsetsRequestTopic:
        topic_name: TopicName
        partitions: list[AlterShareGroupOffsetsRequestPartition]

        @part
        class AlterShareGroupOffsetsRequestPartition:
            partition_index: int32
            start_offset: int64


@message(key=91, versions="0", flexible="0+")
class AlterShareGroupOffsetsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    responses: list[AlterShareGroupOffsetsResponseTopic]

    @part
    class AlterShareGroupOffsetsResponseTopic:
        topic_name: TopicName
        topic_id: Uuid
        partitions: list[AlterShareGroupOffsetsResponsePartition]

        @part
        class AlterShareGroupOffsetsResponsePartition:
            partition_index: int32
            error_code: int16
            error_message: str | None = None

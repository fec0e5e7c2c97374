"""DeleteShareGroupOffsets: makes an empty share group forget topics (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, Uuid, int16, int32, message, part


@message(key=92, versions="0", flexible="0+")
class DeleteShareGroupOffsetsRequest:
    group_id: GroupId
    topics: list[DeleteShareGroupOffsetsRequestTopic]

    @part
    class DeleteShareGroupOffsetsRequestTopic:
        topic_name: TopicName


@message(key=92, versions="0", flexible="0+")
class DeleteShareGroupOffsetsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    responses: list[DeleteShareGroupOffsetsResponseTopic]

    @part
    class DeleteShareGroupOffsetsResponseTopic:
        topic_name: TopicName
        topic_id: Uuid
        error_code: int16
        error_message: str | None = None

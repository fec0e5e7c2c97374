"""DeleteTopics: removes topics, by name or by id (KIP-4, KIP-516)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, TopicName, Uuid, int16, int32, message, null, part


@message(key=20, versions="0-6", flexible="4+")
class DeleteTopicsRequest:
    topics: Field[list[DeleteTopicState], "6+"] = []
    topic_names: Field[list[TopicName], "0-5"] = []
    timeout_ms: int32

    @part
    class DeleteTopicState:
        name: TopicName | None = None
        topic_id: Uuid


@message(key=20, versions="0-6", flexible="4+")
class DeleteTopicsResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    responses: list[DeletableTopicResult]

    @part
    class DeletableTopicResult:
        name: Field[TopicName | None, null("6+")]
        topic_id: Field[Uuid, "6+"] = NO_ID
        error_code: int16
        error_message: Field[str | None, "5+"] = None

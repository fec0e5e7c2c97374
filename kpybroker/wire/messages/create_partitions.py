"""CreatePartitions: adds partitions to topics (KIP-195)."""

from __future__ import annotations

from kpybroker.wire.declare import BrokerId, TopicName, int16, int32, message, part


@message(key=37, versions="0-3", flexible="2+")
class CreatePartitionsRequest:
    topics: list[CreatePartitionsTopic]
    timeout_ms: int32
    validate_only: bool

    @part
    class CreatePartitionsTopic:
        name: TopicName
        count: int32
        assignments: list[CreatePartitionsAssignment] | None

        @part
        class CreatePartitionsAssignment:
            broker_ids: list[BrokerId]


@message(key=37, versions="0-3", flexible="2+")
class CreatePartitionsResponse:
    throttle_time_ms: int32 = 0
    results: list[CreatePartitionsTopicResult]

    @part
    class CreatePartitionsTopicResult:
        name: TopicName
        error_code: int16
        error_message: str | None = None

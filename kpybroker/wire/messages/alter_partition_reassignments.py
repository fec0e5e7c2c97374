"""AlterPartitionReassignments: moves partitions to other brokers, or takes such a move back (KIP-455)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, int16, int32, message, part


@message(key=45, versions="0-1", flexible="0+")
class AlterPartitionReassignmentsRequest:
    timeout_ms: int32 = 60000
    allow_replication_factor_change: Field[bool, "1+"] = True
    topics: list[ReassignableTopic]

    @part
    class ReassignableTopic:
        name: TopicName
        partitions: list[ReassignablePartition]

        @part
        class ReassignablePartition:
            partition_index: int32
            replicas: list[BrokerId] | None = None


@message(key=45, versions="0-1", flexible="0+")
class AlterPartitionReassignmentsResponse:
    throttle_time_ms: int32 = 0
    allow_replication_factor_change: Field[bool, "1+"] = True
    error_code: int16
    error_message: str | None
    responses: list[ReassignableTopicResponse]

    @part
    class ReassignableTopicResponse:
        name: TopicName
        partitions: list[ReassignablePartitionResponse]

        @part
        class ReassignablePartitionResponse:
            partition_index: int32
            error_code: int16
            error_message: str | None

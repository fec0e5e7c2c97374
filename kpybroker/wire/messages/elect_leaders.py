"""ElectLeaders: gives partitions their preferred leader back, or any leader at all (KIP-183, KIP-460)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import TopicName, int8, int16, int32, message, part


@message(key=43, versions="0-2", flexible="2+")
class ElectLeadersRequest:
    election_type: Field[int8, "1+"] = 0
    topic_partitions: list[TopicPartitions] | None
    timeout_ms: int32 = 60000

    @part
    class TopicPartitions:
        topic: TopicName
        partitions: list[int32]


@message(key=43, versions="0-2", flexible="2+")
class ElectLeadersResponse:
    throttle_time_ms: int32 = 0
    error_code: Field[int16, "1+"] = 0
    replica_election_results: list[ReplicaElectionResult]

    @part
    class ReplicaElectionResult:
        topic: TopicName
        partition_result: list[PartitionResult]

        @part
        class PartitionResult:
            partition_id: int32
            error_code: int16
            error_message: str | None

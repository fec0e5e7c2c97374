"""OffsetForLeaderEpoch: where a leader's reign ended, so that a diverged log finds its last common offset (KIP-101)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, int16, int32, int64, message, part


@message(key=23, versions="0-4", flexible="4+")
class OffsetForLeaderEpochRequest:
    replica_id: Field[BrokerId, "3+"] = -2
    topics: list[OffsetForLeaderTopic]

    @part
    class OffsetForLeaderTopic:
        topic: TopicName
        partitions: list[OffsetForLeaderPartition]

        @part
        class OffsetForLeaderPartition:
            partition: int32
            current_leader_epoch: Field[int32, "2+"] = -1
            leader_epoch: int32


@message(key=23, versions="0-4", flexible="4+")
class OffsetForLeaderEpochResponse:
    throttle_time_ms: Field[int32, "2+"] = 0
    topics: list[OffsetForLeaderTopicResult]

    @part
    class OffsetForLeaderTopicResult:
        topic: TopicName
        partitions: list[EpochEndOffset]

        @part
        class EpochEndOffset:
            error_code: int16
            partition: int32
            leader_epoch: Field[int32, "1+"] = -1
            end_offset: int64 = -1

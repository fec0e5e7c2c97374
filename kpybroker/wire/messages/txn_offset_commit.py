"""TxnOffsetCommit: offsets that count when the transaction commits (KIP-98, KIP-447)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    GroupId,
    ProducerId,
    TopicName,
    TransactionalId,
    int16,
    int32,
    int64,
    message,
    part,
)


@message(key=28, versions="0-5", flexible="3+")
class TxnOffsetCommitRequest:
    transactional_id: TransactionalId
    group_id: GroupId
    producer_id: ProducerId
    producer_epoch: int16
    generation_id: Field[int32, "3+"] = -1
    member_id: Field[str, "3+"] = ""
    group_instance_id: Field[str | None, "3+"] = None
    topics: list[TxnOffsetCommitRequestTopic]

    @part
    class TxnOffsetCommitRequestTopic:
        name: TopicName
        partitions: list[TxnOffsetCommitRequestPartition]

        @part
        class TxnOffsetCommitRequestPartition:
            partition_index: int32
            committed_offset: int64
            committed_leader_epoch: Field[int32, "2+"] = -1
            committed_metadata: str | None


@message(key=28, versions="0-5", flexible="3+")
class TxnOffsetCommitResponse:
    throttle_time_ms: int32 = 0
    topics: list[TxnOffsetCommitResponseTopic]

    @part
    class TxnOffsetCommitResponseTopic:
        name: TopicName
        partitions: list[TxnOffsetCommitResponsePartition]

        @part
        class TxnOffsetCommitResponsePartition:
            partition_index: int32
            error_code: int16

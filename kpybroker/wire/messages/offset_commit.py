"""OffsetCommit: a group keeps how far it has read; topics by id from v10 (KIP-848)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, GroupId, TopicName, Uuid, int16, int32, int64, message, part


@message(key=8, versions="0-10", flexible="8+")
class OffsetCommitRequest:
    group_id: GroupId
    generation_id_or_member_epoch: Field[int32, "1+"] = -1
    member_id: Field[str, "1+"] = ""
    group_instance_id: Field[str | None, "7+"] = None
    retention_time_ms: Field[int64, "2-4"] = -1
    topics: list[OffsetCommitRequestTopic]

    @part
    class OffsetCommitRequestTopic:
        name: Field[TopicName, "0-9"] = ""
        topic_id: Field[Uuid, "10+"] = NO_ID
        partitions: list[OffsetCommitRequestPartition]

        @part
        class OffsetCommitRequestPartition:
            partition_index: int32
            committed_offset: int64
            committed_leader_epoch: Field[int32, "6+"] = -1
            commit_timestamp: Field[int64, "1"] = -1
            committed_metadata: str | None


@message(key=8, versions="0-10", flexible="8+")
class OffsetCommitResponse:
    throttle_time_ms: Field[int32, "3+"] = 0
    topics: list[OffsetCommitResponseTopic]

    @part
    class OffsetCommitResponseTopic:
        name: Field[TopicName, "0-9"] = ""
        topic_id: Field[Uuid, "10+"] = NO_ID
        partitions: list[OffsetCommitResponsePartition]

        @part
        class OffsetCommitResponsePartition:
            partition_index: int32
            error_code: int16

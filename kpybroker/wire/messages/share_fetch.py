"""ShareFetch: records for a member of a share group, each to be acknowledged (KIP-932)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    BrokerId,
    GroupId,
    Records,
    Uuid,
    int8,
    int16,
    int32,
    int64,
    message,
    null,
    part,
)


@message(key=78, versions="0-2", flexible="0+")
class ShareFetchRequest:
    group_id: GroupId | None = None
    member_id: str | None
    share_session_epoch: int32
    max_wait_ms: int32
    min_bytes: int32
    max_bytes: int32 = 2**31 - 1
    max_records: Field[int32, "1+"] = 0
    batch_size: Field[int32, "1+"] = 0
    share_acquire_mode: Field[int8, "2+"] = 0
    is_renew_ack: Field[bool, "2+"] = False
    topics: list[FetchTopic]
    forgotten_topics_data: list[ForgottenTopic]

    @part
    class FetchTopic:
        topic_id: Uuid
        partitions: list[FetchPartition]

        @part
        class FetchPartition:
            partition_index: int32
            partition_max_bytes: Field[int32, "0"] = 0
            acknowledgement_batches: list[AcknowledgementBatch]

            @part
            class AcknowledgementBatch:
                first_offset: int64
                last_offset: int64
                acknowledge_types: list[int8]

    @part
    class ForgottenTopic:
        topic_id: Uuid
        partitions: list[int32]


@message(key=78, versions="0-2", flexible="0+")
class ShareFetchResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    acquisition_lock_timeout_ms: Field[int32, "1+"] = 0
    responses: list[ShareFetchableTopicResponse]
    node_endpoints: list[NodeEndpoint]

    @part
    class ShareFetchableTopicResponse:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            error_code: int16
            error_message: str | None = None
            acknowledge_error_code: int16
            acknowledge_error_message: str | None = None
            current_leader: LeaderIdAndEpoch
            records: Field[Records | None, null("0")]
            acquired_records: list[AcquiredRecords]

            @part
            class LeaderIdAndEpoch:
                leader_id: int32
                leader_epoch: int32

            @part
            class AcquiredRecords:
                first_offset: int64
                last_offset: int64
                delivery_count: int16

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: int32
        rack: str | None = None

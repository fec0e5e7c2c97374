"""ShareAcknowledge: what became of records that a share group's member was given (KIP-932)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, GroupId, Uuid, int8, int16, int32, int64, message, part


@message(key=79, versions="0-2", flexible="0+")
class ShareAcknowledgeRequest:
    group_id: GroupId | None = None
    member_id: str | None
    share_session_epoch: int32
    is_renew_ack: Field[bool, "2+"] = False
    topics: list[AcknowledgeTopic]

    @part
    class AcknowledgeTopic:
        topic_id: Uuid
        partitions: list[AcknowledgePartition]

        @part
        class AcknowledgePartition:
            partition_index: int32
            acknowledgement_batches: list[AcknowledgementBatch]

            @part
            class AcknowledgementBatch:
                first_offset: int64
                last_offset: int64
                acknowledge_types: list[int8]


@message(key=79, versions="0-2", flexible="0+")
class ShareAcknowledgeResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    acquisition_lock_timeout_ms: Field[int32, "2+"] = 0
    responses: list[ShareAcknowledgeTopicResponse]
    node_endpoints: list[NodeEndpoint]

    @part
    class ShareAcknowledgeTopicResponse:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition_index: int32
            error_code: int16
            error_message: str | None = None
            current_leader: LeaderIdAndEpoch

            @part
            class LeaderIdAndEpoch:
                leader_id: int32
                leader_epoch: int32

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: int32
        rack: str | None = None

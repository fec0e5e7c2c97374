"""Produce: append batches to partitions; one batch for each, named by topic or by topic id (KIP-98, KIP-516)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import (
    NO_ID,
    BrokerId,
    Records,
    TopicName,
    TransactionalId,
    Uuid,
    int16,
    int32,
    int64,
    message,
    part,
    tag,
)


@message(key=0, versions="0-13", flexible="9+")
class ProduceRequest:
    transactional_id: Field[TransactionalId | None, "3+"] = None
    acks: int16
    timeout_ms: int32
    topic_data: list[TopicProduceData]

    @part
    class TopicProduceData:
        name: Field[TopicName, "0-12"] = ""
        topic_id: Field[Uuid, "13+"] = NO_ID
        partition_data: list[PartitionProduceData]

        @part
        class PartitionProduceData:
            index: int32
            records: Records | None


@message(key=0, versions="0-13", flexible="9+")
class ProduceResponse:
    responses: list[TopicProduceResponse]
    throttle_time_ms: Field[int32, "1+"] = 0
    node_endpoints: Field[list[NodeEndpoint], "10+", tag(0)] = []

    @part
    class TopicProduceResponse:
        name: Field[TopicName, "0-12"] = ""
        topic_id: Field[Uuid, "13+"] = NO_ID
        partition_responses: list[PartitionProduceResponse]

        @part
        class PartitionProduceResponse:
            index: int32
            error_code: int16
            base_offset: int64
            log_append_time_ms: Field[int64, "2+"] = -1
            log_start_offset: Field[int64, "5+"] = -1
            record_errors: Field[list[BatchIndexAndErrorMessage], "8+"] = []
            error_message: Field[str | None, "8+"] = None
            current_leader: Field[LeaderIdAndEpoch | None, "10+", tag(0)] = None

            @part
            class BatchIndexAndErrorMessage:
                batch_index: int32
                batch_index_error_message: str | None = None

            @part
            class LeaderIdAndEpoch:
                leader_id: BrokerId = -1
                leader_epoch: int32 = -1

    @part
    class NodeEndpoint:
        node_id: BrokerId
        host: str
        port: int32
        rack: str | None = None

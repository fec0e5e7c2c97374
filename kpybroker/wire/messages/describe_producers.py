"""DescribeProducers: who produces to partitions with a sequence or a transaction (KIP-664)."""

from __future__ import annotations

from kpybroker.wire.declare import ProducerId, TopicName, int16, int32, int64, message, part


@message(key=61, versions="0", flexible="0+")
class DescribeProducersRequest:
    topics: list[TopicRequest]

    @part
    class TopicRequest:
        name: TopicName
        partition_indexes: list[int32]


@message(key=61, versions="0", flexible="0+")
class DescribeProducersResponse:
    throttle_time_ms: int32 = 0
    topics: list[TopicResponse]

    @part
    class TopicResponse:
        name: TopicName
        partitions: list[PartitionResponse]

        @part
        class PartitionResponse:
            partition_index: int32
            error_code: int16
            error_message: str | None = None
            active_producers: list[ProducerState]

            @part
            class ProducerState:
                producer_id: ProducerId
                producer_epoch: int32
                last_sequence: int32 = -1
                last_timestamp: int64 = -1
                coordinator_epoch: int32
                current_txn_start_offset: int64 = -1

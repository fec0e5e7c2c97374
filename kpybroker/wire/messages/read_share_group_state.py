"""ReadShareGroupState: brokers only: what was delivered and acknowledged in share partitions (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import Uuid, int8, int16, int32, int64, message, part


@message(key=84, versions="0", flexible="0+")
class ReadShareGroupStateRequest:
    group_id: str
    topics: list[ReadStateData]

    @part
    class ReadStateData:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition: int32
            leader_epoch: int32


@message(key=84, versions="0", flexible="0+")
class ReadShareGroupStateResponse:
    results: list[ReadStateResult]

    @part
    class ReadStateResult:
        topic_id: Uuid
        partitions: list[PartitionResult]

        @part
        class PartitionResult:
            partition: int32
            error_code: int16
            error_message: str | None = None
            state_epoch: int32
            start_offset: int64
            state_batches: list[StateBatch]

            @part
            class StateBatch:
                first_offset: int64
                last_offset: int64
                delivery_state: int8
                delivery_count: int16

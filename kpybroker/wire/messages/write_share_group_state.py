"""WriteShareGroupState: brokers only: keeps what was delivered and acknowledged in share partitions (KIP-932)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Uuid, int8, int16, int32, int64, message, part


@message(key=85, versions="0-1", flexible="0+")
class WriteShareGroupStateRequest:
    group_id: str
    topics: list[WriteStateData]

    @part
    class WriteStateData:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition: int32
            state_epoch: int32
            leader_epoch: int32
            start_offset: int64
            delivery_complete_count: Field[int32, "1+"] = -1
            state_batches: list[StateBatch]

            @part
            class StateBatch:
                first_offset: int64
                last_offset: int64
                delivery_state: int8
                delivery_count: int16


@message(key=85, versions="0-1", flexible="0+")
class WriteShareGroupStateResponse:
    results: list[WriteStateResult]

    @part
    class WriteStateResult:
        topic_id: Uuid
        partitions: list[PartitionResult]

        @part
        class PartitionResult:
            partition: int32
            error_code: int16
            error_message: str | None = None

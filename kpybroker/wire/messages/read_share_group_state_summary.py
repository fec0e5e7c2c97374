"""ReadShareGroupStateSummary: brokers only: where share partitions start (KIP-932)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Uuid, int16, int32, int64, message, part


# 3.9.1, which did not serve this API by default, has another v0; this is 4.3.1's.
@message(key=87, versions="0-1", flexible="0+")
class ReadShareGroupStateSummaryRequest:
    group_id: str
    topics: list[ReadStateSummaryData]

    @part
    class ReadStateSummaryData:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition: int32
            leader_epoch: int32


@message(key=87, versions="0-1", flexible="0+")
class ReadShareGroupStateSummaryResponse:
    results: list[ReadStateSummaryResult]

    @part
    class ReadStateSummaryResult:
        topic_id: Uuid
        partitions: list[PartitionResult]

        @part
        class PartitionResult:
            partition: int32
            error_code: int16
            error_message: str | None = None
            state_epoch: int32
            leader_epoch: int32
            start_offset: int64
            delivery_complete_count: Field[int32, "1+"] = -1

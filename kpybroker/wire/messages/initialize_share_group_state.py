"""InitializeShareGroupState: brokers only: the share coordinator begins to keep a partition's state (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import Uuid, int16, int32, int64, message, part


@message(key=83, versions="0", flexible="0+")
class InitializeShareGroupStateRequest:
    group_id: str
    topics: list[InitializeStateData]

    @part
    class InitializeStateData:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition: int32
            state_epoch: int32
            start_offset: int64


@message(key=83, versions="0", flexible="0+")
class InitializeShareGroupStateResponse:
    results: list[InitializeStateResult]

    @part
    class InitializeStateResult:
        topic_id: Uuid
        partitions: list[PartitionResult]

        @part
        class PartitionResult:
            partition: int32
            error_code: int16
            error_message: str | None = None

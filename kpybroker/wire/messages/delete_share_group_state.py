"""DeleteShareGroupState: brokers only: the group's coordinator drops what the share coordinator keeps (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import Uuid, int16, int32, message, part


@message(key=86, versions="0", flexible="0+")
class DeleteShareGroupStateRequest:
    group_id: str
    topics: list[DeleteStateData]

    @part
    class DeleteStateData:
        topic_id: Uuid
        partitions: list[PartitionData]

        @part
        class PartitionData:
            partition: int32


@message(key=86, versions="0", flexible="0+")
class DeleteShareGroupStateResponse:
    results: list[DeleteStateResult]

    @part
    class DeleteStateResult:
        topic_id: Uuid
        partitions: list[PartitionResult]

        @part
        class PartitionResult:
            partition: int32
            error_code: int16
            error_message: str | None = None

"""DeleteRecords: moves the first offset of partitions up, so that what is before it is gone (KIP-107)."""

from __future__ import annotations

from kpybroker.wire.declare import TopicName, int16, int32, int64, message, part


@message(key=21, versions="0-2", flexible="2+")
class DeleteRecordsRequest:
    topics: list[DeleteRecordsTopic]
    timeout_ms: int32

    @part
    class DeleteRecordsTopic:
        name: TopicName
        partitions: list[DeleteRecordsPartition]

        @part
        class DeleteRecordsPartition:
            partition_index: int32
            offset: int64


@message(key=21, versions="0-2", flexible="2+")
class DeleteRecordsResponse:
    throttle_time_ms: int32 = 0
    topics: list[DeleteRecordsTopicResult]

    @part
    class DeleteRecordsTopicResult:
        name: TopicName
        partitions: list[DeleteRecordsPartitionResult]

        @part
        class DeleteRecordsPartitionResult:
            partition_index: int32
            low_watermark: int64
            error_code: int16

"""WriteTxnMarkers: the coordinator ends a transaction in the partitions it touched (KIP-98)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import ProducerId, TopicName, int8, int16, int32, message, part


@message(key=27, versions="0-2", flexible="1+")
class WriteTxnMarkersRequest:
    markers: list[WritableTxnMarker]

    @part
    class WritableTxnMarker:
        producer_id: ProducerId
        producer_epoch: int16
        transaction_result: bool
        topics: list[WritableTxnMarkerTopic]
        coordinator_epoch: int32
        transaction_version: Field[int8, "2+"] = 0

        @part
        class WritableTxnMarkerTopic:
            name: TopicName
            partition_indexes: list[int32]


@message(key=27, versions="0-2", flexible="1+")
class WriteTxnMarkersResponse:
    markers: list[WritableTxnMarkerResult]

    @part
    class WritableTxnMarkerResult:
        producer_id: ProducerId
        topics: list[WritableTxnMarkerTopicResult]

        @part
        class WritableTxnMarkerTopicResult:
            name: TopicName
            partitions: list[WritableTxnMarkerPartitionResult]

            @part
            class WritableTxnMarkerPartitionResult:
                partition_index: int32
                error_code: int16

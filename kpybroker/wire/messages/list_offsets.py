"""ListOffsets: the first or last offset of partitions, or the first at or after a time (KIP-79)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, int8, int16, int32, int64, message, part


@message(key=2, versions="0-11", flexible="6+")
class ListOffsetsRequest:
    replica_id: BrokerId
    isolation_level: Field[int8, "2+"] = 0
    topics: list[ListOffsetsTopic]
    timeout_ms: Field[int32, "10+"] = 0

    @part
    class ListOffsetsTopic:
        name: TopicName
        partitions: list[ListOffsetsPartition]

        @part
        class ListOffsetsPartition:
            partition_index: int32
            current_leader_epoch: Field[int32, "4+"] = -1
            timestamp: int64
            max_num_offsets: Field[int32, "0"] = 1


@message(key=2, versions="0-11", flexible="6+")
class ListOffsetsResponse:
    throttle_time_ms: Field[int32, "2+"] = 0
    topics: list[ListOffsetsTopicResponse]

    @part
    class ListOffsetsTopicResponse:
        name: TopicName
        partitions: list[ListOffsetsPartitionResponse]

        @part
        class ListOffsetsPartitionResponse:
            partition_index: int32
            error_code: int16
            old_style_offsets: Field[list[int64], "0"] = []
            timestamp: Field[int64, "1+"] = -1
            offset: Field[int64, "1+"] = -1
            leader_epoch: Field[int32, "4+"] = -1

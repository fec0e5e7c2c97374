"""AssignReplicasToDirs: a broker tells the controller which disk holds which replica (KIP-858)."""

from __future__ import annotations

from kpybroker.wire.declare import BrokerId, Uuid, int16, int32, int64, message, part


@message(key=73, versions="0", flexible="0+")
class AssignReplicasToDirsRequest:
    broker_id: BrokerId
    broker_epoch: int64 = -1
    directories: list[DirectoryData]

    @part
    class DirectoryData:
        id: Uuid
        topics: list[TopicData]

        @part
        class TopicData:
            topic_id: Uuid
            partitions: list[PartitionData]

            @part
            class PartitionData:
                partition_index: int32


@message(key=73, versions="0", flexible="0+")
class AssignReplicasToDirsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    directories: list[DirectoryData]

    @part
    class DirectoryData:
        id: Uuid
        topics: list[TopicData]

        @part
        class TopicData:
            topic_id: Uuid
            partitions: list[PartitionData]

            @part
            class PartitionData:
                partition_index: int32
                error_code: int16

"""AlterReplicaLogDirs: moves replicas between the disks of one broker (KIP-113)."""

from __future__ import annotations

from kpybroker.wire.declare import TopicName, int16, int32, message, part


@message(key=34, versions="0-2", flexible="2+")
class AlterReplicaLogDirsRequest:
    dirs: list[AlterReplicaLogDir]

    @part
    class AlterReplicaLogDir:
        path: str
        topics: list[AlterReplicaLogDirTopic]

        @part
        class AlterReplicaLogDirTopic:
            name: TopicName
            partitions: list[int32]


@message(key=34, versions="0-2", flexible="2+")
class AlterReplicaLogDirsResponse:
    throttle_time_ms: int32 = 0
    results: list[AlterReplicaLogDirTopicResult]

    @part
    class AlterReplicaLogDirTopicResult:
        topic_name: TopicName
        partitions: list[AlterReplicaLogDirPartitionResult]

        @part
        class AlterReplicaLogDirPartitionResult:
            partition_index: int32
            error_code: int16

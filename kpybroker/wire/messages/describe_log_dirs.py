"""DescribeLogDirs: the disks of a broker and the size of every replica on them (KIP-113, KIP-827)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import TopicName, int16, int32, int64, message, part


@message(key=35, versions="0-5", flexible="2+")
class DescribeLogDirsRequest:
    topics: list[DescribableLogDirTopic] | None

    @part
    class DescribableLogDirTopic:
        topic: TopicName
        partitions: list[int32]


@message(key=35, versions="0-5", flexible="2+")
class DescribeLogDirsResponse:
    throttle_time_ms: int32 = 0
    error_code: Field[int16, "3+"] = 0
    results: list[DescribeLogDirsResult]

    @part
    class DescribeLogDirsResult:
        error_code: int16
        log_dir: str
        topics: list[DescribeLogDirsTopic]
        total_bytes: Field[int64, "4+"] = -1
        usable_bytes: Field[int64, "4+"] = -1
        is_cordoned: Field[bool, "5+"] = False

        @part
        class DescribeLogDirsTopic:
            name: TopicName
            partitions: list[DescribeLogDirsPartition]

            @part
            class DescribeLogDirsPartition:
                partition_index: int32
                partition_size: int64
                offset_lag: int64
                is_future_key: bool

"""DescribeLogDirs (35): the one data directory of this broker, its disk, and how many bytes each partition takes of it.

Versions: 0-5. Behaves: null topics are all of them; what is not there is left out; records that were deleted within a
segment still count. A partition that nothing was written to takes nothing.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.storage.files import space_of
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_log_dirs import DescribeLogDirsRequest, DescribeLogDirsResponse

Result = DescribeLogDirsResponse.DescribeLogDirsResult
TopicAnswer = Result.DescribeLogDirsTopic
PartitionAnswer = TopicAnswer.DescribeLogDirsPartition


def describe_log_dirs(state: State, call: Call) -> DescribeLogDirsResponse:
    request: DescribeLogDirsRequest = call.request
    topics = []
    for name, indexes in _asked(state, request).items():
        parts = [_partition(state, name, index) for index in indexes if state.image.partition(name, index) is not None]
        if parts:
            topics.append(TopicAnswer(name=name, partitions=parts))
    space = space_of(state.directory.files)
    result = Result(
        error_code=Error.NONE,
        log_dir=state.directory.files.root,
        topics=topics,
        total_bytes=space.total,
        usable_bytes=space.usable,
    )
    return DescribeLogDirsResponse(error_code=Error.NONE, results=[result])


def _asked(state: State, request: DescribeLogDirsRequest) -> dict[str, dict[int, None]]:
    """Each partition once."""
    if request.topics is None:
        return {topic.name: dict.fromkeys(topic.partitions) for topic in state.image.topics.values()}
    asked: dict[str, dict[int, None]] = {}
    for topic in request.topics:
        asked.setdefault(topic.topic, {}).update(dict.fromkeys(topic.partitions))
    return asked


def _partition(state: State, topic: str, index: int) -> PartitionAnswer:
    size = state.replicas.size(topic, index)
    return PartitionAnswer(partition_index=index, partition_size=size, offset_lag=0, is_future_key=False)

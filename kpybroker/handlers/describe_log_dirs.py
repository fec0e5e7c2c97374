"""DescribeLogDirs (35): the data directories of this broker, their disks, and how many bytes each partition takes.

Versions: 0-5. Behaves: null topics are all of them; what is not there is left out; records that were deleted within a
segment still count. A partition that nothing was written to takes nothing. One that moves to another directory is there
too, as a future one, with how far it has to go. Of a directory that is offline only that is told.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.storage.directories import OfflineError
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import space_of
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_log_dirs import DescribeLogDirsRequest, DescribeLogDirsResponse

Result = DescribeLogDirsResponse.DescribeLogDirsResult
TopicAnswer = Result.DescribeLogDirsTopic
PartitionAnswer = TopicAnswer.DescribeLogDirsPartition
UNKNOWN = -1


def describe_log_dirs(state: State, call: Call) -> DescribeLogDirsResponse:
    request: DescribeLogDirsRequest = call.request
    found: dict[str, dict[str, list[PartitionAnswer]]] = {path: {} for path in state.directories.paths}
    for name, indexes in _asked(state, request).items():
        for index in indexes:
            for directory, part in _places(state, name, index):
                found.setdefault(directory.files.root, {}).setdefault(name, []).append(part)
    results = [_directory(state, path, topics) for path, topics in found.items()]
    return DescribeLogDirsResponse(error_code=Error.NONE, results=results)


def _directory(state: State, path: str, topics: dict[str, list[PartitionAnswer]]) -> Result:
    directory = state.directories.by_path(path)
    if directory is None:
        return Result(
            error_code=Error.KAFKA_STORAGE_ERROR, log_dir=path, topics=[], total_bytes=UNKNOWN, usable_bytes=UNKNOWN
        )
    space = space_of(directory.files)
    return Result(
        error_code=Error.NONE,
        log_dir=path,
        topics=[TopicAnswer(name=name, partitions=parts) for name, parts in topics.items()],
        total_bytes=space.total,
        usable_bytes=space.usable,
    )


def _asked(state: State, request: DescribeLogDirsRequest) -> dict[str, dict[int, None]]:
    """Each partition once."""
    if request.topics is None:
        return {topic.name: dict.fromkeys(topic.partitions) for topic in state.image.topics.values()}
    asked: dict[str, dict[int, None]] = {}
    for topic in request.topics:
        asked.setdefault(topic.topic, {}).update(dict.fromkeys(topic.partitions))
    return asked


def _places(state: State, topic: str, index: int) -> list[tuple[DataDirectory, PartitionAnswer]]:
    """Where a partition is, and where it goes."""
    if state.image.partition(topic, index) is None:
        return []
    try:
        home = state.homes.of((topic, index))
    except OfflineError:
        return []
    log = home.logs.get((topic, index))
    size = 0 if log is None else log.size
    places = [(home, PartitionAnswer(partition_index=index, partition_size=size, offset_lag=0, is_future_key=False))]
    move = state.moves.under_way.get((topic, index))
    if move is not None:
        future = PartitionAnswer(
            partition_index=index, partition_size=move.future.size, offset_lag=move.lag, is_future_key=True
        )
        places.append((move.destination, future))
    return places

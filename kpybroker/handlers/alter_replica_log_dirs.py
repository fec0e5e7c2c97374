"""AlterReplicaLogDirs (34): moves partitions between the data directories of a broker, of which this one has one.

Versions: 0-2. Behaves: to go where it is already is done; every other directory is not found. A topic's name may be so
long that a directory beside its own could not be named: that is told first.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse

TopicAnswer = AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult
PartitionAnswer = TopicAnswer.AlterReplicaLogDirPartitionResult
LONGEST_FILE_NAME = 255
FUTURE = "." + 32 * "0" + "-future"  # what follows the partition's name (LocalLog.logFutureDirName)


def alter_replica_log_dirs(state: State, call: Call) -> AlterReplicaLogDirsResponse:
    request: AlterReplicaLogDirsRequest = call.request
    asked: dict[str, dict[int, str]] = {}
    for directory in request.dirs:
        for topic in directory.topics:
            for index in topic.partitions:  # of one that is named twice the last directory counts
                asked.setdefault(topic.name, {})[index] = directory.path
    results = []
    for name, paths in asked.items():
        parts = [
            PartitionAnswer(partition_index=index, error_code=_move(state, name, index, path))
            for index, path in paths.items()
        ]
        results.append(TopicAnswer(topic_name=name, partitions=parts))
    return AlterReplicaLogDirsResponse(results=results)


def _move(state: State, topic: str, index: int, path: str) -> Error:
    if len(f"{topic}-{index}{FUTURE}") > LONGEST_FILE_NAME:
        return Error.INVALID_TOPIC_EXCEPTION
    if path != state.directory.files.root:
        return Error.LOG_DIR_NOT_FOUND
    known = state.image.partition(topic, index) is not None
    return Error.NONE if known else Error.UNKNOWN_TOPIC_OR_PARTITION

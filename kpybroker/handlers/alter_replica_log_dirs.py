"""AlterReplicaLogDirs (34): moves partitions between the data directories of a broker.

Versions: 0-2. Behaves: answered when the move begins; to go where it is already ends a move to somewhere else. Where a
partition is to be that is not there yet is remembered. While a directory is offline nothing begins to move. A topic's
name may be so long that a directory beside its own could not be named: that is told first.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.storage.removals import LONGEST_NAME
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse

TopicAnswer = AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult
PartitionAnswer = TopicAnswer.AlterReplicaLogDirPartitionResult
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
            PartitionAnswer(partition_index=index, error_code=_move(state, call, name, index, path))
            for index, path in paths.items()
        ]
        results.append(TopicAnswer(topic_name=name, partitions=parts))
    return AlterReplicaLogDirsResponse(results=results)


def _move(state: State, call: Call, topic: str, index: int, path: str) -> Error:
    """ReplicaManager.alterReplicaLogDirs."""
    directories, key = state.directories, (topic, index)
    if len(f"{topic}-{index}{FUTURE}") > LONGEST_NAME:
        return Error.INVALID_TOPIC_EXCEPTION
    if path not in directories.paths:
        return Error.LOG_DIR_NOT_FOUND
    destination = directories.by_path(path)
    if destination is None:
        return Error.KAFKA_STORAGE_ERROR
    if state.image.partition(topic, index) is None:
        state.homes.wish(key, destination)
        return Error.UNKNOWN_TOPIC_OR_PARTITION
    try:
        partition = state.replicas.get(topic, index, call.arrived)
        is_new = destination is not state.homes.of(key) and key not in state.moves.under_way
        if is_new and len(directories.online) < len(directories.paths):
            return Error.KAFKA_STORAGE_ERROR  # the partition may be on its way to the one that is offline
        assert partition is not None
        state.moves.start(partition, destination, call.arrived)
    except StorageError as failure:
        state.disk_failed(failure)
        return Error.KAFKA_STORAGE_ERROR
    return Error.NONE

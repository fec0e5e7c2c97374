"""OffsetForLeaderEpoch (23): where a leader's epoch ended, so that readers find out whether a log was cut (KIP-320).

Versions: 0-4. Behaves: the largest epoch up to the one asked for, and where the next one begins; -1 for both where
none is known. From version 2 on the asker may say what it takes for the current epoch.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse

Asked = OffsetForLeaderEpochRequest.OffsetForLeaderTopic.OffsetForLeaderPartition
TopicAnswer = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult
PartitionAnswer = TopicAnswer.EpochEndOffset


def offset_for_leader_epoch(state: State, call: Call) -> OffsetForLeaderEpochResponse:
    request: OffsetForLeaderEpochRequest = call.request
    topics = [
        TopicAnswer(
            topic=topic.topic, partitions=[_partition(state, call, topic.topic, asked) for asked in topic.partitions]
        )
        for topic in request.topics
    ]
    return OffsetForLeaderEpochResponse(topics=topics)


def _partition(state: State, call: Call, topic: str, asked: Asked) -> PartitionAnswer:
    try:
        partition = state.replicas.get(topic, asked.partition, call.arrived)
    except StorageError as failure:
        state.disk_failed(failure)
        return PartitionAnswer(error_code=Error.KAFKA_STORAGE_ERROR, partition=asked.partition)
    if partition is None:
        return PartitionAnswer(error_code=Error.UNKNOWN_TOPIC_OR_PARTITION, partition=asked.partition)
    error = partition.check_leader_epoch(asked.current_leader_epoch)
    if error is not Error.NONE:
        return PartitionAnswer(error_code=error, partition=asked.partition)
    epoch, end_offset = partition.end_of_epoch(asked.leader_epoch)
    return PartitionAnswer(error_code=Error.NONE, partition=asked.partition, leader_epoch=epoch, end_offset=end_offset)

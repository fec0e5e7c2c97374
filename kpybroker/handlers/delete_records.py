"""DeleteRecords (21): moves the first offset of partitions up; what is before it is gone for every reader.

Versions: 0-2. Behaves: -1 is the high watermark; an offset that is gone already is no error; answered once the new
start is written down, so that it outlives a kill. Whole segments go at once (Kafka takes them at its next look).
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.metadata.image import INTERNAL_TOPICS
from kpybroker.partition import Partition
from kpybroker.partition import delete_records as delete_up_to
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.delete_records import DeleteRecordsRequest, DeleteRecordsResponse

TopicAnswer = DeleteRecordsResponse.DeleteRecordsTopicResult
PartitionAnswer = TopicAnswer.DeleteRecordsPartitionResult
NO_LOW_WATERMARK = -1


def delete_records(state: State, call: Call) -> DeleteRecordsResponse:
    request: DeleteRecordsRequest = call.request
    asked: dict[str, dict[int, int]] = {}
    for topic in request.topics:
        for part in topic.partitions:  # of one that is named twice the last offset counts
            asked.setdefault(topic.name, {})[part.partition_index] = part.offset
    answers = []
    for name, offsets in asked.items():
        parts = [_partition(state, call, name, index, offset) for index, offset in offsets.items()]
        answers.append(TopicAnswer(name=name, partitions=parts))
    state.replicas.keep_starts()
    return DeleteRecordsResponse(topics=answers)


def _partition(state: State, call: Call, topic: str, index: int, offset: int) -> PartitionAnswer:
    try:
        found = _delete(state.replicas.get(topic, index, call.arrived), offset)
    except StorageError as failure:
        state.disk_failed(failure)
        found = Error.KAFKA_STORAGE_ERROR
    if isinstance(found, Error):
        return PartitionAnswer(partition_index=index, low_watermark=NO_LOW_WATERMARK, error_code=found)
    return PartitionAnswer(partition_index=index, low_watermark=found, error_code=Error.NONE)


def _delete(partition: Partition | None, offset: int) -> int | Error:
    """The first offset that is left."""
    if partition is None:
        return Error.UNKNOWN_TOPIC_OR_PARTITION
    if partition.key[0] in INTERNAL_TOPICS:
        return Error.INVALID_TOPIC_EXCEPTION
    return delete_up_to(partition, offset)

"""ListOffsets (2): the offset for a timestamp, and the ends of a log.

Versions: 1-11. Behaves: -1 is the end (of what the isolation level shows), -2 and -4 the start, -3 the record with the
largest timestamp (from 7), -5 and -6 the ends of tiered storage (from 9 and 11), which this broker has none of;
a timestamp finds the first record at or after it, inside compressed batches too.
"""

from __future__ import annotations

from collections import Counter

from kpybroker.machine import Call
from kpybroker.partition import Partition
from kpybroker.state import State
from kpybroker.storage.segment import Found
from kpybroker.wire.compiler import WireError
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse

TopicAnswer = ListOffsetsResponse.ListOffsetsTopicResponse
PartitionAnswer = TopicAnswer.ListOffsetsPartitionResponse
Asked = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition
LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = -1, -2, -3, -4, -5, -6
NEVER = 99
# The first version in which each may be asked for (KIP-734, KIP-405, KIP-1005, KIP-1023).
SINCE = {LATEST: 0, EARLIEST: 0, MAX_TIMESTAMP: 7, EARLIEST_LOCAL: 8, LATEST_TIERED: 9, EARLIEST_PENDING_UPLOAD: 11}
READ_UNCOMMITTED, READ_COMMITTED = 0, 1


def list_offsets(state: State, call: Call) -> ListOffsetsResponse:
    request: ListOffsetsRequest = call.request
    times = Counter((topic.name, part.partition_index) for topic in request.topics for part in topic.partitions)
    committed = request.isolation_level == READ_COMMITTED
    topics: dict[str, dict[int, PartitionAnswer]] = {}
    for topic in request.topics:
        for asked in topic.partitions:
            index = asked.partition_index
            if times[topic.name, index] > 1:
                answer = _refuse(asked, Error.INVALID_REQUEST)
            elif request.isolation_level not in (READ_UNCOMMITTED, READ_COMMITTED):
                answer = _refuse(asked, Error.UNKNOWN_SERVER_ERROR)
            elif asked.timestamp < 0 and call.version < SINCE.get(asked.timestamp, NEVER):
                answer = _refuse(asked, Error.UNSUPPORTED_VERSION)
            else:
                answer = _one(state.replicas.get(topic.name, index, call.arrived), asked, committed)
            topics.setdefault(topic.name, {})[index] = answer
    answers = [TopicAnswer(name=name, partitions=list(parts.values())) for name, parts in topics.items()]
    return ListOffsetsResponse(topics=answers)


def _one(partition: Partition | None, asked: Asked, committed: bool) -> PartitionAnswer:
    if partition is None:
        return _refuse(asked, Error.UNKNOWN_TOPIC_OR_PARTITION)
    error = partition.check_leader_epoch(asked.current_leader_epoch)
    if error is not Error.NONE:
        return _refuse(asked, error)
    try:
        found = _find(partition, asked.timestamp, committed)
    except WireError:  # a compressed batch that was too large to be looked into when it came, and lies
        return _refuse(asked, Error.CORRUPT_MESSAGE)
    if found is None:
        return _refuse(asked, Error.NONE)
    return PartitionAnswer(
        partition_index=asked.partition_index,
        error_code=Error.NONE,
        timestamp=found.timestamp,
        offset=found.offset,
        leader_epoch=found.leader_epoch,
    )


def _find(partition: Partition, timestamp: int, committed: bool) -> Found | None:
    end = partition.last_stable_offset if committed else partition.high_watermark
    if timestamp == LATEST:
        return Found(-1, end, partition.leader_epoch)
    if timestamp in (EARLIEST, EARLIEST_LOCAL):
        return Found(-1, partition.log_start_offset, partition.epoch_at(partition.log_start_offset))
    if timestamp in (LATEST_TIERED, EARLIEST_PENDING_UPLOAD):
        return Found(-1, -1, -1)
    found = partition.max_timestamp() if timestamp == MAX_TIMESTAMP else partition.offset_for_timestamp(timestamp)
    return found if found is not None and found.offset < end else None


def _refuse(asked: Asked, error: Error) -> PartitionAnswer:
    return PartitionAnswer(partition_index=asked.partition_index, error_code=error)

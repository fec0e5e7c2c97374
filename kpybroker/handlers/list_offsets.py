"""ListOffsets (2): the offset for a timestamp, and the ends of a log.

Versions: 0-11. Behaves: -1 is the end (of what the isolation level shows), -2 and -4 the start, -3 the record with the
largest timestamp (from 7), -5 and -6 the ends of tiered storage (from 9 and 11), which this broker has none of;
a timestamp finds the first record at or after it, inside compressed batches too. Version 0 knows segments only: it
gives the offsets at which those begin that were last written before a time, the latest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kpybroker.machine import Call
from kpybroker.partition import Partition
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.storage.segment import Found
from kpybroker.storage.timestamps import find_max_timestamp, find_timestamp
from kpybroker.wire.compiler import WireError
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse

TopicAnswer = ListOffsetsResponse.ListOffsetsTopicResponse
PartitionAnswer = TopicAnswer.ListOffsetsPartitionResponse
Asked = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition
LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = -1, -2, -3, -4, -5, -6
# The first version in which each may be asked for (KIP-734, KIP-405, KIP-1005, KIP-1023).
SINCE = {LATEST: 0, EARLIEST: 0, MAX_TIMESTAMP: 7, EARLIEST_LOCAL: 8, LATEST_TIERED: 9, EARLIEST_PENDING_UPLOAD: 11}
READ_UNCOMMITTED, READ_COMMITTED = 0, 1
NEVER, CONSUMER = 99, -1  # a version that is none, and the replica id of who is none


def list_offsets(state: State, call: Call) -> ListOffsetsResponse:
    request: ListOffsetsRequest = call.request
    known = call.version == 0 or request.isolation_level in (READ_UNCOMMITTED, READ_COMMITTED)
    unknown = Error.UNKNOWN_SERVER_ERROR
    if not known and request.topics and state.offer.is_since("4.0"):
        topics = [
            TopicAnswer(name=topic.name, partitions=[_refuse(each, unknown) for each in topic.partitions])
            for topic in request.topics
        ]
        return ListOffsetsResponse(topics=topics)
    times = Counter((topic.name, part.partition_index) for topic in request.topics for part in topic.partitions)
    topics = []
    for topic in request.topics:
        asked = [(each, times[topic.name, each.partition_index] > 1) for each in topic.partitions]
        parts = [_partition(state, call, topic.name, each, is_repeated) for each, is_repeated in asked]
        topics.append(TopicAnswer(name=topic.name, partitions=parts))
    as_asked = call.version == 0 or not state.offer.is_since("4.0")
    return ListOffsetsResponse(topics=topics if as_asked else _each_once(topics))


def _each_once(topics: Sequence[TopicAnswer]) -> list[TopicAnswer]:
    """Since 4.0 a map of partitions is answered (ReplicaManager.fetchOffset)."""
    found: dict[str, dict[int, PartitionAnswer]] = {}
    for topic in topics:
        for part in topic.partitions:
            found.setdefault(topic.name, {})[part.partition_index] = part
    return [TopicAnswer(name=name, partitions=list(parts.values())) for name, parts in found.items()]


def _partition(state: State, call: Call, topic: str, asked: Asked, is_repeated: bool) -> PartitionAnswer:
    """A disk that fails one partition is no matter of the others."""
    try:
        if call.version == 0:
            return _segments(state, call, topic, asked)
        return _answer(state, call, topic, asked, is_repeated)
    except StorageError as failure:
        state.disk_failed(failure)
        return _refuse(asked, Error.KAFKA_STORAGE_ERROR)


def _answer(state: State, call: Call, topic: str, asked: Asked, is_repeated: bool) -> PartitionAnswer:
    isolation_level = call.request.isolation_level
    if is_repeated:
        return _refuse(asked, Error.INVALID_REQUEST)
    if asked.timestamp < 0 and call.version < SINCE.get(asked.timestamp, NEVER):
        return _refuse(asked, Error.UNSUPPORTED_VERSION)
    if isolation_level not in (READ_UNCOMMITTED, READ_COMMITTED) and call.request.replica_id == CONSUMER:
        return _refuse(asked, Error.UNKNOWN_SERVER_ERROR)  # before 4.0; since then the whole request
    return _one(
        state.replicas.get(topic, asked.partition_index, call.arrived), asked, isolation_level == READ_COMMITTED
    )


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
    log = partition.log
    found = find_max_timestamp(log) if timestamp == MAX_TIMESTAMP else find_timestamp(log, timestamp)
    return found if found is not None and found.offset < end else None


def _segments(state: State, call: Call, topic: str, asked: Asked) -> PartitionAnswer:
    """Version 0 (UnifiedLog.legacyFetchOffsetsBefore)."""
    if asked.timestamp < EARLIEST:
        return _refuse(asked, Error.UNSUPPORTED_VERSION)
    partition = state.replicas.get(topic, asked.partition_index, call.arrived)
    if partition is None:
        return _refuse(asked, Error.UNKNOWN_TOPIC_OR_PARTITION)
    if asked.max_num_offsets < 0:
        return _refuse(asked, Error.UNKNOWN_SERVER_ERROR)  # NegativeArraySizeException
    log = partition.log
    starts = [
        (
            max(segment.base_offset, log.start_offset),
            log.files.modified(segment.log.path) if segment.size else call.arrived,
        )
        for segment in log.segments.all
    ] or [(log.start_offset, call.arrived)]
    if log.segments.last is not None and log.segments.last.size > 0:  # also where all of it is deleted by now
        starts.append((partition.high_watermark, call.arrived))
    if asked.timestamp == EARLIEST:
        del starts[1:]
    elif asked.timestamp != LATEST:
        while starts and starts[-1][1] > asked.timestamp:
            starts.pop()
    offsets = [offset for offset, _ in reversed(starts)][: asked.max_num_offsets]
    return PartitionAnswer(partition_index=asked.partition_index, error_code=Error.NONE, old_style_offsets=offsets)


def _refuse(asked: Asked, error: Error) -> PartitionAnswer:
    return PartitionAnswer(partition_index=asked.partition_index, error_code=error)

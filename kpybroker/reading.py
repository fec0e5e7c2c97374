"""Reads what one Fetch asks for: partition by partition, within its limits, anew each time there may be more."""

from __future__ import annotations

from kpybroker.machine import Call, Instant
from kpybroker.partition import Partition
from kpybroker.sessions import FetchContext, Followed, PartitionData
from kpybroker.state import State
from kpybroker.storage.files import Slice
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.fetch import FetchRequest

READ_UNCOMMITTED, READ_COMMITTED = 0, 1
Answers = list[tuple[Followed, PartitionData]]


class Reader:
    """Reads everything that one request asks for, anew each time it is woken."""

    def __init__(self, state: State, call: Call, context: FetchContext) -> None:
        request: FetchRequest = call.request
        self.context = context
        self.found: dict[int, Partition] = {}  # by place in the request
        self.is_enough = False
        self._state = state
        self._by_id = call.version >= 13
        follower = request.replica_state  # from version 15 on it is told apart from consumers in another way
        self._replica_id = request.replica_id if follower is None else follower.replica_id
        self._max_bytes = min(request.max_bytes, state.settings.int("fetch.max.bytes"))
        self._min_bytes = min(request.min_bytes, self._max_bytes)
        self._committed = request.isolation_level == READ_COMMITTED

    def read(self, now: Instant) -> Answers:
        known, self.found, self.is_enough = self.found, {}, False
        left, size, answers = self._max_bytes, 0, []
        # These go last, first the ids that nobody knows, and do not end a wait (KafkaApis.handleFetchRequest).
        unknown_ids: Answers = []
        unknown: Answers = []
        for place, followed in enumerate(self.context.partitions):
            partition = self._partition(followed, now)
            if not isinstance(partition, Partition) and place in known:
                self.is_enough = True  # it went while we waited: an error of reading
                answers.append((followed, refused_partition(followed.index, partition, aborted=None)))
                continue
            if not isinstance(partition, Partition):
                where = unknown_ids if partition is Error.UNKNOWN_TOPIC_ID else unknown
                where.append((followed, refused_partition(followed.index, partition, aborted=[])))
                continue
            self.found[place] = partition
            data = self._read_one(followed, partition, left, whole_first=size == 0)
            count = len(data.records or b"")
            size += count
            left = max(0, left - count)
            answers.append((followed, data))
        if not answers or size >= self._min_bytes:
            self.is_enough = True
        return answers + unknown_ids + unknown

    def _partition(self, followed: Followed, now: Instant) -> Partition | Error:
        if self._by_id and not followed.topic:
            known = self._state.image.topics_by_id.get(followed.topic_id)
            if known is None:
                return Error.UNKNOWN_TOPIC_ID
            followed.topic = known.name  # a session keeps it: a topic that goes is unknown by its name from then on
        found = self._state.replicas.get(followed.topic, followed.index, now)
        return Error.UNKNOWN_TOPIC_OR_PARTITION if found is None else found

    def _refusal(self, followed: Followed, partition: Partition) -> Error:
        if self._by_id and followed.topic_id != partition.topic_id:
            return Error.INCONSISTENT_TOPIC_ID
        if self._replica_id >= 0:
            return Error.NOT_LEADER_OR_FOLLOWER  # nobody follows a partition with one replica
        # Any negative epoch is none here, where ListOffsets takes only -1 for none (FetchRequest.optionalEpoch).
        return partition.check_leader_epoch(max(-1, followed.current_leader_epoch))

    def _read_one(self, followed: Followed, partition: Partition, left: int, *, whole_first: bool) -> PartitionData:
        found: Slice | PartitionData.EpochEndOffset | Error | None = self._refusal(followed, partition)
        if found is Error.NONE:
            found = _diverging(followed, partition)
        if found is None:
            limit = min(left, followed.max_bytes)
            found = partition.read(followed.fetch_offset, limit, whole_first=whole_first, committed=self._committed)
        if isinstance(found, Error):
            self.is_enough = True
            return refused_partition(followed.index, found, aborted=None)
        diverging = found if isinstance(found, PartitionData.EpochEndOffset) else None
        if diverging is not None:
            self.is_enough = True
        return PartitionData(
            partition_index=followed.index,
            error_code=Error.NONE,
            high_watermark=partition.high_watermark,
            last_stable_offset=partition.last_stable_offset,
            log_start_offset=partition.log_start_offset,
            diverging_epoch=diverging,
            aborted_transactions=[] if self._committed else None,
            records=found if isinstance(found, Slice) else b"",
        )


def _diverging(followed: Followed, partition: Partition) -> PartitionData.EpochEndOffset | Error | None:
    """Where the reader's log and this one part, if the epoch that it read last says so (KIP-595)."""
    if followed.last_fetched_epoch < 0:
        return None
    epoch, end_offset = partition.end_of_epoch(followed.last_fetched_epoch)
    if epoch < 0:
        return Error.OFFSET_OUT_OF_RANGE
    if epoch < followed.last_fetched_epoch or end_offset < followed.fetch_offset:
        return PartitionData.EpochEndOffset(epoch=epoch, end_offset=end_offset)
    return None


def refused_partition(
    index: int, error: Error, aborted: list[PartitionData.AbortedTransaction] | None
) -> PartitionData:
    return PartitionData(
        partition_index=index, error_code=error, high_watermark=-1, aborted_transactions=aborted, records=b""
    )

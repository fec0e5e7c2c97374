"""Reads what one Fetch asks for: partition by partition, within its limits, anew each time there may be more."""

from __future__ import annotations

from kpybroker.machine import Call, Instant
from kpybroker.partition import Partition
from kpybroker.sessions import FIRST_OF_IDS, FetchContext, Followed, PartitionData
from kpybroker.state import State
from kpybroker.storage.checkpoints import UNDEFINED_EPOCH
from kpybroker.storage.files import Slice, StorageError
from kpybroker.wire.compiler import WireError
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import changed
from kpybroker.wire.legacy import MAGIC_0, MAGIC_1
from kpybroker.wire.legacy_answers import lower
from kpybroker.wire.messages.fetch import FetchRequest

READ_UNCOMMITTED, READ_COMMITTED = 0, 1
FIRST_OF_TIMESTAMPS, FIRST_OF_BATCHES = 2, 4  # the versions from which on magic 1 and 2 are understood
FIRST_OF_STORAGE_ERRORS = 6  # who is older does not know the code, but goes on after this one (KafkaApis)
FIRST_OF_LEADERS = 16  # from which on who asks the wrong leader, or an old one, is told the right one (KIP-951)
TOLD_THE_LEADER = (Error.NOT_LEADER_OR_FOLLOWER, Error.FENCED_LEADER_EPOCH)
Answers = list[tuple[Followed, PartitionData]]


class Reader:
    """Reads everything that one request asks for, anew each time it is woken."""

    def __init__(self, state: State, call: Call, context: FetchContext) -> None:
        request: FetchRequest = call.request
        self.context = context
        self.found: dict[int, Partition] = {}  # by place in the request
        self.missing: dict[int, Error] = {}  # what was not there when it was asked for, and stays so for this answer
        self.is_enough = False
        self._began: dict[int, tuple[int, int]] = {}  # where the offset of each was when this was first not enough
        self._state = state
        self._by_id = call.version >= FIRST_OF_IDS
        self._tells_leader = call.version >= FIRST_OF_LEADERS
        knows = call.version >= FIRST_OF_STORAGE_ERRORS
        self._storage_error = Error.KAFKA_STORAGE_ERROR if knows else Error.NOT_LEADER_OR_FOLLOWER
        self._cuts_first = call.version < 3  # as was the way before KIP-74
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
            partition = self.missing.get(place) or self._partition(followed, now)
            if not isinstance(partition, Partition) and (place in known or partition is self._storage_error):
                self.is_enough = True  # it went while we waited, or cannot be opened: an error of reading
                answers.append((followed, refused_partition(followed.index, partition, aborted=None)))
                continue
            if not isinstance(partition, Partition):
                self.missing[place] = partition
                is_first = partition is Error.UNKNOWN_TOPIC_ID and self._replica_id < 0  # followers have one list
                where = unknown_ids if is_first else unknown
                where.append((followed, refused_partition(followed.index, partition, aborted=[])))
                continue
            self.found[place] = partition
            data = self._read_one(followed, partition, left, whole_first=size == 0 and not self._cuts_first)
            count = len(data.records or b"")
            size += count
            left = max(0, left - count)
            answers.append((followed, data))
        has_enough = size >= self._min_bytes and not known  # what can be read counts once, and then what lies there
        if not answers or has_enough or (not self.is_enough and self._lies_enough()):
            self.is_enough = True
        return answers + unknown_ids + unknown

    def _lies_enough(self) -> bool:
        """Whether there is enough from the offsets to the ends, also where an answer may not take it all, or an offset
        lies in an older segment, into which nothing more comes (DelayedFetch.tryComplete)."""
        size = 0
        for place, partition in self.found.items():
            followed, end_offset = self.context.partitions[place], partition.log.end_offset
            find = partition.log.segments.whereabouts
            began = self._began.get(place)
            if began is None:
                began = self._began[place] = find(followed.fetch_offset, end_offset)
            end = partition.last_stable_offset if self._committed else partition.high_watermark
            if followed.fetch_offset < end:
                base, position = find(end, end_offset)
                if began[0] < base:
                    return True
                size += min(position - began[1], followed.max_bytes)
        return size >= self._min_bytes

    def _partition(self, followed: Followed, now: Instant) -> Partition | Error:
        if self._by_id and not followed.topic:
            known = self._state.image.topics_by_id.get(followed.topic_id)
            if known is None:
                return Error.UNKNOWN_TOPIC_ID
            followed.topic = known.name  # a session keeps it: a topic that goes is unknown by its name from then on
        try:
            found = self._state.replicas.get(followed.topic, followed.index, now)
        except StorageError as failure:
            self._state.disk_failed(failure)
            return self._storage_error
        return Error.UNKNOWN_TOPIC_OR_PARTITION if found is None else found

    def _refusal(self, followed: Followed, partition: Partition) -> Error:
        if self._by_id and followed.topic_id != partition.topic_id:
            return Error.INCONSISTENT_TOPIC_ID
        # Any negative epoch is none here, where ListOffsets takes only -1 for none (FetchRequest.optionalEpoch).
        error = partition.check_leader_epoch(max(-1, followed.current_leader_epoch))
        if error is Error.NONE and self._replica_id >= 0:  # nobody follows a partition with one replica
            no_epoch = followed.current_leader_epoch < 0
            return Error.NOT_LEADER_OR_FOLLOWER if no_epoch else Error.UNKNOWN_LEADER_EPOCH
        return error

    def _read_one(self, followed: Followed, partition: Partition, left: int, *, whole_first: bool) -> PartitionData:
        found: Slice | PartitionData.EpochEndOffset | Error | None = self._refusal(followed, partition)
        if found is Error.NONE:
            found = _diverging(followed, partition)
        if found is None:
            limit = min(left, followed.max_bytes)
            try:
                found = partition.read(
                    followed.fetch_offset,
                    limit,
                    whole_first=whole_first,
                    committed=self._committed,
                    cut_first=self._cuts_first,
                )
            except StorageError as failure:
                self._state.disk_failed(failure)
                found = self._storage_error
            if limit < 0 and not isinstance(found, Error) and followed.fetch_offset < partition.high_watermark:
                found = Error.UNKNOWN_SERVER_ERROR  # LogSegment.read: an exception without a code
        if isinstance(found, Error):
            self.is_enough = True
            refused = refused_partition(followed.index, found, aborted=None)
            if self._tells_leader and found in TOLD_THE_LEADER:
                leader = PartitionData.LeaderIdAndEpoch(
                    leader_id=self._state.node_id, leader_epoch=partition.leader_epoch
                )
                return changed(refused, current_leader=leader)
            return refused
        diverging = found if isinstance(found, PartitionData.EpochEndOffset) else None
        if diverging is not None:
            self.is_enough = True
        # Where the first batch does not fit nobody looks for transactions (ReplicaManager.readFromLog).
        is_whole = found is not None or limit <= 0 or followed.fetch_offset >= partition.last_stable_offset
        is_whole = is_whole and diverging is None
        return PartitionData(
            partition_index=followed.index,
            error_code=Error.NONE,
            high_watermark=partition.high_watermark,
            last_stable_offset=partition.last_stable_offset,
            log_start_offset=partition.log_start_offset,
            diverging_epoch=diverging,
            aborted_transactions=[] if self._committed and is_whole else None,
            records=found if isinstance(found, Slice) else b"",
        )


def in_old_format(followed: Followed, data: PartitionData, partition: Partition | None, version: int) -> PartitionData:
    """What was read as Kafka 3.9 gave it to a Fetch before version 10, and before version 4 as message sets.

    It comes after the limits, the waiting and the choice, which go by what is stored (KafkaApis.handleFetchRequest).
    """
    if partition is not None and partition.settings.compression_type == "zstd":
        return refused_partition(followed.index, Error.UNSUPPORTED_COMPRESSION_TYPE, aborted=[], records=None)
    if version >= FIRST_OF_BATCHES or not isinstance(data.records, Slice):
        return data
    try:
        made = lower(data.records.read(), MAGIC_0 if version < FIRST_OF_TIMESTAMPS else MAGIC_1, followed.fetch_offset)
    except WireError:
        made = Error.CORRUPT_MESSAGE  # compressed by a client, and so large that nobody has looked into it
    if isinstance(made, Error):
        return refused_partition(followed.index, made, aborted=[], records=None)
    return PartitionData(
        partition_index=data.partition_index,
        error_code=data.error_code,
        high_watermark=data.high_watermark,
        records=made,
    )


def _diverging(followed: Followed, partition: Partition) -> PartitionData.EpochEndOffset | Error | None:
    """Where the reader's log and this one part, if the epoch that it read last says so (KIP-595)."""
    if followed.last_fetched_epoch < 0:
        return None
    epoch, end_offset = partition.end_of_epoch(followed.last_fetched_epoch)
    if epoch == UNDEFINED_EPOCH or followed.fetch_offset < partition.log_start_offset:
        return Error.OFFSET_OUT_OF_RANGE
    if epoch < followed.last_fetched_epoch or end_offset < followed.fetch_offset:
        return PartitionData.EpochEndOffset(epoch=epoch, end_offset=end_offset)
    return None


def refused_partition(
    index: int, error: Error, aborted: list[PartitionData.AbortedTransaction] | None, records: bytes | None = b""
) -> PartitionData:
    return PartitionData(
        partition_index=index, error_code=error, high_watermark=-1, aborted_transactions=aborted, records=records
    )

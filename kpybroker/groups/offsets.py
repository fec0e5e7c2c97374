"""Committed offsets: who may commit, what is kept, what a fetch finds, and when an offset is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kpybroker.groups.classic import CONSUMER, ClassicGroup, State
from kpybroker.groups.records import offset_tombstone
from kpybroker.groups.settings import Turn
from kpybroker.machine import Call, Instant, Record
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
from kpybroker.wire.schemas.groups import OffsetCommitKey, OffsetCommitValue

CommitPartition = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition
CommitTopicResponse = OffsetCommitResponse.OffsetCommitResponseTopic
DeleteTopicResponse = OffsetDeleteResponse.OffsetDeleteResponseTopic
FetchGroup = OffsetFetchRequest.OffsetFetchRequestGroup
FetchGroupResponse = OffsetFetchResponse.OffsetFetchResponseGroup
FetchTopicResponse = FetchGroupResponse.OffsetFetchResponseTopics
FetchPartitionResponse = FetchTopicResponse.OffsetFetchResponsePartitions


MOST_TIMESTAMP = 2**63 - 1


class CommittedOffset(NamedTuple):
    """What one OffsetCommit record says of one partition."""

    offset: int
    leader_epoch: int
    metadata: str
    committed_at: Instant
    expires_at: Instant  # -1: by the broker's retention
    topic_id: bytes


class Offsets:
    """All committed offsets of one `__consumer_offsets` partition: group, topic, partition."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, dict[int, CommittedOffset]]] = {}

    def put(self, key: OffsetCommitKey, value: OffsetCommitValue) -> None:
        self.groups.setdefault(key.group, {}).setdefault(key.topic, {})[key.partition] = CommittedOffset(
            offset=value.offset,
            leader_epoch=value.leader_epoch,
            metadata=value.metadata,
            committed_at=value.commit_timestamp,
            expires_at=value.expire_timestamp,
            topic_id=bytes(value.topic_id),
        )

    def remove(self, key: OffsetCommitKey) -> None:
        topics = self.groups.get(key.group, {})
        partitions = topics.get(key.topic, {})
        partitions.pop(key.partition, None)
        if not partitions:
            topics.pop(key.topic, None)
        if not topics:
            self.groups.pop(key.group, None)

    def of(self, group_id: str) -> Iterator[tuple[str, int, CommittedOffset]]:
        for topic, partitions in self.groups.get(group_id, {}).items():
            for partition, committed in partitions.items():
                yield topic, partition, committed

    def tombstones(self, group_id: str) -> list[Record]:
        return [offset_tombstone(group_id, topic, partition) for topic, partition, _ in self.of(group_id)]

    def of_deleted_topic(self, name: str, topic_id: bytes) -> list[Record]:
        """Tombstones for a topic that is gone; an offset committed to a later topic of that name is spared."""
        return [
            offset_tombstone(group_id, name, partition)
            for group_id, topics in self.groups.items()
            for partition, committed in topics.get(name, {}).items()
            if committed.topic_id in (NO_ID, topic_id)
        ]

    def fetch(self, request: FetchGroup) -> FetchGroupResponse:
        """What the group has committed to the partitions asked for, or, without a list of topics, to any."""
        if request.topics is None:
            topics = [
                FetchTopicResponse(name=topic, partitions=[found(p, committed) for p, committed in partitions.items()])
                for topic, partitions in self.groups.get(request.group_id, {}).items()
            ]
            return FetchGroupResponse(group_id=request.group_id, topics=topics)
        known = self.groups.get(request.group_id, {})
        return FetchGroupResponse(
            group_id=request.group_id,
            topics=[
                FetchTopicResponse(
                    name=topic.name,
                    topic_id=topic.topic_id,
                    partitions=[
                        found(partition, known.get(topic.name, {}).get(partition), topic.topic_id)
                        for partition in topic.partition_indexes
                    ],
                )
                for topic in request.topics
            ],
        )


def found(partition: int, committed: CommittedOffset | None, topic_id: bytes = NO_ID) -> FetchPartitionResponse:
    """Nothing is offset -1 with empty metadata; so is an offset of an earlier topic of the same name."""
    if committed is None or (NO_ID not in (committed.topic_id, topic_id) and committed.topic_id != topic_id):
        return FetchPartitionResponse(
            partition_index=partition, committed_offset=-1, metadata="", error_code=Error.NONE
        )
    return FetchPartitionResponse(
        partition_index=partition,
        committed_offset=committed.offset,
        committed_leader_epoch=committed.leader_epoch,
        metadata=committed.metadata,
        error_code=Error.NONE,
    )


def commit(group: ClassicGroup | None, call: Call, turn: Turn) -> OffsetCommitResponse:
    """Commits what it may: the whole request is refused, or single partitions for their metadata.

    The topics carry their names and, where there is one, their ids, whatever the version says.
    """
    request: OffsetCommitRequest = call.request
    error = commit_refusal(group, request, call.version)
    if error is not Error.NONE:
        return refused(request, error)
    if group is not None and call.version > 0 and group.state in (State.STABLE, State.PREPARING):
        group.members[request.member_id].heard(turn.now)  # a commit keeps the session alive, as a heartbeat does
    topics: list[CommitTopicResponse] = []
    for topic in request.topics:
        partitions: list[CommitTopicResponse.OffsetCommitResponsePartition] = []
        for partition in topic.partitions:
            error = Error.NONE
            if too_long(partition.committed_metadata or "", turn.settings.offset_metadata_max_bytes):
                error = Error.OFFSET_METADATA_TOO_LARGE
            else:
                turn.records.append(commit_record(request, topic.name, topic.topic_id, partition, turn.now))
            partitions.append(
                CommitTopicResponse.OffsetCommitResponsePartition(
                    partition_index=partition.partition_index, error_code=error
                )
            )
        topics.append(CommitTopicResponse(name=topic.name, topic_id=topic.topic_id, partitions=partitions))
    return OffsetCommitResponse(topics=topics)


def commit_refusal(group: ClassicGroup | None, request: OffsetCommitRequest, version: int) -> Error:
    """A member commits in its own generation; others only where nobody is a member; by version 0 whoever wants to."""
    if version == 0:
        return Error.NONE
    generation = request.generation_id_or_member_epoch
    simple = generation < 0
    if group is None and not simple:
        return Error.GROUP_ID_NOT_FOUND if version >= 9 else Error.ILLEGAL_GENERATION
    if group is None or (simple and group.state is State.EMPTY):
        return Error.NONE
    error = group.refusal(request.member_id, request.group_instance_id)
    if error is not Error.NONE:
        return error
    if generation != group.generation:
        return Error.ILLEGAL_GENERATION
    return Error.REBALANCE_IN_PROGRESS if group.state is State.COMPLETING else Error.NONE


def refused(request: OffsetCommitRequest, error: Error) -> OffsetCommitResponse:
    return OffsetCommitResponse(
        topics=[
            CommitTopicResponse(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    CommitTopicResponse.OffsetCommitResponsePartition(
                        partition_index=partition.partition_index, error_code=error
                    )
                    for partition in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )


def too_long(metadata: str, limit: int) -> bool:
    """Kafka counts UTF-16 units, whatever the setting's name says of bytes."""
    return len(metadata) > limit or len(metadata.encode("utf-16-le")) > 2 * limit


def commit_record(
    request: OffsetCommitRequest, topic: str, topic_id: bytes, partition: CommitPartition, now: Instant
) -> Record:
    """Version 4, or version 1 if the request asks for a retention of its own (OffsetCommit versions 2 to 4).

    Version 1 may say when it commits.
    """
    retention_ms = request.retention_time_ms
    value = OffsetCommitValue(
        offset=partition.committed_offset,
        leader_epoch=partition.committed_leader_epoch,
        metadata=partition.committed_metadata or "",
        commit_timestamp=now if partition.commit_timestamp == -1 else partition.commit_timestamp,
        expire_timestamp=-1 if retention_ms == -1 else min(now + retention_ms, MOST_TIMESTAMP),
        topic_id=bytes(topic_id),
    )
    key = OffsetCommitKey(group=request.group_id, topic=topic, partition=partition.partition_index)
    return Record(key, value, 4 if retention_ms == -1 else 1)


def delete(
    offsets: Offsets, group: ClassicGroup | None, request: OffsetDeleteRequest
) -> tuple[OffsetDeleteResponse, tuple[Record, ...]]:
    """What is left of the group's offsets is what its members still read; others than consumers must be gone."""
    if request.group_id == "":
        return OffsetDeleteResponse(error_code=Error.INVALID_GROUP_ID, topics=[]), ()
    if group is None:
        return OffsetDeleteResponse(error_code=Error.GROUP_ID_NOT_FOUND, topics=[]), ()
    if group.state is not State.EMPTY and group.protocol_type != CONSUMER:
        return OffsetDeleteResponse(error_code=Error.NON_EMPTY_GROUP, topics=[]), ()
    known = offsets.groups.get(request.group_id, {})
    rows: list[Record] = []
    topics: list[DeleteTopicResponse] = []
    for topic in request.topics:
        indexes = [partition.partition_index for partition in topic.partitions]
        error = Error.GROUP_SUBSCRIBED_TO_TOPIC if group.is_subscribed(topic.name) else Error.NONE
        if error is Error.NONE:
            found = [index for index in indexes if index in known.get(topic.name, {})]
            rows += [offset_tombstone(request.group_id, topic.name, index) for index in found]
        topics.append(deleted(topic.name, indexes, error))
    return OffsetDeleteResponse(error_code=Error.NONE, topics=topics), tuple(rows)


def deleted(topic: str, indexes: list[int], error: Error) -> DeleteTopicResponse:
    partition = DeleteTopicResponse.OffsetDeleteResponsePartition
    return DeleteTopicResponse(
        name=topic, partitions=[partition(partition_index=index, error_code=error) for index in indexes]
    )


def expired(offsets: Offsets, group: ClassicGroup, turn: Turn) -> bool:
    """Buries what is past its retention; whether nothing is left for which the group should stay."""
    if group.group_id in offsets.groups and not forgets(group):
        return False
    retention_ms = turn.settings.offsets_retention_ms
    everything = True
    for topic, partition, committed in list(offsets.of(group.group_id)):
        since = committed.committed_at
        if group.protocol_type is not None and group.state is State.EMPTY and group.state_since != -1:
            since = group.state_since  # a group's offsets live on for the retention after its last member (KIP-211)
        ends = since + retention_ms if committed.expires_at == -1 else committed.expires_at
        if turn.now >= ends and not group.is_subscribed(topic):
            turn.records.append(offset_tombstone(group.group_id, topic, partition))
        else:
            everything = False
    return everything


def forgets(group: ClassicGroup) -> bool:
    """Whether offsets may expire now: simple and empty groups, and consumers whose topics are known."""
    if group.protocol_type is None or group.state is State.EMPTY:
        return True
    return group.protocol_type == CONSUMER and group.topics_read is not None and group.state is State.STABLE

"""OffsetFetch (9): what groups have committed.

Versions: 0-10. Behaves: one group before version 8, several from then on; no list of topics (from version 2 on) means
all that is committed; topics come by id from version 10 on. For version 0 nothing committed is
UNKNOWN_TOPIC_OR_PARTITION, as where Kafka up to 3.9 has its offsets in ZooKeeper.
"""

from __future__ import annotations

from kpybroker.handlers.common import resolve
from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import changed
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse

Group = OffsetFetchRequest.OffsetFetchRequestGroup
AskedTopic = Group.OffsetFetchRequestTopics
GroupAnswer = OffsetFetchResponse.OffsetFetchResponseGroup
TopicAnswer = GroupAnswer.OffsetFetchResponseTopics
OldTopicAnswer = OffsetFetchResponse.OffsetFetchResponseTopic


def offset_fetch(state: State, call: Call) -> OffsetFetchResponse:
    request: OffsetFetchRequest = call.request
    if call.version >= 8:
        return OffsetFetchResponse(groups=[_group(state, call, group) for group in request.groups])
    topics = request.topics
    asked = None if topics is None else [AskedTopic(name=t.name, partition_indexes=t.partition_indexes) for t in topics]
    answer = _group(state, call, Group(group_id=request.group_id, topics=asked))
    if call.version == 0:
        return OffsetFetchResponse(topics=[_oldest(_old(topic)) for topic in answer.topics])
    return OffsetFetchResponse(topics=[_old(topic) for topic in answer.topics], error_code=answer.error_code)


def _group(state: State, call: Call, group: Group) -> GroupAnswer:
    by_id = call.version >= 10
    shard = state.coordinators(call.arrived).shard(group.group_id, call.arrived)
    if shard is None:
        # before version 2 an error can only be told of each partition
        refused = [_refuse(topic, Error.NOT_COORDINATOR) for topic in group.topics or ()] if call.version < 2 else []
        return GroupAnswer(group_id=group.group_id, topics=refused, error_code=Error.NOT_COORDINATOR)
    if group.topics is None:
        answer = shard.fetch_offsets(group)
        return changed(answer, topics=_with_ids(state, answer.topics)) if by_id else answer
    known: list[AskedTopic] = []
    unknown: list[TopicAnswer] = []
    for asked in group.topics:
        name, topic_id = asked.name, NO_ID  # by name whatever topic the offset was committed to is right
        if by_id:
            name, topic_id = resolve(state, "", bytes(asked.topic_id), by_id=True)
        if by_id and not name:
            unknown.append(_refuse(asked, Error.UNKNOWN_TOPIC_ID))
        else:
            known.append(AskedTopic(name=name, topic_id=topic_id, partition_indexes=asked.partition_indexes))
    answer = shard.fetch_offsets(changed(group, topics=known))
    return changed(answer, topics=answer.topics + unknown)


def _with_ids(state: State, topics: list[TopicAnswer]) -> list[TopicAnswer]:
    """Topics by id; one that is no longer there has none and cannot be told (KafkaApis.fetchAllOffsetsForGroup)."""
    found = []
    for topic in topics:
        known = state.image.topics.get(topic.name)
        topic_id = topic.topic_id if bytes(topic.topic_id) != NO_ID or known is None else known.id
        if bytes(topic_id) != NO_ID:
            found.append(changed(topic, topic_id=topic_id))
    return found


def _refuse(asked: AskedTopic, error: Error) -> TopicAnswer:
    return TopicAnswer(
        name=asked.name,
        topic_id=asked.topic_id,
        partitions=[
            TopicAnswer.OffsetFetchResponsePartitions(
                partition_index=index, committed_offset=-1, metadata="", error_code=error
            )
            for index in asked.partition_indexes
        ],
    )


def _old(topic: TopicAnswer) -> OldTopicAnswer:
    parts = [
        OldTopicAnswer.OffsetFetchResponsePartition(
            partition_index=part.partition_index,
            committed_offset=part.committed_offset,
            committed_leader_epoch=part.committed_leader_epoch,
            metadata=part.metadata,
            error_code=part.error_code,
        )
        for part in topic.partitions
    ]
    return OldTopicAnswer(name=topic.name, partitions=parts)


def _oldest(topic: OldTopicAnswer) -> OldTopicAnswer:
    """As version 0 has it: without notes, and nothing is an error."""
    nothing = Error.UNKNOWN_TOPIC_OR_PARTITION
    return changed(
        topic,
        partitions=[
            changed(part, metadata="", error_code=part.error_code or (nothing if part.committed_offset == -1 else 0))
            for part in topic.partitions
        ],
    )

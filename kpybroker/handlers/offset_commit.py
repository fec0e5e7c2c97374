"""OffsetCommit (8): a group, or somebody alone, notes how far it has read.

Versions: 0-10. Behaves: partitions that do not exist are refused one by one, the rest is decided by the coordinator;
topics come by id from version 10 on. Version 1 says itself when it commits. What version 0 commits is kept with the
rest, without its note: Kafka up to 3.9 keeps it in ZooKeeper, and without one refuses it.
"""

from __future__ import annotations

from functools import partial

from kpybroker.handlers.common import resolve
from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import changed
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse

AskedTopic = OffsetCommitRequest.OffsetCommitRequestTopic
TopicAnswer = OffsetCommitResponse.OffsetCommitResponseTopic
PartitionAnswer = TopicAnswer.OffsetCommitResponsePartition


def offset_commit(state: State, call: Call) -> OffsetCommitResponse | Later:
    request: OffsetCommitRequest = call.request
    refused: list[TopicAnswer] = []
    known: list[AskedTopic] = []
    for asked in request.topics:
        name, topic_id = resolve(state, asked.name, bytes(asked.topic_id), by_id=call.version >= 10)
        partitions = asked.partitions
        if topic_id == NO_ID or not name:
            error = Error.UNKNOWN_TOPIC_ID if call.version >= 10 else Error.UNKNOWN_TOPIC_OR_PARTITION
            refused.append(_refuse(asked, [part.partition_index for part in partitions], error))
            continue
        unknown = [p.partition_index for p in partitions if state.image.partition(name, p.partition_index) is None]
        if unknown:
            named = changed(asked, name=name, topic_id=topic_id)  # as what the coordinator decides of it is
            refused.append(_refuse(named, unknown, Error.UNKNOWN_TOPIC_OR_PARTITION))
        rest = [part for part in partitions if part.partition_index not in unknown]
        if call.version == 0:  # OFFSET_METADATA_TOO_LARGE all the same, but no note is kept
            rest = [changed(part, committed_metadata=_no_note(state, part.committed_metadata)) for part in rest]
        if rest:
            known.append(AskedTopic(name=name, topic_id=topic_id, partitions=rest))
    if not known:
        return _merge(refused, OffsetCommitResponse(topics=[]))
    decided = call._replace(request=changed(request, topics=known))
    state.coordinators(call.arrived).coordinate(request.group_id, decided, partial(_merge, refused))
    return LATER


def _no_note(state: State, note: str | None) -> str | None:
    return note if len(note or "") > state.settings.int("offset.metadata.max.bytes") else None


def _merge(refused: list[TopicAnswer], decided: OffsetCommitResponse) -> OffsetCommitResponse:
    """Both halves of the answer, a topic once (OffsetCommitResponse.Builder.merge)."""
    if not refused:
        return decided
    merged: dict[tuple[str, bytes], TopicAnswer] = {}
    for topic in (*refused, *decided.topics):
        key = topic.name, bytes(topic.topic_id)
        known = merged.get(key)
        merged[key] = topic if known is None else changed(known, partitions=known.partitions + topic.partitions)
    return OffsetCommitResponse(topics=list(merged.values()))


def _refuse(asked: AskedTopic, indexes: list[int], error: Error) -> TopicAnswer:
    parts = [PartitionAnswer(partition_index=index, error_code=error) for index in indexes]
    return TopicAnswer(name=asked.name, topic_id=asked.topic_id, partitions=parts)

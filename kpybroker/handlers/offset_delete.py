"""OffsetDelete (47): a group forgets how far it has read (KIP-496).

Versions: 0. Behaves: partitions that do not exist are refused one by one; a topic that members read is
GROUP_SUBSCRIBED_TO_TOPIC; what is wrong with the group itself is all that is said.
"""

from __future__ import annotations

from kpybroker.acknowledging import once_synced
from kpybroker.groups.offsets import DeleteTopicResponse, deleted
from kpybroker.machine import Answer, Call, Waiting
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import changed
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse

AskedTopic = OffsetDeleteRequest.OffsetDeleteRequestTopic


def offset_delete(state: State, call: Call) -> Answer | Waiting:
    request: OffsetDeleteRequest = call.request
    refused: list[DeleteTopicResponse] = []
    known: list[AskedTopic] = []
    for asked in request.topics:
        there = [part for part in asked.partitions if state.image.partition(asked.name, part.partition_index)]
        missing = [part.partition_index for part in asked.partitions if part not in there]
        if missing or asked.name not in state.image.topics:
            refused.append(deleted(asked.name, missing, Error.UNKNOWN_TOPIC_OR_PARTITION))
        if there:
            known.append(changed(asked, partitions=there))
    shard = state.coordinators(call.arrived).shard(request.group_id, call.arrived)
    if shard is None:
        error = Error.NOT_COORDINATOR if request.group_id else Error.INVALID_GROUP_ID
        return OffsetDeleteResponse(error_code=error, topics=[])
    answer, records = shard.delete_offsets(changed(request, topics=known))
    written = state.groups.record(request.group_id, records, call.arrived)
    if answer.error_code == Error.NONE and refused:
        answer = changed(answer, topics=_once(refused + answer.topics))
    return once_synced(answer, [written])


def _once(topics: list[DeleteTopicResponse]) -> list[DeleteTopicResponse]:
    """Each topic once; as Kafka does it, only where some are refused (OffsetDeleteResponse.Builder.merge)."""
    merged: dict[str, DeleteTopicResponse] = {}
    for topic in topics:
        known = merged.get(topic.name)
        merged[topic.name] = topic if known is None else changed(known, partitions=known.partitions + topic.partitions)
    return list(merged.values())

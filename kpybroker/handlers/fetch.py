"""Fetch (1): reads batches from partitions, waiting for data where there is not enough; sessions send only changes.

Versions: 4-18. Behaves: waits until min_bytes are there, a partition is in error or max_wait_ms is over; the first
batch comes whole even where it is larger than every limit (KIP-74); sessions are KIP-227's, topic ids KIP-516's.
"""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.machine import Call, Wait, Waiting
from kpybroker.reading import READ_COMMITTED, READ_UNCOMMITTED, Answers, Reader, refused_partition
from kpybroker.sessions import FetchContext, Followed
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse

TopicAnswer = FetchResponse.FetchableTopicResponse
PartitionData = TopicAnswer.PartitionData


def fetch(state: State, call: Call) -> FetchResponse | Waiting:
    request: FetchRequest = call.request
    if request.isolation_level not in (READ_UNCOMMITTED, READ_COMMITTED):
        return _refuse(request, call.version)
    context = state.sessions.context(request, call.version, call.arrived)
    if context.error is not Error.NONE:
        return FetchResponse(error_code=context.error, session_id=0, responses=[])
    reader = Reader(state, call, context)
    answers = reader.read(call.arrived)
    if reader.is_enough or request.max_wait_ms <= 0:
        return _respond(context, answers, call.version)
    return _wait(reader, call)


def _refuse(request: FetchRequest, version: int) -> FetchResponse:
    """A request that makes no sense as a whole, in each version's way of saying so (FetchRequest.getErrorResponse)."""
    error = Error.UNKNOWN_SERVER_ERROR
    if version >= 13:
        return FetchResponse(error_code=error, responses=[])
    topics = []
    for topic in request.topics:
        partitions = [refused_partition(part.partition, error, []) for part in topic.partitions]
        topics.append(TopicAnswer(topic=topic.topic, partitions=partitions))
    return FetchResponse(error_code=error, responses=topics)


def _wait(reader: Reader, call: Call) -> Waiting:
    request: FetchRequest = call.request
    until = call.arrived + request.max_wait_ms
    watch = tuple(dict.fromkeys(partition.key for partition in reader.found.values()))
    now = call.arrived
    answers: Answers = []
    while now < until:
        now = yield Wait(watch, until)
        answers = reader.read(now)
        if reader.is_enough:
            break
    return _respond(reader.context, answers, call.version)


def _respond(context: FetchContext, answers: Answers, version: int) -> FetchResponse:
    chosen = context.select(answers)
    return FetchResponse(error_code=Error.NONE, session_id=context.session_id, responses=_grouped(chosen, version))


def _grouped(answers: Sequence[tuple[Followed, PartitionData]], version: int) -> list[TopicAnswer]:
    """Neighbours of one topic share an entry, as Kafka groups them (FetchResponse.toMessage)."""
    topics: list[TopicAnswer] = []
    for followed, data in answers:
        last = topics[-1] if topics else None
        same = last is not None and (
            last.topic_id == followed.topic_id if version >= 13 else last.topic == followed.topic
        )
        if last is not None and same:
            last.partitions.append(data)
        else:
            topic_id = followed.topic_id if version >= 13 else NO_ID
            topics.append(TopicAnswer(topic=followed.topic, topic_id=topic_id, partitions=[data]))
    return topics

"""Fetch (1): reads batches from partitions, waiting for data where there is not enough; sessions send only changes.

Versions: 0-18. Behaves: waits until min_bytes are there, a partition is in error or max_wait_ms is over; the first
batch comes whole even where it is larger than every limit (KIP-74); sessions are KIP-227's, topic ids KIP-516's.
Before version 4 batches are answered as message sets. Before Kafka 4.0 a topic of compression.type zstd is refused to
versions before 10 (KIP-110).
"""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.handlers.common import endpoint
from kpybroker.machine import Call, Instant, Wait, Waiting
from kpybroker.reading import (
    FIRST_OF_BATCHES,
    FIRST_OF_LEADERS,
    READ_COMMITTED,
    READ_UNCOMMITTED,
    Answers,
    Reader,
    in_old_format,
    refused_partition,
)
from kpybroker.sessions import FIRST_OF_IDS, Followed
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse

TopicAnswer = FetchResponse.FetchableTopicResponse
PartitionData = TopicAnswer.PartitionData
FIRST_OF_ZSTD = 10


def fetch(state: State, call: Call) -> FetchResponse | Waiting:
    request: FetchRequest = call.request
    context = state.sessions.context(request, call.version, call.arrived)
    if context.error is Error.UNKNOWN_SERVER_ERROR:
        return _refuse(state, request, call.version)
    if context.error is not Error.NONE:
        return FetchResponse(error_code=context.error, session_id=0, responses=[])
    reader = Reader(state, call, context)
    answers = reader.read(call.arrived)
    if reader.found and request.isolation_level not in (READ_UNCOMMITTED, READ_COMMITTED):
        return _refuse(state, request, call.version)  # Kafka finds it when there is something to read
    if reader.is_enough or request.max_wait_ms <= 0:
        return _respond(state, call, reader, answers, call.arrived)
    return _wait(state, reader, call)


def _refuse(state: State, request: FetchRequest, version: int) -> FetchResponse:
    """A request that makes no sense as a whole, in each version's way of saying so (FetchRequest.getErrorResponse)."""
    error = Error.UNKNOWN_SERVER_ERROR
    if version >= FIRST_OF_IDS:
        return FetchResponse(error_code=error, session_id=request.session_id, responses=[])
    topics = []
    records = b"" if state.offer.is_since("4.0") else None
    for topic in request.topics:
        partitions = [refused_partition(part.partition, error, [], records) for part in topic.partitions]
        topics.append(TopicAnswer(topic=topic.topic, partitions=partitions))
    return FetchResponse(error_code=error, session_id=request.session_id, responses=topics)


def _wait(state: State, reader: Reader, call: Call) -> Waiting:
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
    return _respond(state, call, reader, answers, now)


def _respond(state: State, call: Call, reader: Reader, answers: Answers, now: Instant) -> FetchResponse:
    version, context = call.version, reader.context
    if version >= FIRST_OF_IDS and reader.missing:
        told = answers if context.opens is not None and not state.offer.is_since("4.0") else answers[:-1]
        if any(followed.topic_id == NO_ID for followed, _ in told):
            return _refuse(state, call.request, version)  # who has no id has no neighbour (FetchResponse.toMessage)
    error, session_id, chosen = context.answer(answers, now)
    if version < FIRST_OF_BATCHES or (version < FIRST_OF_ZSTD and not state.offer.is_since("4.0")):
        read = chosen
        chosen = [(followed, _in_old_format(state, call, followed, data)) for followed, data in read]
        if _failed(chosen) > _failed(read):  # an exception without a code ends the whole request
            return _refuse(state, call.request, version)
    return FetchResponse(
        error_code=error,
        session_id=session_id,
        responses=_grouped(chosen, version),
        node_endpoints=_leaders(state, call, answers) if version >= FIRST_OF_LEADERS else [],
    )


def _in_old_format(state: State, call: Call, followed: Followed, data: PartitionData) -> PartitionData:
    partition = state.replicas.get(followed.topic, followed.index, call.arrived)
    return in_old_format(followed, data, partition, call.version)


def _failed(answers: Sequence[tuple[Followed, PartitionData]]) -> int:
    return sum(data.error_code == Error.UNKNOWN_SERVER_ERROR for _, data in answers)


def _leaders(state: State, call: Call, answers: Answers) -> list[FetchResponse.NodeEndpoint]:
    """Where the leaders are found that have just been told of; followers know it, but were told so before 4.0 too."""
    leaders = {data.current_leader.leader_id: None for _, data in answers if data.current_leader is not None}
    replica_state = call.request.replica_state
    is_follower = replica_state is not None and replica_state.replica_id >= 0
    if not leaders or (is_follower and state.offer.is_since("4.0")):
        return []
    endpoints = []
    for node in leaders:
        host, port = endpoint(state, call, node)
        rack = state.image.nodes[node].rack
        endpoints.append(FetchResponse.NodeEndpoint(node_id=node, host=host, port=port, rack=rack))
    return endpoints


def _grouped(answers: Sequence[tuple[Followed, PartitionData]], version: int) -> list[TopicAnswer]:
    """Neighbours of one topic share an entry, as Kafka groups them (FetchResponse.toMessage)."""
    topics: list[TopicAnswer] = []
    for followed, data in answers:
        last = topics[-1] if topics else None
        same = last is not None and (
            last.topic_id == followed.topic_id if version >= FIRST_OF_IDS else last.topic == followed.topic
        )
        if last is not None and same:
            last.partitions.append(data)
        else:
            topic_id = followed.topic_id if version >= FIRST_OF_IDS else NO_ID
            topics.append(TopicAnswer(topic=followed.topic, topic_id=topic_id, partitions=[data]))
    return topics

"""Decides on CreatePartitions: which topics grow, and where the replicas of their new partitions go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.creation import partition_record
from kpybroker.metadata.image import MOST_RECORDS
from kpybroker.metadata.image import Topic as KnownTopic
from kpybroker.metadata.placement import Brokers, Placed, Refused, brokers_of, by_hand, by_number
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse

Wanted = CreatePartitionsRequest.CreatePartitionsTopic
Result = CreatePartitionsResponse.CreatePartitionsTopicResult


def create_partitions(controller: Controller, call: Call) -> tuple[tuple[Record, ...], CreatePartitionsResponse]:
    """The records and the answer (ControllerApis.createPartitions). What is named twice stays as it is."""
    request: CreatePartitionsRequest = call.request
    counts = Counter(topic.name for topic in request.topics)
    if request.timeout_ms <= 0 and 1 in counts.values():  # the controller's queue drops what is late when it comes
        late = [Result(name=topic.name, error_code=Error.REQUEST_TIMED_OUT) for topic in request.topics]
        return (), CreatePartitionsResponse(results=late)
    results = [
        Result(name=name, error_code=Error.INVALID_REQUEST, error_message="the request names this topic twice")
        for name, count in counts.items()
        if count > 1
    ]
    records: list[Record] = []
    for topic in request.topics:
        if counts[topic.name] > 1:
            continue
        made = _grow(controller, topic, MOST_RECORDS - len(records))
        refused = made if isinstance(made, Refused) else Refused(Error.NONE, None)
        if not isinstance(made, Refused):
            records.extend(made)
        results.append(Result(name=topic.name, error_code=refused.error, error_message=refused.message))
    return () if request.validate_only else tuple(records), CreatePartitionsResponse(results=results)


def _grow(controller: Controller, wanted: Wanted, room: int) -> Sequence[Record] | Refused:
    """The records of one topic's new partitions, at most `room` of them."""
    topic = controller.image.topics.get(wanted.name)
    if topic is None:
        return Refused(Error.UNKNOWN_TOPIC_OR_PARTITION, None)
    there = len(topic.partitions)
    if wanted.count <= there:
        return Refused(
            Error.INVALID_PARTITIONS, f"the topic has {there} partition(s), and {wanted.count} would not be more"
        )
    new = wanted.count - there
    if wanted.assignments is not None and len(wanted.assignments) != new:
        return Refused(
            Error.INVALID_REPLICA_ASSIGNMENT,
            f"replicas of {len(wanted.assignments)} partition(s) were given for {new} new one(s)",
        )
    if new > room:
        return Refused(Error.UNKNOWN_SERVER_ERROR, None)  # a BoundedList that is full has no words
    placed = _placed(brokers_of(controller.image), topic, wanted, new)
    if isinstance(placed, Refused):
        return placed
    return [
        Record(None, partition_record(controller.image, topic.id, there + index, place), 2)
        for index, place in enumerate(placed)
    ]


def _placed(brokers: Brokers, topic: KnownTopic, wanted: Wanted, count: int) -> list[Placed] | Refused:
    """Where the new partitions are: by hand, or on as many brokers as the topic's others."""
    factor = len(topic.partitions[0].replicas)
    if wanted.assignments is None:
        return by_number(count, factor, brokers)
    found = []
    for assignment in wanted.assignments:
        placed = by_hand(list(assignment.broker_ids), brokers, factor)
        if isinstance(placed, Refused):
            return placed
        found.append(placed)
    return found

"""DescribeTopicPartitions (75): topics by name, page by page, with the replicas that may lead (KIP-966).

Versions: 0. Behaves: no names are all topics; a page has at most the partitions asked for, and never more than
max.request.partition.size.limit; the cursor of one page begins the next.
"""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.handlers.common import offline_replicas, operations
from kpybroker.handlers.refusal import answer_with
from kpybroker.machine import Call
from kpybroker.metadata.image import INTERNAL_TOPICS, NO_LEADER, Image, PartitionImage, Topic
from kpybroker.metadata.topic_names import refuse_name
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_topic_partitions import (
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
)

TopicAnswer = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
PartitionAnswer = TopicAnswer.DescribeTopicPartitionsResponsePartition
Cursor = DescribeTopicPartitionsResponse.Cursor


class Place(NamedTuple):
    """Where a page begins."""

    topic: str
    partition: int


def describe_topic_partitions(state: State, call: Call) -> DescribeTopicPartitionsResponse:
    request: DescribeTopicPartitionsRequest = call.request
    cursor = request.cursor
    start = Place("", 0) if cursor is None else Place(cursor.topic_name, cursor.partition_index)
    everything = not request.topics
    asked = state.image.topics if everything else {topic.name for topic in request.topics}
    names = sorted((name for name in asked if _order(name) >= _order(start.topic)), key=_order)
    if start.partition < 0 or (cursor is not None and not everything and start.topic not in names):
        return _refuse(call, Error.INVALID_REQUEST)
    if cursor is None and "" in names:  # Kafka takes it for the topic of the cursor that there is not
        return _refuse(call, Error.UNKNOWN_SERVER_ERROR)
    most = min(state.settings.int("max.request.partition.size.limit"), request.response_partition_limit)
    return _page(state.image, names, start, max(most, 1))


def _order(name: str) -> bytes:
    """Names are compared as Java's strings are."""
    return name.encode("utf-16-be", "surrogatepass")


def _refuse(call: Call, error: Error) -> DescribeTopicPartitionsResponse:
    answer: DescribeTopicPartitionsResponse = answer_with(
        error, DescribeTopicPartitionsResponse, call.version, call.request
    )
    return answer


def _page(image: Image, names: list[str], start: Place, most: int) -> DescribeTopicPartitionsResponse:
    """At most so many partitions, and where the next page begins (KRaftMetadataCache.describeTopicResponse)."""
    topics: list[TopicAnswer] = []
    for name in names:
        if most == 0:
            return DescribeTopicPartitionsResponse(
                topics=topics, next_cursor=Cursor(topic_name=name, partition_index=0)
            )
        topic = image.topics.get(name)
        if topic is None:
            topics.append(_unknown(name))
            continue
        first = start.partition if name == start.topic else 0
        end = min(len(topic.partitions), _wrapped(first + most))
        chosen = [topic.partitions[index] for index in range(first, end)]
        topics.append(_known(image, topic, chosen))
        if end < len(topic.partitions):
            return DescribeTopicPartitionsResponse(
                topics=topics, next_cursor=Cursor(topic_name=name, partition_index=end)
            )
        most -= len(chosen)
    return DescribeTopicPartitionsResponse(topics=topics)


def _wrapped(number: int) -> int:
    """As a Java int is: a cursor at its very end goes on at the other."""
    return (number + 2**31) % 2**32 - 2**31


def _known(image: Image, topic: Topic, partitions: list[PartitionImage]) -> TopicAnswer:
    return TopicAnswer(
        error_code=Error.NONE,
        name=topic.name,
        topic_id=topic.id,
        is_internal=topic.is_internal,
        partitions=[
            PartitionAnswer(
                error_code=Error.NONE,
                partition_index=partition.index,
                leader_id=partition.leader if partition.leader in image.nodes else NO_LEADER,
                leader_epoch=partition.leader_epoch,
                replica_nodes=partition.replicas,
                isr_nodes=partition.isr,
                eligible_leader_replicas=partition.eligible,
                last_known_elr=partition.last_known_eligible,
                offline_replicas=offline_replicas(image, partition),
            )
            for partition in partitions
        ],
        topic_authorized_operations=operations("topic"),
    )


def _unknown(name: str) -> TopicAnswer:
    known_name = refuse_name(name) is None
    return TopicAnswer(
        error_code=Error.UNKNOWN_TOPIC_OR_PARTITION if known_name else Error.INVALID_TOPIC_EXCEPTION,
        name=name,
        topic_id=NO_ID,
        is_internal=name in INTERNAL_TOPICS,
        partitions=[],
        topic_authorized_operations=operations("topic"),
    )

"""DescribeProducers (61): who writes to partitions with sequences, and how far each has come (KIP-664).

Versions: 0. Behaves: producers are known from their first batch on, also after their records were deleted, until they
were silent for producer.id.expiration.ms.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.metadata.topic_names import refuse_name
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.storage.producers import Producer
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_producers import DescribeProducersRequest, DescribeProducersResponse

TopicAnswer = DescribeProducersResponse.TopicResponse
PartitionAnswer = TopicAnswer.PartitionResponse
ProducerState = PartitionAnswer.ProducerState


def describe_producers(state: State, call: Call) -> DescribeProducersResponse:
    request: DescribeProducersRequest = call.request
    topics = []
    for topic in request.topics:
        error, message = _refusal(state, topic.name)
        parts = [
            _refused(index, error, message) if error is not Error.NONE else _partition(state, call, topic.name, index)
            for index in topic.partition_indexes
        ]
        topics.append(TopicAnswer(name=topic.name, partitions=parts))
    return DescribeProducersResponse(topics=topics)


def _refusal(state: State, name: str) -> tuple[Error, str | None]:
    """What is wrong with a topic as a whole."""
    reason = refuse_name(name)
    if reason is not None:
        return Error.INVALID_TOPIC_EXCEPTION, reason
    if name not in state.image.topics:
        return Error.UNKNOWN_TOPIC_OR_PARTITION, "this cluster has no such topic"
    return Error.NONE, None


def _partition(state: State, call: Call, topic: str, index: int) -> PartitionAnswer:
    try:
        partition = state.replicas.get(topic, index, call.arrived)
    except StorageError as failure:
        state.disk_failed(failure)
        return _refused(index, Error.KAFKA_STORAGE_ERROR, None)
    if partition is None:
        return _refused(index, Error.UNKNOWN_TOPIC_OR_PARTITION, None)
    partition.forget_silent_producers(call.arrived)
    known = [_producer(number, producer) for number, producer in partition.producers.producers.items()]
    return PartitionAnswer(partition_index=index, error_code=Error.NONE, active_producers=known)


def _producer(number: int, known: Producer) -> ProducerState:
    return ProducerState(
        producer_id=number,
        producer_epoch=known.epoch,
        last_sequence=known.last_sequence,
        last_timestamp=known.last_timestamp,
        coordinator_epoch=known.coordinator_epoch,
        current_txn_start_offset=-1 if known.transaction_offset is None else known.transaction_offset,
    )


def _refused(index: int, error: Error, message: str | None) -> PartitionAnswer:
    return PartitionAnswer(partition_index=index, error_code=error, error_message=message, active_producers=[])

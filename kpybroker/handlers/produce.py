"""Produce (0): appends batches to partitions.

Versions: 3-13; 0-2 are advertised, or librdkafka would drop gzip, snappy and lz4, and a request in them is refused.
Behaves: acks 0 answers nothing and closes the connection on an error; acks 1 and all are answered once appended, with
one replica there is nobody else to wait for; any other acks is INVALID_REQUIRED_ACKS; exactly one batch a partition.
"""

from __future__ import annotations

from kpybroker.machine import HANG_UP, SILENT, Call, Silence
from kpybroker.metadata.image import INTERNAL_TOPICS
from kpybroker.partition import Appended, Partition
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.validation import Refusal, refuse_shape
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import NO_ID, Extent
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.produce import ProduceRequest, ProduceResponse
from kpybroker.wire.records import batches

TopicAnswer = ProduceResponse.TopicProduceResponse
PartitionAnswer = TopicAnswer.PartitionProduceResponse
RecordError = PartitionAnswer.BatchIndexAndErrorMessage
TopicData = ProduceRequest.TopicProduceData
NO_OFFSET = -1


def produce(state: State, call: Call) -> ProduceResponse | Silence:
    request: ProduceRequest = call.request
    if request.acks not in (-1, 0, 1):
        answers = [_refuse_topic(topic, Error.INVALID_REQUIRED_ACKS) for topic in request.topic_data]
    else:
        answers = [_topic(state, call, topic) for topic in request.topic_data]
    if request.acks != 0:
        return ProduceResponse(responses=answers)
    failed = any(part.error_code for topic in answers for part in topic.partition_responses)
    return HANG_UP if failed else SILENT


def _topic(state: State, call: Call, data: TopicData) -> TopicAnswer:
    name, topic_id = data.name, bytes(data.topic_id)
    if call.version >= 13:
        topic = state.image.topics_by_id.get(topic_id)
        if topic is None:
            return _refuse_topic(data, Error.UNKNOWN_TOPIC_ID)
        name = topic.name
    parts = [_partition(state, call, name, part.index, part.records) for part in data.partition_data]
    return TopicAnswer(name=name, topic_id=topic_id, partition_responses=parts)


def _partition(state: State, call: Call, topic: str, index: int, records: Extent | None) -> PartitionAnswer:
    partition = state.replicas.get(topic, index, call.arrived)
    if partition is None:
        return _answer(index, Refusal(Error.UNKNOWN_TOPIC_OR_PARTITION))
    if topic in INTERNAL_TOPICS and call.client_id != "__admin_client":
        # ReplicaManager.appendToLocalLog: only Kafka's own admin client writes to internal topics.
        return _answer(index, Refusal(Error.INVALID_TOPIC_EXCEPTION, f"{topic} is not for clients to write"))
    assert records is None or isinstance(records, memoryview)
    try:
        found = batches(records) if records is not None else []
    except WireError as error:
        return _answer(index, Refusal(Error.CORRUPT_MESSAGE, str(error)))
    refusal = refuse_shape(found, call.version)
    if refusal is not None:
        return _answer(index, refusal)
    (header, batch), *_ = found
    try:
        result = partition.append(header, batch, call.arrived)
    except StorageError as error:
        return _answer(index, Refusal(Error.KAFKA_STORAGE_ERROR, str(error)))
    if isinstance(result, Appended):
        state.appended(partition)
    return _answer(index, result, partition)


def _answer(index: int, result: Appended | Refusal, partition: Partition | None = None) -> PartitionAnswer:
    log_start_offset = partition.log_start_offset if partition is not None else NO_OFFSET
    if isinstance(result, Appended):
        return PartitionAnswer(
            index=index,
            error_code=Error.NONE,
            base_offset=result.base_offset,
            log_append_time_ms=result.log_append_time,
            log_start_offset=log_start_offset,
        )
    errors = [RecordError(batch_index=i, batch_index_error_message=message) for i, message in result.record_errors]
    return PartitionAnswer(
        index=index,
        error_code=result.error,
        base_offset=NO_OFFSET,
        log_start_offset=log_start_offset if errors else NO_OFFSET,
        record_errors=errors,
        error_message=result.message,
    )


def _refuse_topic(data: TopicData, error: Error) -> TopicAnswer:
    parts = [_answer(part.index, Refusal(error)) for part in data.partition_data]
    return TopicAnswer(name=data.name, topic_id=bytes(data.topic_id) or NO_ID, partition_responses=parts)

"""Produce (0): appends batches to partitions.

Versions: 0-13. Behaves: acks 0 answers nothing and closes the connection on an error; acks 1 and all are answered once
appended (and synced, where that is asked for); any other is INVALID_REQUIRED_ACKS; exactly one batch a partition, and
before version 3 message sets, stored as a batch each, or one batch, or nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from kpybroker.acknowledging import acknowledge
from kpybroker.machine import HANG_UP, SILENT, Answer, Call, Waiting
from kpybroker.message_sets import append_old, check_entries
from kpybroker.metadata.image import INTERNAL_TOPICS
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.validation import ZSTD, Refusal, refuse_shape
from kpybroker.wire.declare import Extent
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.produce import ProduceRequest, ProduceResponse
from kpybroker.wire.records import BatchError, BatchHeader, batches, first_codec, is_transactional

TopicAnswer = ProduceResponse.TopicProduceResponse
PartitionAnswer = TopicAnswer.PartitionProduceResponse
RecordError = PartitionAnswer.BatchIndexAndErrorMessage
NO_OFFSET = -1
FIRST_OF_BATCHES, FIRST_OF_ZSTD = 3, 7  # from 3 on a partition gets exactly one batch of magic 2
# Errors that Kafka finds before it asks the log where it starts (ReplicaManager.appendToLocalLog).
BEFORE_THE_LOG = (Error.CORRUPT_MESSAGE, Error.MESSAGE_TOO_LARGE, Error.RECORD_LIST_TOO_LARGE)


def produce(state: State, call: Call) -> Answer | Waiting:
    request: ProduceRequest = call.request
    refusal = _refusal(request, call.version)
    if FIRST_OF_BATCHES <= call.version < FIRST_OF_ZSTD and refusal is None:
        refusal = _refuse_codecs(state, request)
    topics: dict[tuple[str, bytes], dict[int, Extent | None]] = {}
    for topic in request.topic_data:
        # A partition that is named twice is one partition, and its last records count (a map in Kafka).
        asked = {part.index: part.records for part in topic.partition_data}
        if asked:
            key = topic.name, bytes(topic.topic_id)
            topics[key] = {**topics.get(key, {}), **asked}
    answers = [_topic(state, call, key, asked, refusal) for key, asked in topics.items()]
    if request.acks != 0:
        return acknowledge(state, call, answers) if state.syncs.held else ProduceResponse(responses=answers)
    failed = any(part.error_code for answer in answers for part in answer.partition_responses)
    return HANG_UP if failed else SILENT


def _refusal(request: ProduceRequest, version: int) -> Refusal | None:
    """What is wrong with the whole request: Kafka looks for transactions in it, and cannot where there is no batch."""
    records = (part.records for topic in request.topic_data for part in topic.partition_data)
    found = [data for data in records if isinstance(data, memoryview)]
    try:
        if any(map(is_transactional, found)):
            # Transactions are not served yet: no transactional id has a producer id here.
            named = request.transactional_id is not None
            return Refusal(Error.INVALID_PRODUCER_ID_MAPPING if named else Error.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        if version < FIRST_OF_BATCHES:
            for data in found:
                check_entries(data)
    except BatchError as error:
        return Refusal(error.error, str(error))
    return None


def _refuse_codecs(state: State, request: ProduceRequest) -> Refusal | None:
    """Where zstd is looked for, a codec that nobody knows ends the whole request (ProduceRequest.validateRecords)."""
    parts = [(topic.name, part.index, part.records) for topic in request.topic_data for part in topic.partition_data]
    unknown = [
        name
        for name, index, data in parts
        if isinstance(data, memoryview) and first_codec(data) > ZSTD and state.image.partition(name, index)
    ]
    return Refusal(Error.UNKNOWN_SERVER_ERROR) if unknown else None


def _topic(
    state: State, call: Call, key: tuple[str, bytes], asked: Mapping[int, Extent | None], refusal: Refusal | None
) -> TopicAnswer:
    name, topic_id = key
    if call.version >= 13:
        topic = state.image.topics_by_id.get(topic_id)
        if topic is None and refusal is None:
            refusal = Refusal(Error.UNKNOWN_TOPIC_ID)
        elif topic is not None:
            name = topic.name
    if refusal is not None:
        parts = [_refused(index, refusal) for index in asked]
    else:
        parts = [_partition(state, call, name, index, records) for index, records in asked.items()]
    return TopicAnswer(name=name, topic_id=topic_id, partition_responses=parts)


def _partition(state: State, call: Call, topic: str, index: int, records: Extent | None) -> PartitionAnswer:
    """A disk that fails one partition does not take back what others have written."""
    try:
        return _append(state, call, topic, index, records)
    except StorageError as failure:
        state.disk_failed(failure)
        return _refused(index, Refusal(Error.KAFKA_STORAGE_ERROR))


def _append(state: State, call: Call, topic: str, index: int, records: Extent | None) -> PartitionAnswer:
    partition = state.replicas.get(topic, index, call.arrived)
    if partition is None:
        return _refused(index, Refusal(Error.UNKNOWN_TOPIC_OR_PARTITION))
    assert records is None or isinstance(records, memoryview)
    found: list[tuple[BatchHeader, memoryview]] = []
    sets = records if call.version < FIRST_OF_BATCHES else None
    if sets is None:
        try:
            found = batches(records) if records is not None else []
        except BatchError as error:
            is_zstd = call.version < FIRST_OF_ZSTD and records is not None and first_codec(records) == ZSTD
            return _refused(index, Refusal(Error.UNSUPPORTED_COMPRESSION_TYPE if is_zstd else error.error))
        refusal = refuse_shape(found, call.version)
        if refusal is not None:
            return _refused(index, refusal)
    if call.request.acks not in (-1, 0, 1):
        return _refused(index, Refusal(Error.INVALID_REQUIRED_ACKS))
    if topic in INTERNAL_TOPICS and call.client_id != "__admin_client":
        # ReplicaManager.appendToLocalLog: only Kafka's own admin client writes to internal topics.
        return _refused(index, Refusal(Error.INVALID_TOPIC_EXCEPTION))
    now = call.arrived
    result = partition.append(*found[0], now) if sets is None else append_old(partition, sets, now)
    if isinstance(result, Refusal):
        return _refused(index, result, NO_OFFSET if result.error in BEFORE_THE_LOG else partition.log_start_offset)
    state.appended(partition)
    return PartitionAnswer(
        index=index,
        error_code=Error.NONE,
        base_offset=result.base_offset,
        log_append_time_ms=result.log_append_time,
        log_start_offset=partition.log_start_offset,
    )


def _refused(index: int, refusal: Refusal, log_start_offset: int = NO_OFFSET) -> PartitionAnswer:
    errors = [RecordError(batch_index=at, batch_index_error_message=text) for at, text in refusal.record_errors]
    return PartitionAnswer(
        index=index,
        error_code=refusal.error,
        base_offset=NO_OFFSET,
        log_start_offset=log_start_offset,
        record_errors=errors,
        error_message=refusal.message,
    )

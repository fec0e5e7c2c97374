"""What a produced batch must be before it is appended, and the answer to one that is not (Kafka's LogValidator)."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant
from kpybroker.wire.compiler import WireError
from kpybroker.wire.errors import Error
from kpybroker.wire.records import (
    DECOMPRESSED_LIMIT,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_TIMESTAMP,
    BatchError,
    BatchHeader,
    check_crc,
    check_header,
    check_records,
    each_record,
)

ZSTD = 4
LOG_APPEND_TIME = "LogAppendTime"
MOST_RECORD_ERRORS = 200_000  # as many records as 1 MB can hold without compression: of a bomb no more are told
EVERY_RECORD = 2**31  # of a compacted topic, where each must have a key


class Refusal(NamedTuple):
    """Why a batch is not appended; record_errors are (index in the batch, message) pairs (KIP-467).

    As in Kafka there is a message only where single records are at fault, or the bytes are no batch at all.
    """

    error: Error
    message: str | None = None
    record_errors: tuple[tuple[int, str | None], ...] = ()


def refuse_shape(batches: list[tuple[BatchHeader, memoryview]], version: int) -> Refusal | None:
    """What a Produce request may carry for one partition: exactly one batch, zstd from version 7 on."""
    if batches and version < 7 and batches[0][0].codec == ZSTD:
        return Refusal(Error.UNSUPPORTED_COMPRESSION_TYPE)
    return Refusal(Error.INVALID_RECORD) if len(batches) != 1 else None


def examine(
    header: BatchHeader, batch: memoryview, topic: TopicSettings, now: Instant, *, every_record: bool = False
) -> Refusal | int:
    """Everything Kafka checks of a client's batch, in its order, save its producer's sequence; the max timestamp.

    Records are walked as far as check_records says, on a compacted topic and if told so all of them; they are looked
    at one by one only where one is wrong, so that the answer can tell which.
    """
    if header.base_offset != 0:
        return Refusal(Error.INVALID_RECORD)
    if header.size > topic.max_message_bytes:
        return Refusal(Error.MESSAGE_TOO_LARGE)
    if not check_crc(batch, header):
        return Refusal(Error.CORRUPT_MESSAGE)
    by_broker_time = topic.message_timestamp_type == LOG_APPEND_TIME
    try:
        check_header(header)
        if topic.compact or every_record:
            walk = check_records(batch, header, records_limit=EVERY_RECORD, bytes_limit=DECOMPRESSED_LIMIT)
        else:
            walk = check_records(batch, header)
        least, largest = header.base_timestamp, header.max_timestamp
        if walk.walked == header.records_count:
            least, largest = walk.least_timestamp, walk.max_timestamp
        doubtful = header.is_log_append_time or (
            not by_broker_time
            and (
                largest > now + topic.message_timestamp_after_max_ms
                or least < now - topic.message_timestamp_before_max_ms
            )
        )
        if doubtful or (topic.compact and walk.keyless):
            refusal = _refuse_each(header, batch, topic, now)
            if refusal is not None:
                return refusal
    except BatchError as error:
        return Refusal(error.error)
    except WireError:
        return Refusal(Error.UNKNOWN_SERVER_ERROR)
    return max(NO_TIMESTAMP, largest)


def examine_rewriting(header: BatchHeader, batch: memoryview) -> Refusal | int:
    """Whether a batch can be written anew in another codec; the max timestamp. Every record is looked at, and what
    MemoryRecordsBuilder cannot write is an exception without a code of its own.
    """
    try:
        walk = check_records(batch, header, records_limit=EVERY_RECORD, bytes_limit=DECOMPRESSED_LIMIT)
    except BatchError as error:
        return Refusal(error.error)
    except WireError:
        return Refusal(Error.UNKNOWN_SERVER_ERROR)
    has_producer = header.producer_epoch != NO_PRODUCER_EPOCH and header.base_sequence >= 0
    if walk.least_timestamp < NO_TIMESTAMP or not (header.producer_id == NO_PRODUCER_ID or has_producer):
        return Refusal(Error.UNKNOWN_SERVER_ERROR)
    return walk.max_timestamp


def _refuse_each(header: BatchHeader, batch: memoryview, topic: TopicSettings, now: Instant) -> Refusal | None:
    """Which records of a batch in doubt are refused (LogValidator.validateRecord); perhaps none is."""
    by_broker_time = topic.message_timestamp_type == LOG_APPEND_TIME
    earliest = now - topic.message_timestamp_before_max_ms
    latest = now + topic.message_timestamp_after_max_ms
    errors: list[tuple[int, str | None]] = []
    invalid_timestamp = False
    for index, record in enumerate(each_record(batch, header)):
        if len(errors) == MOST_RECORD_ERRORS:
            break
        if topic.compact and record.key is None:
            errors.append((index, "a compacted topic takes no record without a key"))
        elif not by_broker_time and record.timestamp != NO_TIMESTAMP:
            if not earliest <= record.timestamp <= latest:
                errors.append((index, f"timestamp {record.timestamp} is outside [{earliest}, {latest}]"))
                invalid_timestamp = True
        elif header.is_log_append_time:
            errors.append((index, "a producer does not set the timestamp type LogAppendTime"))
            invalid_timestamp = True
    if not errors:
        return None
    if invalid_timestamp:
        return Refusal(Error.INVALID_TIMESTAMP, "records have been refused for their timestamps", tuple(errors))
    return Refusal(Error.INVALID_RECORD, "records have been refused", tuple(errors))

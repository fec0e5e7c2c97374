"""What a Produce request of before Kafka 0.11 carries: message sets, judged as Kafka 3.9 did, and made one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant
from kpybroker.partition import CODECS, Appended, Partition, compression_level
from kpybroker.validation import LOG_APPEND_TIME, Refusal
from kpybroker.wire.compression import NAMES, NONE
from kpybroker.wire.errors import Error
from kpybroker.wire.legacy import Message, check_message_crc, entries, inner_messages, read_message
from kpybroker.wire.records import (
    CODEC_BITS,
    HEADER_SIZE,
    MAGIC,
    NO_TIMESTAMP,
    BatchError,
    build,
    check_crc,
    read_header,
    recompress,
    stamp,
)

NO_OFFSET = -1
PRODUCER_ID_END = 51  # in a batch
ATTRIBUTES = 17  # where a message has them


def check_entries(data: memoryview) -> None:
    """BatchError where a field cannot be divided: it ends its request, whichever partition it is for."""
    for magic, entry in entries(data):
        if magic == MAGIC and len(entry) < PRODUCER_ID_END:
            raise BatchError(
                Error.UNKNOWN_SERVER_ERROR, f"a batch of {len(entry)} bytes"
            )  # an exception without a code


class Entry(NamedTuple):
    """One of the things that a records field holds: a message, a compressed message or a batch."""

    magic: int
    codec: int
    data: memoryview


def append_old(partition: Partition, data: memoryview, now: Instant) -> Appended | Refusal:
    """Appends what a Produce request before version 3 carries for one partition: message sets, or one batch.

    In Kafka's order: first each entry as a whole (UnifiedLog.analyzeAndValidateRecords), then every message
    (LogValidator). Nothing at all is appended at no offset.
    """
    topic = partition.settings
    try:
        found = list(_whole_entries(data, topic))
        if not found:
            return Appended(NO_OFFSET)
        codec = next((entry.codec for entry in reversed(found) if entry.codec != NONE), NONE)
        if len(found) > 1 and (found[0].magic == MAGIC or codec != NONE):
            return Refusal(Error.INVALID_RECORD)
        if found[0].magic == MAGIC:
            return partition.append(read_header(found[0].data), found[0].data, now)
        messages = _messages(found, topic, now)
    except BatchError as error:
        return Refusal(error.error)
    if isinstance(messages, Refusal):
        return messages
    return _append_messages(partition, messages, codec, now)


def _append_messages(partition: Partition, messages: Sequence[Message], codec: int, now: Instant) -> Appended | Refusal:
    """As one batch, in the codec that they came in or the topic's."""
    topic = partition.settings
    target = CODECS.get(topic.compression_type)
    level = None if target is None else compression_level(topic, target)
    batch = build([(message.timestamp, message.key, message.value, ()) for message in messages])
    stored = recompress(batch, read_header(batch), codec if target is None else target, level)
    if len(stored) > topic.max_message_bytes:
        return Refusal(Error.MESSAGE_TOO_LARGE)
    if len(stored) > topic.segment_bytes:
        return Refusal(Error.RECORD_LIST_TOO_LARGE)
    if partition.by_broker_time:
        stamp(memoryview(stored), read_header(stored), now)
    return partition.append_own(stored, now)


def _messages(found: Sequence[Entry], topic: TopicSettings, now: Instant) -> list[Message] | Refusal:
    """The messages of all entries, or why one of them is refused."""
    messages: list[Message] = []
    for entry in found:
        if entry.magic != found[0].magic:
            return Refusal(Error.INVALID_RECORD)
        outer = read_message(entry.data)
        inner = [outer] if entry.codec == NONE else inner_messages(outer)
        refusal = _refuse(inner, outer, topic, now)
        if refusal is not None:
            return refusal
        messages += inner
    if any(message.timestamp < NO_TIMESTAMP for message in messages):
        return Refusal(Error.UNKNOWN_SERVER_ERROR)  # MemoryRecordsBuilder's exception has no code of its own
    return messages


def _whole_entries(data: memoryview, topic: TopicSettings) -> Iterator[Entry]:
    """The entries up to the first that is refused as a whole."""
    for magic, entry in entries(data):
        is_batch = magic == MAGIC
        if is_batch and len(entry) < HEADER_SIZE:
            raise BatchError(Error.CORRUPT_MESSAGE, f"a batch of {len(entry)} bytes")
        if is_batch and read_header(entry).base_offset != 0:
            raise BatchError(Error.INVALID_RECORD, "a base offset in a batch that has no place yet")
        if len(entry) > topic.max_message_bytes:
            raise BatchError(Error.MESSAGE_TOO_LARGE, f"an entry of {len(entry)} bytes")
        if not (check_crc(entry, read_header(entry)) if is_batch else check_message_crc(entry)):
            raise BatchError(Error.CORRUPT_MESSAGE, "a wrong checksum")
        codec = (read_header(entry).attributes if is_batch else entry[ATTRIBUTES]) & CODEC_BITS
        if codec >= len(NAMES):
            raise BatchError(Error.UNKNOWN_SERVER_ERROR, f"unknown compression codec {codec}")
        yield Entry(magic, codec, entry)


def _refuse(messages: Sequence[Message], outer: Message, topic: TopicSettings, now: Instant) -> Refusal | None:
    """Which error the messages of one entry meet. Answers before version 8 do not say which messages these are."""
    earliest, latest = now - topic.message_timestamp_before_max_ms, now + topic.message_timestamp_after_max_ms
    by_broker_time = topic.message_timestamp_type == LOG_APPEND_TIME
    found: list[Error] = []
    for message in messages:
        if message is not outer and message.codec != NONE:
            known = message.codec < len(NAMES)
            return Refusal(Error.INVALID_RECORD if known else Error.UNKNOWN_SERVER_ERROR)
        if message.magic != outer.magic:
            found.append(Error.INVALID_RECORD)
        elif not message.crc_is_right:
            return Refusal(Error.CORRUPT_MESSAGE)
        elif topic.compact and message.key is None:
            found.append(Error.INVALID_RECORD)
        elif not by_broker_time and message.timestamp != NO_TIMESTAMP:
            if not earliest <= message.timestamp <= latest:
                found.append(Error.INVALID_TIMESTAMP)
        elif outer.is_log_append_time:
            found.append(Error.INVALID_TIMESTAMP)
    if not found:
        return None
    return Refusal(Error.INVALID_TIMESTAMP if Error.INVALID_TIMESTAMP in found else Error.INVALID_RECORD)

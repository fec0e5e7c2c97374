"""What is in one file, a row for each thing: batches and records, entries of indexes, producers, epochs, offsets."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from struct import Struct
from typing import Any, TypeAlias

from kpybroker.inspection import texts
from kpybroker.inspection.batches import Broken, Stretch, stretches
from kpybroker.inspection.decoding import INTERNAL, decode, decode_marker, text_or_base64
from kpybroker.inspection.names import FileName, Kind
from kpybroker.inspection.snapshots import read_snapshot
from kpybroker.inspection.sources import Source
from kpybroker.storage import aborted
from kpybroker.storage.indexes import OffsetIndex, TimeIndex
from kpybroker.storage.retained import delete_horizon
from kpybroker.wire.compiler import WireError
from kpybroker.wire.compression import NAMES
from kpybroker.wire.internal import METADATA_TOPIC
from kpybroker.wire.legacy import Message, inner_messages, read_message
from kpybroker.wire.records import (
    MAGIC,
    MAX_SEQUENCE,
    NO_SEQUENCE,
    BatchHeader,
    Record,
    check_crc,
    each_record,
    read_header,
)

Row: TypeAlias = dict[str, Any]
BLOCK_BYTES = 1 << 20


def rows(source: Source, name: FileName, topic: str, *, with_records: bool) -> Iterator[Row]:
    """The rows of a file, read as they are asked for. Broken comes last, when all that can be read was given."""
    if name.kind in (Kind.LOG, Kind.CHECKPOINT):
        decoded = METADATA_TOPIC if name.kind == Kind.CHECKPOINT else topic
        yield from _batches(source, decoded, with_records=with_records or decoded in INTERNAL)
    else:
        yield from _READERS[name.kind](source, name)


def _batches(source: Source, topic: str, *, with_records: bool) -> Iterator[Row]:
    wrong: Broken | None = None
    for found in stretches(source):
        try:
            if found.magic == MAGIC:
                header = read_header(found.data)
                row = batch_row(found, header)
                yield row
                if with_records:
                    yield from _record_rows(found, header, topic)
            else:
                row = yield from _message_rows(found, with_records=with_records)
            if not row["isvalid"]:
                wrong = wrong or Broken(found.position, "the CRC does not match: something in this batch was changed")
        except WireError as error:
            wrong = wrong or Broken(found.position, f"records that cannot be read: {error}")
    if wrong is not None:
        raise wrong


def batch_row(found: Stretch, header: BatchHeader) -> Row:
    """A batch's header, in the words of kafka-dump-log."""
    return {
        "kind": "batch",
        "baseOffset": header.base_offset,
        "lastOffset": header.last_offset,
        "count": header.records_count,
        "baseSequence": header.base_sequence,
        "lastSequence": header.last_sequence,
        "producerId": header.producer_id,
        "producerEpoch": header.producer_epoch,
        "partitionLeaderEpoch": header.partition_leader_epoch,
        "isTransactional": header.is_transactional,
        "isControl": header.is_control,
        "deleteHorizonMs": delete_horizon(header),
        "position": found.position,
        "timestampType": "LogAppendTime" if header.is_log_append_time else "CreateTime",
        "maxTimestamp": header.max_timestamp,
        "size": header.size,
        "magic": header.magic,
        "compresscodec": codec_name(header.codec),
        "crc": header.crc,
        "isvalid": check_crc(found.data, header),
    }


def codec_name(codec: int) -> str:
    return NAMES[codec] if codec < len(NAMES) else str(codec)


def _record_rows(found: Stretch, header: BatchHeader, topic: str) -> Iterator[Row]:
    for record in each_record(found.data, header):
        row: Row = {"kind": "record", "offset": record.offset, "timestamp": record.timestamp}
        row["keySize"] = -1 if record.key is None else len(record.key)
        row["valueSize"] = -1 if record.value is None else len(record.value)
        row["sequence"] = NO_SEQUENCE
        if header.base_sequence != NO_SEQUENCE:
            row["sequence"] = header.base_sequence + record.offset - header.base_offset & MAX_SEQUENCE
        row["headers"] = [{"key": name, "value": text_or_base64(value)} for name, value in record.headers]
        yield row | _content(record, topic, control=header.is_control)


def _content(record: Record, topic: str, *, control: bool) -> Row:
    """Key and value, taken apart where it is known how; what cannot be is shown as it is, with the reason."""
    as_is = {"key": text_or_base64(record.key), "value": text_or_base64(record.value)}
    if not control and topic not in INTERNAL:
        return as_is
    try:
        if control:
            return {"control": decode_marker(record)}
        key, value = decode(topic, record)
    except (WireError, IndexError, ValueError) as error:
        return {**as_is, "undecoded": str(error)}
    return {"key": key, "value": value}


def _message_rows(found: Stretch, *, with_records: bool) -> Generator[Row, None, Row]:
    """A message of before Kafka 0.11; a compressed one holds others."""
    outer = read_message(found.data)
    inner = inner_messages(outer) if outer.codec else [outer]
    row: Row = {
        "kind": "message",
        "offset": outer.offset,
        "count": len(inner),
        "position": found.position,
        "timestampType": _timestamp_type(outer),
        "maxTimestamp": outer.timestamp,
        "size": len(found.data),
        "magic": found.magic,
        "compresscodec": codec_name(outer.codec),
        "crc": int.from_bytes(found.data[12:16], "big"),
        "isvalid": outer.crc_is_right,
    }
    yield row
    for each in inner if with_records else ():
        yield {
            "kind": "record",
            "offset": each.offset,
            "timestamp": each.timestamp,
            "keySize": -1 if each.key is None else len(each.key),
            "valueSize": -1 if each.value is None else len(each.value),
            "headers": [],
            "key": text_or_base64(each.key),
            "value": text_or_base64(each.value),
        }
    return row


def _timestamp_type(message: Message) -> str:
    if message.magic == 0:
        return "NoTimestampType"
    return "LogAppendTime" if message.is_log_append_time else "CreateTime"


def entries(source: Source, entry: Struct) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The entries of an index, each with its position. A running Kafka has its newest indexes filled up with zeros."""
    position = 0
    while position < source.size:
        block = source.read(position, BLOCK_BYTES // entry.size * entry.size)
        if block == b"":
            raise Broken(position, "the file became shorter while it was read")
        for start in range(0, len(block) - entry.size + 1, entry.size):
            values = entry.unpack_from(block, start)
            if values[-1] == 0 and not any(values) and source.size > entry.size:
                there = source.first_data(position + start)
                if there == source.size:
                    return
                values = entry.unpack(source.read(position + start, entry.size))  # a broker may just have written it
                if position + start > 0 and not any(values):  # the first may be: timestamp 0 at the first offset
                    raise Broken(there, "something among the zeros that this index was filled up with")
            yield position + start, values
        if len(block) % entry.size:
            rest = len(block) % entry.size
            raise Broken(position + len(block) - rest, f"{rest} bytes, an entry has {entry.size}", torn=True)
        position += len(block)


def _offset_index(source: Source, name: FileName) -> Iterator[Row]:
    for _, (relative, position) in entries(source, OffsetIndex.ENTRY):
        yield {"kind": "indexEntry", "offset": name.base_offset + relative, "position": position}


def _time_index(source: Source, name: FileName) -> Iterator[Row]:
    for _, (timestamp, relative) in entries(source, TimeIndex.ENTRY):
        yield {"kind": "timeIndexEntry", "timestamp": timestamp, "offset": name.base_offset + relative}


def _transaction_index(source: Source, name: FileName) -> Iterator[Row]:
    names = ("version", "producerId", "firstOffset", "lastOffset", "lastStableOffset")
    for position, values in entries(source, aborted.ENTRY):
        if values[0] != 0:
            raise Broken(position, f"version {values[0]} of an aborted transaction, and only 0 is known")
        yield {"kind": "abortedTransaction", **dict(zip(names, values, strict=True))}


def _snapshot(source: Source, name: FileName) -> Iterator[Row]:
    for each in read_snapshot(source.whole()):
        seen = each.last_offset >= 0
        yield {
            "kind": "producer",
            "producerId": each.producer_id,
            "producerEpoch": each.epoch,
            "coordinatorEpoch": each.coordinator_epoch,
            "currentTxnFirstOffset": each.current_txn_first_offset if each.current_txn_first_offset >= 0 else None,
            "lastTimestamp": each.timestamp,
            "firstSequence": each.last_sequence - each.offset_delta & MAX_SEQUENCE if seen else None,
            "lastSequence": each.last_sequence if seen else None,
            "lastOffset": each.last_offset if seen else None,
            "offsetDelta": each.offset_delta if seen else None,
        }


def _leader_epochs(source: Source, name: FileName) -> Iterator[Row]:
    for epoch, offset in texts.leader_epochs(source.whole()):
        yield {"kind": "leaderEpoch", "leaderEpoch": epoch, "startOffset": offset}


def _offsets(source: Source, name: FileName) -> Iterator[Row]:
    for topic, index, offset in texts.partition_offsets(source.whole()):
        yield {"kind": "partitionOffset", "topic": topic, "partition": index, "offset": offset}


def _partition(source: Source, name: FileName) -> Iterator[Row]:
    yield {"kind": "partition", "version": 0, "topicId": texts.topic_id(source.whole())}


def _meta(source: Source, name: FileName) -> Iterator[Row]:
    yield {"kind": "properties", **texts.properties(source.whole())}


def _object(source: Source, name: FileName) -> Iterator[Row]:
    yield {"kind": str(name.kind), **texts.object_of(source.whole())}


def _lock(source: Source, name: FileName) -> Iterator[Row]:
    return iter(())


_READERS: dict[Kind, Callable[[Source, FileName], Iterator[Row]]] = {
    Kind.INDEX: _offset_index,
    Kind.TIME_INDEX: _time_index,
    Kind.TRANSACTION_INDEX: _transaction_index,
    Kind.SNAPSHOT: _snapshot,
    Kind.LEADER_EPOCHS: _leader_epochs,
    Kind.OFFSETS: _offsets,
    Kind.PARTITION: _partition,
    Kind.META: _meta,
    Kind.QUORUM_STATE: _object,
    Kind.CLEAN_SHUTDOWN: _object,
    Kind.LOCK: _lock,
}

"""`<offset>.snapshot` beside a log: what was known of its producers, so that a start need not read all batches."""

from __future__ import annotations

import re
import struct

from kpybroker.machine import Instant
from kpybroker.storage.files import Files
from kpybroker.storage.log import Log
from kpybroker.storage.producers import Producer, Producers, SeenBatch
from kpybroker.wire.checksum import crc32c
from kpybroker.wire.compiler import WireError
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.records import MAX_SEQUENCE
from kpybroker.wire.schemas.files import ProducerSnapshot

VERSION = 1
HEAD = struct.Struct(">hI")  # version, checksum of what follows
NOWHERE = -1
_NAME = re.compile(r"(\d{20})\.snapshot")
_Entry = ProducerSnapshot.ProducerEntry


def write_snapshot(log: Log, producers: Producers, previous: int) -> int:
    """Writes what is known at the end of the log; returns that offset.

    The snapshot of the offset `previous` goes, unless a segment begins there: Kafka keeps one for each segment.
    """
    value = ProducerSnapshot(
        crc=0, producer_entries=[_entry(number, one) for number, one in producers.producers.items()]
    )
    body = encode(value, VERSION)[4:]
    log.files.write_whole(_path(log, log.end_offset), HEAD.pack(VERSION, crc32c(body)) + body)
    if previous not in (NOWHERE, log.end_offset, *[segment.base_offset for segment in log.segments.all]):
        log.files.remove(_path(log, previous))
    return log.end_offset


def read_snapshot(log: Log, now: Instant, expiration_ms: int) -> tuple[Producers, int]:
    """What the newest sound snapshot knows, and its offset; nobody and NOWHERE if there is none.

    Broken ones are removed, and so are those of offsets that the log does not have (any more) and older ones, unless a
    segment begins there. Producers that have been silent for too long are passed over, as Kafka does
    (ProducerStateManager.loadFromSnapshot).
    """
    bases = [segment.base_offset for segment in log.segments.all]
    producers, found = Producers(), NOWHERE
    for offset in _offsets(log.files, log.directory) if bases else ():
        entries = None
        if found == NOWHERE and offset <= log.end_offset:
            entries = _read(log.files.read_whole(_path(log, offset)) or b"")
        if entries is not None:
            producers.producers = {entry.producer_id: _producer(entry) for entry in entries}
            producers.expire(now, expiration_ms)
            found = offset
        elif found == NOWHERE or offset not in bases:
            log.files.remove(_path(log, offset))
    return producers, found


def _path(log: Log, offset: int) -> str:
    return f"{log.directory}/{offset:020d}.snapshot"


def _offsets(files: Files, directory: str) -> list[int]:
    """The offsets that there are snapshots of, the newest first."""
    names = [_NAME.fullmatch(name) for name in files.list(directory)]
    return sorted([int(found[1]) for found in names if found], reverse=True)


def _read(data: bytes) -> list[_Entry] | None:
    """The entries, None where the file is not what was written."""
    if len(data) < HEAD.size or HEAD.unpack_from(data) != (VERSION, crc32c(data[HEAD.size :])):
        return None
    try:
        value, end = decoder(ProducerSnapshot, VERSION)(memoryview(data)[2:], 0)
    except WireError:
        return None
    found: list[_Entry] = value.producer_entries
    return found if end + 2 == len(data) else None


def _entry(number: int, known: Producer) -> _Entry:
    """Of its batches only the last is kept."""
    last = known.batches[-1] if known.batches else None
    return _Entry(
        producer_id=number,
        epoch=known.epoch,
        last_sequence=known.last_sequence,
        last_offset=NOWHERE if last is None else last.last_offset,
        offset_delta=0 if last is None else last.last_offset - last.first_offset,
        timestamp=known.last_timestamp,
        coordinator_epoch=known.coordinator_epoch,
        current_txn_first_offset=NOWHERE if known.transaction_offset is None else known.transaction_offset,
    )


def _producer(entry: _Entry) -> Producer:
    known = Producer()
    known.epoch = entry.epoch
    known.last_timestamp = entry.timestamp
    known.coordinator_epoch = entry.coordinator_epoch
    if entry.current_txn_first_offset >= 0:
        known.transaction_offset = entry.current_txn_first_offset
    if entry.last_offset >= 0:
        first_sequence = entry.last_sequence - entry.offset_delta & MAX_SEQUENCE
        first_offset = entry.last_offset - entry.offset_delta
        known.batches.append(
            SeenBatch(first_sequence, entry.last_sequence, first_offset, entry.last_offset, entry.timestamp)
        )
    return known

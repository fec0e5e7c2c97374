"""`<offset>.snapshot` beside a log: what was known of its producers, so that a start need not read all batches."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection

from kpybroker.machine import Instant
from kpybroker.storage.files import Files
from kpybroker.storage.log import Log
from kpybroker.storage.producers import NO_SNAPSHOT, Producer, Producers, SeenBatch
from kpybroker.wire.checksum import crc32c
from kpybroker.wire.compiler import WireError
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.records import MAX_SEQUENCE
from kpybroker.wire.schemas.files import ProducerSnapshot

VERSION = 1
HEAD = struct.Struct(">hI")  # version, checksum of what follows
LEAST_PLACES = 16
_NAME = re.compile(r"(\d{20})\.snapshot")
_Entry = ProducerSnapshot.ProducerEntry


class Snapshots:
    """The snapshots of one log: of each segment the one where it begins, and the one of the last clean stop."""

    def __init__(self, files: Files, directory: str) -> None:
        self._files = files
        self._directory = directory
        names = [_NAME.fullmatch(name) for name in files.list(directory)]
        self.offsets = sorted([int(found[1]) for found in names if found])

    def write(self, offset: int, producers: Producers) -> None:
        """What is known before the batch at the offset."""
        write_snapshot(self._files, self._directory, offset, producers)
        if offset not in self.offsets:
            self.offsets = sorted([*self.offsets, offset])

    def remove(self, *offsets: int) -> None:
        for offset in offsets:
            self._files.remove(_path(self._directory, offset))
            self.offsets.remove(offset)

    def remove_strays(self, bases: list[int]) -> None:
        """Those of no segment: only the newest may stay, and only if it is newer than those of segments."""
        strays = [offset for offset in self.offsets if offset not in bases]
        if strays and bases and strays[-1] >= max(bases):
            strays.pop()
        self.remove(*strays)

    def keep_within(self, start_offset: int, end_offset: int) -> None:
        """Those at or before the start of the log go, and those after this end (ProducerStateManager)."""
        self.remove(*[offset for offset in self.offsets if not start_offset < offset <= end_offset])

    def load(self) -> tuple[Producers, int]:
        """What the newest sound one knows, and its offset; nobody and NO_SNAPSHOT if there is none. Broken ones go."""
        while self.offsets:
            newest = self.offsets[-1]
            entries = _read(self._files.read_whole(_path(self._directory, newest)) or b"")
            if entries is not None:
                return Producers({entry.producer_id: _producer(entry) for entry in entries}), newest
            self.remove(newest)
        return Producers(), NO_SNAPSHOT


def write_snapshot(files: Files, directory: str, offset: int, producers: Producers) -> str:
    """Returns the file's path."""
    entries = [_entry(number, producers.producers[number]) for number in _in_order(producers.producers)]
    body = encode(ProducerSnapshot(crc=0, producer_entries=entries), VERSION)[4:]
    path = _path(directory, offset)
    files.write_whole(path, HEAD.pack(VERSION, crc32c(body)) + body)
    return path


def load_producers(log: Log, now: Instant, expiration_ms: int, *, trusted: bool) -> tuple[Producers, int]:
    """Who has written to an existing log, and the offset of the snapshot that tells it, or NO_SNAPSHOT.

    `trusted`: after a clean stop. Then a log without any snapshot has no producers (UnifiedLog.rebuildProducerState).
    Those who were silent for too long are passed over, as Kafka does (ProducerStateManager.loadFromSnapshot).
    """
    if not log.segments.all:
        return Producers(), NO_SNAPSHOT
    snapshots = Snapshots(log.files, log.directory)
    if trusted and not snapshots.offsets and log.end_offset > log.start_offset:
        snapshots.write(log.end_offset, Producers())
    snapshots.keep_within(log.start_offset, log.end_offset)
    producers, offset = snapshots.load()
    snapshots.remove_strays([segment.base_offset for segment in log.segments.all])
    producers.expire(now, expiration_ms)
    for header in log.headers(max(log.start_offset, offset)):
        producers.replay(header)
    return producers, offset


def _in_order(numbers: Collection[int]) -> list[int]:
    """As Kafka finds them in its java.util.HashMap: by the place of each hash in a table that is a quarter empty."""
    places = LEAST_PLACES
    while len(numbers) > places // 4 * 3:
        places *= 2

    def place(number: int) -> int:
        code = (number ^ number >> 32) & 0xFFFFFFFF
        return (code ^ code >> 16) & places - 1

    return sorted(numbers, key=place)


def _path(directory: str, offset: int) -> str:
    return f"{directory}/{offset:020d}.snapshot"


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
        last_offset=NO_SNAPSHOT if last is None else last.last_offset,
        offset_delta=0 if last is None else last.last_offset - last.first_offset,
        timestamp=known.last_timestamp,
        coordinator_epoch=known.coordinator_epoch,
        current_txn_first_offset=NO_SNAPSHOT if known.transaction_offset is None else known.transaction_offset,
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

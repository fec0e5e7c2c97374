"""Snapshots of the metadata log: when one is taken, how the next start finds it, and what of the log goes then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.machine import Instant
from kpybroker.metadata.image import Image
from kpybroker.metadata.reader import ControlRow, Reader
from kpybroker.metadata.recital import recite, record_count
from kpybroker.slices import one_slice
from kpybroker.storage.files import DiskError, StorageError
from kpybroker.storage.log import Log, begin_anew
from kpybroker.storage.metadata_snapshots import (
    Batch,
    SnapshotId,
    SnapshotWriter,
    find_snapshots,
    in_batches,
    path_of,
    peek,
    read_snapshot,
)
from kpybroker.wire.internal import encode_metadata

RECORDS_A_BATCH = 64  # of a snapshot: what is written at once, in less than a millisecond
FEW_RECORDS = 1000  # that a start reads behind a snapshot without being noticed


class Snapshot(NamedTuple):
    """One that is there, whole."""

    id: SnapshotId
    timestamp: Instant  # of the last record in it
    size: int


class Found(NamedTuple):
    """What a start finds: the oldest first, and what is in the newest of them."""

    snapshots: list[Snapshot]
    batches: list[Batch]
    broken: list[StorageError]  # the newest first


def find(log: Log) -> Found:
    """Only the newest is read as a whole; older ones serve where newer ones are broken."""
    found = Found([], [], [])
    for snapshot in reversed(find_snapshots(log.files, log.directory)):
        try:
            if not found.batches:
                found.batches.extend(read_snapshot(log.files, path_of(log.directory, snapshot)))
            found.snapshots.insert(0, Snapshot(snapshot, *peek(log.files, log.directory, snapshot)))
        except DiskError:
            raise
        except StorageError as error:
            found.broken.append(error)
    return found


class Snapshots:
    """The snapshots of this node's metadata log; a Chore."""

    def __init__(self, log: Log, settings: Settings, now: Instant) -> None:
        self.broken: list[StorageError] = []  # found at start, until there is a newer one
        self.passed_over: tuple[StorageError, ...] = ()  # the same, for whoever tells of it
        self._log = log
        self._settings = settings
        self._all: list[Snapshot] = []  # the oldest first
        self._taken_at = now  # or tried (SnapshotGenerator counts from the start)
        self._counted_from = 0  # the size that the log had then
        self._under_way: Iterator[None] | None = None
        self._cleans_at: Instant | None = None
        self._next_at: Instant | None = None  # asked for after every request, so it is reckoned only when it changes:
        self._reckoned_for: tuple[int, int] | None = None  # with the end of the log, or with the settings

    @property
    def newest(self) -> SnapshotId:
        return self._all[-1].id if self._all else SnapshotId(0, 0)

    def open(self) -> list[Batch]:
        """The batches of the newest sound one, which the log goes on from. StorageError: there has to be one."""
        log = self._log
        found = find(log)
        self._all, self.broken = found.snapshots, found.broken
        self.passed_over = tuple(found.broken)
        if self.newest.offset < log.start_offset:
            reason = self.broken[0].reason if self.broken else "there is none"
            raise StorageError(
                f"{log.files.root}/{log.directory}",
                f"begins at offset {log.start_offset}, and no snapshot reaches up to there: {reason}",
            )
        if self.newest.offset > log.end_offset:  # the disk has lost the end of the log, which the snapshot holds
            begin_anew(log, self.newest.offset)
        return found.batches

    def opened(self, read_bytes: int, now: Instant) -> None:
        """So many bytes of the log were read behind the newest one."""
        self._counted_from = self._log.size - read_bytes
        self._clean(now)

    def take_if_worthwhile(self, image: Image, quorum: Mapping[int, ControlRow], now: Instant) -> None:
        """At once, where the next start would read much more without it. The log ends where the image does."""
        log = self._log
        news = log.end_offset - self.newest.offset
        if self.broken or news > record_count(image) + FEW_RECORDS:
            for _ in self._write(self._next_id(), image, quorum, now, now):
                pass

    def due(self) -> Instant | None:
        if self._under_way is not None:
            return self._taken_at
        known = self._log.end_offset, self._settings.alterations
        if known != self._reckoned_for:
            self._reckoned_for = known
            times = [at for at in (self._takes_at(), self._cleans_at) if at is not None]
            self._next_at = min(times, default=None)
        return self._next_at

    def expire(self, now: Instant) -> None:
        """A slice: some records read, or written, or what is old removed."""
        at = self._takes_at()
        self._reckoned_for = None
        if self._under_way is not None:
            work, self._under_way = self._under_way, None
            self._under_way = one_slice(work)
        elif at is not None and at <= now:
            self._taken_at = now
            self._counted_from = self._log.size
            self._under_way = self._take(now)
        else:
            self._clean(now)

    def _takes_at(self) -> Instant | None:
        """When the log has grown by so many bytes, or at all in so much time."""
        log = self._log
        if log.end_offset <= self.newest.offset:
            return None
        if log.size - self._counted_from >= self._settings.int("metadata.log.max.record.bytes.between.snapshots"):
            return self._taken_at
        interval_ms = self._settings.int("metadata.log.max.snapshot.interval.ms")
        return self._taken_at + interval_ms if interval_ms > 0 else None

    def _next_id(self) -> SnapshotId:
        log = self._log
        return SnapshotId(log.end_offset, log.epochs.epoch_of(log.end_offset - 1))

    def _take(self, now: Instant) -> Iterator[None]:
        """What the log says up to here is read once more into an image of its own: the cluster's changes meanwhile."""
        log = self._log
        snapshot, image = self._next_id(), Image()
        reader = Reader(lambda record: image.replay(record.value))
        if self._all:
            yield from reader.read(read_snapshot(log.files, path_of(log.directory, self.newest)))
        yield from reader.read_log(log, self.newest.offset, snapshot.offset)
        yield from self._write(snapshot, image, reader.quorum, reader.timestamp, now)

    def _write(
        self, snapshot: SnapshotId, image: Image, quorum: Mapping[int, ControlRow], timestamp: Instant, now: Instant
    ) -> Iterator[None]:
        log = self._log
        writer = SnapshotWriter(log.files, log.directory, snapshot, now)
        writer.begin(timestamp, [quorum[kind] for kind in sorted(quorum)])
        rows = ((None, encode_metadata(record.value, record.version)) for record in recite(image))
        for batch in in_batches(rows, RECORDS_A_BATCH):
            writer.append(batch)
            yield
        writer.finish()
        self._all.append(Snapshot(snapshot, timestamp, writer.size))
        self._taken_at, self._counted_from = now, log.size
        delay_ms = self._settings.int("internal.metadata.delete.delay.millis")
        for error in self.broken:
            log.removals.path(error.path.removeprefix(f"{log.files.root}/"), now + delay_ms)
        self.broken.clear()
        self._clean(now)

    def _clean(self, now: Instant) -> None:
        """What is too old or too much goes, with the log before the next snapshot (KafkaRaftLog.maybeClean)."""
        log = self._log
        self._cleans_at = self._reckoned_for = None
        retention_ms = self._settings.int("metadata.max.retention.ms")
        delay_ms = self._settings.int("internal.metadata.delete.delay.millis")
        most_bytes = self._settings.int("metadata.max.retention.bytes")
        while len(self._all) > 1:
            total = log.size + sum([snapshot.size for snapshot in self._all])
            is_too_much = 0 <= most_bytes < total
            is_too_old = 0 <= retention_ms < now - self._all[0].timestamp
            if not is_too_much and not is_too_old:
                break
            before = log.size
            log.begin_at(max(self._all[1].id.offset, log.start_offset), now)
            self._counted_from -= before - log.size
            gone = self._all.pop(0)
            log.removals.path(path_of(log.directory, gone.id), now + delay_ms)
        if len(self._all) > 1 and retention_ms >= 0:
            self._cleans_at = self._all[0].timestamp + retention_ms + 1

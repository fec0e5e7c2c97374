"""Partitions on their way from one data directory to another: copied a little at a time, and then they are there."""

from __future__ import annotations

from collections.abc import Callable

from kpybroker.homes import Homes
from kpybroker.machine import AT_ONCE, Decision, Instant, Key
from kpybroker.metadata.directories import assign
from kpybroker.metadata.image import Image
from kpybroker.partition import Partition
from kpybroker.replicas import Replicas
from kpybroker.storage.directory import DataDirectory, remove
from kpybroker.storage.flushing import flush_all
from kpybroker.storage.futures import discard, future_log, promote
from kpybroker.storage.log import Log
from kpybroker.syncing import NOTHING
from kpybroker.wire.records import OVERHEAD, BatchHeader

SLICE = 1 << 16  # bytes that one wake copies
MOST_BATCHES = 300
HELD_MS = 5  # until the next look at what waits for a sync


class Move:
    """One partition's. The copy is a log of its own beside the others in its new directory, `NAME-N.UUID-future`, and
    becomes that partition's when it has all that the old one has (ReplicaAlterLogDirsThread)."""

    def __init__(self, partition: Partition, source: DataDirectory, destination: DataDirectory, now: Instant) -> None:
        self.partition = partition
        self.source = source
        self.destination = destination
        self.future = future_log(destination, partition.key, partition.log, now)

    @property
    def lag(self) -> int:
        return self.partition.log.end_offset - self.future.end_offset

    @property
    def is_on(self) -> bool:
        """Whether there is still something to move, and somewhere to move it to."""
        is_there = self.source.logs.get(self.partition.key) is self.partition.log
        return is_there and self.source.failure is None and self.destination.failure is None

    def copy(self, now: Instant) -> bool:
        """A few batches more; whether that was all."""
        log, future = self.partition.log, self.future
        data, headers = _some_batches(log, future.end_offset)
        if headers:
            future.append(data, headers, now)
        elif future.end_offset < log.end_offset:  # what was there was compacted away, or deleted
            future.end_offset = log.end_offset
            future.roll(now)
            if future.segments.last is None:
                future.begin(future.end_offset, now)
        return future.end_offset == log.end_offset

    def complete(self, now: Instant) -> None:
        """All that lies beside the log is copied too: from now on nothing is read from where it was."""
        log, future = self.partition.log, self.future
        if future.segments.last is not None:
            # Here and not at the top: a start pays for none of it.
            from kpybroker.storage.aborted import keep_aborted  # noqa: PLC0415
            from kpybroker.storage.snapshots import write_snapshot  # noqa: PLC0415

            if log.start_offset > future.start_offset:
                future.begin_at(log.start_offset, now)
            future.epochs.entries = list(log.epochs.entries)
            future.epochs.save()
            keep_aborted(log, future)
            self._keep_snapshots()
            producers = self.partition.producers
            future.durable.written(write_snapshot(future.files, future.directory, future.end_offset, producers))
        if self.destination.offsets.is_synced:  # what is deleted below was promised
            flush_all(future.files, [future])

    def replace(self, now: Instant) -> Log:
        """The copy takes the place of what it was made of (LogManager.replaceCurrentWithFutureLog), which is returned:
        it is not among the logs of its directory any more, and its files are still there."""
        promote(self.destination, self.partition.key, self.future, now)
        if self.destination.offsets.is_synced:
            self.future.files.sync_directory("")
        return self.source.logs.pop(self.partition.key)

    def remove(self, gone: Log, now: Instant) -> None:
        """What is left of it where it was."""
        remove(self.source, [gone], now)
        if self.source.offsets.is_synced:
            self.source.files.sync_directory("")

    def _keep_snapshots(self) -> None:
        """Who was known where a segment begins is known there of the copy too."""
        log, future = self.partition.log, self.future
        for segment in future.segments.all[1:]:
            name = f"{segment.base_offset:020d}.snapshot"
            data = log.files.read_whole(f"{log.directory}/{name}")
            if data is not None:
                future.files.write_whole(f"{future.directory}/{name}", data)
                future.durable.written(f"{future.directory}/{name}")


class Moves:
    """All that are under way; a Chore, one partition after the other."""

    def __init__(
        self,
        image: Image,
        homes: Homes,
        replicas: Replicas,
        moved: Callable[[Partition], None],
        control: Callable[[Decision, Instant], None],
    ) -> None:
        """`moved` is told of each partition that goes on elsewhere."""
        self.under_way: dict[Key, Move] = {}
        self._image = image
        self._homes = homes
        self._replicas = replicas
        self._moved = moved
        self._control = control
        self._at = AT_ONCE

    def start(self, partition: Partition, destination: DataDirectory, now: Instant) -> None:
        """Moves a partition, unless it is there, or on its way there, already; from wherever else it was to go, it is
        called back."""
        move = self.under_way.get(partition.key)
        if move is not None and move.destination is destination:
            return
        self.cancel(partition.key, now)
        source = self._homes.of(partition.key)
        if source is not destination:
            self.under_way[partition.key] = Move(partition, source, destination, now)

    def cancel(self, key: Key, now: Instant) -> None:
        move = self.under_way.pop(key, None)
        if move is not None and move.destination.failure is None:
            discard(move.destination, key, move.future, now)

    def resume(self, now: Instant) -> None:
        """Those that the end of the last run has cut short begin anew."""
        for directory in self._homes.directories.online:
            for key in directory.interrupted:
                partition = None if self._homes.is_offline(key) else self._replicas.get(*key, now)
                if partition is not None:
                    self.start(partition, directory, now)

    def due(self) -> Instant | None:
        return self._at if self.under_way else None

    def expire(self, now: Instant) -> None:
        key, move = next(iter(self.under_way.items()))
        if not move.is_on:
            self.cancel(key, now)
            return
        del self.under_way[key]  # one that fails is over
        is_all, self._at = move.copy(now), AT_ONCE
        if is_all and move.partition.hold.begins != NOTHING:
            is_all, self._at = False, now + HELD_MS
        if not is_all:
            self.under_way[key] = move
            return
        move.complete(now)
        # The cluster is told before (ReplicaAlterLogDirsThread): if the new disk fails now, the partition is offline
        # with it, and not made anew where it has been. If the old one fails, it goes on where it is.
        known = self._image.topics[key[0]]
        node, home = self._homes.node, move.destination.meta.directory_id
        self._control(Decision((assign(known.partitions[key[1]], known.id, node, home),)), now)
        gone = move.replace(now)
        self._moved(self._replicas.take_over(move.partition, now))
        move.remove(gone, now)


def _some_batches(log: Log, offset: int) -> tuple[bytearray, list[BatchHeader]]:
    data = bytearray()
    headers: list[BatchHeader] = []
    for header, batch in log.batches(max(offset, log.start_offset)):
        if headers and (len(data) + header.batch_length + OVERHEAD > SLICE or len(headers) == MOST_BATCHES):
            break
        data += batch
        headers.append(header)
    return data, headers

"""The log of one partition: segments in Kafka's files, appended with one write and read without being copied."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import LeaderEpochs, write_topic_id
from kpybroker.storage.files import Data, Files, Slice
from kpybroker.storage.segment import LogConfig, Place, Segment
from kpybroker.wire.errors import Error
from kpybroker.wire.records import OVERHEAD, BatchHeader


class Segments:
    """The segments of a log in the order of their offsets; the last one is the active one."""

    __slots__ = ("_bases", "all")

    def __init__(self) -> None:
        self.all: list[Segment] = []
        self._bases: list[int] = []

    def add(self, segment: Segment) -> None:
        self.all.append(segment)
        self._bases.append(segment.base_offset)

    def drop(self, segments: Sequence[Segment]) -> None:
        """Remove them and their files."""
        for segment in list(segments):
            segment.remove()
            self.all.remove(segment)
            self._bases.remove(segment.base_offset)

    def below(self, offset: int) -> list[Segment]:
        """Those that hold nothing from the offset on; never the active one."""
        return self.all[: max(0, bisect_right(self._bases, offset) - 1)]

    def drop_below(self, offset: int) -> None:
        """All that `below` names. The file of the active one is there then, empty or not: after a kill, its name tells
        where the log goes on."""
        gone = self.below(offset)
        if gone:
            self.all[-1].log.append(b"")
        self.drop(gone)

    @property
    def last(self) -> Segment | None:
        return self.all[-1] if self.all else None

    @property
    def first_base_offset(self) -> int:
        return self._bases[0] if self._bases else 0

    def from_offset(self, offset: int) -> list[Segment]:
        """The segment where the offset belongs, and those after it."""
        if self._bases and offset >= self._bases[-1]:
            return self.all[-1:]
        return self.all[max(0, bisect_right(self._bases, offset) - 1) :]

    def locate(self, offset: int) -> tuple[Segment, Place] | None:
        """The batch that holds the offset, or else the first one after it: what lay between was compacted away."""
        for segment in self.from_offset(offset):
            place = segment.locate(offset)
            if place is not None:
                return segment, place
        return None

    def whereabouts(self, offset: int, end_offset: int) -> tuple[int, int]:
        """Which segment an offset lies in, by its base offset, and the position there of the batch that holds it."""
        found = self.locate(offset) if offset < end_offset else None
        if found is not None:
            return found[0].base_offset, found[1].position
        return (self.all[-1].base_offset, self.all[-1].size) if self.all else (end_offset, 0)

    def limit(self, segment: Segment, upper_bound: int) -> int:
        """The position in a segment before which everything is below the upper bound."""
        found = self.locate(upper_bound)
        return found[1].position if found is not None and found[0] is segment else segment.size

    def batches(self, from_offset: int) -> Iterator[tuple[Segment, int, BatchHeader]]:
        for segment in self.from_offset(from_offset):
            place = segment.locate(from_offset)
            if place is not None:
                for position, header in segment.headers(place.position):
                    yield segment, position, header


class Log:
    """A new one costs nothing: its files appear with the first append. `recovery.open_log` opens one that is there."""

    def __init__(
        self, files: Files, directory: str, config: LogConfig, now: Instant, *, topic_id: bytes | None = None
    ) -> None:
        self.files = files
        self.directory = directory
        self.config = config
        self.topic_id = topic_id
        self.start_offset = 0
        self.end_offset = 0
        self.recovery_point = 0  # what is below it was synced to the disk
        self.epochs = LeaderEpochs(files, directory)
        self.segments = Segments()
        self._created = now

    @property
    def size(self) -> int:
        """Bytes in all segments."""
        return sum([segment.size for segment in self.segments.all])

    def append(self, data: Data, headers: Sequence[BatchHeader], now: Instant) -> None:
        """Write batches, all in one write. Their headers, and the data, already say which offsets they have."""
        first, last = headers[0], headers[-1]
        assert first.base_offset >= self.end_offset
        last_offset = last.base_offset + last.last_offset_delta
        largest = last.max_timestamp if first is last else max([header.max_timestamp for header in headers])
        segment = self.make_room(len(data), last_offset, largest, now) or self._begin(first.base_offset, now)
        if self.epochs.unsaved:
            self.epochs.save()
        for header in headers:
            if header.partition_leader_epoch > self.epochs.latest:
                self.epochs.assign(header.partition_leader_epoch, header.base_offset)
        segment.append(data, headers)
        self.end_offset = last_offset + 1

    def make_room(self, size: int, last_offset: int, largest: int, now: Instant) -> Segment | None:
        """The segment where batches of this size, last offset and largest timestamp go: a new one, where it must be."""
        active = self.segments.last
        is_full = active is not None and active.must_roll(self.config, size, last_offset, largest, now)
        return self._begin(self.end_offset, now) if is_full else active

    def roll(self, now: Instant) -> None:
        """Go on in a new segment, if there is anything in this one."""
        if self.segments.last is not None and self.segments.last.size > 0:
            self._begin(self.end_offset, now)

    def _begin(self, base_offset: int, now: Instant) -> Segment:
        active = self.segments.last
        created = now
        if active is None:
            created = self._created
            self.files.make_directory(self.directory)
            if self.topic_id is not None:
                write_topic_id(self.files, self.directory, self.topic_id)
        elif active.size > 0:
            active.seal()
        else:
            self.segments.drop([active])
        segment = Segment(self.files, self.directory, base_offset, self.config, created, new=True)
        self.segments.add(segment)
        return segment

    def unsynced(self) -> tuple[int, list[Callable[[], None]]]:
        """The end offset and what to call, in whatever thread, before `synced` is told of that offset."""
        found: list[Callable[[], None]] = []
        for segment in self.segments.from_offset(self.recovery_point):
            if segment.size > 0:
                segment.indexes.save()
                found += [file.sync for file in (segment.log, *segment.indexes.files)]
        if found:
            found.append(partial(self.files.sync_directory, self.directory))
        return self.end_offset, found

    def synced(self, end_offset: int) -> None:
        self.recovery_point = max(self.recovery_point, end_offset)

    def flush(self) -> None:
        end_offset, syncs = self.unsynced()
        for sync in syncs:
            sync()
        self.synced(end_offset)

    def close(self, *, clean: bool = True) -> None:
        """Clean: everything in the files is then as Kafka leaves it, and can be trusted."""
        active = self.segments.last
        if clean and active is not None:
            active.seal()
            if self.epochs.unsaved:
                self.epochs.save()
        for segment in self.segments.all:
            segment.close()

    def begin_at(self, offset: int) -> None:
        """Records before the offset are gone; whole segments of them with their files."""
        assert self.start_offset <= offset <= self.end_offset
        self.start_offset = offset
        self.recovery_point = max(self.recovery_point, offset)
        self.epochs.cut_start(offset)
        self.segments.drop_below(offset)

    def delete(self) -> None:
        """Slices that were handed out keep their bytes."""
        self.close(clean=False)
        self.segments = Segments()
        self.files.remove_tree(self.directory)

    def read(
        self, offset: int, max_bytes: int, *, upper_bound: int, whole_first: bool = True, cut_first: bool = False
    ) -> Slice | Error | None:
        """Batches from the one that holds the offset on, in at most max_bytes, up to (not including) the upper bound.

        The last batch may be cut. The first is whole if whole_first says so, whatever max_bytes is; otherwise, where it
        does not fit, there is None (or, with cut_first, a part of it: Fetch before version 3). None: nothing yet.
        """
        if not self.start_offset <= offset <= self.end_offset:
            return Error.OFFSET_OUT_OF_RANGE
        if offset >= upper_bound or (max_bytes <= 0 and not whole_first):
            return None
        found = self.segments.locate(offset)
        if found is None:
            return None
        segment, place = found
        if place.size > max_bytes:
            if not whole_first and not cut_first:
                return None
            max_bytes = place.size if whole_first else max_bytes
        limit = segment.size if upper_bound >= self.end_offset else self.segments.limit(segment, upper_bound)
        count = limit - place.position
        return segment.log.slice(place.position, min(count, max_bytes)) if count > 0 else None

    def headers(self, from_offset: int = 0) -> Iterator[BatchHeader]:
        """The headers of all batches from the one that holds the offset on."""
        return (header for _, _, header in self.segments.batches(from_offset))

    def batches(self, from_offset: int = 0) -> Iterator[tuple[BatchHeader, bytes]]:
        """All batches from the one that holds the offset on."""
        for segment, position, header in self.segments.batches(from_offset):
            yield header, segment.log.read(position, header.batch_length + OVERHEAD)

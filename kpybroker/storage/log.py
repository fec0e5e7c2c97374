"""The log of one partition: segments in Kafka's files, appended with one write and read without being copied."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import LeaderEpochs, read_topic_id, write_topic_id
from kpybroker.storage.files import Data, File, Files, Slice
from kpybroker.storage.recovery import Recovery, recover
from kpybroker.storage.segment import Found, LogConfig, Place, Segment
from kpybroker.wire.errors import Error
from kpybroker.wire.records import OVERHEAD, BatchHeader

INDEX_SUFFIXES = (".index", ".timeindex", ".txnindex")
LEFT_OVER_SUFFIXES = (".deleted", ".cleaned", ".tmp")


class Log:
    """A new one costs nothing: its directory and files appear with the first append."""

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
        self._created = now
        self._segments: list[Segment] = []
        self._bases: list[int] = []

    @classmethod
    def open(
        cls,
        files: Files,
        directory: str,
        config: LogConfig,
        now: Instant,
        *,
        clean: bool,
        start_offset: int = 0,
        recovery_point: int | None = None,
    ) -> tuple[Log, Recovery]:
        """An existing log. After a clean stop its files are trusted; otherwise what may not have reached the disk is
        checked: from the recovery point on, without one the last segment (enough if only the process died)."""
        log = cls(files, directory, config, now, topic_id=read_topic_id(files, directory))
        log.epochs.load()
        removed = _remove_left_overs(files, directory)
        log._load(now)
        log.start_offset = max(start_offset, log.first_base_offset)
        checked, cut = log._recover(clean=clean, recovery_point=recovery_point)
        if log._segments:
            log.end_offset = log._segments[-1].find_end()
        if log.end_offset < log.start_offset:  # files were lost: go on where the log is known to begin
            log._drop(log._segments)
            log.end_offset = log.start_offset
        log.epochs.cut_end(log.end_offset)
        log.recovery_point = log.end_offset if clean and cut == 0 else min(recovery_point or 0, log.end_offset)
        return log, Recovery(checked, cut, removed)

    def _load(self, now: Instant) -> None:
        for name in self.files.list(self.directory):
            if name.endswith(".log"):
                base = int(name.removesuffix(".log"))
                interval_bytes = self.config.index_interval_bytes
                segment = Segment.open(self.files, self.directory, base, interval_bytes=interval_bytes, created=now)
                self._segments.append(segment)
                self._bases.append(base)

    def _recover(self, *, clean: bool, recovery_point: int | None) -> tuple[int, int]:
        """Check the segments that need it; what follows a broken one is dropped, as Kafka does."""
        checked = cut = 0
        last = len(self._segments) - 1
        unflushed = last if recovery_point is None else max(0, bisect_right(self._bases, recovery_point) - 1)
        for number, segment in enumerate(self._segments):
            if (not clean and number >= unflushed) or not self._indexed(segment):
                checked += 1
                cut = recover(segment, self._learn_epoch)
                if cut > 0:
                    rest = self._segments[number + 1 :]
                    cut += sum(following.size for following in rest)
                    self._drop(rest)
                    break
        return checked, cut

    def _indexed(self, segment: Segment) -> bool:
        there = all(self.files.exists(file.path) for file in (segment.offsets.entries.file, segment.times.entries.file))
        return there and segment.offsets.plausible() and segment.times.plausible()

    def _learn_epoch(self, header: BatchHeader) -> None:
        if header.partition_leader_epoch > self.epochs.latest:
            self.epochs.assign(header.partition_leader_epoch, header.base_offset)

    def _drop(self, segments: Sequence[Segment]) -> None:
        for segment in list(segments):
            segment.remove()
            self._segments.remove(segment)
            self._bases.remove(segment.base_offset)

    @property
    def first_base_offset(self) -> int:
        """Where the first segment begins; the log itself may begin later."""
        return self._bases[0] if self._bases else 0

    @property
    def size(self) -> int:
        """Bytes in all segments."""
        return sum([segment.size for segment in self._segments])

    # --- writing ---

    def append(self, data: Data, headers: Sequence[BatchHeader], now: Instant) -> None:
        """Write batches, all in one write. Their headers, and the data, already say which offsets they have."""
        first, last = headers[0], headers[-1]
        assert first.base_offset >= self.end_offset
        last_offset = last.base_offset + last.last_offset_delta
        largest = last.max_timestamp if first is last else max([header.max_timestamp for header in headers])
        segment = self._segments[-1] if self._segments else None
        if segment is None or segment.must_roll(self.config, len(data), last_offset, largest, now):
            segment = self._begin(first.base_offset, now)
        for header in headers:
            if header.partition_leader_epoch > self.epochs.latest:
                self.epochs.assign(header.partition_leader_epoch, header.base_offset)
        segment.append(data, headers)
        self.end_offset = last_offset + 1

    def roll(self, now: Instant) -> None:
        """Go on in a new segment, if there is anything in this one."""
        if self._segments and self._segments[-1].size > 0:
            self._begin(self.end_offset, now)

    def _begin(self, base_offset: int, now: Instant) -> Segment:
        if self._segments:
            active = self._segments[-1]
            if active.size > 0:
                active.seal()
            else:
                self._drop([active])
            created = now
        else:
            created = self._created
            self.files.make_directory(self.directory)
            if self.topic_id is not None:
                write_topic_id(self.files, self.directory, self.topic_id)
        interval_bytes = self.config.index_interval_bytes
        segment = Segment(self.files, self.directory, base_offset, interval_bytes=interval_bytes, created=created)
        self._segments.append(segment)
        self._bases.append(base_offset)
        return segment

    def unsynced(self) -> tuple[int, list[File]]:
        """The end offset and the files to sync, in whatever thread; `synced` with that offset is the end of it."""
        found: list[File] = []
        for segment in self._segments[max(0, bisect_right(self._bases, self.recovery_point) - 1) :]:
            if segment.size > 0:
                segment.save()
                found += [segment.log, segment.offsets.entries.file, segment.times.entries.file]
        return self.end_offset, found

    def synced(self, end_offset: int) -> None:
        self.recovery_point = max(self.recovery_point, end_offset)

    def flush(self) -> None:
        end_offset, files = self.unsynced()
        for file in files:
            file.sync()
        self.synced(end_offset)

    def close(self, *, clean: bool = True) -> None:
        """Clean: everything in the files is then as Kafka leaves it, and can be trusted."""
        if clean and self._segments:
            self._segments[-1].seal()
        for segment in self._segments:
            segment.close()

    def delete(self) -> None:
        """Slices that were handed out keep their bytes."""
        for segment in self._segments:
            segment.close()
        self._segments = []
        self._bases = []
        self.files.remove_tree(self.directory)

    # --- reading ---

    def read(
        self, offset: int, max_bytes: int, *, upper_bound: int, whole_first: bool = True, cut_first: bool = False
    ) -> Slice | Error | None:
        """Batches from the one that holds the offset on, in at most max_bytes, up to (not including) the upper bound.

        The last batch may be cut. The first is whole if whole_first says so, whatever max_bytes is; otherwise, where it
        does not fit, there is nothing to read (or, with cut_first, a part of it: Fetch before version 3). None: nothing
        yet.
        """
        if not self.start_offset <= offset <= self.end_offset:
            return Error.OFFSET_OUT_OF_RANGE
        if offset >= upper_bound or (max_bytes <= 0 and not whole_first):
            return None
        number = len(self._bases) - 1
        if offset < self._bases[number]:
            number = max(0, bisect_right(self._bases, offset) - 1)
        place = self._segments[number].locate(offset)
        while place is None and number + 1 < len(self._segments):  # the rest of a segment was compacted away
            number += 1
            place = self._segments[number].locate(offset)
        if place is None:
            return None
        segment = self._segments[number]
        count = self._limit(number, upper_bound) - place.position
        if place.size > max_bytes:
            if not whole_first and not cut_first:
                return None
            max_bytes = place.size if whole_first else max_bytes
        return segment.log.slice(place.position, min(count, max_bytes)) if count > 0 else None

    def _limit(self, number: int, upper_bound: int) -> int:
        """The position in a segment before which everything is below the upper bound."""
        segment = self._segments[number]
        following = self._bases[number + 1] if number + 1 < len(self._bases) else self.end_offset
        if upper_bound >= following:
            return segment.size
        place = segment.locate(upper_bound)
        return segment.size if place is None else place.position

    def _from(self, offset: int) -> Iterator[tuple[Segment, int, BatchHeader]]:
        for number in range(max(0, bisect_right(self._bases, offset) - 1), len(self._segments)):
            segment = self._segments[number]
            place = segment.locate(offset) or Place(segment.size, 0)
            for position, header in segment.headers(place.position):
                yield segment, position, header

    def headers(self, from_offset: int = 0) -> Iterator[BatchHeader]:
        """The headers of all batches from the one that holds the offset on."""
        for _, _, header in self._from(from_offset):
            yield header

    def batches(self, from_offset: int = 0) -> Iterator[tuple[BatchHeader, bytes]]:
        """All batches from the one that holds the offset on."""
        for segment, position, header in self._from(from_offset):
            yield header, segment.log.read(position, header.batch_length + OVERHEAD)

    def find_timestamp(self, timestamp: int) -> Found | None:
        """The first record whose timestamp is at least this one (ListOffsets); None if there is none."""
        for segment in self._segments:
            largest = segment.max_timestamp.timestamp
            if (largest if largest >= 0 else self.files.modified(segment.log.path)) >= timestamp:
                return segment.find_timestamp(timestamp, self.start_offset)
        return None

    def find_max_timestamp(self) -> Found | None:
        """The record with the largest timestamp, the first if there are several; None in an empty log."""
        if not self._segments:
            return None
        return max(self._segments, key=lambda segment: segment.max_timestamp.timestamp).find_max_timestamp()


def _remove_left_overs(files: Files, directory: str) -> tuple[str, ...]:
    """Files of work that was interrupted, and indexes whose log is gone."""
    names = files.list(directory)
    logs = {name.removesuffix(".log") for name in names if name.endswith(".log")}
    removed = [
        name
        for name in names
        if name.endswith(LEFT_OVER_SUFFIXES) or (name.endswith(INDEX_SUFFIXES) and name.rpartition(".")[0] not in logs)
    ]
    for name in removed:
        files.remove(f"{directory}/{name}")
    return tuple(removed)

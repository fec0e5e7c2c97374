"""The log of one partition: segments in Kafka's files, appended with one write and read without being copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import PARTITION_METADATA, Changed, LeaderEpochs, topic_id_text
from kpybroker.storage.files import Data, Files, Slice
from kpybroker.storage.flushing import Durable, flush_all
from kpybroker.storage.removals import Removals
from kpybroker.storage.segment import LogConfig, Segment
from kpybroker.storage.segments import Segments
from kpybroker.wire.errors import Error
from kpybroker.wire.records import OVERHEAD, BatchHeader


class Log:
    """A new one costs nothing: its files appear with the first append. `recovery.open_log` opens one that is there."""

    def __init__(
        self,
        files: Files,
        directory: str,
        config: LogConfig,
        now: Instant,
        *,
        topic_id: bytes | None = None,
        removals: Removals | None = None,
    ) -> None:
        self.files = files
        self.removals = removals or Removals(files, at_once=True)
        self.directory = directory
        self.config = config
        self.topic_id = topic_id
        self.start_offset = 0
        self.end_offset = 0
        self.appended = Changed()
        self.flushed = Changed()
        self.recovery_point = 0  # what is below it was synced to the disk
        self.cleaned_offset: int | None = None  # what is below it was compacted; None: nobody knows of anything
        self.durable = Durable(self, now)
        self.epochs = LeaderEpochs(files, directory, self.durable.write)
        self.segments = Segments(self.removals)
        self.take_snapshot: Callable[[int], None] | None = None  # of who has written, where a new segment begins
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
        segment = self.make_room(len(data), last_offset, largest, now) or self.begin(first.base_offset, now)
        if self.epochs.unsaved:
            self.epochs.save()
        for header in headers:
            if header.partition_leader_epoch > self.epochs.latest:
                self.epochs.assign(header.partition_leader_epoch, header.base_offset)
        if segment.size == 0:
            self.durable.named()
        segment.append(data, headers)
        self.end_offset = last_offset + 1
        self.appended.flag = True

    def make_room(self, size: int, last_offset: int, largest: int, now: Instant) -> Segment | None:
        """The segment where batches of this size, last offset and largest timestamp go: a new one, where it must be."""
        active = self.segments.last
        is_full = active is not None and active.must_roll(self.config, size, last_offset, largest, now)
        return self.begin(self.end_offset, now) if is_full else active

    def roll(self, now: Instant) -> None:
        """Go on in a new segment, if there is anything in this one."""
        if self.segments.last is not None and self.segments.last.size > 0:
            self.begin(self.end_offset, now)

    def begin(self, base_offset: int, now: Instant, *, is_empty: bool = False) -> Segment:
        """The log goes on in a new segment; `is_empty`: nothing is to be written to it."""
        active = self.segments.last
        created = now
        if active is None:
            created = self._created
            self.files.make_directory(self.directory)
            if self.topic_id is not None:
                _write_topic_id(self, sync=not is_empty)
        elif active.size > 0:
            active.seal()
        else:
            self.segments.drop([active])
        segment = Segment(self.files, self.directory, base_offset, self.config, created, new=True)
        self.segments.add(segment)
        self.durable.began(base_offset)
        if self.take_snapshot is not None:
            self.take_snapshot(base_offset)
        return segment

    def finish(self) -> None:
        """Nothing more is written: everything is in the files, as Kafka leaves it."""
        if self.segments.last is not None:
            self.segments.last.seal()
            if self.epochs.unsaved:
                self.epochs.save()

    def close(self, *, clean: bool = True) -> None:
        """Clean: what is in the files can be trusted then."""
        if clean:
            self.finish()
            flush_all(self.files, [self])
        for segment in self.segments.all:
            segment.close()

    def start_at(self, offset: int) -> None:
        """Records before the offset are gone for whoever reads; `begin_at` is for segments that hold no others."""
        assert self.start_offset <= offset <= self.end_offset
        self.start_offset = offset
        self.epochs.cut_start(offset)
        self.durable.shortened()

    def begin_at(self, offset: int, now: Instant) -> None:
        """Records before the offset are gone, and whole segments of them with their files."""
        if self.segments.below(offset):
            self.durable.named()  # removed is as good as made: it is not certain before the directory is synced
        if offset > self.start_offset:
            self.start_at(offset)
        self.segments.retire_below(offset, now + self.config.file_delete_delay_ms)

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
        bound = None if upper_bound >= self.end_offset else upper_bound
        return self.segments.slice(offset, max_bytes, bound, whole_first=whole_first, cut_first=cut_first)

    def headers(self, from_offset: int = 0) -> Iterator[BatchHeader]:
        """The headers of all batches from the one that holds the offset on."""
        return (header for _, _, header in self.segments.batches(from_offset))

    def batches(self, from_offset: int = 0) -> Iterator[tuple[BatchHeader, bytes]]:
        """All batches from the one that holds the offset on."""
        for segment, position, header in self.segments.batches(from_offset):
            yield header, segment.log.read(position, header.batch_length + OVERHEAD)


def make_files(log: Log, now: Instant) -> None:
    """A log in which nothing was ever written gets its files too, at the end."""
    if log.segments.last is None:
        log.begin(log.end_offset, now, is_empty=True)


def delete(log: Log, now: Instant) -> None:
    """Slices that were handed out keep their bytes."""
    if log.segments.last is not None and not log.removals.at_once:
        log.segments.last.seal()  # Kafka looks at what it is to remove
    log.close(clean=False)
    log.segments = Segments(log.removals)
    log.removals.partition(log.directory, log.topic_id, now)


def begin_anew(log: Log, offset: int) -> None:
    """Empty, from an offset on that is further than it has come: what lies before is known from elsewhere."""
    assert offset >= log.end_offset
    log.segments.drop(log.segments.all)
    log.start_offset = log.end_offset = log.recovery_point = offset
    log.epochs.clear()


def belong_to(log: Log, topic_id: bytes) -> None:
    """Says so for a log that does not: one of a Kafka before 2.8, or whose first write was cut short by a kill."""
    log.topic_id = topic_id
    if log.segments.last is not None:
        _write_topic_id(log, sync=True)


def _write_topic_id(log: Log, *, sync: bool) -> None:
    """Before there are records, and synced, as Kafka does: without it, a deleted topic's records could become those of
    a later topic of its name. Where there will be none, it is flushed with the rest."""
    assert log.topic_id is not None
    path, data = f"{log.directory}/{PARTITION_METADATA}", topic_id_text(log.topic_id)
    if sync:
        log.files.write_whole(path, data, sync=True)
    else:
        log.durable.beside.write_later()
        log.durable.write(path, data)

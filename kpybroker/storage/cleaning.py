"""The compaction of one log: of each key only the last record stays. Segments are written anew beside the old ones,
byte for byte as Kafka's cleaner writes them (Cleaner.java), and then take their place."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from operator import add, le
from typing import NamedTuple

from kpybroker.machine import Instant
from kpybroker.storage.aborted import AbortsTold, index_path
from kpybroker.storage.files import StorageError
from kpybroker.storage.indexes import OffsetIndex, TimeIndex
from kpybroker.storage.learning import Extent, learn
from kpybroker.storage.log import Log
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.storage.producers import Producers
from kpybroker.storage.replacing import CLEANED, replace
from kpybroker.storage.segment import MAX_RELATIVE_OFFSET, LogConfig, Segment
from kpybroker.storage.sifting import Pace, Sieve, batches
from kpybroker.wire.compiler import WireError

WRITE_BYTES = 64 * 1024  # to a cleaned segment at once, or one batch
SEGMENTS_AT_ONCE = 32  # of which one slice asks the disk

Calls = Sequence[Callable[[], None]]  # syncs, to be done in whatever thread before the next slice


class Cleaned(NamedTuple):
    """What a cleaning came to: everything below `end_offset` is clean; the bytes of the segments before and after."""

    end_offset: int
    bytes_before: int
    bytes_after: int


class Cleaning:
    """One pass over one log. While it goes on, the log may be appended to; if it loses segments, nothing comes of the
    rest of the pass: `cleaned` stays None, and what was made is removed."""

    def __init__(
        self, log: Log, extent: Extent, offsets: OffsetMap, producers: Producers, delete_retention_ms: int, now: Instant
    ) -> None:
        assert extent.first_dirty < extent.first_uncleanable
        self.cleaned: Cleaned | None = None
        self._log = log
        self._extent = extent
        self._offsets = offsets
        self._now = now
        self._segments = log.segments
        self._losses = log.segments.losses
        self._pace = Pace()
        self._sieve = Sieve(offsets, producers, extent.first_uncleanable, delete_retention_ms, now, self._pace)
        self._told = AbortsTold(log)
        self._io_bytes = 0

    def take_io_bytes(self) -> int:
        """How much was read and written since the last time."""
        taken, self._io_bytes = self._io_bytes, 0
        return taken

    def steps(self) -> Generator[Calls, None, None]:
        """A slice from one to the next; StorageError if there is anything in the log that cannot be read."""
        inner = self._steps()
        try:
            for calls in inner:
                yield calls
                if self._is_for_nothing:
                    return
        except (IndexError, ValueError, WireError, struct.error) as error:
            raise StorageError(
                f"{self._log.files.root}/{self._log.directory}", f"cannot be cleaned: {error}"
            ) from error
        finally:
            inner.close()

    @property
    def _is_for_nothing(self) -> bool:
        """The log is gone, or parts of it are; or its directory is offline, where nothing is touched any more."""
        log = self._log
        is_other = log.segments is not self._segments or self._segments.losses != self._losses
        return is_other or log.durable.failure is not None

    def _steps(self) -> Generator[Calls, None, None]:
        for _ in self._told.read():
            yield ()
        for size in learn(self._log, self._extent, self._offsets, self._told, self._pace):
            self._io_bytes += size
            yield ()
        end_offset = self._offsets.latest + 1
        segments = self._segments.between(0, end_offset)
        before = sum([segment.size for segment in segments])
        after = 0
        for group in groups(segments, self._log.config, self._extent.first_uncleanable):
            if group is None:
                yield ()
            else:
                after += yield from self._clean(group)
        self.cleaned = Cleaned(end_offset, before, after)
        while self._offsets.forget():
            yield ()

    def _clean(self, group: Sequence[Segment]) -> Generator[Calls, None, int]:
        """Writes the segments of a group anew, as one; returns its size."""
        log, sieve, base = self._log, self._sieve, group[0].base_offset
        cleaned = Segment(log.files, log.directory, base, log.config, self._now, new=True, suffix=CLEANED)
        transaction_index = log.files.create(index_path(cleaned))
        made = [*cleaned.files, transaction_index]
        try:
            for segment, following in zip(group, [*group[1:], None], strict=True):
                self._expect(segment, following)
                for batch in batches(segment, 0):
                    self._io_bytes += batch.header.size
                    for _ in sieve.put(batch):
                        yield ()
                    if sieve.out_bytes >= WRITE_BYTES:
                        yield ()
                        self._write(cleaned)
            if sieve.out:
                self._write(cleaned)
            cleaned.seal()
            aborted = sieve.transactions.take_kept()
            if aborted:
                transaction_index.append(b"".join([transaction.encode() for transaction in aborted]))
            else:
                made.pop()
            yield [file.sync for file in made]
            modified = log.files.modified(group[-1].log.path)
            for file in cleaned.files:
                log.files.set_modified(file.path, modified)
            for file in made:
                file.close()
            paths, made = [file.path for file in made], []
            for _ in replace(log, group, paths, self._now):
                self._losses = self._segments.losses
                yield ()
            self._losses = self._segments.losses
        finally:
            for file in made:
                file.remove()
        yield [partial(log.files.sync_directory, log.directory)]
        return cleaned.size

    def _expect(self, segment: Segment, following: Segment | None) -> None:
        if self._told.any:
            end = segment.find_end()[0] if following is None else following.base_offset
            self._sieve.transactions.expect(self._told.between(segment.base_offset, end))

    def _write(self, cleaned: Segment) -> None:
        self._io_bytes += self._sieve.out_bytes
        cleaned.append(*self._sieve.take_out())


def groups(segments: Sequence[Segment], config: LogConfig, first_uncleanable: int) -> Iterator[list[Segment] | None]:
    """Which segments become one: as many as fit into one, with their indexes (Cleaner.groupSegmentsBySize). None where
    a slice is over."""
    group: list[Segment] = []
    sizes = (0, 0, 0)
    most = config.segment_bytes, config.segment_index_bytes, config.segment_index_bytes
    for number, segment in enumerate(segments):
        offsets, times = segment.indexes.offsets.entries, segment.indexes.times.entries
        added = segment.size, len(offsets) * OffsetIndex.ENTRY.size, len(times) * TimeIndex.ENTRY.size
        together = tuple(map(add, sizes, added))
        end = segments[number + 1].base_offset if number + 1 < len(segments) else first_uncleanable
        if (
            group
            and all(map(le, together, most))
            and (segment.size == 0 or end - 1 - group[0].base_offset <= MAX_RELATIVE_OFFSET)
        ):
            group.append(segment)
            sizes = together
        else:
            if group:
                yield group
            group, sizes = [segment], added
        if number % SEGMENTS_AT_ONCE == SEGMENTS_AT_ONCE - 1:
            yield None
    if group:
        yield group

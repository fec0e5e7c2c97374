"""The compaction of one log: of each key only the last record stays. Segments are written anew beside the old ones,
byte for byte as Kafka's cleaner writes them (Cleaner.java), and then take their place."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from operator import add, le
from typing import NamedTuple

from kpybroker.machine import Instant
from kpybroker.storage.aborted import AbortedTransaction, Transactions, aborted_between, index_path
from kpybroker.storage.files import StorageError
from kpybroker.storage.indexes import OffsetIndex, TimeIndex
from kpybroker.storage.log import Log
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import MAX_RELATIVE_OFFSET, LogConfig, Segment
from kpybroker.storage.sifting import BATCH_COST, STEP_RECORDS, Batch, Pace, Sieve, batches
from kpybroker.wire.compiler import WireError

CLEANED, SWAP = ".cleaned", ".swap"  # UnifiedLog.CLEANED_FILE_SUFFIX, SWAP_FILE_SUFFIX
WRITE_BYTES = 64 * 1024  # to a cleaned segment at once, or one batch

Calls = Sequence[Callable[[], None]]  # syncs, to be done in whatever thread before the next slice


class Extent(NamedTuple):
    """Which part of a log is cleaned: offsets below `first_dirty` were; from `first_uncleanable` on none may be."""

    first_dirty: int
    first_uncleanable: int


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
        self._has_aborted = any(name.endswith(".txnindex") for name in log.files.list(log.directory))

    def steps(self) -> Generator[Calls, None, None]:
        """A slice from one to the next; StorageError if there is anything in the log that cannot be read."""
        inner = self._steps()
        try:
            for calls in inner:
                yield calls
                if self._log.segments is not self._segments or self._segments.losses != self._losses:
                    return
        except (IndexError, ValueError, WireError, struct.error) as error:
            raise StorageError(
                f"{self._log.files.root}/{self._log.directory}", f"cannot be cleaned: {error}"
            ) from error
        finally:
            inner.close()

    def _steps(self) -> Generator[Calls, None, None]:
        for segment, end in self._dirty():
            is_full = yield from self._learn(segment, end)
            if is_full:
                break
        end_offset = self._offsets.latest + 1
        segments = self._segments.between(0, end_offset)
        before = sum([segment.size for segment in segments])
        after = 0
        for group in groups(segments, self._log.config, self._extent.first_uncleanable):
            after += yield from self._clean(group)
        self.cleaned = Cleaned(end_offset, before, after)

    def _aborted(self, offset: int, end_offset: int) -> list[AbortedTransaction]:
        if not self._has_aborted:
            return []
        segments = self._segments.from_offset(offset)
        return aborted_between(self._log.files, segments, self._log.start_offset, end_offset)

    # --- which offset is the last of each key ---

    def _dirty(self) -> Iterator[tuple[Segment, int]]:
        """The segments to learn from, each with the offset where it ends."""
        start, end = self._extent
        self._before = Transactions()
        self._before.expect(self._aborted(start, end))
        dirty = self._segments.between(start, end)
        return zip(dirty, [segment.base_offset for segment in dirty[1:]] + [end], strict=True)

    def _learn(self, segment: Segment, end: int) -> Generator[Calls, None, bool]:
        """Returns whether the map was full before the segment was through (Cleaner.buildOffsetMapForSegment)."""
        offsets, start = self._offsets, self._extent.first_dirty
        for batch in batches(segment, segment.indexes.offsets.lookup(start).position):
            header = batch.header
            if self._is_of_use(batch):
                data, position = batch.records()
                for done in range(0, header.records_count, STEP_RECORDS):
                    count = min(header.records_count - done, STEP_RECORDS)
                    position = offsets.learn(data, position, count, header.base_offset, start)
                    if position < 0:
                        return True
                    if self._pace.is_over(count):
                        yield ()
            if header.last_offset >= start:
                offsets.latest = header.last_offset
            if self._pace.is_over(BATCH_COST):
                yield ()
        offsets.latest = end - 1
        return False

    def _is_of_use(self, batch: Batch) -> bool:
        """Neither a marker nor of a transaction that was aborted."""
        if batch.header.is_control:
            self._before.is_spent(batch.header, batch.control_key())
            return False
        return not self._before.is_aborted(batch.header)

    # --- what stays ---

    def _clean(self, group: Sequence[Segment]) -> Generator[Calls, None, int]:
        """Writes the segments of a group anew, as one; returns its size."""
        log, sieve, base = self._log, self._sieve, group[0].base_offset
        cleaned = Segment(log.files, log.directory, base, log.config, self._now, new=True, suffix=CLEANED)
        transaction_index = log.files.create(index_path(cleaned))
        made = [*cleaned.files, transaction_index]
        try:
            for segment, following in zip(group, [*group[1:], None], strict=True):
                if self._has_aborted:
                    end = segment.find_end()[0] if following is None else following.base_offset
                    sieve.transactions.expect(self._aborted(segment.base_offset, end))
                for batch in batches(segment, 0):
                    for _ in sieve.put(batch):
                        yield ()
                    if sieve.out_bytes >= WRITE_BYTES:
                        cleaned.append(*sieve.take_out())
                        yield ()
            if sieve.out:
                cleaned.append(*sieve.take_out())
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
            _swap(log, group, [file.path for file in made], self._now)
            self._losses = self._segments.losses
            made = []
        finally:
            for file in made:
                file.remove()
        yield [partial(log.files.sync_directory, log.directory)]
        return cleaned.size


def _swap(log: Log, group: Sequence[Segment], paths: Sequence[str], now: Instant) -> None:
    """What was made, in these files, takes the place of the group (LocalLog.replaceSegments): a kill leaves either."""
    base = group[0].base_offset
    finals = [path.removesuffix(CLEANED) for path in paths]
    for path, final in zip(paths, finals, strict=True):
        log.files.rename(path, final + SWAP)
    log.segments.retire(group, now + log.config.file_delete_delay_ms, replaced_at=base)
    for final in finals:
        log.files.rename(final + SWAP, final)
    log.segments.insert(Segment(log.files, log.directory, base, log.config, now, new=False))


def groups(segments: Sequence[Segment], config: LogConfig, first_uncleanable: int) -> list[list[Segment]]:
    """Which segments become one: as many as fit into one, with their indexes (Cleaner.groupSegmentsBySize)."""
    found: list[list[Segment]] = []
    sizes = (0, 0, 0)
    most = config.segment_bytes, config.segment_index_bytes, config.segment_index_bytes
    for number, segment in enumerate(segments):
        offsets, times = segment.indexes.offsets.entries, segment.indexes.times.entries
        added = segment.size, len(offsets) * OffsetIndex.ENTRY.size, len(times) * TimeIndex.ENTRY.size
        together = tuple(map(add, sizes, added))
        end = segments[number + 1].base_offset if number + 1 < len(segments) else first_uncleanable
        if (
            found
            and all(map(le, together, most))
            and (segment.size == 0 or end - 1 - found[-1][0].base_offset <= MAX_RELATIVE_OFFSET)
        ):
            found[-1].append(segment)
            sizes = together
        else:
            found.append([segment])
            sizes = added
    return found

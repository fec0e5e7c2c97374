"""What a cleaning learns first: the last offset of each key in the part of a log that was not cleaned yet."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

from kpybroker.storage.aborted import AbortsTold, Transactions
from kpybroker.storage.log import Log
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.storage.segment import Segment
from kpybroker.storage.sifting import BATCH_COST, STEP_RECORDS, Batch, Pace, batches


class Extent(NamedTuple):
    """Which part of a log is cleaned: offsets below `first_dirty` were; from `first_uncleanable` on none may be."""

    first_dirty: int
    first_uncleanable: int


def learn(log: Log, extent: Extent, offsets: OffsetMap, told: AbortsTold, pace: Pace) -> Iterator[int]:
    """Enters the keys of this part, until the map is full (Cleaner.buildOffsetMap). After each slice, and at the end,
    how many bytes it has looked at."""
    start, end = extent
    transactions = Transactions()
    transactions.expect(told.between(start, end))
    dirty = log.segments.between(start, end)
    for segment, following in zip(dirty, [segment.base_offset for segment in dirty[1:]] + [end], strict=True):
        is_full = yield from _learn(segment, start, offsets, transactions, pace)
        if is_full:
            return
        offsets.latest = following - 1


def _learn(
    segment: Segment, start: int, offsets: OffsetMap, transactions: Transactions, pace: Pace
) -> Generator[int, None, bool]:
    """Returns whether the map was full before the segment was through (Cleaner.buildOffsetMapForSegment)."""
    size = 0
    for batch in batches(segment, segment.indexes.offsets.lookup(start).position):
        header = batch.header
        size += header.size
        if _is_of_use(batch, transactions):
            data, position = batch.records()
            if pace.is_over(batch.cost(data)):
                yield size
                size = 0
            for done in range(0, header.records_count, STEP_RECORDS):
                count = min(header.records_count - done, STEP_RECORDS)
                position = offsets.learn(data, position, count, header.base_offset, start)
                if position < 0:
                    yield size
                    return True
                if pace.is_over(count):
                    yield size
                    size = 0
        if header.last_offset >= start:
            offsets.latest = header.last_offset
        if pace.is_over(BATCH_COST):
            yield size
            size = 0
    if size > 0:
        yield size
    return False


def _is_of_use(batch: Batch, transactions: Transactions) -> bool:
    """Neither a marker nor of a transaction that was aborted."""
    if batch.header.is_control:
        transactions.is_spent(batch.header, batch.control_key())
        return False
    return not transactions.is_aborted(batch.header)

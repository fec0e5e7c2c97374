"""A segment's indexes, held against its log batch by batch, as both are read."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any

from kpybroker.inspection.batches import Broken
from kpybroker.inspection.findings import Report
from kpybroker.inspection.rows import entries
from kpybroker.inspection.sources import Source
from kpybroker.storage import aborted
from kpybroker.storage.indexes import NO_TIMESTAMP, OffsetIndex, TimeIndex
from kpybroker.wire.compiler import WireError
from kpybroker.wire.records import BatchHeader, each_record

REMOVE_INDEX = "stop the broker and remove this file: it is made anew at the next start"
REMOVE_ALL = "stop the broker and remove this file and the segment's .index: both are made anew at the next start"


class _Check:
    """The entries of one index, the next one at hand."""

    advice = REMOVE_INDEX

    def __init__(self, source: Source, entry: Struct, report: Report, *, growing: bool) -> None:
        self.source = source
        self.report = report
        self.growing = growing  # a broker is writing it, and the log beside it, meanwhile
        self._entries: Iterator[tuple[int, tuple[Any, ...]]] = entries(source, entry)
        self.at = 0
        self.next: tuple[Any, ...] | None = None
        self.advance()
        report.saw_file()

    def advance(self) -> None:
        try:
            self.at, self.next = next(self._entries, (self.at, None))
        except Broken as broken:
            self.next = None
            if not self.growing:
                self.report.problem(self.source.path, f"at {broken.position}", broken.reason, self.advice)

    def wrong(self, what: str) -> None:
        self.report.problem(self.source.path, f"at {self.at}", what, self.advice)
        self.advance()


class OffsetIndexCheck(_Check):
    """Every entry is the last offset of a batch, and where that begins."""

    def __init__(self, source: Source, base_offset: int, report: Report, *, growing: bool) -> None:
        super().__init__(source, OffsetIndex.ENTRY, report, growing=growing)
        self._base_offset = base_offset

    def batch(self, position: int, last_offset: int) -> None:
        while self.next is not None and self.next[1] <= position:
            relative, there = self.next
            if there < position:
                self.wrong(f"offset {self._base_offset + relative} at {there} in the log, where no batch begins")
                continue
            if self._base_offset + relative != last_offset:
                told = self._base_offset + relative
                self.wrong(f"offset {told} at {there} in the log, and the batch there ends at {last_offset}")
                continue
            self.advance()

    def end(self, size: int) -> None:
        while self.next is not None and not self.growing:  # or it may have come since
            self.wrong(f"position {self.next[1]}, out of order or beyond the {size} bytes of the log")


class TimeIndexCheck(_Check):
    """Every entry is a timestamp larger than all before it in the segment, and the offset that has it."""

    def __init__(self, source: Source, base_offset: int, report: Report, *, growing: bool) -> None:
        super().__init__(source, TimeIndex.ENTRY, report, growing=growing)
        self._base_offset = base_offset
        self._last = NO_TIMESTAMP

    def batch(self, header: BatchHeader, data: memoryview, largest_before: int) -> None:
        while self.next is not None and self._base_offset + self.next[1] <= header.last_offset:
            timestamp, relative = self.next
            offset = self._base_offset + relative
            if offset < header.base_offset:
                self.wrong(f"offset {offset}, which the log has not, or out of order")
                continue
            true = header.max_timestamp == timestamp > largest_before
            if not true or (offset != header.last_offset and not _has(data, header, timestamp, offset)):
                self.wrong(
                    f"timestamp {timestamp} for offset {offset}: the batch there ends at {header.last_offset}, "
                    f"its largest is {header.max_timestamp}, before it there was {largest_before}"
                )
                continue
            self._last = timestamp
            self.advance()

    def end(self, largest: int, *, complete: bool) -> None:
        while self.next is not None and not self.growing:  # or it may have come since
            self.wrong(f"offset {self._base_offset + self.next[1]}, out of order or beyond the end of the log")
        if complete and self._last != largest:
            self.report.problem(
                self.source.path,
                f"at {self.source.size}",
                f"{largest} is the largest timestamp of the segment, and is not the last entry",
                REMOVE_INDEX,
            )


def _has(data: memoryview, header: BatchHeader, timestamp: int, offset: int) -> bool:
    """Whether that very record is in the batch: some releases of Kafka have indexed records, not batches."""
    try:
        return any(each.offset == offset and each.timestamp == timestamp for each in each_record(data, header))
    except WireError:
        return False


class AbortedCheck(_Check):
    """`.txnindex`: each aborted transaction whose marker is in this segment, in the order of the markers."""

    advice = REMOVE_ALL

    def __init__(self, source: Source, report: Report, *, growing: bool) -> None:
        super().__init__(source, aborted.ENTRY, report, growing=growing)

    def aborted(self, producer_id: int, first: int | None, last: int, last_stable: int) -> None:
        """The log has the marker of an abort; `first` is None where it has nothing there, or not any more."""
        missing = self.next is None or self.next[3] != last
        if missing and (first is None or (self.next is None and self.growing)):
            return  # it had written nothing here; or a broker is about to add it
        if self.next is None or missing:
            self.report.problem(
                self.source.path,
                f"at {self.at}",
                f"the transaction of producer {producer_id} that was aborted at offset {last} is missing",
                self.advice,
            )
            return
        version, *told = self.next
        if version != 0:
            self.wrong(f"version {version}, and only 0 is known")
        elif first is None and told[0] == producer_id:
            self.advance()
        elif told != [producer_id, first, last, last_stable]:
            self.wrong(
                f"producer, first, last and last stable offset are {told}, the log has "
                f"{[producer_id, first, last, last_stable]}"
            )
        else:
            self.advance()

    def end(self) -> None:
        while self.next is not None and not self.growing:  # or it may have come since
            self.wrong(f"an abort at offset {self.next[3]}, where the log has none")

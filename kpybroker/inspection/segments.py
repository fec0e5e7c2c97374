"""One segment, every batch of it, with its indexes beside it: one walk through the log, in bounded memory."""

from __future__ import annotations

from contextlib import ExitStack

from kpybroker.inspection.batches import Broken, Stretch, stretches
from kpybroker.inspection.findings import Report
from kpybroker.inspection.index_checks import AbortedCheck, OffsetIndexCheck, TimeIndexCheck
from kpybroker.inspection.logs import LogState
from kpybroker.inspection.producer_checks import Abort, is_client
from kpybroker.inspection.record_checks import CUT, RESTORE, look_at_message, look_at_records
from kpybroker.inspection.sources import Source
from kpybroker.storage.indexes import NO_TIMESTAMP
from kpybroker.storage.segment import MAX_RELATIVE_OFFSET
from kpybroker.wire.compiler import WireError
from kpybroker.wire.internal import ControlType, control_type
from kpybroker.wire.records import MAGIC, BatchHeader, check_crc, read_header, records

PROGRESS_BYTES = 1 << 20
WRITING = "the broker that uses the directory is writing there"
UNMARKED = "who reads committed records only may get it; stop the broker, remove the indexes and start it"
TORN = "the stop before was no clean one: this end is cut at the next start, nothing else is lost"


class SegmentCheck:
    """`base_offset` is the segment's, `log` what was seen of the log before; both go on as the walk does."""

    def __init__(self, path: str, base_offset: int, log: LogState, report: Report) -> None:
        self.path = path
        self.base_offset = base_offset
        self.log = log
        self.report = report
        self.largest = NO_TIMESTAMP
        self.first = True
        self.offsets: OffsetIndexCheck | None = None
        self.times: TimeIndexCheck | None = None
        self.aborted: AbortedCheck | None = None

    def run(self, *, last: bool) -> None:
        """Walk it. The indexes are opened before the log: what a broker appends meanwhile is in the log first."""
        name = self.path.removesuffix(".log")
        with ExitStack() as stack:

            def index(suffix: str) -> Source | None:
                present = f"{name}{suffix}" in self.log.paths
                return stack.enter_context(Source(f"{name}{suffix}")) if present else None

            offsets, times, aborted = index(".index"), index(".timeindex"), index(".txnindex")
            source = stack.enter_context(Source(self.path))
            base, report, growing = self.base_offset, self.report, last and self.log.context.in_use
            self.offsets = OffsetIndexCheck(offsets, base, report, growing=growing) if offsets else None
            self.times = TimeIndexCheck(times, base, report, growing=growing) if times else None
            self.aborted = AbortedCheck(aborted, report, growing=growing) if aborted else None
            self.report.saw_file()
            if self._walk(source, last=last):  # else it cannot be told what the indexes say of the rest
                self._end(source.size, last=last)

    def _end(self, size: int, *, last: bool) -> None:
        if self.offsets is not None:
            self.offsets.end(size)
        if self.times is not None:
            self.times.end(self.largest, complete=not last or self.log.context.closed)
        if self.aborted is not None and not self.log.context.compacted:
            self.aborted.end()

    def _walk(self, source: Source, *, last: bool) -> bool:
        """Whether all of it could be followed."""
        told = 0
        try:
            for found in stretches(source):
                self._batch(found)
                if found.position - told >= PROGRESS_BYTES:
                    self.report.saw(found.position - told)
                    told = found.position
        except Broken as broken:
            self._broken(broken, last=last)
            return False
        finally:
            self.report.saw(source.size - told)
        return True

    def _broken(self, broken: Broken, *, last: bool) -> None:
        context, where = self.log.context, f"at {broken.position}"
        if broken.torn and last and (context.in_use or not context.clean):
            self.report.note(self.path, where, broken.reason, WRITING if context.in_use else TORN)
        else:
            self.report.problem(self.path, where, broken.reason, CUT)
            self.log.cut_short = True

    def _wrong(self, position: int, what: str, advice: str = RESTORE) -> None:
        self.report.problem(self.path, f"at {position}", what, advice)

    def _batch(self, found: Stretch) -> None:
        self.report.batches += 1
        if found.magic != MAGIC:
            self._message(found)
            return
        header = read_header(found.data)
        sound = check_crc(found.data, header)
        if not sound:
            self._wrong(found.position, f"the CRC of the batch at offset {header.base_offset} does not match", CUT)
        self._place(found.position, header.base_offset, header.last_offset)
        if not sound:  # what follows from that is not told of
            self.times = self.aborted = None
            self.log.snapshots.clear()
            if self.offsets is not None:
                self.offsets.batch(found.position, header.last_offset)
            return
        self.log.follow(self.path, found.position, header)
        look_at_records(self.path, found, header, self.report, compacted=self.log.context.compacted)
        self._mark(found, header)
        if self.offsets is not None:
            self.offsets.batch(found.position, header.last_offset)
        if self.times is not None:
            self.times.batch(header, found.data, self.largest)
        self.largest = max(self.largest, header.max_timestamp)

    def _place(self, position: int, base: int, last: int) -> None:
        """Offsets ascend, without gaps where nothing was compacted, and from the name of the file on."""
        least = max(self.base_offset, self.log.end_offset) if self.first else self.log.end_offset
        if last < base:
            self._wrong(position, f"the batch at offset {base} ends before it, at {last}")
        elif base < least:
            self._wrong(position, f"offset {base}, and the batch before ends at {least - 1}")
        elif base > least and not self.log.context.compacted and not (self.first and self.log.empty):
            self._wrong(position, f"offsets {least} to {base - 1} are missing, and this topic is not compacted")
        elif base > self.base_offset and self.first and self.log.empty and not self.log.context.compacted:
            self._wrong(position, f"the segment begins at offset {self.base_offset}, and its first batch at {base}")
        if last - self.base_offset > MAX_RELATIVE_OFFSET:
            self._wrong(position, f"offset {last} is too far from the beginning of the segment")
        self.first = self.log.empty = False
        self.log.end_offset = max(self.log.end_offset, last + 1)

    def _mark(self, found: Stretch, header: BatchHeader) -> None:
        """Producers go on where they were; an end of a transaction ends one."""
        if is_client(header):
            self.log.producers.batch(self.path, found.position, header)
        elif header.is_control and header.producer_id >= 0 and header.records_count > 0:
            try:
                number = control_type(records(found.data, header)[0].key or b"")
            except WireError as error:
                self._wrong(found.position, f"a control batch: {error}")
                return
            abort = self.log.producers.marker(header, aborts=number == ControlType.ABORT)
            if abort is not None and not self.log.context.compacted:
                self._abort(found.position, abort)

    def _abort(self, position: int, abort: Abort) -> None:
        missing = f"{self.path.removesuffix('.log')}.txnindex" not in self.log.paths and not self.log.context.in_use
        if self.aborted is not None:
            self.aborted.aborted(*abort)
        elif missing and abort.first_offset is not None:
            what = f"the transaction aborted at offset {abort.last_offset} is in no .txnindex"
            self._wrong(position, what, UNMARKED)

    def _message(self, found: Stretch) -> None:
        """One message of before Kafka 0.11; a compressed one holds others."""
        message = look_at_message(self.path, found, self.report)
        if message is not None:
            self._place(found.position, message.first_offset, message.last_offset)
            if self.offsets is not None:
                self.offsets.batch(found.position, message.last_offset)
            self.largest = max(self.largest, message.timestamp)
        self.times = None  # it has records, not batches

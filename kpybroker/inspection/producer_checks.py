"""What a log says of its producers, and whether the snapshots beside it say the same."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.inspection.findings import Report
from kpybroker.wire.records import MAX_SEQUENCE, NO_PRODUCER_ID, NO_SEQUENCE, BatchHeader
from kpybroker.wire.schemas.files import ProducerSnapshot

REMOVE_SNAPSHOT = "stop the broker and remove this file: producers are then learnt from the log"
COPY = "the log is as it was written and can be read; who consumes it may see records twice or not at all"


class Known(NamedTuple):
    """A producer after its last batch."""

    epoch: int
    last_sequence: int = NO_SEQUENCE
    last_offset: int = -1
    offset_delta: int = 0
    transaction: int | None = None  # where the open one begins


class Abort(NamedTuple):
    producer_id: int
    first_offset: int | None  # None: not in the log any more
    last_offset: int
    last_stable_offset: int


class ProducerChecks:
    """Every producer of one log, as its batches come; `compacted` where some of them may be gone."""

    def __init__(self, report: Report, *, compacted: bool) -> None:
        self.known: dict[int, Known] = {}
        self._report = report
        self._compacted = compacted
        self._open: dict[int, int] = {}  # producer and first offset of open transactions, oldest first

    def batch(self, path: str, position: int, header: BatchHeader) -> None:
        """A batch of a client with a producer id."""
        before = self.known.get(header.producer_id)
        if header.is_transactional:
            self._open.setdefault(header.producer_id, header.base_offset)
        self.known[header.producer_id] = Known(
            header.producer_epoch,
            header.last_sequence,
            header.last_offset,
            header.last_offset_delta,
            self._open.get(header.producer_id),
        )
        if before is None:
            return
        where = f"at {position}"
        if header.producer_epoch < before.epoch:
            what = f"producer {header.producer_id} writes with epoch {header.producer_epoch} after {before.epoch}"
            self._report.problem(path, where, what, COPY)
        elif header.producer_epoch == before.epoch and before.last_sequence != NO_SEQUENCE:
            expected = before.last_sequence + 1 & MAX_SEQUENCE
            what = f"producer {header.producer_id} goes on with {header.base_sequence} after {before.last_sequence}"
            if header.base_sequence == expected:
                return
            if 0 <= header.base_sequence <= before.last_sequence:
                self._report.problem(path, where, what, COPY)
            elif not self._compacted:
                self._report.note(path, where, what, "so it is where a broker had forgotten a silent producer")

    def marker(self, header: BatchHeader, *, aborts: bool) -> Abort | None:
        """The end of a transaction; what `.txnindex` should have of it."""
        number = header.producer_id
        first = self._open.pop(number, None)
        before = self.known.get(number)
        if (
            before is None or header.producer_epoch != before.epoch
        ):  # from transactions of version 2 on each has its own
            self.known[number] = Known(header.producer_epoch)
        else:
            self.known[number] = before._replace(transaction=None)
        if not aborts:
            return None
        return Abort(number, first, header.last_offset, min(self._open.values(), default=header.last_offset + 1))

    def snapshot(self, path: str, found: list[ProducerSnapshot.ProducerEntry], first_offset: int) -> None:
        """What a snapshot of this point says; a producer that only one of both knows was forgotten, or its batches."""
        for entry in found:
            known = self.known.get(entry.producer_id)
            if known is None:
                continue
            told = Known(
                entry.epoch,
                entry.last_sequence if entry.last_offset >= 0 else NO_SEQUENCE,
                entry.last_offset,
                entry.offset_delta if entry.last_offset >= 0 else 0,
                entry.current_txn_first_offset if entry.current_txn_first_offset >= 0 else None,
            )
            if self._compacted or (told.transaction is not None and told.transaction < first_offset):
                known = known._replace(transaction=told.transaction)
            if told.last_offset < first_offset and known.last_offset < 0:
                continue
            if self._compacted and told.epoch >= known.epoch and told.last_offset > known.last_offset:
                continue  # its last batch is compacted away, and its marker, or an older one, is not
            if told != known:
                what = (
                    f"producer {entry.producer_id} is said to be {told._asdict()}, by the log it is {known._asdict()}"
                )
                self._report.problem(path, "", what, REMOVE_SNAPSHOT)


def is_client(header: BatchHeader) -> bool:
    return header.producer_id != NO_PRODUCER_ID and not header.is_control

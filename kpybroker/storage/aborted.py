"""`.txnindex` beside a segment: transactions that were aborted in it (KIP-98), and what a cleaning makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from struct import Struct
from typing import NamedTuple

from kpybroker.storage.files import Files
from kpybroker.storage.segment import Segment
from kpybroker.wire.records import BatchHeader

ABORT, COMMIT = 0, 1  # ControlRecordType
_ENTRY = Struct(">hqqqq")
_CONTROL_KEY = Struct(">hh")  # version, type


class AbortedTransaction(NamedTuple):
    """From its first record up to the marker that ends it, and what was stable then."""

    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int

    def encode(self) -> bytes:
        return _ENTRY.pack(0, *self)


def index_path(segment: Segment) -> str:
    """The `.txnindex` of a segment; there is one only where a transaction was aborted."""
    directory, _, name = segment.log.path.rpartition("/")
    return f"{directory}/{name.replace('.log', '.txnindex', 1)}"


def read_aborted(files: Files, segment: Segment) -> Iterable[AbortedTransaction]:
    data = files.read_whole(index_path(segment)) or b""
    for position in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
        yield AbortedTransaction._make(_ENTRY.unpack_from(data, position)[1:])


def aborted_between(
    files: Files, segments: Sequence[Segment], log_start_offset: int, end_offset: int
) -> list[AbortedTransaction]:
    """Those that the segments tell of and that begin before the end (LocalLog.collectAbortedTransactions)."""
    found = []
    for segment in segments:
        for transaction in read_aborted(files, segment):
            if transaction.last_offset >= log_start_offset and transaction.first_offset < end_offset:
                found.append(transaction)
            if transaction.last_stable_offset >= end_offset:
                return found
    return found


class _Ongoing:
    """An aborted transaction whose marker has not come yet."""

    __slots__ = ("is_seen", "transaction")

    def __init__(self, transaction: AbortedTransaction) -> None:
        self.transaction = transaction
        self.is_seen = False  # a batch of it


class Transactions:
    """What a walk through a log, batch by batch, knows of transactions (CleanedTransactionMetadata)."""

    def __init__(self) -> None:
        self._coming: list[tuple[int, AbortedTransaction]] = []  # a heap by first offset
        self._aborted: dict[int, _Ongoing] = {}
        self._committed: set[int] = set()
        self._kept: list[AbortedTransaction] = []

    def expect(self, aborted: Iterable[AbortedTransaction]) -> None:
        for transaction in aborted:
            heappush(self._coming, (transaction.first_offset, transaction))

    def is_aborted(self, header: BatchHeader) -> bool:
        """Whether a batch of data belongs to a transaction that was aborted."""
        self._go_to(header.last_offset)
        if not header.is_transactional:
            return False
        ongoing = self._aborted.get(header.producer_id)
        if ongoing is None:
            self._committed.add(header.producer_id)
            return False
        ongoing.is_seen = True
        return True

    def is_spent(self, header: BatchHeader, key: bytes | None) -> bool:
        """Whether a marker (its record's key; None if it was cleaned away) has nothing before it any more to end."""
        self._go_to(header.last_offset)
        if key is None:
            return True
        kind = _CONTROL_KEY.unpack_from(key)[1]
        if kind == ABORT:
            ongoing = self._aborted.pop(header.producer_id, None)
            if ongoing is None or not ongoing.is_seen:
                return True
            self._kept.append(ongoing.transaction)
            return False
        if kind == COMMIT:
            was_seen = header.producer_id in self._committed
            self._committed.discard(header.producer_id)
            return not was_seen
        return False

    def take_kept(self) -> list[AbortedTransaction]:
        """What the index of the cleaned segment has to tell."""
        taken, self._kept = self._kept, []
        return taken

    def _go_to(self, offset: int) -> None:
        while self._coming and self._coming[0][0] <= offset:
            _, transaction = heappop(self._coming)
            self._aborted.setdefault(transaction.producer_id, _Ongoing(transaction))

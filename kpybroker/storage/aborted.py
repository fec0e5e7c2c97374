"""`.txnindex` beside a segment: transactions that were aborted in it (KIP-98), and what a cleaning makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from struct import Struct
from typing import NamedTuple

from kpybroker.storage.files import Files
from kpybroker.storage.log import Log
from kpybroker.storage.segment import Segment
from kpybroker.wire.internal import ControlType, control_type
from kpybroker.wire.records import BatchHeader

SEGMENTS_AT_ONCE = 32  # of which one slice asks the disk
ENTRY = Struct(">hqqqq")  # version, producer id, first and last offset, last stable offset


class AbortedTransaction(NamedTuple):
    """From its first record up to the marker that ends it, and what was stable then."""

    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int

    def encode(self) -> bytes:
        return ENTRY.pack(0, *self)


def index_path(segment: Segment) -> str:
    """The `.txnindex` of a segment; there is one only where a transaction was aborted."""
    directory, _, name = segment.log.path.rpartition("/")
    return f"{directory}/{name.replace('.log', '.txnindex', 1)}"


def read_aborted(files: Files, segment: Segment) -> Iterable[AbortedTransaction]:
    data = files.read_whole(index_path(segment)) or b""
    for position in range(0, len(data) - ENTRY.size + 1, ENTRY.size):
        yield AbortedTransaction._make(ENTRY.unpack_from(data, position)[1:])


class AbortsTold:
    """What the segments of a log, as they are now, tell of transactions that were aborted."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._told: list[tuple[int, list[AbortedTransaction]]] = []  # by the base offset of the segment that tells it

    def read(self) -> Iterator[None]:
        """All of it at the beginning, as each segment may tell of transactions that begin in any before it; from one
        slice to the next."""
        for number, segment in enumerate(list(self._log.segments.all), 1):
            aborted = list(read_aborted(self._log.files, segment))
            if aborted:
                self._told.append((segment.base_offset, aborted))
            if number % SEGMENTS_AT_ONCE == 0:
                yield

    @property
    def any(self) -> bool:
        return bool(self._told)

    def between(self, offset: int, end_offset: int) -> list[AbortedTransaction]:
        """Those of transactions in this part of the log (LocalLog.collectAbortedTransactions)."""
        found = []
        first = self._log.segments.from_offset(offset)[0].base_offset if self._told else offset
        for transaction in (each for base, aborted in self._told if base >= first for each in aborted):
            if transaction.last_offset >= self._log.start_offset and transaction.first_offset < end_offset:
                found.append(transaction)
            if transaction.last_stable_offset >= end_offset:
                break
        return found


def keep_aborted(log: Log, copy: Log) -> None:
    """A copy of a log tells of them in those of its segments where they end."""
    found = [transaction for segment in log.segments.all for transaction in read_aborted(log.files, segment)]
    by_path: dict[str, list[bytes]] = {}
    for transaction in found:
        if transaction.last_offset >= copy.segments.first_base_offset:
            path = index_path(copy.segments.from_offset(transaction.last_offset)[0])
            by_path.setdefault(path, []).append(transaction.encode())
    for path, entries in by_path.items():
        copy.files.write_whole(path, b"".join(entries))
        copy.durable.written(path)


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
        kind = control_type(key)
        if kind == ControlType.ABORT:
            ongoing = self._aborted.pop(header.producer_id, None)
            if ongoing is None or not ongoing.is_seen:
                return True
            self._kept.append(ongoing.transaction)
            return False
        if kind == ControlType.COMMIT:
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

"""What a partition knows of idempotent producers: epochs and last sequences, so that a batch is written once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from kpybroker.machine import Instant
from kpybroker.wire.errors import Error
from kpybroker.wire.records import MAX_SEQUENCE, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, BatchHeader

NO_END = 2**63 - 1
NO_SNAPSHOT = -1  # the offset of one where there is none
REMEMBERED_BATCHES = 5  # as many as a producer may have in flight (KIP-98)


class Duplicate(NamedTuple):
    """A batch that is in the log already; what it was answered then is answered again."""

    first_offset: int
    last_offset: int
    timestamp: int


class SeenBatch(NamedTuple):
    first_sequence: int
    last_sequence: int
    first_offset: int
    last_offset: int
    timestamp: int


class Producer:
    """One producer id on one partition."""

    __slots__ = ("batches", "coordinator_epoch", "epoch", "last_timestamp", "transaction_offset")

    def __init__(self) -> None:
        self.epoch = NO_PRODUCER_EPOCH
        self.batches: deque[SeenBatch] = deque(maxlen=REMEMBERED_BATCHES)
        self.last_timestamp: Instant = -1
        self.coordinator_epoch = -1  # of who ended its last transaction
        self.transaction_offset: int | None = None  # where its open transaction begins

    @property
    def last_sequence(self) -> int:
        return self.batches[-1].last_sequence if self.batches else NO_SEQUENCE

    def enter(self, epoch: int) -> None:
        if epoch != self.epoch:
            self.epoch = epoch
            self.batches.clear()


class Producers:
    """All producers of a partition, in the order in which they came. `replay` alone changes what is known of them."""

    def __init__(self, known: Mapping[int, Producer] = {}) -> None:
        self.producers = dict(known)
        found = [
            (each.transaction_offset, number) for number, each in known.items() if each.transaction_offset is not None
        ]
        self._open = {number: offset for offset, number in sorted(found)}  # transactions, in the order of the log

    @property
    def first_unstable_offset(self) -> int:
        """Where the first open transaction begins: what follows may yet be aborted."""
        return next(iter(self._open.values()), NO_END) if self._open else NO_END

    def check(self, header: BatchHeader) -> Duplicate | Error | None:
        """Whether a client's batch may be written: None is yes."""
        if header.producer_id == NO_PRODUCER_ID:
            return None
        known = self.producers.get(header.producer_id)
        if known is None:  # never seen, or expired: any sequence will do (KIP-360)
            return None
        if header.producer_epoch == known.epoch:
            last_sequence = header.last_sequence
            for seen in known.batches:
                if seen.first_sequence == header.base_sequence and seen.last_sequence == last_sequence:
                    return Duplicate(seen.first_offset, seen.last_offset, seen.timestamp)
        if header.producer_epoch < known.epoch:
            return Error.INVALID_PRODUCER_EPOCH
        if not _in_order(known, header):
            return Error.OUT_OF_ORDER_SEQUENCE_NUMBER
        if known.transaction_offset is not None and not header.is_transactional:
            return Error.INVALID_TXN_STATE
        return None

    def replay(self, header: BatchHeader) -> None:
        """A batch is in the log, at the offsets that its header says."""
        if header.producer_id == NO_PRODUCER_ID:
            return
        known = self.producers.get(header.producer_id)
        if known is None:
            known = self.producers[header.producer_id] = Producer()
        known.enter(header.producer_epoch)
        known.last_timestamp = header.max_timestamp
        if header.is_control:  # the marker that ends a transaction
            known.transaction_offset = None
            self._open.pop(header.producer_id, None)
            return
        last_offset = header.last_offset
        sequences = header.base_sequence, header.last_sequence
        known.batches.append(SeenBatch(*sequences, header.base_offset, last_offset, header.max_timestamp))
        if header.is_transactional and known.transaction_offset is None:
            known.transaction_offset = self._open[header.producer_id] = header.base_offset

    def expire(self, now: Instant, expiration_ms: int) -> None:
        """Forget producers that were silent for producer.id.expiration.ms, unless a transaction is open."""
        expired = [
            producer_id
            for producer_id, known in self.producers.items()
            if known.transaction_offset is None and now - known.last_timestamp >= expiration_ms
        ]
        for producer_id in expired:
            del self.producers[producer_id]


def _in_order(known: Producer, header: BatchHeader) -> bool:
    """A new epoch begins at 0; within one a batch follows the last, and after 2**31 - 1 comes 0. After no epoch at
    all any sequence will do (ProducerAppendInfo.checkSequence)."""
    if known.epoch == NO_PRODUCER_EPOCH:
        return True
    if header.producer_epoch != known.epoch:
        return header.base_sequence == 0
    last = known.last_sequence
    return header.base_sequence == last + 1 or (header.base_sequence == 0 and last == MAX_SEQUENCE)

"""Reads the metadata log and its snapshots: records are replayed, transactions whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kpybroker.machine import Instant, Record
from kpybroker.storage.files import StorageError
from kpybroker.storage.log import Log
from kpybroker.wire.compiler import WireError
from kpybroker.wire.internal import ControlType, control_type, decode_control, decode_metadata
from kpybroker.wire.records import BatchHeader, Bytes, each_record
from kpybroker.wire.schemas.cluster_state import AbortTransactionRecord, BeginTransactionRecord, EndTransactionRecord

RECORDS_AT_ONCE = 32  # a reader that takes its time goes so far in one step: less than a millisecond
QUORUM_RECORDS = (ControlType.KRAFT_VERSION, ControlType.KRAFT_VOTERS)
ControlRow = tuple[bytes, bytes]
Batch = tuple[BatchHeader, Bytes]


class Reader:
    """Replays what it reads; what a transaction of the controller's holds (KIP-868), when that ends well."""

    def __init__(self, replay: Callable[[Record], None]) -> None:
        self.timestamp: Instant = -1  # of the last batch
        self.log_bytes = 0  # read from a log
        self.quorum: dict[int, ControlRow] = {}  # the newest control records about the voters, by their types
        self._replay = replay
        self._held: list[Record] | None = None  # of a transaction that has not ended

    @property
    def is_inside(self) -> bool:
        """Whoever wrote this stopped inside a transaction: it is to be aborted."""
        return self._held is not None

    @property
    def voters(self) -> tuple[int, ...]:
        """Who votes, as the log says it; nobody where it does not (kraft.version 0)."""
        row = self.quorum.get(ControlType.KRAFT_VOTERS)
        found = None if row is None else decode_control(*row)
        return () if found is None else tuple(voter.voter_id for voter in found[1].voters)

    def read(self, batches: Iterable[Batch], first: int = 0, end: int | None = None) -> Iterator[None]:
        """From the first offset on, up to (not including) the end; it pauses now and then."""
        for header, batch in batches:
            if end is not None and header.base_offset >= end:
                return
            self.timestamp = header.max_timestamp
            for number, row in enumerate(each_record(batch, header)):
                if header.is_control:
                    self._note(row.key or b"", row.value or b"")
                elif row.offset >= first:
                    self._record(row.value or b"")
                if number % RECORDS_AT_ONCE == 0:
                    yield

    def read_log(self, log: Log, first: int, end: int | None = None) -> Iterator[None]:
        """StorageError: damaged, or written by a newer Kafka."""
        try:
            for header, batch in log.batches(first):
                yield from self.read(((header, batch),), first, end)
                self.log_bytes += header.size
        except WireError as error:
            raise StorageError(f"{log.files.root}/{log.directory}", f"cannot be read: {error}") from error

    def _note(self, key: bytes, value: bytes) -> None:
        kind = control_type(key)
        if kind in QUORUM_RECORDS:
            self.quorum[kind] = key, value

    def _record(self, data: bytes) -> None:
        value, version = decode_metadata(data)
        match value:
            case BeginTransactionRecord():
                self._held = []
            case EndTransactionRecord():
                held, self._held = self._held or [], None
                for record in held:
                    self._replay(record)
            case AbortTransactionRecord():
                self._held = None
            case _ if self._held is not None:
                self._held.append(Record(None, value, version))
            case _:
                self._replay(Record(None, value, version))

"""The one order of things: a machine decides, its records are appended, it replays them, then answers go out: at once,
or when what they tell of was synced, if that is asked for.

A start is the third step alone: `load`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kpybroker.machine import Decision, Instant, Machine, Record, Reply
from kpybroker.partition import Partition
from kpybroker.storage.files import StorageError
from kpybroker.storage.log import Log
from kpybroker.syncing import NOTHING
from kpybroker.wire.compiler import WireError
from kpybroker.wire.records import Record as LogRecord
from kpybroker.wire.records import build, records


class Stream(NamedTuple):
    """A machine and the log that its records go to; `encode` makes a log record's key and value of one."""

    machine: Machine
    partition: Partition
    encode: Callable[[Record], tuple[bytes | None, bytes | None]]


def load(machine: Machine, log: Log, decode: Callable[[LogRecord], Record | None]) -> None:
    """Replays what a machine's log holds; what `decode` does not know (None) is passed over. StorageError: damaged."""
    try:
        for header, batch in log.batches():
            if header.is_control:
                continue
            for row in records(batch, header):
                record = decode(row)
                if record is not None:
                    machine.replay(record)
    except WireError as error:
        raise StorageError(f"{log.files.root}/{log.directory}", f"cannot be read: {error}") from error


class Journal:
    """Carries decisions out. `reply` hands answers to whoever holds their tickets, `appended` tells of new data."""

    def __init__(self, reply: Callable[[Iterable[Reply]], None], appended: Callable[[Partition], None]) -> None:
        self.reply = reply
        self._appended = appended

    def carry_out(self, stream: Stream, decision: Decision, now: Instant) -> None:
        """Append, replay, hold, reply; a StorageError comes from the append, and nothing was replayed or answered then.

        Where there is nothing to append, answers wait for what is in the log: they may tell of it (CoordinatorRuntime).
        """
        self.record(stream, decision.records, now)
        hold = stream.partition.hold
        if hold.begins == NOTHING:
            self.reply(decision.replies)
        elif hold.failure is not None:
            raise hold.failure.with_traceback(None)
        else:
            hold.wait(decision.replies)

    def record(self, stream: Stream, rows: Sequence[Record], now: Instant) -> None:
        """Append and replay: the durable half of a decision."""
        if not rows:
            return
        contents = [(now, *stream.encode(record), ()) for record in rows]
        stream.partition.append_own(bytearray(build(contents)), now)
        for record in rows:
            stream.machine.replay(record)
        self._appended(stream.partition)

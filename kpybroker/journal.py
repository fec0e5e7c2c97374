"""The one order of things: a machine decides, its records are appended, it replays them, then answers go out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kpybroker.machine import Decision, Instant, Machine, Record, Reply
from kpybroker.partition import Partition
from kpybroker.wire.records import build


class Stream(NamedTuple):
    """A machine and the log that its records go to; `encode` makes a log record's key and value of one."""

    machine: Machine
    partition: Partition
    encode: Callable[[Record], tuple[bytes | None, bytes | None]]


class Journal:
    """Carries decisions out. `reply` hands answers to whoever holds their tickets, `appended` tells of new data."""

    def __init__(self, reply: Callable[[Iterable[Reply]], None], appended: Callable[[Partition], None]) -> None:
        self.reply = reply
        self._appended = appended

    def carry_out(self, stream: Stream, decision: Decision, now: Instant) -> None:
        """Append, replay, reply; a StorageError comes from the append, and nothing was replayed or answered then."""
        self.record(stream, decision.records, now)
        self.reply(decision.replies)

    def record(self, stream: Stream, records: Sequence[Record], now: Instant) -> None:
        """Append and replay: the durable half of a decision."""
        if not records:
            return
        rows = [(now, *stream.encode(record), ()) for record in records]
        stream.partition.append_own(bytearray(build(rows)), now)
        for record in records:
            stream.machine.replay(record)
        self._appended(stream.partition)

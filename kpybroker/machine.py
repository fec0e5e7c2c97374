"""The vocabulary of the core: time, tickets, decisions, state machines and the requests that reach them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, Protocol, TypeAlias

Instant: TypeAlias = int  # milliseconds since 1970 on the broker's own clock; always an argument, never read
AT_ONCE: Instant = 0  # due already, whatever time it is
Ticket: TypeAlias = int  # names one request that is still to be answered; rises with arrival
Key: TypeAlias = tuple[str, int]  # (topic, partition): what a request can wait for


class Record(NamedTuple):
    """One event: a Kafka record of an internal log. `value` None is a tombstone; `version` is the value's."""

    key: Any
    value: Any
    version: int


class Reply(NamedTuple):
    ticket: Ticket
    response: Any


class Decision(NamedTuple):
    """What a command leads to: records first, and the answers that are sent once those are durable."""

    records: tuple[Record, ...] = ()
    replies: tuple[Reply, ...] = ()


class Peer(NamedTuple):
    """Who is at the other end of a connection, and which of our addresses it dialled."""

    connection: int
    host: str
    listener: str
    dialled: tuple[str, int]


class Call(NamedTuple):
    """One request as a handler and a machine see it. Views of bytes in `request` end with the call: copy to keep."""

    node: int
    peer: Peer
    ticket: Ticket
    key: int
    version: int
    client_id: str | None
    request: Any
    arrived: Instant


class Machine(Protocol):
    """A group, a transactional id, the controller: decides on commands, and is rebuilt by replaying its records.

    Each has a `decide`, with the commands that are its own, which reads, and changes soft state only.
    """

    def replay(self, record: Record) -> None: ...  # alone changes durable state; is also the loader

    def due(self) -> Instant | None: ...  # deadlines are data: no timer to cancel

    def expire(self, now: Instant) -> Decision: ...


class Wait(NamedTuple):
    """Yielded by a handler that needs more data: resume it when one of `watch` changes, or at `until`."""

    watch: tuple[Key, ...]
    until: Instant | None


class Later:
    """Returned by a handler whose answer comes with a later Decision, to its ticket."""


class Silence:
    """Returned by a handler that answers nothing at all (Produce with acks=0); `close` drops the connection too."""

    def __init__(self, *, close: bool) -> None:
        self.close = close


LATER = Later()
SILENT = Silence(close=False)
HANG_UP = Silence(close=True)

Answer: TypeAlias = Any  # a response message, LATER, SILENT or HANG_UP
Waiting: TypeAlias = Generator[Wait, Instant, Answer]


class Api(NamedTuple):
    """One row of the table of handlers: an API key, the versions we serve, and the function that answers."""

    key: int
    first: int
    last: int
    handle: Callable[[Any, Call], Answer | Waiting]

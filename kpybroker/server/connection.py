"""One client's connection: frames in, answers out, without blocking. Who waits for the socket is not its business."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from kpybroker.broker import Outgoing
from kpybroker.machine import Instant
from kpybroker.server.unsent import Unsent

SCRATCH = 256 * 1024  # one read; a request that lies in it whole is served without a copy
FIRST_ROOM = 2 * 1024 * 1024  # a larger frame gets more room only as its bytes come


class Host(Protocol):
    """What a connection needs of the server around it."""

    scratch: memoryview
    max_frame_bytes: int

    def now(self) -> Instant: ...
    def take_buffer(self, size: int) -> bytearray: ...
    def give_back(self, buffer: bytearray) -> None: ...
    def receive(self, connection: Connection, frame: memoryview) -> None: ...
    def blocked(self, connection: Connection) -> None: ...
    def closed(self, connection: Connection, reason: str | None) -> None: ...


class Connection:
    """At most one request is under way and at most one answer is kept: the next frame waits for both.

    An idle connection holds no buffer. Bytes are read into the server's scratch; what is not yet a whole frame, or
    must wait for its turn, is kept in `_rest`, and a frame larger than the scratch is gathered in a buffer of its own.
    """

    __slots__ = (
        "_have", "_host", "_large", "_needed", "_rest", "_unsent",
        "answered", "busy", "id", "is_open", "last_active", "peer_host", "sock",
    )  # fmt: skip

    def __init__(self, number: int, sock: socket.socket, peer_host: str, host: Host) -> None:
        self.id = number
        self.sock = sock
        self.peer_host = peer_host
        self.is_open = True
        self.busy = False
        self.answered: Callable[[], object] | None = None
        self.last_active = host.now()
        self._host = host
        self._rest = b""
        self._large: bytearray | None = None
        self._have = 0  # bytes in _large
        self._needed = 0  # bytes of the frame that _large is for, its length field included
        self._unsent = Unsent()

    # -- reading ---------------------------------------------------------------------------------------------------

    def on_readable(self) -> None:
        """One read, and every request that it completes, as long as each is answered at once."""
        scratch, kept = self._host.scratch, len(self._rest)
        try:
            if self._large is not None:
                count = self.sock.recv_into(memoryview(self._large)[self._have : self._needed])
            else:
                count = self.sock.recv_into(scratch[kept:])
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.close(None if isinstance(error, ConnectionError) else f"read failed: {error}")
            return
        if count == 0:
            self.close(None)
            return
        self.last_active = self._host.now()
        if self._large is not None:
            self._have += count
            self.pump()
            return
        if kept:
            scratch[:kept] = self._rest
            self._rest = b""
        self._serve(scratch[: kept + count])

    def pump(self) -> None:
        """Serves what is whole by now, if the answer before it is out."""
        if self._large is None:
            rest, self._rest = self._rest, b""
            self._serve(memoryview(bytearray(rest)))
        elif self._have < self._needed:
            self._grow()
        elif not self.busy:
            whole, self._large = self._large, None
            self.busy = True
            self._host.receive(self, memoryview(whole)[4 : self._needed])
            self._host.give_back(whole)

    def _serve(self, data: memoryview) -> None:
        position = 0
        while self.is_open and not self.busy:
            size = self._frame_size(data, position)
            if size is None or len(data) - position - 4 < size:
                break
            self.busy = True
            frame = data[position + 4 : position + 4 + size]
            position += 4 + size
            self._host.receive(self, frame)
        if self.is_open and position < len(data):
            self._keep(data[position:])

    def _frame_size(self, data: memoryview, position: int) -> int | None:
        """The length that stands before the next frame; None while it is not there, or where it is nonsense."""
        if len(data) - position < 4:
            return None
        size = int.from_bytes(data[position : position + 4], "big", signed=True)
        if 0 <= size <= self._host.max_frame_bytes:
            return size
        self.close(f"a frame of {size} bytes is outside 0 to {self._host.max_frame_bytes}")
        return None

    def _keep(self, data: memoryview) -> None:
        size = self._frame_size(data, 0)
        if not self.is_open:
            return
        if size is None or size + 4 <= SCRATCH:
            self._rest = bytes(data)
            return
        self._needed, self._have = size + 4, len(data)
        self._large = self._host.take_buffer(min(self._needed, FIRST_ROOM))
        self._large[: self._have] = data

    def _grow(self) -> None:
        """Doubles the room for a very large frame as its bytes come, so that a lying length costs nothing."""
        assert self._large is not None
        if self._have == len(self._large):
            larger = self._host.take_buffer(min(self._needed, 2 * self._have))
            larger[: self._have] = self._large
            self._large = larger

    @property
    def has_frame(self) -> bool:
        """A whole frame is kept: it must be served, or waits for the answer before it, before more is read."""
        if self._large is not None:
            return self._have >= self._needed
        return len(self._rest) >= 4 and len(self._rest) - 4 >= int.from_bytes(self._rest[:4], "big")

    # -- writing ---------------------------------------------------------------------------------------------------

    def deliver(self, answer: Outgoing) -> None:
        """Queues one answer and sends what the socket takes; closes after it where the answer says so."""
        if answer.close:
            self.close(answer.reason)
            return
        if answer.parts:
            self._unsent.queue(answer.parts)
            self.flush()
            if self.wants_write:
                self._host.blocked(self)
        if self.is_open and not self.wants_write:
            self.finish_answer()

    def flush(self) -> None:
        """Sends what the socket takes by now."""
        try:
            self._unsent.send(self.sock)
        except OSError as error:
            self.close(None if isinstance(error, ConnectionError) else f"write failed: {error}")

    @property
    def wants_write(self) -> bool:
        return bool(self._unsent)

    def finish_answer(self) -> None:
        """The answer is out, whole: the next request may come."""
        self.busy = False
        self.last_active = self._host.now()
        if self.answered is not None:
            self.answered()

    def close(self, reason: str | None) -> None:
        """Drops the connection; a reason (one line for the log) is given where the peer did wrong."""
        if not self.is_open:
            return
        self.is_open = False
        self._unsent.clear()
        self._rest, self._large = b"", None
        self._host.closed(self, reason)
        if self.answered is not None:
            self.answered()

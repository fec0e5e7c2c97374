"""One client's connection: frames in, answers out, without blocking. Who waits for the socket is not its business."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from kpybroker.broker import Outgoing
from kpybroker.machine import Instant
from kpybroker.server.unread import LENGTH_BYTES, Buffers, Unread
from kpybroker.server.unsent import Unsent
from kpybroker.storage.files import StorageError

REQUESTS_PER_TURN = 32  # of one connection that has sent many at once; then the others have their turn
TURN_MS = 2  # and so they have after this time


class Host(Protocol):
    """What a connection needs of the server around it."""

    buffers: Buffers
    max_frame_bytes: int

    def now(self) -> Instant: ...
    def receive(self, connection: Connection, frame: memoryview) -> None: ...
    def blocked(self, connection: Connection) -> None: ...
    def closed(self, connection: Connection, reason: str | None) -> None: ...


class Connection:
    """At most one request is under way and at most one answer is kept: the next frame waits for both."""

    __slots__ = (
        "_host", "_unread", "_unsent", "answered", "busy", "id", "is_open", "last_active", "peer_host", "sock",
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
        self._unread = Unread(host.buffers)
        self._unsent = Unsent()

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def has_frame(self) -> bool:
        """A whole frame is kept: it must be served, or waits for the answer before it, before more is read."""
        return self._unread.has_frame

    def on_readable(self) -> None:
        """One read, and every request that it completes, as long as each is answered at once."""
        try:
            count = self.sock.recv_into(self._unread.room())
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.close(None if isinstance(error, ConnectionError) else f"read failed: {error}")
            return
        if count == 0:
            self.close(None)
            return
        self.last_active = self._host.now()
        data = self._unread.add(count)
        if data is not None:
            self._serve(data)
        elif not self.busy:
            self.pump()

    def pump(self) -> None:
        """Serves what was kept; the answer before it must be out."""
        large = self._unread.take_large()
        if large is not None:
            frame, buffer = large
            self.busy = True
            self._host.receive(self, frame)
            self._host.buffers.give_back(buffer)
        elif self._unread.has_frame:
            self._serve(self._unread.take_rest())

    def _serve(self, data: memoryview) -> None:
        position = served = 0
        until = self._host.now() + TURN_MS
        while self.is_open and not self.busy and served < REQUESTS_PER_TURN and self.last_active < until:
            size = self._frame_size(data, position)
            if size is None or len(data) - position - LENGTH_BYTES < size:
                break
            self.busy = True
            frame = data[position + LENGTH_BYTES : position + LENGTH_BYTES + size]
            position += LENGTH_BYTES + size
            served += 1
            self._host.receive(self, frame)
        if self.is_open and position < len(data):
            size = self._frame_size(data, position)
            if self.is_open:
                self._unread.keep(data[position:], size)

    def _frame_size(self, data: memoryview, position: int) -> int | None:
        """The length that stands before the next frame; None while it is not there, or where it is nonsense."""
        if len(data) - position < LENGTH_BYTES:
            return None
        size = int.from_bytes(data[position : position + LENGTH_BYTES], "big", signed=True)
        if 0 <= size <= self._host.max_frame_bytes:
            return size
        self.close(f"a frame of {size} bytes is outside 0 to {self._host.max_frame_bytes}")
        return None

    # -- writing ---------------------------------------------------------------------------------------------------

    def deliver(self, answer: Outgoing) -> None:
        """Queues one answer and sends what the socket takes; closes after it where the answer says so."""
        if answer.close:
            self.close(answer.reason)
            return
        if answer.parts:
            try:
                self._unsent.queue(answer.parts)
            except StorageError as error:
                self.close(f"the disk failed: {error}")
                return
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
        self._unread.clear()
        self._host.closed(self, reason)
        if self.answered is not None:
            self.answered()

"""Who hears that a client has sent something: one task for all connections where the system has epoll, or one for each.

A task that waits for a socket costs more than a small request. On Linux an epoll of our own, watched as one file, tells
of all of them at once, and however many are ready there is one wait for all.
"""

from __future__ import annotations

import select
import sys
from typing import Protocol

import trio

from kpybroker.server.connection import Connection

SERVED_AT_ONCE = 32  # ready connections; then other tasks have their turn


class Readiness(Protocol):
    """Reads and serves a connection from `add` to `remove`, which comes before its socket is closed."""

    def add(self, connection: Connection) -> None: ...
    def remove(self, connection: Connection) -> None: ...


def readiness(nursery: trio.Nursery) -> Readiness:
    """The one for this system."""
    return NestedEpoll(nursery) if sys.platform == "linux" else TaskEach(nursery)


async def serve_kept(connection: Connection) -> None:
    """Serves the frames that are kept, each once the answer before it is out: before them nothing more is read."""
    while connection.is_open and connection.has_frame:
        if connection.busy:
            answered = trio.Event()
            connection.answered = answered.set
            await answered.wait()
            connection.answered = None
        else:
            connection.pump()
            await trio.lowlevel.checkpoint()


class TaskEach:
    """A task for each connection waits for its socket."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    def add(self, connection: Connection) -> None:
        self._nursery.start_soon(self._serve, connection)

    def remove(self, connection: Connection) -> None:
        trio.lowlevel.notify_closing(connection.sock)

    async def _serve(self, connection: Connection) -> None:
        try:
            while connection.is_open:
                await trio.lowlevel.wait_readable(connection.sock)
                connection.on_readable()
                await serve_kept(connection)
        except trio.ClosedResourceError:
            pass  # closed by ourselves while waiting


if sys.platform == "linux":

    class NestedEpoll:
        """One task waits for an epoll that has all connections."""

        def __init__(self, nursery: trio.Nursery) -> None:
            self._nursery = nursery
            self._epoll = select.epoll()
            self._connections: dict[int, Connection] = {}  # those that are read, by descriptor
            nursery.start_soon(self._run)

        def add(self, connection: Connection) -> None:
            number = connection.sock.fileno()
            self._connections[number] = connection
            self._epoll.register(number, select.EPOLLIN)

        def remove(self, connection: Connection) -> None:
            number = connection.sock.fileno()
            if self._connections.pop(number, None) is not None:
                self._epoll.unregister(number)
            # Whoever waits to write to it, too, must hear of its end.
            trio.lowlevel.notify_closing(connection.sock)

        async def _run(self) -> None:
            try:
                while True:
                    await trio.lowlevel.wait_readable(self._epoll)
                    for number, _ in self._epoll.poll(0, SERVED_AT_ONCE):
                        connection = self._connections.get(number)
                        if connection is not None:  # else: closed by what was served just before
                            connection.on_readable()
                            if connection.is_open and connection.has_frame:
                                self._pause(connection)
            finally:
                self._connections.clear()  # the server ends: they are closed without us
                self._epoll.close()

        def _pause(self, connection: Connection) -> None:
            """Its bytes are not asked for until what is kept of them has been served."""
            number = connection.sock.fileno()
            del self._connections[number]
            self._epoll.unregister(number)
            self._nursery.start_soon(self._resume, connection)

        async def _resume(self, connection: Connection) -> None:
            await serve_kept(connection)
            if connection.is_open:
                self.add(connection)

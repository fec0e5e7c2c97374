"""The server: listeners and connections around one core, its clock and its deadlines, in one trio loop."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Sequence

import trio

from kpybroker.broker import Core
from kpybroker.config.listeners import Listener
from kpybroker.machine import Peer
from kpybroker.server.alarm import Alarm
from kpybroker.server.clock import Clock
from kpybroker.server.connection import Connection
from kpybroker.server.unread import Buffers

log = logging.getLogger("kpybroker")
BACKLOG = 1024
LEAST_IDLE_CHECK_SECONDS = 0.01
ACCEPT_PAUSE_SECONDS = 0.1  # where the process has no descriptor left for another connection


class Limits:
    """What clients may ask of the server at most; the names are Kafka's settings."""

    def __init__(self, core: Core) -> None:
        settings = core.state.settings
        self.max_frame_bytes = settings.int("socket.request.max.bytes")
        self.max_connections = settings.int("max.connections")
        self.max_connections_per_ip = settings.int("max.connections.per.ip")
        self.idle_ms = settings.int("connections.max.idle.ms")


class Server:
    """Accepts, reads, writes and keeps time for one core. All of it runs on the thread of one trio loop."""

    def __init__(self, core: Core, clock: Clock, nursery: trio.Nursery) -> None:
        self.core = core
        self.now = clock.now
        self.buffers = Buffers()
        self.limits = Limits(core)
        self.max_frame_bytes = self.limits.max_frame_bytes
        self._nursery = nursery
        self._connections: dict[int, Connection] = {}
        self._by_host: dict[str, int] = {}
        self._next_id = 1
        self._room = trio.Event()
        self.alarm = Alarm(core, clock.now, self._deliver)

    # -- what connections ask for --------------------------------------------------------------------------------------

    def receive(self, connection: Connection, frame: memoryview) -> None:
        self.core.receive(connection.id, frame, self.now())
        self._deliver()

    def blocked(self, connection: Connection) -> None:
        self._nursery.start_soon(self._finish_writing, connection)

    def closed(self, connection: Connection, reason: str | None) -> None:
        if reason is not None:
            log.warning("connection from %s closed: %s", connection.peer_host, reason)
        del self._connections[connection.id]
        self._by_host[connection.peer_host] -= 1
        if not self._by_host[connection.peer_host]:
            del self._by_host[connection.peer_host]
        self._room.set()
        trio.lowlevel.notify_closing(connection.sock)
        with contextlib.suppress(OSError):  # a forked child may hold the socket too: closing it would not end it
            connection.sock.shutdown(socket.SHUT_RDWR)
        connection.sock.close()
        self.core.disconnected(connection.id, self.now())
        self._deliver()

    def _deliver(self) -> None:
        """Hands out what the core has answered, and sets the alarm if something is due earlier than before."""
        outbox = self.core.outbox
        while outbox:
            answer = outbox.popleft()
            connection = self._connections.get(answer.connection)
            if connection is not None:
                connection.deliver(answer)
        self.alarm.check()

    # -- tasks -----------------------------------------------------------------------------------------------------

    async def close_idle(self) -> None:
        """Drops connections on which nothing has moved for connections.max.idle.ms; below 0 there is no such limit.

        A request that waits is no idleness, an answer that nobody takes is.
        """
        idle_ms = self.limits.idle_ms
        if idle_ms < 0:
            return
        while True:
            await trio.sleep(max(LEAST_IDLE_CHECK_SECONDS, min(idle_ms, 60_000) / 2000))
            latest = self.now() - idle_ms
            for connection in list(self._connections.values()):
                if connection.last_active < latest and (connection.wants_write or not connection.busy):
                    connection.close(None)

    async def accept(self, listener: Listener, sock: socket.socket) -> None:
        """Takes connections of one listener for ever."""
        while True:
            while len(self._connections) >= self.limits.max_connections:
                if self._room.is_set():  # else another listener waits for it too
                    self._room = trio.Event()
                await self._room.wait()
            try:
                accepted, address = sock.accept()
            except BlockingIOError:
                await trio.lowlevel.wait_readable(sock)
                continue
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    log.error("no connection can be accepted: %s", error.strerror)
                    await trio.sleep(ACCEPT_PAUSE_SECONDS)
                else:  # the peer has gone before it was taken; or the broker stops, and this is the end here
                    await trio.lowlevel.checkpoint()
                continue
            self._welcome(listener, accepted, address[0])
            await trio.lowlevel.checkpoint()  # however many are waiting, who is connected has its turn

    def _welcome(self, listener: Listener, sock: socket.socket, host: str) -> None:
        if self._by_host.get(host, 0) >= self.limits.max_connections_per_ip:
            log.warning("connection from %s closed: it has max.connections.per.ip already", host)
            sock.close()
            return
        dialled = _prepare(sock)
        if dialled is None:
            return
        number, self._next_id = self._next_id, self._next_id + 1
        connection = Connection(number, sock, host, self)
        self._connections[number] = connection
        self._by_host[host] = self._by_host.get(host, 0) + 1
        self.core.connected(Peer(number, host, listener.name, dialled))
        self._nursery.start_soon(self._serve, connection)

    async def _serve(self, connection: Connection) -> None:
        """Waits for one connection's bytes; where a frame is kept, for the answer before it instead."""
        sock = connection.sock
        try:
            while connection.is_open:
                if not connection.has_frame:
                    await trio.lowlevel.wait_readable(sock)
                    connection.on_readable()
                elif connection.busy:
                    answered = trio.Event()
                    connection.answered = answered.set
                    await answered.wait()
                    connection.answered = None
                else:
                    connection.pump()
                    await trio.lowlevel.checkpoint()
        except trio.ClosedResourceError:
            pass  # closed by ourselves while waiting

    async def _finish_writing(self, connection: Connection) -> None:
        """Sends the rest of an answer that the socket did not take at once."""
        try:
            while connection.wants_write:
                await trio.lowlevel.wait_writable(connection.sock)
                connection.last_active = self.now()
                connection.flush()
        except trio.ClosedResourceError:
            return
        if connection.is_open:
            connection.finish_answer()

    def close(self) -> None:
        for connection in list(self._connections.values()):
            connection.close(None)


def _prepare(sock: socket.socket) -> tuple[str, int] | None:
    """The address that was dialled; None, and closed, where the system says that the peer has gone again (macOS)."""
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port, *_ = sock.getsockname()
    except OSError:
        sock.close()
        return None
    return host, port


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; OSError tells why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def serve(
    core: Core, clock: Clock, listeners: Sequence[tuple[Listener, socket.socket]], ready: Callable[[], None]
) -> None:
    """Serves until cancelled; `ready` is called once every listener accepts."""
    async with trio.open_nursery() as nursery:
        server = Server(core, clock, nursery)
        try:
            nursery.start_soon(server.alarm.run)
            nursery.start_soon(server.close_idle)
            for listener, sock in listeners:
                nursery.start_soon(server.accept, listener, sock)
            ready()
            await trio.sleep_forever()
        finally:
            server.close()
            for _, sock in listeners:
                with contextlib.suppress(OSError):  # a fork that is still starting may hold it: this frees the port
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()

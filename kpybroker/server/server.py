"""The server: listeners and connections around one core, its clock and its deadlines, in one trio loop."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Mapping, Sequence

import trio

from kpybroker.broker import Core
from kpybroker.config.listeners import Listener
from kpybroker.config.settings import Settings
from kpybroker.machine import Instant, Peer
from kpybroker.server.alarm import Alarm
from kpybroker.server.clock import Clock
from kpybroker.server.connection import Connection
from kpybroker.server.connection_quotas import ConnectionQuotas, plain_address
from kpybroker.server.readiness import readiness
from kpybroker.server.syncing import Syncer
from kpybroker.server.unread import Buffers

log = logging.getLogger("kpybroker")
BACKLOG = 1024
IDLE_CHECK_SECONDS = (0.01, 60.0)
ACCEPT_PAUSE_SECONDS = 0.1  # where the process has no descriptor left for another connection


class Server:
    """Accepts, reads, writes and keeps time for one core. All of it runs on the thread of one trio loop."""

    def __init__(self, core: Core, clock: Clock, nursery: trio.Nursery, listener_names: Sequence[str]) -> None:
        settings = core.state.settings
        self.core = core
        self.now = clock.now
        self.buffers = Buffers()
        self.max_frame_bytes = settings.int("socket.request.max.bytes")
        self._send_buffer_bytes = _told(settings, "socket.send.buffer.bytes")
        self._nursery = nursery
        self._readiness = readiness(nursery)
        self.connections: dict[int, Connection] = {}
        self._settings = settings
        self._heeded = settings.alterations
        self._quotas = ConnectionQuotas(settings, listener_names)
        self._next_id = 1
        self._room = trio.Event()
        self.alarm = Alarm(core, clock.now, self._deliver)
        core.state.housekeeping.nudge = self.alarm.check
        self._urgent, self._background = core.state.syncs.urgent, core.state.syncs.background
        self.syncers = {lane: Syncer(core, lane, clock.now, self._deliver) for lane in (self._urgent, self._background)}

    # -- what connections ask for --------------------------------------------------------------------------------------

    def receive(self, connection: Connection, frame: memoryview) -> None:
        self.core.receive(connection.id, frame, self.now())
        self._deliver()
        if self._settings.alterations != self._heeded:
            self._heeded = self._settings.alterations
            self._room.set()
            self._make_room()

    def blocked(self, connection: Connection) -> None:
        self._nursery.start_soon(self._finish_writing, connection)

    def closed(self, connection: Connection, reason: str | None) -> None:
        if reason is not None:
            log.warning("connection from %s closed: %s", connection.peer_host, reason)
        del self.connections[connection.id]
        self._quotas.remove(connection.id)
        self._room.set()
        self._readiness.remove(connection)
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
            connection = self.connections.get(answer.connection)
            if connection is not None:
                connection.deliver(answer)
        self.alarm.check()
        if self._urgent.wants:
            self.syncers[self._urgent].check()
        if self._background.wants:
            self.syncers[self._background].check()

    # -- tasks -----------------------------------------------------------------------------------------------------

    async def accept(self, listener: Listener, sock: socket.socket) -> None:
        """Takes connections of one listener for ever."""
        while True:
            while not self._quotas.has_room(listener.name):
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
            self._welcome(listener, accepted, plain_address(address[0]))
            await trio.lowlevel.checkpoint()  # however many are waiting, who is connected has its turn

    def _welcome(self, listener: Listener, sock: socket.socket, host: str) -> None:
        if not self._quotas.is_welcome(host):
            log.warning("connection from %s closed: it has max.connections.per.ip already", host)
            sock.close()
            return
        dialled = _prepare(sock, self._send_buffer_bytes)
        if dialled is None:
            return
        number, self._next_id = self._next_id, self._next_id + 1
        connection = Connection(number, sock, host, self)
        self.connections[number] = connection
        self._quotas.add(number, listener.name, host)
        self.core.connected(Peer(number, host, listener.name, dialled))
        self._readiness.add(connection)
        self._make_room()

    def _make_room(self) -> None:
        """Closes what was used least lately, until there are no more connections than max.connections."""
        while too_many := self._quotas.too_many():
            self.connections[min(too_many, key=lambda number: self.connections[number].last_active)].close(None)

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
        for connection in list(self.connections.values()):
            connection.close(None)


async def _close_idle(connections: Mapping[int, Connection], now: Callable[[], Instant], idle_ms: int) -> None:
    """Drops connections on which nothing has moved for connections.max.idle.ms; below 0 there is no such limit.

    As in Kafka it is bytes that count: a request that waits, or an answer that nobody takes, is no movement.
    """
    if idle_ms < 0:
        return
    least, most = IDLE_CHECK_SECONDS
    while True:
        at = now()
        for connection in list(connections.values()):
            if connection.last_active < at - idle_ms:
                connection.close(None)
        oldest = min((connection.last_active for connection in connections.values()), default=at)
        await trio.sleep(min(max(least, (oldest + idle_ms + 1 - at) / 1000), most))


def _widen(sock: socket.socket, settings: Settings) -> None:
    """What a user says of a listening socket; what it accepts takes after it."""
    size = _told(settings, "socket.receive.buffer.bytes")
    if size is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    backlog = _told(settings, "socket.listen.backlog.size")
    if backlog is not None:
        sock.listen(backlog)


def _told(settings: Settings, name: str) -> int | None:
    """The size of a socket's buffer or queue, if the user gives one: Kafka's defaults are smaller than the system's."""
    value = settings.int(name)
    return value if name in settings.static and value > 0 else None


def _prepare(sock: socket.socket, send_buffer_bytes: int | None) -> tuple[str, int] | None:
    """The address that was dialled; None, and closed, where the system says that the peer has gone again (macOS)."""
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if send_buffer_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        host, port, *_ = sock.getsockname()
    except OSError:
        sock.close()
        return None
    return plain_address(host), port


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
        server = Server(core, clock, nursery, [listener.name for listener, _ in listeners])
        try:
            nursery.start_soon(server.alarm.run)
            for syncer in server.syncers.values():
                nursery.start_soon(syncer.run)
            idle_ms = core.state.settings.int("connections.max.idle.ms")
            nursery.start_soon(_close_idle, server.connections, clock.now, idle_ms)
            for listener, sock in listeners:
                _widen(sock, core.state.settings)
                nursery.start_soon(server.accept, listener, sock)
            ready()
            await trio.sleep_forever()
        finally:
            server.close()
            for _, sock in listeners:
                with contextlib.suppress(OSError):  # a fork that is still starting may hold it: this frees the port
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()

"""`Core`: one broker without I/O. Frames and time go in; answers come out of `outbox`, one for each frame."""

from __future__ import annotations

import logging
import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import GeneratorType
from typing import Any, NamedTuple

from kpybroker.handlers import APIS
from kpybroker.handlers.api_versions import API_VERSIONS, unsupported_version
from kpybroker.handlers.refusal import answer_with, refusal
from kpybroker.machine import Api, Call, Instant, Later, Peer, Silence, Ticket, Wait, Waiting
from kpybroker.releases import Versions
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.syncing import SyncJob
from kpybroker.wire.apis import name_of, request_type, response_type
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import Extent, type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encoder
from kpybroker.wire.errors import Error
from kpybroker.wire.frames import read_header_end
from kpybroker.wire.messages.api_versions import ApiVersionsResponse

log = logging.getLogger("kpybroker")
HEADER = struct.Struct(">hhi")  # API key, version, correlation id
# What group coordinators do, by API key: of their disk a client is told that the coordinator is not here any more
# (CoordinatorOperationExceptionHelper); it looks for it and tries again.
COORDINATED = frozenset((8, 9, 11, 12, 13, 14, 15, 42, 47))
KEPT_BUGS = 20  # each holds what it failed on


class Outgoing(NamedTuple):
    """What goes to a connection: a frame as parts, nothing at all (the next request may come), or the end."""

    connection: int
    parts: Sequence[Extent] = ()
    close: bool = False
    reason: str | None = None


class Route(NamedTuple):
    """How one version of an API is read and written."""

    key: int
    version: int
    handle: Callable[[State, Call], Any]
    decode: Callable[[memoryview, int], tuple[Any, int]]
    encode: Callable[[Any, Callable[[Any], None]], None]
    flexible_request: bool
    flexible_response: bool


class Router:
    """Finds the route of a request by its header; each is put together when it is first asked for.

    What the broker offers and no handler does is refused in an answer; what it does not offer ends the connection.
    """

    def __init__(self, apis: Mapping[int, Api], answered: Mapping[int, Versions]) -> None:
        self._apis = apis
        self._answered = answered
        self._routes: dict[tuple[int, int], Route] = {}

    def find(self, frame: memoryview) -> tuple[Route | None, int]:
        """Where a request goes, and its correlation id; None for ApiVersions in a version from the future."""
        if len(frame) < HEADER.size:
            raise WireError(f"{len(frame)} bytes are too few for a header")
        key, version, correlation_id = HEADER.unpack_from(frame)
        route = self._routes.get((key, version))
        if route is not None:
            return route, correlation_id
        offered = self._answered.get(key)
        if offered is None:
            raise WireError(f"{name_of(key)} is not served")
        if not offered.first <= version <= offered.last:
            if key == API_VERSIONS:
                return None, correlation_id
            raise WireError(f"{name_of(key)} has no version {version} here")
        api = self._apis.get(key)
        request, response = request_type(key), response_type(key)
        route = self._routes[key, version] = Route(
            key,
            version,
            api.handle if api is not None and api.first <= version <= api.last else refusal,
            decoder(request, version),
            encoder(response, version),
            version in type_of(request).flexible,
            # An ApiVersions answer always has header v0: the client does not know yet what we speak (KIP-511).
            key != API_VERSIONS and version in type_of(response).flexible,
        )
        return route, correlation_id


class Pending(NamedTuple):
    """A request that is not answered yet."""

    connection: int
    correlation_id: int
    route: Route
    request: Any


class Bugs(list[BaseException]):
    """Errors of our own, the first few: they are told in the log and at the end. The disk's are none."""

    def __init__(self, disk_failed: Callable[[StorageError], None]) -> None:
        super().__init__()
        self.disk_failed = disk_failed

    def note(self, bug: BaseException, doing: str) -> None:
        log.error("%s failed", doing, exc_info=bug)
        if len(self) < KEPT_BUGS:
            self.append(bug)

    @contextmanager
    def survived(self, doing: str) -> Iterator[None]:
        """For work that nobody has asked for, and nobody can be answered."""
        try:
            yield
        except StorageError as error:
            self.disk_failed(error)
        except Exception as bug:
            self.note(bug, doing)


class Core:
    """Routes requests to handlers and answers to connections. Deterministic: no clock, no socket, no chance."""

    def __init__(self, state: State, apis: Mapping[int, Api] = APIS) -> None:
        self.state = state
        self.outbox: deque[Outgoing] = deque()
        self.bugs = Bugs(state.disk_failed)
        self._router = Router(apis, state.offer.answered)
        self._peers: dict[int, Peer] = {}
        self._pending: dict[Ticket, Pending] = {}
        self._under_way: dict[int, Ticket] = {}  # connection: its one request that waits
        self._next_ticket: Ticket = 1

    def connected(self, peer: Peer) -> None:
        self._peers[peer.connection] = peer

    def disconnected(self, connection: int, now: Instant) -> None:
        del self._peers[connection]
        ticket = self._under_way.pop(connection, None)
        if ticket is not None:
            del self._pending[ticket]
            self.state.waiters.drop(ticket)
        with self.bugs.survived("a closed connection"):
            self.state.groups.connection_closed(connection, now)
            self.state.telemetry.connection_closed(connection)
        self._settle(now)

    def receive(self, connection: int, frame: memoryview, now: Instant) -> None:
        """One whole request. It is answered through `outbox`, at once or later; views of `frame` end here."""
        try:
            route, correlation_id = self._router.find(frame)
            if route is None:
                self.outbox.append(Outgoing(connection, _unsupported(self.state, correlation_id)))
                return
            client_id, position = read_header_end(frame, flexible=route.flexible_request)
            request, _ = route.decode(frame, position)
        except WireError as error:
            self.outbox.append(Outgoing(connection, close=True, reason=f"not a request: {error}"))
            return
        ticket = self._next_ticket
        self._next_ticket += 1
        peer = self._peers[connection]
        call = Call(self.state.node_id, peer, ticket, route.key, route.version, client_id, request, now)
        self._pending[ticket] = Pending(connection, correlation_id, route, request)
        self._under_way[connection] = ticket
        self._attempt(ticket, lambda: route.handle(self.state, call))
        self._settle(now)

    def wake(self, now: Instant) -> None:
        """Does all that is due at `now`."""
        for ticket, handler in self.state.waiters.take_due(now):
            self._attempt(ticket, partial(handler.send, now), handler)
        for chore in self.state.housekeeping.at_hand(now):
            with self.bugs.survived("what was due"):
                chore.expire(now)
        self._settle(now)

    def due(self) -> Instant | None:
        """When `wake` has something to do next."""
        return self.state.housekeeping.due(self.state.waiters.due())

    def synced(self, job: SyncJob, failures: Sequence[StorageError | None], now: Instant) -> None:
        """A job of `state.syncs` was carried out: who has waited for it goes on."""
        with self.bugs.survived("a sync"):
            self.state.syncs.finish(job, failures, now, self.state.disk_failed)
        self._settle(now)

    # -- one request -------------------------------------------------------------------------------------------------

    def _attempt(self, ticket: Ticket, step: Callable[[], Any], handler: Waiting | None = None) -> None:
        """One step of a request, up to its answer or its next wait.

        The one boundary: a bug of ours is one answer, told in the log and at the end, not the broker's end.
        """
        try:
            result = step()
            if isinstance(result, GeneratorType):
                handler, result = result, next(result)
            if not isinstance(result, Wait):
                self._conclude(ticket, result)
                return
        except StopIteration as end:
            answer = end.value
            self._attempt(ticket, lambda: answer)
            return
        except StorageError as error:
            self.state.disk_failed(error)
            of_groups = self._pending[ticket].route.key in COORDINATED
            code = Error.NOT_COORDINATOR if of_groups else Error.KAFKA_STORAGE_ERROR
            self._fail(ticket, code, f"the disk failed: {error}")
            return
        except Exception as bug:
            route = self._pending[ticket].route
            self.bugs.note(bug, f"{name_of(route.key)} v{route.version}")
            self._fail(ticket, Error.UNKNOWN_SERVER_ERROR, "an error of the broker's own")
            return
        assert handler is not None
        self.state.waiters.park(ticket, handler, result)

    def _fail(self, ticket: Ticket, error: Error, reason: str) -> None:
        """Answers with the error (AbstractRequest.getErrorResponse); where nobody waits, the connection ends."""
        _, _, route, request = pending = self._pending[ticket]
        if getattr(request, "acks", None) != 0:
            with self.bugs.survived(f"the error {error.name} of {name_of(route.key)} v{route.version}"):
                self._conclude(ticket, answer_with(error, response_type(route.key), route.version, request))
                return
        self._finish(ticket, Outgoing(pending.connection, close=True, reason=reason))

    # -- out ---------------------------------------------------------------------------------------------------------

    def _settle(self, now: Instant) -> None:
        """Sends what decisions have answered, and lets handlers go on whose data has come, until nothing is left."""
        replies, waiters = self.state.replies, self.state.waiters
        while True:
            while replies:
                ticket, response = replies.popleft()
                if ticket in self._pending:  # else: the connection has gone meanwhile
                    self._attempt(ticket, partial(_said, response))
            touched = waiters.take_touched()
            if not touched:
                return
            for ticket, handler in touched:
                self._attempt(ticket, partial(handler.send, now), handler)

    def _conclude(self, ticket: Ticket, answer: Any) -> None:
        if isinstance(answer, Later):
            return
        pending = self._pending[ticket]
        if isinstance(answer, Silence):
            self._finish(ticket, Outgoing(pending.connection, close=answer.close))
            return
        route = pending.route
        parts = _frame(pending.correlation_id, route.flexible_response, answer, route.encode)
        self._finish(ticket, Outgoing(pending.connection, parts))

    def _finish(self, ticket: Ticket, outgoing: Outgoing) -> None:
        del self._pending[ticket]
        del self._under_way[outgoing.connection]
        self.outbox.append(outgoing)


def _unsupported(state: State, correlation_id: int) -> list[Extent]:
    """The one API that every client asks blindly is answered in version 0, whatever was asked (KIP-511)."""
    return _frame(correlation_id, False, unsupported_version(state), encoder(ApiVersionsResponse, 0))


def _said(response: Any) -> Any:
    """What a reply says: the error, where it tells that the disk has failed."""
    if isinstance(response, StorageError):
        raise response.with_traceback(None)
    return response


def _frame(
    correlation_id: int, flexible: bool, answer: Any, encode: Callable[[Any, Callable[[Any], None]], None]
) -> list[Extent]:
    """The answer's bytes with length and header before them, in as few parts as the codec gives."""
    parts: list[Extent] = [b""]
    encode(answer, parts.append)
    size = sum(map(len, parts))
    if flexible:
        parts[0] = struct.pack(">iib", size + 5, correlation_id, 0)
    else:
        parts[0] = struct.pack(">ii", size + 4, correlation_id)
    return parts

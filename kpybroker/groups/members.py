"""The members of a classic group: who they are, what they support, and how long they may stay silent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kpybroker.machine import Call, Instant, Ticket
from kpybroker.wire.messages.join_group import JoinGroupRequest


class MemberProtocol(NamedTuple):
    """A way to assign partitions that a member supports, and what it says about itself in that protocol."""

    name: str
    metadata: bytes


class ParkedJoin(NamedTuple):
    """A JoinGroup that is answered when the rebalance is; `version` decides how null is spelt."""

    ticket: Ticket
    version: int


class Link:
    """The connection somebody was last heard on, and when the session is over."""

    __slots__ = ("closed_at", "connection", "session_ends")

    def __init__(self, connection: int, session_ends: Instant | None) -> None:
        self.connection = connection
        self.closed_at: Instant | None = None
        self.session_ends = session_ends  # None: it has run out while a parked request kept the member in

    def heard_on(self, connection: int) -> None:
        self.connection = connection
        self.closed_at = None


NO_CONNECTION = -1


class Identity(NamedTuple):
    """Who a member is, as the log has it."""

    member_id: str
    instance_id: str | None  # group.instance.id: the member is static
    client_id: str
    client_host: str


class Timeouts(NamedTuple):
    rebalance_ms: int
    session_ms: int


class Member(Link):
    """One member. Identity, timeouts, protocols and assignment are what the log knows; the rest is soft."""

    __slots__ = ("assignment", "identity", "instance_id", "is_new", "member_id", "protocols", "timeouts")

    def __init__(
        self, identity: Identity, timeouts: Timeouts, protocols: tuple[MemberProtocol, ...], assignment: bytes = b""
    ) -> None:
        super().__init__(NO_CONNECTION, None)
        self.identity = identity
        self.member_id = identity.member_id
        self.instance_id = identity.instance_id
        self.timeouts = timeouts
        self.protocols = protocols
        self.assignment = assignment
        self.is_new = False  # not yet in any generation: a parked join does not keep it in for ever

    @classmethod
    def joining(cls, member_id: str, call: Call) -> Member:
        """The member that a JoinGroup asks for."""
        request: JoinGroupRequest = call.request
        host = "/" + call.peer.host  # as Java prints an address without a name
        identity = Identity(member_id, request.group_instance_id, client_id_of(call), host)
        member = cls(identity, timeouts_of(request, call.version), protocols_of(request))
        member.connection = call.peer.connection
        return member

    def successor(self, member_id: str) -> Member:
        """The same static member under a new id, after its restart."""
        return Member(self.identity._replace(member_id=member_id), self.timeouts, self.protocols, self.assignment)

    def metadata(self, protocol: str) -> bytes:
        return next(supported.metadata for supported in self.protocols if supported.name == protocol)

    def vote(self, candidates: Iterable[str]) -> str:
        """The first protocol of the member's own order that everybody supports."""
        return next(supported.name for supported in self.protocols if supported.name in candidates)

    def heard(self, now: Instant) -> None:
        """The session begins anew."""
        self.session_ends = now + self.timeouts.session_ms


def client_id_of(call: Call) -> str:
    return call.client_id or ""


def timeouts_of(request: JoinGroupRequest, version: int) -> Timeouts:
    """Version 0 has no rebalance timeout: the session's serves for both."""
    session_ms = request.session_timeout_ms
    return Timeouts(request.rebalance_timeout_ms if version >= 1 else session_ms, session_ms)


def protocols_of(request: JoinGroupRequest) -> tuple[MemberProtocol, ...]:
    """What the request lists, copied out of the connection's buffer. A name listed twice counts once: Kafka counts it
    twice, finds no protocol that all support, and never answers."""
    metadata: dict[str, bytes] = {}
    for protocol in request.protocols:
        metadata.setdefault(protocol.name, bytes(protocol.metadata))
    return tuple(MemberProtocol(name, data) for name, data in metadata.items())

"""One classic group: its state, its members, the protocol they agree on, and who of them leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from kpybroker.groups.members import Identity, Link, Member, MemberProtocol, ParkedJoin, Timeouts
from kpybroker.machine import Instant, Ticket
from kpybroker.wire.compiler import WireError
from kpybroker.wire.decode import decoder
from kpybroker.wire.errors import Error
from kpybroker.wire.schemas.consumer_protocol import ConsumerProtocolSubscription
from kpybroker.wire.schemas.groups import GroupMetadataValue

CONSUMER = "consumer"  # the protocol type whose metadata the coordinator can read


class State(Enum):
    """What a group is doing, in the words that DescribeGroups uses."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"  # waiting for everybody to join
    COMPLETING = "CompletingRebalance"  # everybody has joined; waiting for the leader's assignments
    STABLE = "Stable"
    DEAD = "Dead"


FROM = {  # a state, and those it can follow
    State.EMPTY: (State.PREPARING,),
    State.PREPARING: (State.STABLE, State.COMPLETING, State.EMPTY),
    State.COMPLETING: (State.PREPARING,),
    State.STABLE: (State.COMPLETING,),
    State.DEAD: (State.EMPTY, State.PREPARING, State.COMPLETING, State.STABLE),
}


class ClassicGroup:
    """A group in memory.

    A rebalance is soft until its end: Kafka writes one record when the leader's assignments arrive (or the group is
    empty), so in PreparingRebalance and CompletingRebalance the generation, leader and members here run ahead of the
    log. Nothing is lost by that: who replays the log finds the last finished generation, whose members join again.
    """

    def __init__(self, group_id: str, now: Instant) -> None:
        self.group_id = group_id
        self.state = State.EMPTY
        self.previous_state = State.DEAD
        self.state_since: Instant = now  # -1: the log does not say
        self.generation = 0
        self.protocol_type: str | None = None
        self.protocol: str | None = None
        self.leader: str | None = None
        self.members: dict[str, Member] = {}
        self.static_ids: dict[str, str] = {}  # group.instance.id to member id
        self.supporters: dict[str, int] = {}  # protocol name to the number of members that support it
        self.topics_read: frozenset[str] | None = None  # by the members of this generation; None: nobody can tell
        # soft: who waits and who is waited for
        self.pending: dict[str, Link] = {}  # ids given out, not yet back with them (KIP-394)
        self.parked_joins: dict[str, ParkedJoin] = {}
        self.parked_syncs: dict[str, Ticket] = {}
        self.unsynced: dict[str, None] = {}  # members of this generation that have not sent SyncGroup yet
        self.new_member_added = False
        self.waiting_since: Instant = now
        self.join_ends: Instant | None = None
        self.initial_delay: tuple[int, int] | None = None  # of a first rebalance: this delay, and what may follow it
        self.sync_ends: Instant | None = None

    def become(self, state: State, now: Instant) -> None:
        assert self.state in FROM[state]
        self.previous_state, self.state, self.state_since = self.state, state, now

    def add(self, member: Member) -> None:
        assert member.instance_id not in self.static_ids
        if member.instance_id is not None:
            self.static_ids[member.instance_id] = member.member_id
        if self.leader is None:
            self.leader = member.member_id
        self.members[member.member_id] = member
        self.count(member.protocols, 1)
        self.pending.pop(member.member_id, None)

    def remove(self, member_id: str) -> None:
        """Takes a member out. Its parked requests are the caller's to answer first."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self.count(member.protocols, -1)
            if member.instance_id is not None:
                del self.static_ids[member.instance_id]
        if self.leader == member_id:
            self.leader = next(iter(self.members), None)
        self.pending.pop(member_id, None)
        self.unsynced.pop(member_id, None)

    def replace(self, old: Member, new: Member) -> None:
        """A static member is back under a new id, in the old one's place."""
        assert old.instance_id is not None
        self.members = {m.member_id: m for m in (new if m is old else m for m in self.members.values())}
        if self.leader == old.member_id:
            self.leader = new.member_id
        self.static_ids[old.instance_id] = new.member_id

    def update(self, member: Member, protocols: tuple[MemberProtocol, ...]) -> None:
        self.count(member.protocols, -1)
        member.protocols = protocols
        self.count(member.protocols, 1)

    def count(self, protocols: Iterable[MemberProtocol], step: int) -> None:
        for protocol in protocols:
            self.supporters[protocol.name] = self.supporters.get(protocol.name, 0) + step

    def supports(self, protocol_type: str, names: Iterable[str]) -> bool:
        """Whether somebody of this type with these protocols can be in the group."""
        if self.state is State.EMPTY:
            return protocol_type != "" and any(True for _ in names)
        size = len(self.members)
        return self.protocol_type == protocol_type and any(self.supporters.get(name, 0) == size for name in names)

    def select_protocol(self) -> str:
        """The protocol with the most votes among those that every member supports."""
        candidates = [name for name, count in self.supporters.items() if count == len(self.members)]
        votes: dict[str, int] = {}
        for member in self.members.values():
            choice = member.vote(candidates)
            votes[choice] = votes.get(choice, 0) + 1
        return max(in_hash_map_order(votes), key=lambda name: votes[name])

    def elect_joined_leader(self) -> bool:
        """Whether somebody who has joined leads; if the leader has not, the first who has takes over."""
        if self.leader is not None and self.leader not in self.parked_joins:
            self.leader = next((id_ for id_ in self.members if id_ in self.parked_joins), self.leader)
        return self.leader is not None and self.leader in self.parked_joins

    def refusal(self, member_id: str, instance_id: str | None) -> Error:
        """Why this is no member of the group, or NONE. A static member's older incarnation is fenced off."""
        if instance_id is not None:
            current = self.static_ids.get(instance_id)
            if current is None:
                return Error.UNKNOWN_MEMBER_ID
            if current != member_id:
                return Error.FENCED_INSTANCE_ID
        return Error.NONE if member_id in self.members else Error.UNKNOWN_MEMBER_ID

    def is_subscribed(self, topic: str) -> bool:
        """Consumers of whom nobody can tell what they read may read everything."""
        return self.protocol_type == CONSUMER if self.topics_read is None else topic in self.topics_read

    @property
    def all_joined(self) -> bool:
        return len(self.members) == len(self.parked_joins) and not self.pending

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest of any member."""
        return max((member.timeouts.rebalance_ms for member in self.members.values()), default=0)

    def links(self) -> Iterator[tuple[str, Link]]:
        """Everybody who has an id: members, then those expected back with one."""
        yield from self.members.items()
        yield from self.pending.items()


def loaded_group(group_id: str, value: GroupMetadataValue) -> ClassicGroup:
    """The group that a record describes: of each member's protocols only the chosen one is in the log."""
    group = ClassicGroup(group_id, value.current_state_timestamp)
    group.state = State.STABLE if value.members else State.EMPTY
    group.generation = value.generation
    group.protocol_type = value.protocol_type or None
    group.protocol = value.protocol
    group.leader = value.leader
    for stored in value.members:
        rebalance_ms = stored.session_timeout if stored.rebalance_timeout == -1 else stored.rebalance_timeout
        group.add(
            Member(
                Identity(stored.member_id, stored.group_instance_id, stored.client_id, stored.client_host),
                Timeouts(rebalance_ms, stored.session_timeout),
                (MemberProtocol(value.protocol or "", bytes(stored.subscription)),),
                bytes(stored.assignment),
            )
        )
    group.topics_read = subscribed_topics(group)
    return group


def subscribed_topics(group: ClassicGroup) -> frozenset[str] | None:
    """The topics that a group of consumers reads; None where the coordinator cannot know."""
    if group.protocol_type != CONSUMER:
        return None
    decode = decoder(ConsumerProtocolSubscription, 0)
    topics: set[str] = set()
    for member in group.members.values():
        metadata = memoryview(member.metadata(group.protocol or ""))
        try:
            subscription, _ = decode(metadata, 2)  # after the version: whatever it is, version 0's fields come first
        except WireError:
            return None
        topics.update(subscription.topics)
    return frozenset(topics)


def in_hash_map_order(names: Iterable[str]) -> list[str]:
    """As a Java HashMap walks its keys, so that a tie between protocols ends as it does in Kafka."""
    known = list(names)
    buckets = 16
    while len(known) > buckets * 3 // 4:
        buckets *= 2
    return sorted(known, key=lambda name: bucket(name) % buckets)


def bucket(name: str) -> int:
    units = name.encode("utf-16-be")
    code = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + (high << 8 | low)) & 0xFFFFFFFF
    return code ^ (code >> 16)

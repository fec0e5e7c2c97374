"""One partition of `__consumer_offsets`: the machine that coordinates the groups whose ids hash to it."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TypeAlias

from kpybroker.groups import offsets
from kpybroker.groups.classic import ClassicGroup, State, loaded_group
from kpybroker.groups.foreign import ForeignGroups
from kpybroker.groups.rebalance import Deadline, abandon, earliest, expire, prepare
from kpybroker.groups.records import group_tombstone
from kpybroker.groups.requests import HANDLERS, ListedGroup, describe, listed, selected
from kpybroker.groups.settings import GroupSettings, Turn
from kpybroker.machine import Call, Decision, Instant, Record
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_groups import DescribeGroupsResponse
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse
from kpybroker.wire.schemas.groups import (
    GroupMetadataKey,
    GroupMetadataValue,
    LegacyOffsetCommitKey,
    LegacyOffsetCommitValue,
    OffsetCommitKey,
    OffsetCommitValue,
)

DescribedGroup: TypeAlias = DescribeGroupsResponse.DescribedGroup


class Shard:
    """A Machine (kpybroker.machine). `replay` loads until `loaded(now)`; from then on it settles our own records."""

    def __init__(self, settings: GroupSettings, random: Random) -> None:
        self.settings = settings
        self.random = random
        self.groups: dict[str, ClassicGroup] = {}
        self.foreign = ForeignGroups()
        self.offsets = offsets.Offsets()
        self.cleans_at: Instant | None = None  # None: not loaded yet
        self.deadlines: dict[str, Deadline | None] = {}  # what runs out first in a group; forgotten when it is touched
        self.next_due: Instant | None = None  # of all of them, if `settled`
        self.settled = False

    def decide(self, call: Call, now: Instant) -> Decision:
        """JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit; the first two may be answered later."""
        turn = Turn(now, self.settings)
        self.touch(call.request.group_id)
        if not self.foreign.answer(call, turn):
            HANDLERS[type(call.request)](self.groups, call, turn, self.random)
        return turn.decision()

    def replay(self, record: Record) -> None:
        """Of other kinds of groups it is only kept in mind what there is."""
        key, value = record.key, record.value
        match key:
            case GroupMetadataKey():
                self.touch(key.group)
                replay_group(self.groups, key.group, value, loading=self.cleans_at is None)
            case OffsetCommitKey():
                replay_offset(self, key, value)
            case LegacyOffsetCommitKey():
                replay_offset(self, *modern(key, value))
            case _:
                self.foreign.replay(record, self.groups)

    def loaded(self, now: Instant) -> Decision:
        """The log has been replayed: sessions begin anew, and a group that is now too large sorts itself out."""
        turn = Turn(now, self.settings)
        self.cleans_at = now + self.settings.offsets_retention_check_interval_ms
        self.foreign.loaded(now)
        for group in self.groups.values():
            self.touch(group.group_id)
            for member in group.members.values():
                member.heard(now)
            if len(group.members) > self.settings.group_max_size:
                prepare(group, turn)
        return turn.decision()

    def unload(self) -> Decision:
        """This node coordinates these groups no longer, or their log has failed: whoever waits is told to look anew."""
        turn = Turn(0, self.settings)
        for group in self.groups.values():
            abandon(group, turn)
        self.groups.clear()
        self.deadlines.clear()
        self.foreign = ForeignGroups()
        self.cleans_at, self.settled = None, False
        return turn.decision()

    def due(self) -> Instant | None:
        if not self.settled:
            first = self.first_deadline()
            times = [at for at in (self.cleans_at, self.foreign.sessions_end, first and first[0].at) if at is not None]
            self.next_due, self.settled = min(times, default=None), True
        return self.next_due

    def expire(self, now: Instant) -> Decision:
        """Everything that has run out by now, one after the other."""
        turn = Turn(now, self.settings)
        while (due := self.due()) is not None and due <= now:
            first = self.first_deadline()
            if due == self.foreign.sessions_end:
                self.foreign.expire(now)
                self.settled = False
            elif first is not None and first[0].at == due:
                self.touch(first[1].group_id)
                expire(first[1], first[0], turn)
            else:
                self.clean(turn)
        return turn.decision()

    def first_deadline(self) -> tuple[Deadline, ClassicGroup] | None:
        first: tuple[Deadline, ClassicGroup] | None = None
        for group_id, group in self.groups.items():
            if group_id not in self.deadlines:
                self.deadlines[group_id] = earliest(group, self.settings)
            deadline = self.deadlines[group_id]
            if deadline is not None and (first is None or deadline.at < first[0].at):
                first = deadline, group
        return first

    def touch(self, group_id: str) -> None:
        self.deadlines.pop(group_id, None)
        self.settled = False

    def clean(self, turn: Turn) -> None:
        """Forgets expired offsets, and the groups that have nobody and nothing left."""
        self.cleans_at, self.settled = turn.now + self.settings.offsets_retention_check_interval_ms, False
        for group in self.groups.values():
            if offsets.expired(self.offsets, group, turn) and group.state is State.EMPTY:
                turn.records.append(group_tombstone(group.group_id))

    def connection_closed(self, connection: int, now: Instant) -> None:
        """A session outlives its connection; only a rebalance, if the settings say so, soon stops waiting for it."""
        for group in self.groups.values():
            for _, link in group.links():
                if link.connection == connection and link.closed_at is None:
                    link.closed_at = now
                    self.touch(group.group_id)

    def describe_group(self, group_id: str, version: int) -> DescribedGroup:
        return describe(self.groups.get(group_id), group_id, version)

    def list_groups(self, states: Iterable[str], types: Iterable[str]) -> list[ListedGroup]:
        """The groups in these states and of these types; none named: all."""
        return selected([*map(listed, self.groups.values()), *self.foreign.listed()], states, types)

    def delete_group(self, group_id: str) -> tuple[Error, tuple[Record, ...]]:
        """What deletes the group and its offsets, if nobody is a member."""
        foreign, group = self.foreign.get(group_id), self.groups.get(group_id)
        if foreign is not None:
            return self.foreign.delete(foreign, self.offsets.tombstones(group_id))
        if group is None:
            return Error.GROUP_ID_NOT_FOUND, ()
        if group.state is not State.EMPTY:
            return Error.NON_EMPTY_GROUP, ()
        return Error.NONE, (*self.offsets.tombstones(group_id), group_tombstone(group_id))

    def delete_offsets(self, request: OffsetDeleteRequest) -> tuple[OffsetDeleteResponse, tuple[Record, ...]]:
        """The topics and partitions of the request exist."""
        return offsets.delete(self.offsets, self.groups.get(request.group_id), request)

    def fetch_offsets(self, request: offsets.FetchGroup) -> offsets.FetchGroupResponse:
        """Topics carry their names, whatever the version says."""
        return self.offsets.fetch(request)

    def topic_deleted(self, name: str, topic_id: bytes) -> tuple[Record, ...]:
        return tuple(self.offsets.of_deleted_topic(name, topic_id))


def replay_group(
    groups: dict[str, ClassicGroup], group_id: str, value: GroupMetadataValue | None, *, loading: bool
) -> None:
    """What the log says of a group. Of our own records one has news for the group that wrote it: the assignments.

    The rest of a record repeats what the group already is: it says what a loader has to find (classic.ClassicGroup).
    """
    group = groups.get(group_id)
    if value is None:
        groups.pop(group_id, None)
    elif group is None or loading:
        groups[group_id] = loaded_group(group_id, value)
    elif group.state is State.COMPLETING and value.generation == group.generation:
        for stored in value.members:
            group.members[stored.member_id].assignment = bytes(stored.assignment)
        group.become(State.STABLE, group.state_since)


def replay_offset(shard: Shard, key: OffsetCommitKey, value: OffsetCommitValue | None) -> None:
    """Offsets of a group that has no record of its own make it a simple one: empty, and without a protocol."""
    if value is None:
        shard.offsets.remove(key)
        return
    if key.group not in shard.groups and key.group not in shard.foreign:
        shard.groups[key.group] = ClassicGroup(key.group, value.commit_timestamp)
    shard.offsets.put(key, value)


def modern(
    key: LegacyOffsetCommitKey, value: LegacyOffsetCommitValue | None
) -> tuple[OffsetCommitKey, OffsetCommitValue | None]:
    """A record as old brokers wrote it, in today's terms."""
    new_key = OffsetCommitKey(group=key.group, topic=key.topic, partition=key.partition)
    if value is None:
        return new_key, None
    return new_key, OffsetCommitValue(
        offset=value.offset, metadata=value.metadata, commit_timestamp=value.commit_timestamp
    )

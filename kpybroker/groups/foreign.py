"""Groups of protocols that are not served, as Apache Kafka has left them in the log: nothing of them is written over.

Their offsets are served. Their members are gone, as nobody can send a heartbeat for them: when a session is over, such
a group is empty, and one of the consumer protocol may become a classic one then, as with Kafka (KIP-848). Until then a
classic member is told INCONSISTENT_GROUP_PROTOCOL, and always by a share group and a streams group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kpybroker.groups.classic import ClassicGroup
from kpybroker.groups.joining import join_refusal, refuse
from kpybroker.groups.offsets import refused
from kpybroker.groups.settings import Turn
from kpybroker.machine import Call, Instant, Record
from kpybroker.wire.declare import type_of
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.list_groups import ListGroupsResponse
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest

SESSION_TIMEOUT_MS = 45_000  # group.consumer.session.timeout.ms and its kin
CONSUMER, SHARE, STREAMS = "consumer", "share", "streams"
# By name: to look at their classes would import what only such directories need.
GROUPS = {"ConsumerGroupMetadataKey": CONSUMER, "ShareGroupMetadataKey": SHARE, "StreamsGroupMetadataKey": STREAMS}
MEMBERS = ("ConsumerGroupMemberMetadataKey", "ShareGroupMemberMetadataKey", "StreamsGroupMemberMetadataKey")
# What members were given goes before them, and they before their group; by the types of the records' keys.
TOMBSTONES = (8, 7, 5, 16, 6, 4, 3, 22, 21, 19, 23, 20, 17)
EMPTY, STABLE = "Empty", "Stable"


class ForeignGroup:
    """One group: the keys of all records that the log has of it."""

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.kind = ""  # until its own record comes
        self.keys: dict[Any, None] = {}
        self.members = 0

    def note(self, key: Any, *, exists: bool) -> None:
        known = key in self.keys
        if exists:
            self.keys[key] = None
        else:
            self.keys.pop(key, None)
        name = type(key).__name__
        if name in MEMBERS:
            self.members += exists - known
        elif name in GROUPS:
            self.kind = GROUPS[name] if exists else ""


class ForeignGroups:
    """By group id. `sessions_end` is set when the log has been read."""

    def __init__(self) -> None:
        self._groups: dict[str, ForeignGroup] = {}
        self.sessions_end: Instant | None = None

    def __contains__(self, group_id: str) -> bool:
        return self.get(group_id) is not None

    def get(self, group_id: str) -> ForeignGroup | None:
        found = self._groups.get(group_id)
        return found if found is not None and found.kind else None

    def replay(self, record: Record, groups: dict[str, ClassicGroup]) -> None:
        """What the log has of a group. Where its offsets came first, they were taken for a simple group's."""
        group_id: str = record.key.group_id
        group = self._groups.setdefault(group_id, ForeignGroup(group_id))
        group.note(record.key, exists=record.value is not None)
        if not group.keys:
            del self._groups[group_id]
        elif group.kind and record.value is not None:
            groups.pop(group_id, None)

    def loaded(self, now: Instant) -> None:
        if any(group.members for group in self._groups.values()):
            self.sessions_end = now + SESSION_TIMEOUT_MS

    def expire(self, now: Instant) -> None:
        """Nobody has sent a heartbeat."""
        if self.sessions_end is not None and self.sessions_end <= now:
            self.sessions_end = None

    def is_empty(self, group: ForeignGroup) -> bool:
        return self.sessions_end is None or group.members == 0

    def listed(self) -> list[ListGroupsResponse.ListedGroup]:
        return [
            ListGroupsResponse.ListedGroup(
                group_id=group.group_id,
                protocol_type=group.kind,
                group_state=EMPTY if self.is_empty(group) else STABLE,
                group_type=group.kind,
            )
            for group in self._groups.values()
            if group.kind
        ]

    def answer(self, call: Call, turn: Turn) -> bool:
        """Answers for a group of these what no classic one may; False: it goes on as with a group that is not there."""
        request = call.request
        group = self.get(request.group_id)
        if group is None:
            return False
        if isinstance(request, JoinGroupRequest):
            error = join_refusal(request, turn.settings)
            if error is Error.NONE and group.kind == CONSUMER and self.is_empty(group):
                turn.records += self.tombstones(group)
                return False
            refuse(call, error or Error.INCONSISTENT_GROUP_PROTOCOL, request.member_id, turn)
            return True
        if isinstance(request, OffsetCommitRequest) and (group.kind == SHARE or not self.is_empty(group)):
            error = Error.GROUP_ID_NOT_FOUND if group.kind == SHARE else Error.UNKNOWN_MEMBER_ID
            turn.reply(call.ticket, refused(request, error))
            return True
        return False

    def delete(self, group: ForeignGroup, offsets: Iterable[Record]) -> tuple[Error, tuple[Record, ...]]:
        """What deletes it and, with these, its offsets. A share group has more in another log than is known here."""
        if not self.is_empty(group):
            return Error.NON_EMPTY_GROUP, ()
        if group.kind == SHARE:
            return Error.GROUP_ID_NOT_FOUND, ()
        return Error.NONE, (*offsets, *self.tombstones(group))

    def tombstones(self, group: ForeignGroup) -> tuple[Record, ...]:
        """In the order in which Kafka's replay takes them."""
        keys = sorted(group.keys, key=lambda key: TOMBSTONES.index(type_of(type(key)).key))
        return tuple(Record(key, None, 0) for key in keys)

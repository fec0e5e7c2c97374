"""What a group coordinator is configured with, and what one of its decisions gathers."""

from __future__ import annotations

from typing import Any, NamedTuple

from kpybroker.machine import Decision, Instant, Record, Reply, Ticket

# Kafka has no setting for it: how long the JoinGroup of a member that has just appeared may be parked.
NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000


class GroupSettings(NamedTuple):
    """The broker's settings that groups go by, with Kafka's defaults and under Kafka's names."""

    group_min_session_timeout_ms: int = 6_000
    group_max_session_timeout_ms: int = 1_800_000
    group_initial_rebalance_delay_ms: int = 3_000
    group_max_size: int = 2**31 - 1
    offset_metadata_max_bytes: int = 4_096
    offsets_retention_minutes: int = 10_080
    offsets_retention_check_interval_ms: int = 600_000
    closed_member_grace_ms: int | None = None  # ours: how long a rebalance waits for a closed connection

    @property
    def offsets_retention_ms(self) -> int:
        return self.offsets_retention_minutes * 60_000


class Turn:
    """One decision in the making: when it is taken, by which settings, and what it has led to so far."""

    __slots__ = ("now", "records", "replies", "settings")

    def __init__(self, now: Instant, settings: GroupSettings) -> None:
        self.now = now
        self.settings = settings
        self.records: list[Record] = []
        self.replies: list[Reply] = []

    def reply(self, ticket: Ticket, response: Any) -> None:
        self.replies.append(Reply(ticket, response))

    def decision(self) -> Decision:
        return Decision(tuple(self.records), tuple(sorted(self.replies, key=lambda reply: reply.ticket)))

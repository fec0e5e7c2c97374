"""The verbs that every client under test is driven with, and the deadline that every wait of these tests has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

WAIT_S = 30.0
POLL_S = 0.05
# Members hear of a rebalance in the answer to a heartbeat, so these tests beat often.
HEARTBEAT_INTERVAL_MS = 200
SESSION_TIMEOUT_MS = 10_000
# How long the broker keeps a fetch that finds nothing; a seek is noticed after it.
FETCH_WAIT_MS = 50

Headers = tuple[tuple[str, bytes | None], ...]


class Message(NamedTuple):
    """What is produced."""

    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    partition: int = 0
    timestamp_ms: int | None = None


class Record(NamedTuple):
    """What is consumed."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


class Group(NamedTuple):
    """A group as it is described."""

    state: str
    members: int


class Consumer(Protocol):
    """One consumer of one topic; partitions are numbers."""

    received: list[Record]

    def assign(self, *partitions: int) -> None: ...
    def subscribe(self) -> None: ...
    def assignment(self) -> set[int]: ...
    def poll(self) -> None:
        """Wait at most POLL_S for records; they are added to `received`."""

    def seek(self, partition: int, offset: int) -> None: ...
    def position(self, partition: int) -> int: ...
    def commit(self, offsets: Mapping[int, int] | None = None) -> None:
        """Commit these offsets, or all positions."""

    def committed(self, partition: int) -> int | None: ...
    def offset_for_time(self, partition: int, timestamp_ms: int) -> int | None: ...
    def bounds(self, partition: int) -> tuple[int, int]: ...
    def close(self) -> None: ...


class Client(Protocol):
    """One client library; operations that Kafka may refuse answer its error code."""

    def produce(
        self,
        topic: str,
        messages: Iterable[Message],
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
    ) -> list[int]:
        """Send in order and wait for the answers: the records' offsets."""

    def consumer(self, topic: str, group: str | None = None, *, instance: str | None = None) -> Consumer:
        """A consumer that starts at the earliest record and commits only when told to."""

    def create_topic(self, topic: str, partitions: int = 1, settings: Mapping[str, str] = {}) -> int: ...
    def grow_topic(self, topic: str, partitions: int) -> int: ...
    def delete_topic(self, topic: str) -> int: ...
    def list_topics(self) -> Sequence[str]: ...
    def partitions_of(self, topic: str) -> list[int]: ...
    def topic_settings(self, topic: str) -> Mapping[str, str]: ...
    def alter_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        """Set these of a topic's settings, by IncrementalAlterConfigs where the client has it."""

    def replace_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        """Set these of a topic's settings by AlterConfigs."""

    def describe_cluster(self) -> tuple[str, int]:
        """The cluster's id and how many brokers it has."""

    def list_groups(self) -> Sequence[str]: ...
    def describe_group(self, group: str) -> Group: ...
    def delete_group(self, group: str) -> int: ...
    def close(self) -> None: ...


def requests_in_flight(idempotent: bool) -> int:
    """Without sequence numbers, a batch that is tried again may come after the next one: so one at a time."""
    return 5 if idempotent else 1


def wait_for(condition: Callable[[], bool], *consumers: Consumer) -> None:
    """Poll the consumers in turn until the condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        received = [consumer.received[-3:] for consumer in consumers]
        assert time.monotonic() < deadline, f"not within {WAIT_S:.0f} s; last received: {received}"
        for consumer in consumers:
            consumer.poll()

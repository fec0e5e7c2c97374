"""The group coordinators of this node: which shard a group belongs to, its log, its deadlines and its loading."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from kpybroker.config.settings import Settings
from kpybroker.journal import Journal, Stream, load
from kpybroker.machine import Call, Decision, Instant, Record, Reply
from kpybroker.metadata.image import CONSUMER_OFFSETS, Image, Topic
from kpybroker.partition import Partition
from kpybroker.replicas import Replicas
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import StorageError
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank
from kpybroker.wire.internal import decode_coordinator, encode_coordinator

if TYPE_CHECKING:
    from kpybroker.groups.settings import GroupSettings
    from kpybroker.groups.shard import Shard

CLOSED_MEMBER_GRACE_MS = 250  # how long a rebalance waits for a dynamic member whose connection has closed


class _Deadlines(dict[int, Instant]):
    """By the number of a shard, when it has something to do."""

    def note(self, number: int, stream: Stream) -> None:
        at = stream.machine.due()
        if at is None:
            self.pop(number, None)
        else:
            self[number] = at


class GroupCoordinators:
    """A shard for each partition of `__consumer_offsets` that was asked for."""

    def __init__(
        self, image: Image, replicas: Replicas, settings: Settings, journal: Journal, rng: random.Random
    ) -> None:
        self._image = image
        self._replicas = replicas
        self._settings = settings
        self._journal = journal
        self._random = rng
        self._streams: dict[int, Stream] = {}
        self._deadlines = _Deadlines()
        self._shards = 0  # how many there are: partitions that are added later count from the next start on

    def coordinate(self, group_id: str, call: Call, amend: Callable[[Any], Any] | None = None) -> None:
        """Lets the group's coordinator decide on a request, and carries that out; `amend` completes its answer."""
        number = self._number(group_id)
        if number is None:
            answer = _turned_away(call, self._settings)
            self._journal.reply([Reply(call.ticket, answer if amend is None else amend(answer))])
            return
        stream = self._streams.get(number) or self._load(number, call.arrived)
        with self._whole(number, stream):
            decision = _shard(stream).decide(call, call.arrived)
        if amend is not None:
            decision = _amended(decision, call, amend)
        self._carry_out(number, stream, decision, call.arrived)

    def shard(self, group_id: str, now: Instant) -> Shard | None:
        """The coordinator of a group, for questions about it; None while it has none here."""
        number = self._number(group_id)
        return None if number is None else _shard(self._streams.get(number) or self._load(number, now))

    def _number(self, group_id: str) -> int | None:
        """The shard of a group. None: until the topic behind them is made, this node coordinates nothing; and not what
        is in a directory that has failed: NOT_COORDINATOR."""
        if CONSUMER_OFFSETS not in self._image.topics:
            return None
        if not self._shards:
            self._shards = len(self._image.topics[CONSUMER_OFFSETS].partitions)
        number = java_hash(group_id) % self._shards
        return None if self._replicas.is_offline((CONSUMER_OFFSETS, number)) else number

    def record(self, group_id: str, rows: Sequence[Record], now: Instant) -> Partition:
        """Carries out records that concern one group: its deletion. Returns where they are."""
        number = self._number(group_id)
        assert number is not None
        stream = self._streams.get(number) or self._load(number, now)
        self._carry_out(number, stream, Decision(tuple(rows)), now)
        return stream.partition

    def all(self) -> Iterator[Shard]:
        return (_shard(self._streams[number]) for number in sorted(self._streams))

    def topic_deleted(self, topic: Topic, now: Instant) -> None:
        """What groups have committed for it goes too; with the topic behind the coordinators, all that they know."""
        if topic.name == CONSUMER_OFFSETS:
            for stream in self._streams.values():
                self._journal.reply(_shard(stream).unload().replies)
            self._streams.clear()
            self._deadlines.clear()
            self._shards = 0
            return
        for number, stream in list(self._streams.items()):
            rows = _shard(stream).topic_deleted(topic.name, topic.id)
            self._carry_out(number, stream, Decision(rows), now)

    def moved(self, partition: Partition) -> None:
        """A partition goes on in another directory: nobody who is coordinated from it need know."""
        stream = self._streams.get(partition.key[1]) if partition.key[0] == CONSUMER_OFFSETS else None
        if stream is not None:
            self._streams[partition.key[1]] = stream._replace(partition=partition)

    def close_those_in(self, directory: DataDirectory) -> None:
        """Its disk has failed: what these partitions hold is coordinated by nobody until the next start."""
        for number, stream in list(self._streams.items()):
            if stream.partition.key in directory.logs:
                self._drop(number, stream)

    def connection_closed(self, connection: int, now: Instant) -> None:
        for number, stream in self._streams.items():
            _shard(stream).connection_closed(connection, now)
            self._deadlines.note(number, stream)

    def due(self) -> Instant | None:
        return min(self._deadlines.values()) if self._deadlines else None

    def expire(self, now: Instant) -> None:
        for number in [number for number, at in self._deadlines.items() if at <= now]:
            stream = self._streams[number]
            with self._whole(number, stream):
                self._carry_out(number, stream, _shard(stream).expire(now), now)

    def load(self, now: Instant) -> None:
        """Loads every shard that has something in its log: the broker starts on a directory that was kept."""
        topic = self._image.topics.get(CONSUMER_OFFSETS)
        self._shards = 0 if topic is None else len(topic.partitions)
        for number in range(self._shards):
            if self._replicas.has_log((CONSUMER_OFFSETS, number)):
                self._load(number, now)

    def _load(self, number: int, now: Instant) -> Stream:
        # Here and not at the top: a tenth of a start's time goes to groups, and many a broker never sees one.
        from kpybroker.groups.shard import Shard  # noqa: PLC0415

        partition = self._replicas.get(CONSUMER_OFFSETS, number, now)
        assert partition is not None
        shard = Shard(_group_settings(self._settings), self._random)
        load(shard, partition.log, lambda row: decode_coordinator(row.key or b"", row.value))
        stream = self._streams[number] = Stream(shard, partition, encode_coordinator)
        self._carry_out(number, stream, shard.loaded(now), now)
        return stream

    def _carry_out(self, number: int, stream: Stream, decision: Decision, now: Instant) -> None:
        with self._whole(number, stream):
            try:
                self._journal.carry_out(stream, decision, now)
            except StorageError:
                self._journal.reply(_undone(decision.replies))
                raise
            self._deadlines.note(number, stream)

    @contextmanager
    def _whole(self, number: int, stream: Stream) -> Iterator[None]:
        """Whatever goes wrong inside leaves the coordinator ahead of its log, or half changed: it is dropped then,
        and loaded again when next asked for."""
        done = False
        try:
            yield
            done = True
        finally:
            if not done and self._streams.get(number) is stream:
                self._drop(number, stream)

    def _drop(self, number: int, stream: Stream) -> None:
        del self._streams[number]
        self._deadlines.pop(number, None)
        self._journal.reply(_shard(stream).unload().replies)


def _group_settings(settings: Settings) -> GroupSettings:
    from kpybroker.groups.settings import GroupSettings  # noqa: PLC0415  as above

    number = settings.int
    return GroupSettings(
        group_min_session_timeout_ms=number("group.min.session.timeout.ms"),
        group_max_session_timeout_ms=number("group.max.session.timeout.ms"),
        group_initial_rebalance_delay_ms=number("group.initial.rebalance.delay.ms"),
        group_max_size=number("group.max.size"),
        offset_metadata_max_bytes=number("offset.metadata.max.bytes"),
        offsets_retention_minutes=number("offsets.retention.minutes"),
        offsets_retention_check_interval_ms=number("offsets.retention.check.interval.ms"),
        closed_member_grace_ms=None if settings.strict else CLOSED_MEMBER_GRACE_MS,
    )


def _turned_away(call: Call, settings: Settings) -> Any:
    from kpybroker.groups.requests import turned_away  # noqa: PLC0415  as above

    return turned_away(call, _group_settings(settings))


def _shard(stream: Stream) -> Shard:
    return cast("Shard", stream.machine)


def _amended(decision: Decision, call: Call, amend: Callable[[Any], Any]) -> Decision:
    replies = [
        Reply(ticket, amend(response) if ticket == call.ticket else response) for ticket, response in decision.replies
    ]
    return decision._replace(replies=tuple(replies))


def _undone(replies: Iterable[Reply]) -> Iterator[Reply]:
    """What was decided did not come to be: whoever has waited for it is told to look anew."""
    for ticket, response in replies:
        if hasattr(response, "error_code"):  # without one it answers who has asked, and that is told the error itself
            yield Reply(ticket, blank(type(response), error_code=Error.NOT_COORDINATOR))


def java_hash(text: str) -> int:
    """The absolute value of String.hashCode, as Kafka's Utils.abs takes it: over UTF-16 units, in 32 bits."""
    code = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for index in range(0, len(units), 2):
        code = 31 * code + (units[index] << 8 | units[index + 1]) & 0xFFFFFFFF
    signed = code - (1 << 32) if code & 0x80000000 else code
    return 0 if signed == -(1 << 31) else abs(signed)

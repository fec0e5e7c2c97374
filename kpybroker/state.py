"""What handlers work on: the image, the partitions of this node, coordinators, sessions and the journal."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.groups.settings import GroupSettings
from kpybroker.groups.shard import Shard
from kpybroker.journal import Journal, Stream
from kpybroker.machine import Call, Decision, Instant, Key, Record, Reply
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.image import CLUSTER_METADATA, CONSUMER_OFFSETS, INTERNAL_TOPICS, Image, Topic
from kpybroker.partition import Partition
from kpybroker.sessions import FetchSessions
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import LogConfig
from kpybroker.waiting import Waiters
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import decode_coordinator, decode_metadata, encode_coordinator, encode_metadata
from kpybroker.wire.records import records
from kpybroker.wire.schemas.cluster_topics import RemoveTopicRecord

Address = tuple[str, int]
CLOSED_MEMBER_GRACE_MS = 250  # how long a rebalance waits for a dynamic member whose connection has closed
OFFSETS_CONFIGS = {"compression.type": "producer", "cleanup.policy": "compact"}  # GroupCoordinatorConfig


class ProducerIds(NamedTuple):
    """A block of producer ids that this node has taken and not yet given out."""

    next: int
    end: int


class State:
    """One broker without requests: everything that a handler may read or change.

    `served` is what ApiVersions lists: (API key, first version, last version). `advertised` says, by listener, where
    clients find this node; a listener that is not in it tells each client the address that the client dialled.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        directory: DataDirectory,
        rng: random.Random,
        served: Sequence[tuple[int, int, int]],
        advertised: Mapping[str, Address],
        now: Instant,
    ) -> None:
        self.settings = settings
        self.strict = settings.strict
        self.directory = directory
        self.random = rng
        self.served = served
        self.advertised = advertised
        self.node_id = settings.int("node.id")
        self.image = Image()
        self.replies: deque[Reply] = deque()
        self.waiters = Waiters()
        self.sessions = FetchSessions(settings.int("max.incremental.fetch.session.cache.slots"), rng)
        self.journal = Journal(self.replies.append, self.appended)
        self.partitions: dict[Key, Partition] = {}
        self.shards: dict[int, Stream] = {}
        self.controller = Controller(self.image, settings, rng, directory.meta.directory_id)
        self._deadlines: dict[int, Instant] = {}  # shard: when it has something to do
        self._producer_ids = ProducerIds(0, 0)
        self.metadata = Stream(self.controller, self._open(CLUSTER_METADATA, 0, bytes(15) + b"\1", now), _metadata_row)
        self._load(now)

    # -- partitions --------------------------------------------------------------------------------------------------

    def partition(self, topic: str, index: int) -> Partition | None:
        """The replica of a partition on this node; None where the cluster has no such partition."""
        found = self.partitions.get((topic, index))
        if found is None and self.image.partition(topic, index) is not None:
            found = self._open(topic, index, self.image.topics[topic].id, 0)
        return found

    def appended(self, partition: Partition) -> None:
        """There is more in this partition: whoever waits for it goes on."""
        self.waiters.touch(partition.key)

    def is_internal(self, topic: str) -> bool:
        return topic in INTERNAL_TOPICS

    def _open(self, topic: str, index: int, topic_id: bytes, now: Instant) -> Partition:
        settings = self.settings.topic(self.image.topic_configs(topic))
        config = LogConfig(
            settings.segment_bytes, settings.segment_ms, settings.index_interval_bytes, settings.segment_index_bytes
        )
        log = self.directory.logs.get((topic, index))
        if log is None:
            log = self.directory.create((topic, index), config, now, topic_id=topic_id)
        log.config = config
        producers = Producers()
        for header in log.headers(log.start_offset):
            producers.replay(header)
        partition = Partition((topic, index), topic_id, log, producers, settings)
        self.partitions[topic, index] = partition
        return partition

    # -- the controller ----------------------------------------------------------------------------------------------

    def control(self, decision: Decision, now: Instant) -> None:
        """Carries out what the controller has decided, on this node's own partitions too."""
        gone = [
            self.image.topics_by_id[record.value.topic_id]
            for record in decision.records
            if isinstance(record.value, RemoveTopicRecord)
        ]
        self.journal.record(self.metadata, decision.records, now)
        for topic in gone:
            self._forget(topic, now)
        self.replies.extend(decision.replies)

    def _forget(self, topic: Topic, now: Instant) -> None:
        """A topic's partitions, files and committed offsets go with it."""
        for index in topic.partitions:
            key = topic.name, index
            self.partitions.pop(key, None)
            if key in self.directory.logs:
                self.directory.delete(key)
            self.waiters.touch(key)
        for stream in self.shards.values():
            shard = _shard(stream)
            self.journal.record(stream, shard.topic_deleted(topic.name, topic.id), now)

    def auto_create(self, name: str, now: Instant) -> Error:
        """Makes a topic because somebody asked for it (AutoTopicCreationManager)."""
        if name != CONSUMER_OFFSETS:
            return self.create_topic(name, -1, now)
        count = self.settings.int("offsets.topic.num.partitions")
        configs = OFFSETS_CONFIGS | {"segment.bytes": str(self.settings.int("offsets.topic.segment.bytes"))}
        self.control(Decision(self.controller.topics.topic(name, count, configs)), now)
        return Error.NONE

    def create_topic(self, name: str, partitions: int, now: Instant) -> Error:
        """Makes a topic with default settings; -1 partitions are num.partitions."""
        refused = self.controller.topics.refuse_new_topic(name)
        if refused is not None:
            return refused.error
        count = self.settings.int("num.partitions") if partitions == -1 else partitions
        self.control(Decision(self.controller.topics.topic(name, count, {})), now)
        return Error.NONE

    def new_producer_id(self, now: Instant) -> int:
        """An id that no producer has had; blocks of them are taken through the metadata log."""
        if self._producer_ids.next == self._producer_ids.end:
            first, record = self.controller.next_producer_ids(self.node_id)
            self.control(Decision((record,)), now)
            self._producer_ids = ProducerIds(first, self.image.next_producer_id)
        taken, end = self._producer_ids
        self._producer_ids = ProducerIds(taken + 1, end)
        return taken

    # -- group coordinators ------------------------------------------------------------------------------------------

    def coordinate(self, group_id: str, call: Call, amend: Callable[[Any], Any] | None = None) -> None:
        """Lets the group's coordinator decide on a request, and carries that out; `amend` completes its answer."""
        number, stream = self._shard_of(group_id, call.arrived)
        decision = _shard(stream).decide(call, call.arrived)
        if amend is not None:
            replies = [
                Reply(ticket, amend(response) if ticket == call.ticket else response)
                for ticket, response in decision.replies
            ]
            decision = decision._replace(replies=tuple(replies))
        self.journal.carry_out(stream, decision, call.arrived)
        self._note_deadline(number)

    def shard_of(self, group_id: str, now: Instant) -> Shard:
        """The coordinator of a group, for questions about it."""
        return _shard(self._shard_of(group_id, now)[1])

    def record_for_group(self, group_id: str, rows: Sequence[Record], now: Instant) -> None:
        """Carries out records that concern one group: its deletion."""
        number, stream = self._shard_of(group_id, now)
        self.journal.record(stream, rows, now)
        self._note_deadline(number)

    def all_shards(self) -> Iterator[Shard]:
        return (_shard(self.shards[number]) for number in sorted(self.shards))

    def connection_closed(self, connection: int, now: Instant) -> None:
        for number, stream in self.shards.items():
            _shard(stream).connection_closed(connection, now)
            self._note_deadline(number)

    def _shard_of(self, group_id: str, now: Instant) -> tuple[int, Stream]:
        if CONSUMER_OFFSETS not in self.image.topics:
            self.auto_create(CONSUMER_OFFSETS, now)
        number = _java_hash(group_id) % len(self.image.topics[CONSUMER_OFFSETS].partitions)
        return number, self.shards.get(number) or self._load_shard(number, now)

    def _load_shard(self, number: int, now: Instant) -> Stream:
        partition = self.partition(CONSUMER_OFFSETS, number)
        assert partition is not None
        shard = Shard(self._group_settings(), self.random)
        for header, batch in partition.log.batches():
            if header.is_control:
                continue
            for row in records(batch, header):
                assert row.key is not None
                record = decode_coordinator(row.key, row.value)
                if record is not None:
                    shard.replay(record)
        stream = self.shards[number] = Stream(shard, partition, encode_coordinator)
        self.journal.carry_out(stream, shard.loaded(now), now)
        self._note_deadline(number)
        return stream

    def _group_settings(self) -> GroupSettings:
        number = self.settings.int
        return GroupSettings(
            group_min_session_timeout_ms=number("group.min.session.timeout.ms"),
            group_max_session_timeout_ms=number("group.max.session.timeout.ms"),
            group_initial_rebalance_delay_ms=number("group.initial.rebalance.delay.ms"),
            group_max_size=number("group.max.size"),
            offset_metadata_max_bytes=number("offset.metadata.max.bytes"),
            offsets_retention_minutes=number("offsets.retention.minutes"),
            offsets_retention_check_interval_ms=number("offsets.retention.check.interval.ms"),
            closed_member_grace_ms=None if self.strict else CLOSED_MEMBER_GRACE_MS,
        )

    # -- time --------------------------------------------------------------------------------------------------------

    def due(self) -> Instant | None:
        return min(self._deadlines.values(), default=None)

    def expire(self, now: Instant) -> None:
        for number in [number for number, at in self._deadlines.items() if at <= now]:
            stream = self.shards[number]
            self.journal.carry_out(stream, _shard(stream).expire(now), now)
            self._note_deadline(number)

    def _note_deadline(self, number: int) -> None:
        at = self.shards[number].machine.due()
        if at is None:
            self._deadlines.pop(number, None)
        else:
            self._deadlines[number] = at

    # -- start and end -------------------------------------------------------------------------------------------------

    def _load(self, now: Instant) -> None:
        """Replays what the directory holds: first the cluster, then the coordinators that have something in them."""
        log = self.metadata.partition.log
        for header, batch in log.batches():
            if header.is_control:
                continue
            for row in records(batch, header):
                assert row.value is not None
                value, version = decode_metadata(row.value)
                self.controller.replay(Record(None, value, version))
        self.control(Decision(self.controller.start(self.node_id, self.advertised)), now)
        offsets = self.image.topics.get(CONSUMER_OFFSETS)
        for number in offsets.partitions if offsets is not None else ():
            if (CONSUMER_OFFSETS, number) in self.directory.logs:
                self._load_shard(number, now)

    def close(self) -> None:
        """The end of a broker that was told to stop: the next start trusts the files."""
        self.directory.close(broker_epoch=self.image.nodes[self.node_id].epoch)


def _shard(stream: Stream) -> Shard:
    assert isinstance(stream.machine, Shard)
    return stream.machine


def _metadata_row(record: Record) -> tuple[None, bytes]:
    return None, encode_metadata(record.value, record.version)


def _java_hash(text: str) -> int:
    """The absolute value of String.hashCode, as Kafka's Utils.abs takes it: over UTF-16 units, in 32 bits."""
    code = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for index in range(0, len(units), 2):
        code = 31 * code + (units[index] << 8 | units[index + 1]) & 0xFFFFFFFF
    signed = code - (1 << 32) if code & 0x80000000 else code
    return 0 if signed == -(1 << 31) else abs(signed)

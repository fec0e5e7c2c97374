"""What handlers work on: the image, the partitions of this node, coordinators, sessions and the journal."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kpybroker.config.dynamic import tell
from kpybroker.config.loggers import Loggers
from kpybroker.config.settings import Settings
from kpybroker.coordinators import GroupCoordinators
from kpybroker.housekeeping import Housekeeping
from kpybroker.journal import Journal, Stream, load
from kpybroker.machine import LATER, Call, Decision, Instant, Later, Record, Reply
from kpybroker.metadata.controller import Command, Controller
from kpybroker.metadata.image import (
    BROKER_RESOURCE,
    CLUSTER_METADATA,
    CONSUMER_OFFSETS,
    INTERNAL_TOPICS,
    TOPIC_RESOURCE,
    Image,
)
from kpybroker.metadata.internal_topics import internal_topic
from kpybroker.partition import Partition
from kpybroker.releases import Offer
from kpybroker.replicas import Replicas
from kpybroker.retention import Retention
from kpybroker.sessions import FetchSessions
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import StorageError
from kpybroker.telemetry import Telemetry
from kpybroker.waiting import Waiters
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import decode_metadata, encode_metadata
from kpybroker.wire.records import Record as LogRecord
from kpybroker.wire.schemas.cluster_state import ConfigRecord
from kpybroker.wire.schemas.cluster_topics import RemoveTopicRecord

Address = tuple[str, int]
METADATA_TOPIC_ID = bytes(15) + b"\1"  # org.apache.kafka.common.Uuid.METADATA_TOPIC_ID


class ProducerIds(NamedTuple):
    """A block of producer ids that this node has taken and not yet given out."""

    next: int
    end: int


class State:
    """One broker without requests: everything that a handler may read or change.

    `offer` says which requests are answered. `advertised` says, by listener, where clients find this node; a listener
    that is not in it tells each client the address that the client dialled.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        directory: DataDirectory,
        rng: random.Random,
        offer: Offer,
        advertised: Mapping[str, Address],
        now: Instant,
    ) -> None:
        self.settings = settings
        self.strict = settings.strict
        self.directory = directory
        self.offer = offer
        self.node_id = settings.int("node.id")
        self.image = Image()
        self.replies: deque[Reply] = deque()
        self.waiters = Waiters()
        self.loggers = Loggers()
        self.sessions = FetchSessions(settings.int("max.incremental.fetch.session.cache.slots"), rng)
        self.telemetry = Telemetry(rng, forgiving=offer.is_since("4.0"))
        self.journal = Journal(self.replies.extend, self.appended)
        self.replicas = Replicas(self.image, settings, directory)
        self.controller = Controller(self.image, settings, rng, directory.meta.directory_id)
        self.groups = GroupCoordinators(self.image, self.replicas, settings, self.journal, rng)
        self.housekeeping = Housekeeping()
        self.housekeeping.add(self.groups, Retention(self.replicas, settings, self.waiters.touch, now))
        self._producer_ids = ProducerIds(0, 0)
        log = self.replicas.open((CLUSTER_METADATA, 0), METADATA_TOPIC_ID, now)
        self._metadata = Stream(self.controller, log, _metadata_row)
        self._load(advertised, now)

    def _load(self, advertised: Mapping[str, Address], now: Instant) -> None:
        """Replays what the directory holds: first the cluster, then the coordinators that have something in them."""
        log = self._metadata.partition.log
        if log.start_offset > 0:
            raise StorageError(f"{log.files.root}/{log.directory}", "starts with a snapshot, which is not read yet")
        load(self.controller, log, _metadata_record)
        self._heed([(BROKER_RESOURCE, "")])
        self.control(Decision(self.controller.start(self.node_id, advertised, log.end_offset)), now)
        self.groups.load(now)

    @property
    def metadata_end_offset(self) -> int:
        return self._metadata.partition.log.end_offset

    def appended(self, partition: Partition) -> None:
        """There is more in this partition: whoever waits for it goes on."""
        self.waiters.touch(partition.key)

    def ask_controller(self, call: Call, command: Command) -> Later:
        """Has the controller decide on a request; the answer goes out once its records are in the log."""
        self.control(self.controller.decide(call, command), call.arrived)
        return LATER

    def control(self, decision: Decision, now: Instant) -> None:
        """Carries out what the controller has decided, on this node's own partitions and groups too."""
        gone = [
            self.image.topics_by_id[record.value.topic_id]
            for record in decision.records
            if isinstance(record.value, RemoveTopicRecord)
        ]
        self.journal.carry_out(self._metadata, decision, now)
        self._heed(_altered(decision.records))
        for topic in gone:
            self.groups.topic_deleted(topic, now)
            for index in topic.partitions:
                self.waiters.touch((topic.name, index))
            self.replicas.remove(topic)

    def _heed(self, resources: Iterable[tuple[int, str]]) -> None:
        """Configs hold as soon as they are set: those of this broker, and those of topics for open partitions."""
        configs = self.image.configs
        for kind, name in resources:
            if kind == BROKER_RESOURCE:
                own, every = (BROKER_RESOURCE, str(self.node_id)), (BROKER_RESOURCE, "")
                tell(self.settings, configs.get(own, {}), configs.get(every, {}))
                self.replicas.heed()
            elif kind == TOPIC_RESOURCE:
                self.replicas.heed(name)

    def create_topic(self, name: str, partitions: int, now: Instant) -> Error:
        """Makes a topic with default settings; -1 partitions are num.partitions."""
        refused = self.controller.topics.refuse_new_topic(name)
        if refused is not None:
            return refused.error
        if not 0 < self.settings.int("default.replication.factor") <= len(self.image.nodes):
            return Error.INVALID_REPLICATION_FACTOR
        count = self.settings.int("num.partitions") if partitions == -1 else partitions
        self.control(Decision(self.controller.topics.topic(name, count, {})), now)
        return Error.NONE

    def auto_create(self, name: str, now: Instant) -> Error:
        """Makes a topic because somebody asked for it (AutoTopicCreationManager)."""
        if name not in INTERNAL_TOPICS:
            error = self.create_topic(name, -1, now)
            return Error.UNKNOWN_TOPIC_OR_PARTITION if error is Error.INVALID_REPLICATION_FACTOR else error
        count, configs = internal_topic(name, self.settings)
        self.control(Decision(self.controller.topics.topic(name, count, configs)), now)
        return Error.NONE

    def coordinators(self, now: Instant) -> GroupCoordinators:
        """The group coordinators; unless strict, with the topic behind them, which looking for one would make."""
        if not self.strict and CONSUMER_OFFSETS not in self.image.topics:
            self.auto_create(CONSUMER_OFFSETS, now)
        return self.groups

    def new_producer_id(self, now: Instant) -> int:
        """An id that no producer has had; blocks of them are taken through the metadata log."""
        if self._producer_ids.next == self._producer_ids.end:
            first, record = self.controller.next_producer_ids(self.node_id)
            self.control(Decision((record,)), now)
            self._producer_ids = ProducerIds(first, self.image.next_producer_id)
        taken, end = self._producer_ids
        self._producer_ids = ProducerIds(taken + 1, end)
        return taken

    def close(self) -> None:
        """The end of a broker that was told to stop: the next start trusts the files."""
        try:
            self.replicas.close()
        finally:
            self.directory.close(broker_epoch=self.image.nodes[self.node_id].epoch)


def _altered(records: Iterable[Record]) -> list[tuple[int, str]]:
    """The resources whose configs these records change."""
    values = [record.value for record in records if isinstance(record.value, ConfigRecord)]
    return list(dict.fromkeys((value.resource_type, value.resource_name) for value in values))


def _metadata_record(row: LogRecord) -> Record:
    value, version = decode_metadata(row.value or b"")
    return Record(None, value, version)


def _metadata_row(record: Record) -> tuple[None, bytes]:
    return None, encode_metadata(record.value, record.version)

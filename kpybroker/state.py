"""What handlers work on: the image, the partitions of this node, coordinators, sessions and the journal."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.coordinators import GroupCoordinators
from kpybroker.journal import Journal, Stream, load
from kpybroker.machine import LATER, Call, Decision, Instant, Later, Record, Reply
from kpybroker.metadata.controller import Command, Controller
from kpybroker.metadata.image import CLUSTER_METADATA, CONSUMER_OFFSETS, TRANSACTION_STATE, Image
from kpybroker.partition import Partition
from kpybroker.replicas import Replicas
from kpybroker.sessions import FetchSessions
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import StorageError
from kpybroker.waiting import Waiters
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import decode_metadata, encode_metadata
from kpybroker.wire.records import Record as LogRecord
from kpybroker.wire.schemas.cluster_topics import RemoveTopicRecord

Address = tuple[str, int]
METADATA_TOPIC_ID = bytes(15) + b"\1"  # org.apache.kafka.common.Uuid.METADATA_TOPIC_ID
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
        self.served = served
        self.node_id = settings.int("node.id")
        self.image = Image()
        self.replies: deque[Reply] = deque()
        self.waiters = Waiters()
        self.sessions = FetchSessions(settings.int("max.incremental.fetch.session.cache.slots"), rng)
        self.journal = Journal(self.replies.extend, self.appended)
        self.replicas = Replicas(self.image, settings, directory)
        self.controller = Controller(self.image, settings, rng, directory.meta.directory_id)
        self.groups = GroupCoordinators(self.image, self.replicas, settings, self.journal, rng)
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
        self.control(Decision(self.controller.start(self.node_id, advertised)), now)
        self.groups.load(now)

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
        for topic in gone:
            self.groups.topic_deleted(topic, now)
            for index in topic.partitions:
                self.waiters.touch((topic.name, index))
            self.replicas.remove(topic)

    def create_topic(self, name: str, partitions: int, now: Instant) -> Error:
        """Makes a topic with default settings; -1 partitions are num.partitions."""
        refused = self.controller.topics.refuse_new_topic(name)
        if refused is not None:
            return refused.error
        count = self.settings.int("num.partitions") if partitions == -1 else partitions
        self.control(Decision(self.controller.topics.topic(name, count, {})), now)
        return Error.NONE

    def auto_create(self, name: str, now: Instant) -> Error:
        """Makes a topic because somebody asked for it (AutoTopicCreationManager)."""
        if name == TRANSACTION_STATE:
            return Error.UNKNOWN_TOPIC_OR_PARTITION  # made as it must be, once transactions are served
        if name != CONSUMER_OFFSETS:
            return self.create_topic(name, -1, now)
        count = self.settings.int("offsets.topic.num.partitions")
        configs = OFFSETS_CONFIGS | {"segment.bytes": str(self.settings.int("offsets.topic.segment.bytes"))}
        self.control(Decision(self.controller.topics.topic(name, count, configs)), now)
        return Error.NONE

    def coordinators(self, now: Instant) -> GroupCoordinators:
        """The group coordinators, with the topic behind them: made when a group is first spoken of."""
        if CONSUMER_OFFSETS not in self.image.topics:
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
        self.directory.close(broker_epoch=self.image.nodes[self.node_id].epoch)


def _metadata_record(row: LogRecord) -> Record:
    value, version = decode_metadata(row.value or b"")
    return Record(None, value, version)


def _metadata_row(record: Record) -> tuple[None, bytes]:
    return None, encode_metadata(record.value, record.version)

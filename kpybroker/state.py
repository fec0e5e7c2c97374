"""What handlers work on: the image, the partitions of this node, coordinators, sessions and the journal."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from kpybroker.cluster import ClusterLog
from kpybroker.compaction import Compaction
from kpybroker.config.dynamic import tell
from kpybroker.config.loggers import Loggers
from kpybroker.config.settings import Settings
from kpybroker.coordinators import GroupCoordinators
from kpybroker.homes import Homes
from kpybroker.housekeeping import Chore, Housekeeping
from kpybroker.journal import Journal
from kpybroker.machine import LATER, Call, Decision, Instant, Later, Record, Reply
from kpybroker.metadata.controller import Command, Controller
from kpybroker.metadata.image import (
    BROKER_RESOURCE,
    CONSUMER_OFFSETS,
    INTERNAL_TOPICS,
    TOPIC_RESOURCE,
    Image,
)
from kpybroker.metadata.internal_topics import internal_topic
from kpybroker.metadata.producer_ids import ProducerIds
from kpybroker.moves import Moves
from kpybroker.outages import Outages
from kpybroker.partition import Partition
from kpybroker.releases import Offer
from kpybroker.replicas import Replicas
from kpybroker.retention import Retention
from kpybroker.sessions import FetchSessions
from kpybroker.storage.directories import DataDirectories
from kpybroker.storage.flushing import Calls, one_by_one
from kpybroker.syncing import NOTHING, Syncs
from kpybroker.telemetry import Telemetry
from kpybroker.waiting import Waiters
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import METADATA_TOPIC, METADATA_TOPIC_ID
from kpybroker.wire.schemas.cluster_state import ConfigRecord
from kpybroker.wire.schemas.cluster_topics import RemoveTopicRecord

Address = tuple[str, int]


class State:
    """One broker without requests: everything that a handler may read or change.

    `offer` says which requests are answered. `advertised` says, by listener, where clients find this node; a listener
    that is not in it tells each client the address that the client dialled. `sync`: nothing is acknowledged before it
    is synced.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        directories: DataDirectories,
        rng: random.Random,
        offer: Offer,
        advertised: Mapping[str, Address],
        now: Instant,
        sync: bool = False,
    ) -> None:
        self.settings = settings
        self.strict = settings.strict
        self.directories = directories
        self.directory = directories.metadata
        self.offer = offer
        self.node_id = settings.int("node.id")
        self.image = Image()
        self.replies: deque[Reply] = deque()
        self.waiters = Waiters()
        self.loggers = Loggers()
        self.sessions = FetchSessions(settings.int("max.incremental.fetch.session.cache.slots"), rng)
        self.telemetry = Telemetry(rng, forgiving=offer.is_since("4.0"))
        self.journal = Journal(self.replies.extend, self.appended)
        self.syncs = Syncs(self.replies.extend, self.waiters.touch, every=sync)
        self.homes = Homes(self.image, directories, self.node_id)
        self.replicas = Replicas(self.image, settings, self.homes, self.syncs)
        self.controller = Controller(self.image, settings, rng, directories.ids)
        self.groups = GroupCoordinators(self.image, self.replicas, settings, self.journal, rng)
        self.housekeeping = Housekeeping()
        self.retention = Retention(self.replicas, settings, self.waiters.touch, now)
        self.compaction = Compaction(self.replicas, directories, settings, self.syncs, self.waiters.touch, now)
        self.housekeeping.add(self.groups, self.retention, self.compaction, *_chores_of_kept(self, now))
        for directory in directories.all:
            if sync:
                directory.sync()
            self.housekeeping.add(directory.removals)
        self.outages = Outages(self.homes, self.replicas, self.groups, self.waiters, self.image, self.control)
        self.disk_failed = self.outages.disk_failed
        for directory in directories.all:
            directory.removals.aside = partial(self.syncs.aside, self.disk_failed)
        self.moves = Moves(self.image, self.homes, self.replicas, self.groups.moved, self.control)
        self.new_producer_id = ProducerIds(self.controller, self.node_id, self.control).take
        log = self.replicas.open((METADATA_TOPIC, 0), METADATA_TOPIC_ID, now)
        self.cluster = ClusterLog(self.controller, log, self.journal, settings, now, kept=directories.kept)
        self.housekeeping.add(self.outages, self.moves, *self.cluster.chores)
        self._load(advertised, now)

    def _load(self, advertised: Mapping[str, Address], now: Instant) -> None:
        """Replays what the directory holds: first the cluster, then the coordinators that have something in them."""
        self.cluster.load(now)
        self.homes.set_strays_aside()
        self.cluster.carry_out(Decision(tuple(self.homes.correct())), now)
        self.cluster.register(advertised, now)
        self._heed([(BROKER_RESOURCE, "")])
        self.groups.load(now)
        self.moves.resume(now)

    def appended(self, partition: Partition) -> None:
        """There is more in this partition: whoever waits for it goes on, unless it cannot be seen yet."""
        if partition.hold.begins == NOTHING:
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
        self.homes.check_metadata()
        self.cluster.carry_out(decision, now)
        self.cluster.carry_out(Decision(tuple(self.homes.choose(decision.records))), now)
        self._heed(_altered(decision.records))
        if gone:
            self.cluster.flush(now)
        for topic in gone:
            self.groups.topic_deleted(topic, now)
            for index in topic.partitions:
                self.waiters.touch((topic.name, index))
            self.replicas.remove(topic, now)

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

    def close(self, now: Instant, carry_out: Callable[[Calls], None] = one_by_one) -> None:
        """The end of a broker that was told to stop: the next start trusts the files, which `carry_out` syncs."""
        try:
            self.outages.end(self.housekeeping.errands.stop, self.compaction.stop, *_last_steps(self, now))
        finally:
            self.outages.close(self.image.nodes[self.node_id].epoch, carry_out)


def _chores_of_kept(state: State, now: Instant) -> list[Chore]:
    if not state.directories.kept:
        return []
    # Here and not at the top: a broker of which nothing is kept starts sooner without it.
    from kpybroker.checkpointing import checkpoints  # noqa: PLC0415
    from kpybroker.dirty_logs import DirtyLogs  # noqa: PLC0415

    chores: list[Chore] = [DirtyLogs(state.replicas, state.syncs, state.settings, now)]
    for directory in state.directories.all:
        chores += checkpoints(directory, state.replicas, state.settings)
    return chores


def _last_steps(state: State, now: Instant) -> list[Callable[[], None]]:
    stop = partial(state.cluster.stop, now)
    if not state.directories.kept:
        return [stop]
    from kpybroker.checkpointing import make_files, take_snapshots  # noqa: PLC0415  as above

    make = partial(make_files, state.image, state.replicas, state.directories, now)
    return [make, stop, partial(take_snapshots, state.directories)]


def _altered(records: Iterable[Record]) -> list[tuple[int, str]]:
    """The resources whose configs these records change."""
    values = [record.value for record in records if isinstance(record.value, ConfigRecord)]
    return list(dict.fromkeys((value.resource_type, value.resource_name) for value in values))

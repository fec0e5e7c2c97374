"""The log of the cluster on this node: led from the start on, and written by the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kpybroker.config.settings import Settings
from kpybroker.housekeeping import Chore
from kpybroker.journal import Journal, Stream
from kpybroker.machine import Decision, Instant, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.record_versions import level_of, version_at
from kpybroker.partition import Partition
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.internal import encode_metadata

if TYPE_CHECKING:
    from kpybroker.keeping import Keeping

FIRST_EPOCH = 1
Addresses = Mapping[str, tuple[str, int]]


class ClusterLog:
    """`__cluster_metadata`. `load` comes first, `stop` last; what is decided in between goes through `carry_out`."""

    def __init__(
        self,
        controller: Controller,
        partition: Partition,
        journal: Journal,
        settings: Settings,
        now: Instant,
        *,
        kept: bool,
    ) -> None:
        partition.log.config = _log_config(partition.log.config, settings)
        self._controller = controller
        self._partition = partition
        self._stream = Stream(controller, partition, self._row)
        self._journal = journal
        self._node = settings.int("node.id")
        self.keeping: Keeping | None = None
        if kept:
            # Here and not at the top: a broker of which nothing is kept starts sooner without it.
            from kpybroker.keeping import Keeping  # noqa: PLC0415

            self.keeping = Keeping(controller, partition, settings, self.carry_out, now)

    @property
    def end_offset(self) -> int:
        return self._partition.log.end_offset

    @property
    def leader_epoch(self) -> int:
        """Each start is an election, which this node wins."""
        return self._partition.leader_epoch

    @property
    def chores(self) -> tuple[Chore, ...]:
        return () if self.keeping is None else (self.keeping.snapshots,)

    def carry_out(self, decision: Decision, now: Instant) -> None:
        self._journal.carry_out(self._stream, decision, now)

    def _row(self, record: Record) -> tuple[None, bytes]:
        level = level_of(self._controller.image.features)
        return None, encode_metadata(record.value, version_at(level, record.value, record.version))

    def load(self, now: Instant) -> None:
        """Replays what there is, and leads from here on. StorageError: that cannot be, and nothing has changed."""
        if self.keeping is None:
            self._partition.lead(FIRST_EPOCH)
        else:
            self.keeping.load(now)

    def register(self, addresses: Addresses, now: Instant) -> None:
        """This node takes its place in the cluster."""
        self.carry_out(Decision(self._controller.start(self._node, addresses, self.end_offset)), now)
        if self.keeping is not None:
            self.keeping.tidy(now)
        self.flush(now)  # the leader epochs that begin now may never begin again

    def flush(self, now: Instant) -> None:
        """What was decided stays so, whatever happens: before that, nothing is done that cannot be undone."""
        if self.keeping is not None:
            self.keeping.flush(now)

    def stop(self, now: Instant) -> None:
        """This node leaves in good order, where somebody may read about it: it can register again at once."""
        if self.keeping is not None:
            for records in self._controller.stop(self._node):
                self.carry_out(Decision(records), now)
            self.keeping.tidy(now)


def _log_config(config: LogConfig, settings: Settings) -> LogConfig:
    """The metadata log has settings of its own (KafkaRaftLog.createLog)."""
    internal = settings.value("internal.metadata.log.segment.bytes")  # for tests: smaller than the public one may be
    segment_bytes = internal if isinstance(internal, int) else settings.int("metadata.log.segment.bytes")
    return config._replace(segment_bytes=segment_bytes, segment_ms=settings.int("metadata.log.segment.ms"))

"""The log of the cluster in a directory that is kept: loaded from its newest snapshot on, elected for, kept short."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kpybroker.config.settings import Settings
from kpybroker.machine import Decision, Instant, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.features import FINALIZED, METADATA_VERSION, OLDEST_LEVEL
from kpybroker.metadata.reader import ControlRow, Reader
from kpybroker.metadata.snapshots import Snapshots
from kpybroker.partition import Partition
from kpybroker.storage.files import StorageError
from kpybroker.storage.metadata_snapshots import BOOTSTRAP, Batch, read_snapshot
from kpybroker.storage.quorum_state import DYNAMIC, STATIC, QuorumState, read_quorum_state, write_quorum_state
from kpybroker.wire.compiler import WireError
from kpybroker.wire.internal import ControlType, encode_control
from kpybroker.wire.records import build
from kpybroker.wire.schemas.cluster_state import AbortTransactionRecord
from kpybroker.wire.schemas.control import LeaderChangeMessage, Voter


class Keeping:
    """What this node does about its metadata log beside writing to it. `load` comes first."""

    def __init__(
        self,
        controller: Controller,
        partition: Partition,
        settings: Settings,
        carry_out: Callable[[Decision, Instant], None],
        now: Instant,
    ) -> None:
        self.snapshots = Snapshots(partition.log, settings, now)
        self._controller = controller
        self._partition = partition
        self._carry_out = carry_out
        self._node = settings.int("node.id")
        self._quorum: dict[int, ControlRow] = {}  # what the log says about the voters (kraft.version 1)

    def load(self, now: Instant) -> None:
        """Replays what there is, and leads from here on. StorageError: that cannot be, and nothing has changed."""
        log = self._partition.log
        found = read_quorum_state(log.files, log.directory)
        reader = Reader(self._controller.replay)
        _read(reader, self.snapshots.open(), f"{log.files.root}/{log.directory}")
        for _ in reader.read_log(log, self.snapshots.newest.offset):
            pass
        self._quorum = reader.quorum
        self._refuse_other_levels()
        self._refuse_other_voters(reader.voters or (found.voters if found is not None else ()))
        self.snapshots.opened(reader.log_bytes, now)
        self._elect(found, now)
        if reader.is_inside:
            abort = AbortTransactionRecord(reason="its writer has stopped")
            self._carry_out(Decision((Record(None, abort, 0),)), now)
        if not self._controller.image.features:
            self._begin_as_formatted(now)

    def tidy(self, now: Instant) -> None:
        """A snapshot, where the next start would have much to read without it."""
        self.snapshots.take_if_worthwhile(self._controller.image, self._quorum, now)

    def flush(self, now: Instant) -> None:
        """All of the log is on the disk then."""
        durable = self._partition.log.durable
        flush = durable.acknowledge()
        try:
            flush.carry_out()
        except StorageError as failure:
            durable.failure = failure
            raise
        durable.done(flush, now)

    def _refuse_other_levels(self) -> None:
        """As Kafka does (MetadataVersion.fromFeatureLevel): what later records mean is not known."""
        log, features = self._partition.log, self._controller.image.features
        level = features.get(METADATA_VERSION, 0)
        if features and not OLDEST_LEVEL <= level <= FINALIZED[METADATA_VERSION]:
            reason = (
                f"has metadata.version {level}; {OLDEST_LEVEL} (Kafka 3.3) to {FINALIZED[METADATA_VERSION]} are known"
            )
            raise StorageError(f"{log.files.root}/{log.directory}", reason)

    def _refuse_other_voters(self, voters: tuple[int, ...]) -> None:
        others = sorted(set(voters) - {self._node})
        if others:
            log = self._partition.log
            names = ", ".join(map(str, others))
            path = f"{log.files.root}/{log.directory}"
            raise StorageError(path, f"belongs to a quorum that has other voters: {names}")

    def _elect(self, found: QuorumState | None, now: Instant) -> None:
        """The epoch is higher than any that was ever written (QuorumState.initialize, transitionToLeader)."""
        log = self._partition.log
        known = [0, log.epochs.latest, self.snapshots.newest.epoch]
        epoch = max(known if found is None else [*known, found.epoch]) + 1
        version = DYNAMIC if self._quorum else STATIC
        write_quorum_state(log.files, log.directory, QuorumState(version, self._node, epoch, (self._node,)))
        self._partition.lead(epoch)
        voter = Voter(voter_id=self._node)
        change = LeaderChangeMessage(version=0, leader_id=self._node, voters=[voter], granting_voters=[voter])
        row = encode_control(ControlType.LEADER_CHANGE, change)
        self._partition.append_own(bytearray(build([(now, *row, ())], control=True)), now)

    def _begin_as_formatted(self, now: Instant) -> None:
        """Kafka's tool has formatted the directory, and nobody has started on it: with these features and users."""
        files = self._partition.log.files
        if files.exists(BOOTSTRAP):
            records: list[Record] = []
            _read(Reader(records.append), read_snapshot(files, BOOTSTRAP), f"{files.root}/{BOOTSTRAP}")
            self._carry_out(Decision(tuple(records)), now)


def _read(reader: Reader, batches: Iterable[Batch], path: str) -> None:
    """All of a snapshot. StorageError: a newer Kafka has written it."""
    try:
        for _ in reader.read(batches):
            pass
    except WireError as error:
        raise StorageError(path, f"cannot be read: {error}") from error

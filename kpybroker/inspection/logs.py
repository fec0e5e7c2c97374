"""What is known of one log while it is looked through: what to expect of it, and how far it was followed."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.inspection.epoch_checks import EpochChecks
from kpybroker.inspection.producer_checks import ProducerChecks
from kpybroker.wire.records import BatchHeader
from kpybroker.wire.schemas.files import ProducerSnapshot


class Context(NamedTuple):
    """What the data directory says of a log."""

    clean: bool = False  # the stop before was a clean one
    in_use: bool = False  # by a broker that is running
    closed: bool = False  # clean, and Kafka closes this log as others
    compacted: bool = True  # or it is not known
    log_start: int = 0
    topic_id: str | None = None  # as the metadata has it


class Snapshot(NamedTuple):
    """The producers that a snapshot knows, at its offset."""

    offset: int
    path: str
    producers: list[ProducerSnapshot.ProducerEntry]


class LogState:
    """One log, segment after segment; `snapshots` ascend."""

    def __init__(
        self,
        context: Context,
        paths: frozenset[str],
        epochs: EpochChecks | None,
        producers: ProducerChecks,
        snapshots: list[Snapshot],
        first_offset: int,
    ) -> None:
        self.context = context
        self.paths = paths  # of the files that there are in the directory
        self.snapshots = snapshots
        self.first_offset = first_offset
        self.epochs = epochs
        self.producers = producers
        self.end_offset = 0
        self.empty = True
        self.cut_short = False  # it could not be followed to its end

    def follow(self, path: str, position: int, header: BatchHeader) -> None:
        """A sound batch comes: of which leader epoch, and what was known of producers before it?"""
        self.pass_snapshots(header.base_offset)
        if self.epochs is not None and header.last_offset >= self.context.log_start:
            offset = max(header.base_offset, self.context.log_start)
            self.epochs.batch(path, position, offset, header.partition_leader_epoch)

    def pass_snapshots(self, offset: int) -> None:
        """The log has been followed up to this offset: snapshots of it, and of before, are to say the same."""
        while self.snapshots and self.snapshots[0].offset <= offset:
            snapshot = self.snapshots.pop(0)
            if snapshot.offset >= self.first_offset:
                self.producers.snapshot(snapshot.path, snapshot.producers, self.first_offset)

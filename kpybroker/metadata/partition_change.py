"""What becomes of a partition when its replicas change or a leader is elected, as the record that says so."""

from __future__ import annotations

from collections.abc import Container, Sequence

from kpybroker.machine import Record
from kpybroker.metadata.directories import CHANGE_VERSION
from kpybroker.metadata.image import NO_LEADER, NO_LEADER_CHANGE, PartitionImage
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord

RECOVERING = 1  # org.apache.kafka.metadata.LeaderRecoveryState


class PartitionChange:
    """One change of one partition (PartitionChangeBuilder): set what is aimed at, then ask for the record."""

    def __init__(self, partition: PartitionImage, topic_id: bytes, active: Container[int]) -> None:
        self.replicas = partition.replicas
        self.isr = partition.isr
        self.adding = partition.adding
        self.removing = partition.removing
        self.prefers_first = False  # the preferred replica leads if it can, even where another one does
        self.is_unclean = False  # a replica that is not in sync may lead if no other can
        self._partition = partition
        self._topic_id = topic_id
        self._active = active

    def record(self, directories: Sequence[bytes] | None = None) -> Record | None:
        """None: nothing changes."""
        self._complete()
        old = self._partition
        leader = self._elect()
        if leader == old.leader and set(old.replicas) <= set(self.replicas):
            leader = NO_LEADER_CHANGE  # where a replica goes, the leader has a new epoch, though it be the same one
        news = {
            "isr": _news(old.isr, self.isr),
            "replicas": _news(old.replicas, self.replicas),
            "removing_replicas": _news(old.removing, self.removing),
            "adding_replicas": _news(old.adding, self.adding),
        }
        if leader == NO_LEADER_CHANGE and not any(value is not None for value in news.values()):
            return None
        value = PartitionChangeRecord(
            partition_id=old.index,
            topic_id=self._topic_id,
            leader=leader,
            leader_recovery_state=RECOVERING if leader >= 0 and leader not in old.isr else -1,
            directories=None if directories is None else list(directories),
            **news,
        )
        return Record(None, value, CHANGE_VERSION)

    def _complete(self) -> None:
        """A reassignment is over once all that come are in sync, and something in sync stays."""
        if not self.adding and not self.removing:
            return
        isr = [node for node in self.isr if node not in self.removing]
        replicas = [node for node in self.replicas if node not in self.removing]
        if not isr or not set(self.adding) <= set(isr):
            return
        if len(self.adding) < len(self.removing) and not set(replicas) <= set(isr):
            return
        self.isr, self.replicas, self.adding, self.removing = isr, replicas, [], []

    def _elect(self) -> int:
        """Who leads: the leader that there is, if it may, else the first that may."""
        now = self._partition.leader
        order = [self.replicas[0], now, *self.replicas] if self.prefers_first else [now, *self.replicas]
        for node in order:
            if node in self.isr and node in self._active:
                return node
        if self.is_unclean:
            for node in self.replicas:
                if node in self._active:
                    self.isr = [node]
                    return node
        return NO_LEADER


def _news(old: list[int], new: list[int]) -> list[int] | None:
    return None if new == old else list(new)

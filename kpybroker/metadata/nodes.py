"""The nodes of the cluster, folded from its records: brokers as they are registered, and Kafka's controllers."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from kpybroker.wire.fields import changed
from kpybroker.wire.schemas.cluster_nodes import (
    BrokerRegistrationChangeRecord,
    FenceBrokerRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    UnfenceBrokerRecord,
    UnregisterBrokerRecord,
)


class Node(Struct):
    """A registered broker."""

    id: int
    epoch: int
    rack: str | None
    fenced: bool
    endpoints: dict[str, tuple[str, int]]  # listener name: (host, port)
    registration: RegisterBrokerRecord  # as it was when it came; what has changed since:
    in_controlled_shutdown: bool
    log_dirs: list[bytes]
    cordoned_log_dirs: list[bytes] | None

    def record(self) -> RegisterBrokerRecord:
        """The registration as it would be today."""
        return changed(
            self.registration,
            fenced=self.fenced,
            in_controlled_shutdown=self.in_controlled_shutdown,
            log_dirs=self.log_dirs,
            cordoned_log_dirs=self.cordoned_log_dirs,
        )


class Nodes:
    """Brokers by number; controllers are kept for an Apache Kafka that reads this log after us."""

    def __init__(self) -> None:
        self.brokers: dict[int, Node] = {}
        self.controllers: dict[int, RegisterControllerRecord] = {}

    def records(self) -> Iterator[RegisterBrokerRecord | RegisterControllerRecord]:
        """What a reader of the log would have to be told."""
        for node in self.brokers.values():
            yield node.record()
        yield from self.controllers.values()

    def register(self, record: RegisterBrokerRecord) -> None:
        self.brokers[record.broker_id] = Node(
            record.broker_id,
            record.broker_epoch,
            record.rack,
            record.fenced,
            {end.name: (end.host, end.port) for end in record.end_points},
            record,
            record.in_controlled_shutdown,
            record.log_dirs,
            record.cordoned_log_dirs,
        )

    def change(self, record: BrokerRegistrationChangeRecord) -> None:
        """What is not told is as it was."""
        node = self.brokers[record.broker_id]
        if record.fenced:
            node.fenced = record.fenced > 0
        if record.in_controlled_shutdown:
            node.in_controlled_shutdown = True
        if record.log_dirs:
            node.log_dirs = record.log_dirs
        if record.cordoned_log_dirs is not None:
            node.cordoned_log_dirs = record.cordoned_log_dirs

    def fence(self, record: FenceBrokerRecord) -> None:
        """As Kafka before 3.3 said it."""
        self.brokers[record.id].fenced = True

    def unfence(self, record: UnfenceBrokerRecord) -> None:
        self.brokers[record.id].fenced = False

    def unregister(self, record: UnregisterBrokerRecord) -> None:
        self.brokers.pop(record.broker_id, None)

    def register_controller(self, record: RegisterControllerRecord) -> None:
        self.controllers[record.controller_id] = record

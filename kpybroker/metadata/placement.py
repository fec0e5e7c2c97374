"""Which brokers get the replicas of new partitions: by hand, or by number."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from kpybroker.metadata.image import Image
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_topics import CreateTopicsRequest

CreatableTopic = CreateTopicsRequest.CreatableTopic


class Refused(NamedTuple):
    """Why a topic is not made."""

    error: Error
    message: str | None


class Defaults(NamedTuple):
    """What -1 stands for."""

    partitions: int
    replication_factor: int


class Brokers(NamedTuple):
    """Those that are registered, and those of them that are there."""

    registered: frozenset[int]
    active: tuple[int, ...]


class Placed(NamedTuple):
    """Where one partition's replicas are, and those of them that are in sync."""

    replicas: list[int]
    isr: list[int]


def brokers_of(image: Image) -> Brokers:
    return Brokers(frozenset(image.nodes), image.active_nodes)


def assign(topic: CreatableTopic, brokers: Brokers, defaults: Defaults) -> list[Placed] | Refused:
    """The replicas of each partition, by hand or by default (ReplicationControlManager.createTopic)."""
    if topic.assignments:
        return _assigned_by_hand(topic, brokers)
    if topic.replication_factor == 0 or topic.replication_factor < -1:
        return Refused(
            Error.INVALID_REPLICATION_FACTOR, "the replication factor is larger than 0, or -1 for the default"
        )
    if topic.num_partitions == 0 or topic.num_partitions < -1:
        return Refused(Error.INVALID_PARTITIONS, "the number of partitions is larger than 0, or -1 for the default")
    factor = defaults.replication_factor if topic.replication_factor == -1 else topic.replication_factor
    count = defaults.partitions if topic.num_partitions == -1 else topic.num_partitions
    return by_number(count, factor, brokers)


def by_number(count: int, factor: int, brokers: Brokers) -> list[Placed] | Refused:
    """So many partitions, each on the first brokers that are there."""
    if factor > len(brokers.active):
        return Refused(
            Error.INVALID_REPLICATION_FACTOR,
            f"a replication factor of {factor} cannot be reached with {len(brokers.active)} broker(s)",
        )
    chosen = list(brokers.active[:factor])
    return [Placed(chosen, chosen)] * count


def by_hand(replicas: list[int], brokers: Brokers, factor: int | None) -> Placed | Refused:
    """One partition on these brokers; `factor` is how many they have to be, if that is known."""
    refused = refuse_replicas(replicas, brokers.registered)
    if refused is not None:
        return refused
    if factor is not None and len(replicas) != factor:
        return Refused(
            Error.INVALID_REPLICA_ASSIGNMENT, f"{len(replicas)} replicas were assigned where others have {factor}"
        )
    isr = [node for node in replicas if node in brokers.active]
    if not isr:
        return Refused(Error.INVALID_REPLICA_ASSIGNMENT, f"none of the brokers {replicas} is there")
    return Placed(replicas, isr)


def refuse_replicas(replicas: Sequence[int], registered: Container[int]) -> Refused | None:
    """Why no partition can have these replicas."""
    if replicas and len(set(replicas)) == len(replicas) and all(node in registered for node in replicas):
        return None
    return Refused(Error.INVALID_REPLICA_ASSIGNMENT, f"replicas {list(replicas)} are not distinct known brokers")


def _assigned_by_hand(topic: CreatableTopic, brokers: Brokers) -> list[Placed] | Refused:
    if topic.replication_factor != -1 or topic.num_partitions != -1:
        return Refused(
            Error.INVALID_REQUEST, "with replicas assigned by hand, partitions and replication factor are both -1"
        )
    by_index: dict[int, Placed] = {}
    factor = None
    for assignment in topic.assignments:
        if assignment.partition_index in by_index:
            return Refused(
                Error.INVALID_REPLICA_ASSIGNMENT, f"partition {assignment.partition_index} is assigned twice"
            )
        placed = by_hand(list(assignment.broker_ids), brokers, factor)
        if isinstance(placed, Refused):
            return placed
        by_index[assignment.partition_index] = placed
        factor = len(placed.replicas)
    if set(by_index) != set(range(len(by_index))):
        return Refused(Error.INVALID_REPLICA_ASSIGNMENT, "the assigned partitions are numbered from 0 without gaps")
    return [by_index[index] for index in range(len(by_index))]

"""Which brokers get the replicas of a new topic's partitions: by hand, or by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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


def assign(topic: CreatableTopic, brokers: Sequence[int], defaults: Defaults) -> list[list[int]] | Refused:
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
    if factor > len(brokers):
        return Refused(
            Error.INVALID_REPLICATION_FACTOR,
            f"a replication factor of {factor} cannot be reached with {len(brokers)} broker(s)",
        )
    count = defaults.partitions if topic.num_partitions == -1 else topic.num_partitions
    return [list(brokers[:factor]) for _ in range(count)]


def _assigned_by_hand(topic: CreatableTopic, brokers: Sequence[int]) -> list[list[int]] | Refused:
    if topic.replication_factor != -1 or topic.num_partitions != -1:
        return Refused(
            Error.INVALID_REQUEST, "with replicas assigned by hand, partitions and replication factor are both -1"
        )
    by_index: dict[int, list[int]] = {}
    for assignment in topic.assignments:
        replicas = list(assignment.broker_ids)
        if assignment.partition_index in by_index:
            return Refused(
                Error.INVALID_REPLICA_ASSIGNMENT, f"partition {assignment.partition_index} is assigned twice"
            )
        if not replicas or len(set(replicas)) < len(replicas) or not set(replicas) <= set(brokers):
            return Refused(Error.INVALID_REPLICA_ASSIGNMENT, f"replicas {replicas} are not distinct known brokers")
        if by_index and len(replicas) != len(next(iter(by_index.values()))):
            return Refused(Error.INVALID_REPLICA_ASSIGNMENT, "all partitions have the same number of replicas")
        by_index[assignment.partition_index] = replicas
    if set(by_index) != set(range(len(by_index))):
        return Refused(Error.INVALID_REPLICA_ASSIGNMENT, "the assigned partitions are numbered from 0 without gaps")
    return [by_index[index] for index in range(len(by_index))]

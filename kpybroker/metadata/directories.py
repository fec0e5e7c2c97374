"""The data directories of replicas, as the cluster knows them (KIP-858): which of its broker's each one is in."""

from __future__ import annotations

from collections.abc import Container

from kpybroker.machine import Record
from kpybroker.metadata.image import Image, PartitionImage
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord

CHANGE_VERSION = 2  # of PartitionChangeRecord
# org.apache.kafka.common.DirectoryId: not known yet, to be chosen by the broker, in a directory that is gone.
MIGRATING, UNASSIGNED, LOST = bytes(16), bytes(15) + b"\1", bytes(15) + b"\2"
OPEN = MIGRATING, UNASSIGNED


def default_directory(image: Image, node: int) -> bytes:
    """Of a new replica on a broker: the broker's one directory, and where it has several it chooses itself
    (ClusterControlManager.defaultDir)."""
    known = image.nodes.get(node)
    if known is None:
        return UNASSIGNED
    if not known.log_dirs:
        return MIGRATING
    return bytes(known.log_dirs[0]) if len(known.log_dirs) == 1 else UNASSIGNED


def directory_of(partition: PartitionImage, node: int) -> bytes:
    """Of a partition's replica on a broker."""
    if node not in partition.replicas or len(partition.directories) != len(partition.replicas):
        return MIGRATING
    return partition.directories[partition.replicas.index(node)]


def is_online(directory: bytes, online: Container[bytes]) -> bool:
    """DirectoryId.isOnline."""
    return directory in OPEN or (directory != LOST and (not online or directory in online))


def moved(image: Image, partition: PartitionImage, replicas: list[int]) -> list[bytes]:
    """The directories of these replicas: those that stay are where they are."""
    return [
        directory_of(partition, node) if node in partition.replicas else default_directory(image, node)
        for node in replicas
    ]


def assign(partition: PartitionImage, topic_id: bytes, node: int, directory: bytes) -> Record:
    """A broker has put its replica into a directory (ReplicationControlManager.handleAssignReplicasToDirs)."""
    directories = [directory if each == node else directory_of(partition, each) for each in partition.replicas]
    value = PartitionChangeRecord(partition_id=partition.index, topic_id=topic_id, directories=directories)
    return Record(None, value, CHANGE_VERSION)

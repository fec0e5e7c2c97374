"""Who leads what when a node starts: the partitions that only it holds lose their leader and get it again (KIP-320);
and when one of its data directories fails: nobody (KIP-858)."""

from __future__ import annotations

from collections.abc import Container

from kpybroker.machine import Record
from kpybroker.metadata.directories import CHANGE_VERSION, directory_of, is_online
from kpybroker.metadata.features import ELIGIBLE_LEADERS
from kpybroker.metadata.image import NO_LEADER, Image, Topic
from kpybroker.metadata.record_versions import DIRECTORIES, level_of
from kpybroker.wire.schemas.cluster_nodes import BrokerRegistrationChangeRecord
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord


def led_partitions(
    image: Image, node: int, online: Container[bytes] = ()
) -> tuple[list[PartitionChangeRecord], list[PartitionChangeRecord]]:
    """(the node leads again, nobody leads): changes for the partitions with a replica on this node and no other leader.

    Those that already have no leader, because Apache Kafka has written here at its controlled shutdown, need no second
    such change. It does not lead what is not in one of its directories that are online.
    """
    leads: list[PartitionChangeRecord] = []
    lost: list[PartitionChangeRecord] = []
    for topic in image.topics.values():
        for partition in topic.partitions.values():
            if partition.leader not in (node, NO_LEADER) or node not in partition.replicas:
                continue
            if partition.leader == node:
                lost.append(_change(image, topic, partition.index, NO_LEADER, in_sync=[], eligible=[node]))
            if is_online(directory_of(partition, node), online):
                leads.append(_change(image, topic, partition.index, node, in_sync=[node], eligible=[]))
    return leads, lost


def directory_failed(image: Image, node: int, online: list[bytes]) -> tuple[Record, ...]:
    """Of the node's directories only these are left: what it led from another has no leader any more
    (ReplicationControlManager.handleDirectoriesOffline)."""
    changes = [
        _change(image, topic, partition.index, NO_LEADER, in_sync=[], eligible=[node])
        for topic in image.topics.values()
        for partition in topic.partitions.values()
        if partition.leader == node and not is_online(directory_of(partition, node), online)
    ]
    if level_of(image.features) < DIRECTORIES:  # nor is it told which directories there are
        return tuple(Record(None, change, CHANGE_VERSION) for change in changes)
    epoch = image.nodes[node].epoch
    left = BrokerRegistrationChangeRecord(broker_id=node, broker_epoch=epoch, log_dirs=online)
    return *[Record(None, change, CHANGE_VERSION) for change in changes], Record(None, left, CHANGE_VERSION)


def _change(
    image: Image, topic: Topic, index: int, leader: int, *, in_sync: list[int], eligible: list[int]
) -> PartitionChangeRecord:
    """Where there are no eligible leaders (KIP-966, before Kafka 4.1) the last replica in sync stays so: nobody else
    could lead the partition again."""
    if not image.features.get(ELIGIBLE_LEADERS):
        return PartitionChangeRecord(partition_id=index, topic_id=topic.id, isr=in_sync or None, leader=leader)
    return PartitionChangeRecord(
        partition_id=index,
        topic_id=topic.id,
        isr=in_sync,
        leader=leader,
        eligible_leader_replicas=eligible,
        last_known_elr=eligible,
    )

"""Who leads what when a node starts: the partitions that only it holds lose their leader and get it again (KIP-320)."""

from __future__ import annotations

from kpybroker.metadata.image import NO_LEADER, Image, Topic
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord

CHANGE_VERSION = 2  # of PartitionChangeRecord


def led_partitions(image: Image, node: int) -> tuple[list[PartitionChangeRecord], list[PartitionChangeRecord]]:
    """(the node leads again, nobody leads): changes for the partitions with a replica on this node and no other leader.

    Those that already have no leader, because Apache Kafka has written here at its controlled shutdown, need no second
    such change.
    """
    leads: list[PartitionChangeRecord] = []
    lost: list[PartitionChangeRecord] = []
    for topic in image.topics.values():
        for partition in topic.partitions.values():
            if partition.leader not in (node, NO_LEADER) or node not in partition.replicas:
                continue
            if partition.leader == node:
                lost.append(_change(topic, partition.index, NO_LEADER, in_sync=[], eligible=[node]))
            leads.append(_change(topic, partition.index, node, in_sync=[node], eligible=[]))
    return leads, lost


def _change(topic: Topic, index: int, leader: int, *, in_sync: list[int], eligible: list[int]) -> PartitionChangeRecord:
    return PartitionChangeRecord(
        partition_id=index,
        topic_id=topic.id,
        isr=in_sync,
        leader=leader,
        eligible_leader_replicas=eligible,
        last_known_elr=eligible,
    )

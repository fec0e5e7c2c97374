"""Who leads what at a start: which partitions change their leader, and by which of Apache Kafka's records."""

from __future__ import annotations

from kpybroker.metadata.image import Image
from kpybroker.metadata.leadership import NO_LEADER, led_partitions
from kpybroker.wire.schemas.cluster_state import FeatureLevelRecord
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord, PartitionRecord, TopicRecord

TOPIC_ID = bytes(range(16))


def image(*partitions: tuple[int, list[int]]) -> Image:
    """One topic; each partition has a leader and replicas."""
    made = Image()
    made.replay(FeatureLevelRecord(name="eligible.leader.replicas.version", feature_level=1))
    made.replay(TopicRecord(name="t", topic_id=TOPIC_ID))
    for index, (leader, replicas) in enumerate(partitions):
        made.replay(
            PartitionRecord(
                partition_id=index,
                topic_id=TOPIC_ID,
                replicas=replicas,
                isr=[] if leader == NO_LEADER else [leader],
                removing_replicas=[],
                adding_replicas=[],
                leader=leader,
                leader_epoch=4,
                partition_epoch=7,
            )
        )
    return made


def changes(*found: PartitionChangeRecord) -> list[tuple[int, int, list[int] | None, list[int] | None]]:
    return [(each.partition_id, each.leader, each.isr, each.eligible_leader_replicas) for each in found]


def test_a_partition_loses_its_leader_and_gets_it_again() -> None:
    """As Kafka's controller writes it: nobody leads and the node may, then it leads and is in sync."""
    leads, lost = led_partitions(image((1, [1])), 1)
    assert changes(*lost) == [(0, -1, [], [1])]
    assert changes(*leads) == [(0, 1, [1], [])]


def test_the_epoch_rises_with_each_change() -> None:
    """Two changes of leader are two leader epochs, and the partition is as before."""
    made = image((1, [1]))
    leads, lost = led_partitions(made, 1)
    for record in (*lost, *leads):
        made.replay(record)
    partition = made.partition("t", 0)
    assert partition is not None
    assert (partition.leader, partition.isr, partition.leader_epoch, partition.partition_epoch) == (1, [1], 6, 9)


def test_what_a_controlled_shutdown_has_written_is_not_written_again() -> None:
    """Apache Kafka takes the leader away when it stops: only the second change is left."""
    leads, lost = led_partitions(image((NO_LEADER, [1])), 1)
    assert (changes(*lost), changes(*leads)) == ([], [(0, 1, [1], [])])


def test_partitions_of_others_are_left_alone() -> None:
    """What another node leads, or has the only replica of, is none of this node's."""
    assert led_partitions(image((2, [1, 2]), (NO_LEADER, [2, 3])), 1) == ([], [])

"""Records of the metadata log about topics and partitions: replicas, leaders, those in sync (KIP-631, KIP-966)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, TopicName, Uuid, int8, int32, message, tag


@message(key=28, versions="0", flexible="0+")
class ClearElrRecord:
    topic_name: TopicName


@message(key=5, versions="0-2", flexible="0+")
class PartitionChangeRecord:
    partition_id: int32 = -1
    topic_id: Uuid
    # None, and -2 for the leader: as it was
    isr: Field[list[BrokerId] | None, tag(0)] = None
    leader: Field[BrokerId, tag(1)] = -2
    replicas: Field[list[BrokerId] | None, tag(2)] = None
    removing_replicas: Field[list[BrokerId] | None, tag(3)] = None
    adding_replicas: Field[list[BrokerId] | None, tag(4)] = None
    leader_recovery_state: Field[int8, tag(5)] = -1
    directories: Field[list[Uuid] | None, "1+", tag(8)] = None
    eligible_leader_replicas: Field[list[BrokerId] | None, "2+", tag(6)] = None
    last_known_elr: Field[list[BrokerId] | None, "2+", tag(7)] = None


@message(key=3, versions="0-2", flexible="0+")
class PartitionRecord:
    partition_id: int32 = -1
    topic_id: Uuid
    replicas: list[BrokerId]
    isr: list[int32]
    removing_replicas: list[BrokerId]
    adding_replicas: list[BrokerId]
    leader: BrokerId = -1
    leader_recovery_state: Field[int8, tag(0)] = 0
    leader_epoch: int32 = -1
    partition_epoch: int32 = -1
    directories: Field[list[Uuid], "1+"] = []
    eligible_leader_replicas: Field[list[BrokerId] | None, "2+", tag(1)] = None
    last_known_elr: Field[list[BrokerId] | None, "2+", tag(2)] = None


@message(key=9, versions="0", flexible="0+")
class RemoveTopicRecord:
    topic_id: Uuid


@message(key=2, versions="0", flexible="0+")
class TopicRecord:
    name: TopicName
    topic_id: Uuid

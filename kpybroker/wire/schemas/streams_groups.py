"""Records of `__consumer_offsets` for Kafka Streams: topology, members and their tasks (KIP-1071)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, int64, message, part, tag, uint16


@message(key=22, versions="0")
class StreamsGroupCurrentMemberAssignmentKey:
    group_id: str
    member_id: str


@message(key=22, versions="0", flexible="0+")
class StreamsGroupCurrentMemberAssignmentValue:
    member_epoch: int32
    previous_member_epoch: int32
    state: int8
    active_tasks: list[StreamsGroupCurrentMemberAssignmentValueTaskIds]
    standby_tasks: list[StreamsGroupCurrentMemberAssignmentValueTaskIds]
    warmup_tasks: list[StreamsGroupCurrentMemberAssignmentValueTaskIds]
    active_tasks_pending_revocation: list[StreamsGroupCurrentMemberAssignmentValueTaskIds]
    standby_tasks_pending_revocation: list[StreamsGroupCurrentMemberAssignmentValueTaskIds]
    warmup_tasks_pending_revocation: list[StreamsGroupCurrentMemberAssignmentValueTaskIds]


@part
class StreamsGroupCurrentMemberAssignmentValueTaskIds:
    subtopology_id: str
    partitions: list[int32]
    assignment_epochs: Field[list[int32] | None, tag(0)] = []


@message(key=19, versions="0")
class StreamsGroupMemberMetadataKey:
    group_id: str
    member_id: str


@message(key=19, versions="0", flexible="0+")
class StreamsGroupMemberMetadataValue:
    instance_id: str | None
    rack_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int32 = -1
    topology_epoch: int32
    process_id: str
    user_endpoint: Endpoint | None = None
    client_tags: list[KeyValue]


@part
class Endpoint:
    host: str
    port: uint16


@part
class KeyValue:
    key: str
    value: str


@message(key=17, versions="0")
class StreamsGroupMetadataKey:
    group_id: str


@message(key=17, versions="0", flexible="0+")
class StreamsGroupMetadataValue:
    epoch: int32
    metadata_hash: int64
    validated_topology_epoch: Field[int32, tag(0)] = -1
    last_assignment_configs: Field[list[LastAssignmentConfig] | None, tag(1)] = []


@part
class LastAssignmentConfig:
    key: str
    value: str


@message(key=21, versions="0")
class StreamsGroupTargetAssignmentMemberKey:
    group_id: str
    member_id: str


@message(key=21, versions="0", flexible="0+")
class StreamsGroupTargetAssignmentMemberValue:
    active_tasks: list[StreamsGroupTargetAssignmentMemberValueTaskIds]
    standby_tasks: list[StreamsGroupTargetAssignmentMemberValueTaskIds]
    warmup_tasks: list[StreamsGroupTargetAssignmentMemberValueTaskIds]


@part
class StreamsGroupTargetAssignmentMemberValueTaskIds:
    subtopology_id: str
    partitions: list[int32]


@message(key=20, versions="0")
class StreamsGroupTargetAssignmentMetadataKey:
    group_id: str


@message(key=20, versions="0", flexible="0+")
class StreamsGroupTargetAssignmentMetadataValue:
    assignment_epoch: int32
    assignment_timestamp: Field[int64, tag(0)] = 0


@message(key=23, versions="0")
class StreamsGroupTopologyKey:
    group_id: str


@message(key=23, versions="0", flexible="0+")
class StreamsGroupTopologyValue:
    epoch: int32
    subtopologies: list[Subtopology]

    @part
    class Subtopology:
        subtopology_id: str
        source_topics: list[str]
        source_topic_regex: list[str]
        state_changelog_topics: list[TopicInfo]
        repartition_sink_topics: list[str]
        repartition_source_topics: list[TopicInfo]
        copartition_groups: list[CopartitionGroup]

        @part
        class CopartitionGroup:
            source_topics: list[int16]
            source_topic_regex: list[int16]
            repartition_source_topics: list[int16]


@part
class TopicConfig:
    key: str
    value: str


@part
class TopicInfo:
    name: str
    partitions: int32
    replication_factor: int16
    topic_configs: list[TopicConfig]

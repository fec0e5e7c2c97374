"""StreamsGroupDescribe: topology, members and tasks of Kafka Streams groups (KIP-1071)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, int16, int32, int64, message, part, uint16


@message(key=89, versions="0", flexible="0+")
class StreamsGroupDescribeRequest:
    group_ids: list[GroupId]
    include_authorized_operations: bool


@message(key=89, versions="0", flexible="0+")
class StreamsGroupDescribeResponse:
    throttle_time_ms: int32 = 0
    groups: list[DescribedGroup]

    @part
    class DescribedGroup:
        error_code: int16
        error_message: str | None = None
        group_id: GroupId
        group_state: str
        group_epoch: int32
        assignment_epoch: int32
        topology: Topology | None = None
        members: list[Member]
        authorized_operations: int32 = -(2**31)

        @part
        class Topology:
            epoch: int32
            subtopologies: list[Subtopology] | None = None

            @part
            class Subtopology:
                subtopology_id: str
                source_topics: list[TopicName]
                repartition_sink_topics: list[TopicName]
                state_changelog_topics: list[TopicInfo]
                repartition_source_topics: list[TopicInfo]

        @part
        class Member:
            member_id: str
            member_epoch: int32
            instance_id: str | None = None
            rack_id: str | None = None
            client_id: str
            client_host: str
            topology_epoch: int32
            process_id: str
            user_endpoint: Endpoint | None = None
            client_tags: list[KeyValue]
            task_offsets: list[TaskOffset]
            task_end_offsets: list[TaskOffset]
            assignment: Assignment
            target_assignment: Assignment
            is_classic: bool


@part
class Endpoint:
    host: str
    port: uint16


@part
class TaskOffset:
    subtopology_id: str
    partition: int32
    offset: int64


@part
class Assignment:
    active_tasks: list[TaskIds]
    standby_tasks: list[TaskIds]
    warmup_tasks: list[TaskIds]


@part
class TaskIds:
    subtopology_id: str
    partitions: list[int32]


@part
class KeyValue:
    key: str
    value: str


@part
class TopicInfo:
    name: TopicName
    partitions: int32
    replication_factor: int16
    topic_configs: list[KeyValue]

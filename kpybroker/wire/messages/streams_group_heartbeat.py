"""StreamsGroupHeartbeat: membership, topology and tasks of a Kafka Streams client (KIP-1071)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, int8, int16, int32, int64, message, part, uint16


@message(key=88, versions="0", flexible="0+")
class StreamsGroupHeartbeatRequest:
    group_id: GroupId
    member_id: str
    member_epoch: int32
    endpoint_information_epoch: int32
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int32 = -1
    topology: Topology | None = None
    active_tasks: list[RequestTaskIds] | None = None
    standby_tasks: list[RequestTaskIds] | None = None
    warmup_tasks: list[RequestTaskIds] | None = None
    process_id: str | None = None
    user_endpoint: RequestEndpoint | None = None
    client_tags: list[KeyValue] | None = None
    task_offsets: list[TaskOffset] | None = None
    task_end_offsets: list[TaskOffset] | None = None
    shutdown_application: bool = False

    @part
    class Topology:
        epoch: int32
        subtopologies: list[Subtopology]

        @part
        class Subtopology:
            subtopology_id: str
            source_topics: list[TopicName]
            source_topic_regex: list[str]
            state_changelog_topics: list[TopicInfo]
            repartition_sink_topics: list[TopicName]
            repartition_source_topics: list[TopicInfo]
            copartition_groups: list[CopartitionGroup]

            @part
            class CopartitionGroup:
                source_topics: list[int16]
                source_topic_regex: list[int16]
                repartition_source_topics: list[int16]


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


@part
class RequestEndpoint:
    host: str
    port: uint16


@part
class TaskOffset:
    subtopology_id: str
    partition: int32
    offset: int64


@part
class RequestTaskIds:
    subtopology_id: str
    partitions: list[int32]


@message(key=88, versions="0", flexible="0+")
class StreamsGroupHeartbeatResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    member_id: str
    member_epoch: int32
    heartbeat_interval_ms: int32
    acceptable_recovery_lag: int32
    task_offset_interval_ms: int32
    status: list[Status] | None
    active_tasks: list[ResponseTaskIds] | None = None
    standby_tasks: list[ResponseTaskIds] | None = None
    warmup_tasks: list[ResponseTaskIds] | None = None
    endpoint_information_epoch: int32
    partitions_by_user_endpoint: list[EndpointToPartitions] | None = None

    @part
    class EndpointToPartitions:
        user_endpoint: ResponseEndpoint
        active_partitions: list[TopicPartition]
        standby_partitions: list[TopicPartition]


@part
class Status:
    status_code: int8
    status_detail: str


@part
class TopicPartition:
    topic: TopicName
    partitions: list[int32]


@part
class ResponseTaskIds:
    subtopology_id: str
    partitions: list[int32]


@part
class ResponseEndpoint:
    host: str
    port: uint16

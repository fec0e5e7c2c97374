"""CreateTopics: new topics with their partitions and settings, or a check whether they could be made (KIP-4)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, BrokerId, TopicName, Uuid, int8, int16, int32, message, part, tag


@message(key=19, versions="0-7", flexible="5+")
class CreateTopicsRequest:
    topics: list[CreatableTopic]
    timeout_ms: int32 = 60000
    validate_only: Field[bool, "1+"] = False

    @part
    class CreatableTopic:
        name: TopicName
        num_partitions: int32
        replication_factor: int16
        assignments: list[CreatableReplicaAssignment]
        configs: list[CreatableTopicConfig]

        @part
        class CreatableReplicaAssignment:
            partition_index: int32
            broker_ids: list[BrokerId]

        @part
        class CreatableTopicConfig:
            name: str
            value: str | None


@message(key=19, versions="0-7", flexible="5+")
class CreateTopicsResponse:
    throttle_time_ms: Field[int32, "2+"] = 0
    topics: list[CreatableTopicResult]

    @part
    class CreatableTopicResult:
        name: TopicName
        topic_id: Field[Uuid, "7+"] = NO_ID
        error_code: int16
        error_message: Field[str | None, "1+"] = ""
        topic_config_error_code: Field[int16, "5+", tag(0)] = 0
        num_partitions: Field[int32, "5+"] = -1
        replication_factor: Field[int16, "5+"] = -1
        configs: Field[list[CreatableTopicConfigs] | None, "5+"] = []

        @part
        class CreatableTopicConfigs:
            name: str
            value: str | None
            read_only: bool
            config_source: int8 = -1
            is_sensitive: bool

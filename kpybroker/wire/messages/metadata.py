"""Metadata: brokers, topics, partitions and their leaders; makes a missing topic if both sides allow it."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, BrokerId, TopicName, Uuid, int16, int32, message, null, part


@message(key=3, versions="0-13", flexible="9+")
class MetadataRequest:
    topics: Field[list[MetadataRequestTopic] | None, null("1+")]
    allow_auto_topic_creation: Field[bool, "4+"] = True
    include_cluster_authorized_operations: Field[bool, "8-10"] = False
    include_topic_authorized_operations: Field[bool, "8+"] = False

    @part
    class MetadataRequestTopic:
        topic_id: Field[Uuid, "10+"] = NO_ID
        name: Field[TopicName | None, null("10+")]


@message(key=3, versions="0-13", flexible="9+")
class MetadataResponse:
    throttle_time_ms: Field[int32, "3+"] = 0
    brokers: list[MetadataResponseBroker]
    cluster_id: Field[str | None, "2+"] = None
    controller_id: Field[BrokerId, "1+"] = -1
    topics: list[MetadataResponseTopic]
    cluster_authorized_operations: Field[int32, "8-10"] = -(2**31)
    error_code: Field[int16, "13+"] = 0

    @part
    class MetadataResponseBroker:
        node_id: BrokerId
        host: str
        port: int32
        rack: Field[str | None, "1+"] = None

    @part
    class MetadataResponseTopic:
        error_code: int16
        name: Field[TopicName | None, null("12+")]
        topic_id: Field[Uuid, "10+"] = NO_ID
        is_internal: Field[bool, "1+"] = False
        partitions: list[MetadataResponsePartition]
        topic_authorized_operations: Field[int32, "8+"] = -(2**31)

        @part
        class MetadataResponsePartition:
            error_code: int16
            partition_index: int32
            leader_id: BrokerId
            leader_epoch: Field[int32, "7+"] = -1
            replica_nodes: list[BrokerId]
            isr_nodes: list[BrokerId]
            offline_replicas: Field[list[BrokerId], "5+"] = []

"""ConsumerGroupHeartbeat: membership, subscription and assignment of the new consumer protocol (KIP-848)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import GroupId, TopicName, Uuid, int16, int32, message, part


@message(key=68, versions="0-1", flexible="0+")
class ConsumerGroupHeartbeatRequest:
    group_id: GroupId
    member_id: str
    member_epoch: int32
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int32 = -1
    subscribed_topic_names: list[TopicName] | None = None
    subscribed_topic_regex: Field[str | None, "1+"] = None
    server_assignor: str | None = None
    topic_partitions: list[TopicPartitions] | None = None

    @part
    class TopicPartitions:
        topic_id: Uuid
        partitions: list[int32]


@message(key=68, versions="0-1", flexible="0+")
class ConsumerGroupHeartbeatResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    member_id: str | None = None
    member_epoch: int32
    heartbeat_interval_ms: int32
    assignment: Assignment | None = None

    @part
    class Assignment:
        topic_partitions: list[TopicPartitions]


@part
class TopicPartitions:
    topic_id: Uuid
    partitions: list[int32]

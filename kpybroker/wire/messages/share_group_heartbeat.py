"""ShareGroupHeartbeat: membership, subscription and assignment in a share group (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, Uuid, int16, int32, message, part


@message(key=76, versions="0-1", flexible="0+")
class ShareGroupHeartbeatRequest:
    group_id: GroupId
    member_id: str
    member_epoch: int32
    rack_id: str | None = None
    subscribed_topic_names: list[TopicName] | None = None


@message(key=76, versions="0-1", flexible="0+")
class ShareGroupHeartbeatResponse:
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

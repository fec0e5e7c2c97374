"""ShareGroupDescribe: the state and members of share groups (KIP-932)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, TopicName, Uuid, int16, int32, message, part


@message(key=77, versions="0-1", flexible="0+")
class ShareGroupDescribeRequest:
    group_ids: list[GroupId]
    include_authorized_operations: bool


@message(key=77, versions="0-1", flexible="0+")
class ShareGroupDescribeResponse:
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
        assignor_name: str
        members: list[Member]
        authorized_operations: int32 = -(2**31)

        @part
        class Member:
            member_id: str
            rack_id: str | None = None
            member_epoch: int32
            client_id: str
            client_host: str
            subscribed_topic_names: list[TopicName]
            assignment: Assignment


@part
class TopicPartitions:
    topic_id: Uuid
    topic_name: TopicName
    partitions: list[int32]


@part
class Assignment:
    topic_partitions: list[TopicPartitions]

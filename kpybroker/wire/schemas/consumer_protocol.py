"""What consumers of classic groups tell each other through the coordinator: subscription and assignment."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, TopicName, int32, message, part


@message(versions="0-3")
class ConsumerProtocolAssignment:
    assigned_partitions: list[TopicPartition]
    user_data: Bytes | None = None

    @part
    class TopicPartition:
        topic: TopicName
        partitions: list[int32]


@message(versions="0-3")
class ConsumerProtocolSubscription:
    topics: list[str]
    user_data: Bytes | None = None
    owned_partitions: Field[list[TopicPartition], "1+"] = []
    generation_id: Field[int32, "2+"] = -1
    rack_id: Field[str | None, "3+"] = None

    @part
    class TopicPartition:
        topic: TopicName
        partitions: list[int32]

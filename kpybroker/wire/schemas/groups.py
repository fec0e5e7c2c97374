"""Records of `__consumer_offsets` for all groups: committed offsets, and the state of classic groups."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, Bytes, Uuid, int32, int64, message, part, tag


@message(key=2, versions="0")
class GroupMetadataKey:
    group: str


@message(key=2, versions="0-4", flexible="4+")
class GroupMetadataValue:
    protocol_type: str
    generation: int32
    protocol: str | None
    leader: str | None
    current_state_timestamp: Field[int64, "2+"] = -1
    members: list[MemberMetadata]


@part
class MemberMetadata:
    member_id: str
    group_instance_id: Field[str | None, "3+"] = None
    client_id: str
    client_host: str
    rebalance_timeout: Field[int32, "1+"] = -1
    session_timeout: int32
    subscription: Bytes  # both as the client sent them: consumers use schemas/consumer_protocol.py
    assignment: Bytes


# Type 0 is from before timestamps were kept; nobody writes it any more.
@message(key=0, versions="0")
class LegacyOffsetCommitKey:
    group: str
    topic: str
    partition: int32


@message(key=0, versions="0")
class LegacyOffsetCommitValue:
    offset: int64
    metadata: str
    commit_timestamp: int64


@message(key=1, versions="0")
class OffsetCommitKey:
    group: str
    topic: str
    partition: int32


@message(key=1, versions="0-4", flexible="4+")
class OffsetCommitValue:
    offset: int64
    leader_epoch: Field[int32, "3+"] = -1
    metadata: str
    commit_timestamp: int64
    expire_timestamp: Field[int64, "1"] = -1
    topic_id: Field[Uuid, "4+", tag(0)] = NO_ID

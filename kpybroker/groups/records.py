"""The records of `__consumer_offsets` as Apache Kafka 4.3.1 writes them: groups, and the tombstones of everything."""

from __future__ import annotations

from kpybroker.groups.classic import ClassicGroup
from kpybroker.machine import Record
from kpybroker.wire.schemas.groups import GroupMetadataKey, GroupMetadataValue, MemberMetadata, OffsetCommitKey

GROUP_METADATA_VERSION = 3


def group_record(group: ClassicGroup, assignments: dict[str, bytes]) -> Record:
    """The whole group: Kafka writes one record a generation, once the leader has sent the assignments."""
    members = [
        MemberMetadata(
            member_id=member.member_id,
            group_instance_id=member.instance_id,
            client_id=member.identity.client_id,
            client_host=member.identity.client_host,
            rebalance_timeout=member.timeouts.rebalance_ms,
            session_timeout=member.timeouts.session_ms,
            subscription=member.metadata(group.protocol or ""),
            assignment=assignments[member.member_id],
        )
        for member in group.members.values()
    ]
    value = GroupMetadataValue(
        protocol_type=group.protocol_type or "",
        generation=group.generation,
        protocol=group.protocol,
        leader=group.leader,
        current_state_timestamp=group.state_since,
        members=members,
    )
    return Record(GroupMetadataKey(group=group.group_id), value, GROUP_METADATA_VERSION)


def new_group_record(group: ClassicGroup) -> Record:
    """A group that has just been named for the first time: empty, whatever is already being prepared."""
    value = GroupMetadataValue(
        protocol_type="",
        generation=0,
        protocol=None,
        leader=None,
        current_state_timestamp=group.state_since,
        members=[],
    )
    return Record(GroupMetadataKey(group=group.group_id), value, GROUP_METADATA_VERSION)


def group_tombstone(group_id: str) -> Record:
    return Record(GroupMetadataKey(group=group_id), None, 0)


def offset_tombstone(group_id: str, topic: str, partition: int) -> Record:
    return Record(OffsetCommitKey(group=group_id, topic=topic, partition=partition), None, 0)

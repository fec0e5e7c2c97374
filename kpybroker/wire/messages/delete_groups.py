"""DeleteGroups: removes empty groups with their offsets (KIP-229)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, int16, int32, message, part


@message(key=42, versions="0-2", flexible="2+")
class DeleteGroupsRequest:
    groups_names: list[GroupId]


@message(key=42, versions="0-2", flexible="2+")
class DeleteGroupsResponse:
    throttle_time_ms: int32 = 0
    results: list[DeletableGroupResult]

    @part
    class DeletableGroupResult:
        group_id: GroupId
        error_code: int16

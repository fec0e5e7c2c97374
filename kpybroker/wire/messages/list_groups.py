"""ListGroups: every group that a broker coordinates, by state and type if asked (KIP-518, KIP-848)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import GroupId, int16, int32, message, part


@message(key=16, versions="0-5", flexible="3+")
class ListGroupsRequest:
    states_filter: Field[list[str], "4+"] = []
    types_filter: Field[list[str], "5+"] = []


@message(key=16, versions="0-5", flexible="3+")
class ListGroupsResponse:
    throttle_time_ms: Field[int32, "1+"] = 0
    error_code: int16
    groups: list[ListedGroup]

    @part
    class ListedGroup:
        group_id: GroupId
        protocol_type: str
        group_state: Field[str, "4+"] = ""
        group_type: Field[str, "5+"] = ""

"""ListGroups (16): the groups that this broker coordinates, by state and type if asked.

Versions: 0-5. Behaves: filters take names in any case; an unknown one matches nothing.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.list_groups import ListGroupsRequest, ListGroupsResponse


def list_groups(state: State, call: Call) -> ListGroupsResponse:
    request: ListGroupsRequest = call.request
    groups = [
        group
        for shard in state.groups.all()
        for group in shard.list_groups(request.states_filter, request.types_filter)
    ]
    return ListGroupsResponse(error_code=Error.NONE, groups=groups)

"""DeleteGroups (42): removes groups without members, and what they have committed.

Versions: 0-2. Behaves: a group with members is NON_EMPTY_GROUP, an unknown one GROUP_ID_NOT_FOUND.
"""

from __future__ import annotations

from kpybroker.acknowledging import once_synced
from kpybroker.machine import Answer, Call, Waiting
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse


def delete_groups(state: State, call: Call) -> Answer | Waiting:
    request: DeleteGroupsRequest = call.request
    results = []
    written = []
    for group_id in dict.fromkeys(request.groups_names):
        shard = state.coordinators(call.arrived).shard(group_id, call.arrived)
        error = Error.NOT_COORDINATOR
        if shard is not None:
            error, records = shard.delete_group(group_id)
            written.append(state.groups.record(group_id, records, call.arrived))
        results.append(DeleteGroupsResponse.DeletableGroupResult(group_id=group_id, error_code=error))
    return once_synced(DeleteGroupsResponse(results=results), written)

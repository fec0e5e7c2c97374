"""DescribeGroups (15): the state, protocol and members of groups.

Versions: 0-6. Behaves: an unknown group is Dead, from version 6 on GROUP_ID_NOT_FOUND too (KIP-1043).
"""

from __future__ import annotations

from kpybroker.handlers.common import operations
from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank, changed
from kpybroker.wire.messages.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse

DescribedGroup = DescribeGroupsResponse.DescribedGroup


def describe_groups(state: State, call: Call) -> DescribeGroupsResponse:
    request: DescribeGroupsRequest = call.request
    groups = []
    for group_id in request.groups:
        shard = state.coordinators(call.arrived).shard(group_id, call.arrived)
        if shard is None:
            groups.append(blank(DescribedGroup, group_id=group_id, error_code=Error.NOT_COORDINATOR))
            continue
        group = shard.describe_group(group_id, call.version)
        if request.include_authorized_operations and group.error_code == Error.NONE:
            group = changed(group, authorized_operations=operations("group"))
        groups.append(group)
    return DescribeGroupsResponse(groups=groups)

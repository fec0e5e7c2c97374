"""JoinGroup (11): a member enters a group, or a rebalance of it.

Versions: 0-9. Behaves: decided by the group's coordinator; answered when the rebalance has its members.
"""

from __future__ import annotations

from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State


def join_group(state: State, call: Call) -> Later:
    state.coordinators(call.arrived).coordinate(call.request.group_id, call)
    return LATER

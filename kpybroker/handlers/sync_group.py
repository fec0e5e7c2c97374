"""SyncGroup (14): a member asks for its part of the assignment, or, as leader, brings all of it.

Versions: 0-5. Behaves: decided by the group's coordinator; answered when the leader has brought the assignment.
"""

from __future__ import annotations

from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State


def sync_group(state: State, call: Call) -> Later:
    state.coordinators(call.arrived).coordinate(call.request.group_id, call)
    return LATER

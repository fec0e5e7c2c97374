"""LeaveGroup (13): members leave a group, several at once from version 3 on.

Versions: 0-5. Behaves: decided by the group's coordinator; static members leave by their instance id (KIP-345).
"""

from __future__ import annotations

from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State


def leave_group(state: State, call: Call) -> Later:
    state.coordinators(call.arrived).coordinate(call.request.group_id, call)
    return LATER

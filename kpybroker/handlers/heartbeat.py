"""Heartbeat (12): a member says that it lives.

Versions: 0-4. Behaves: decided by the group's coordinator; REBALANCE_IN_PROGRESS tells the member to join again.
"""

from __future__ import annotations

from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State


def heartbeat(state: State, call: Call) -> Later:
    state.coordinators(call.arrived).coordinate(call.request.group_id, call)
    return LATER

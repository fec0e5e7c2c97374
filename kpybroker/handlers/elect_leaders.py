"""ElectLeaders (43): gives partitions their preferred leader back, or any leader.

Versions: 0-2. Behaves: decided by the controller; with one broker nothing is to be elected. Null topics are all of
them, and only those that needed a leader are told.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import elections
from kpybroker.state import State


def elect_leaders(state: State, call: Call) -> Later:
    return state.ask_controller(call, elections.elect_leaders)

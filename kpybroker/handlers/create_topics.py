"""CreateTopics (19): makes topics, or only says whether it could.

Versions: 2-7. Behaves: decided by the controller; a name given twice is refused, the others are made.
"""

from __future__ import annotations

from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State


def create_topics(state: State, call: Call) -> Later:
    state.control(state.controller.decide(call, call.arrived), call.arrived)
    return LATER

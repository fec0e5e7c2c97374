"""DeleteTopics (20): removes topics by name or, from version 6 on, by id.

Versions: 1-6. Behaves: done when it is answered, files too.
"""

from __future__ import annotations

from kpybroker.machine import LATER, Call, Later
from kpybroker.state import State


def delete_topics(state: State, call: Call) -> Later:
    state.control(state.controller.decide(call, call.arrived), call.arrived)
    return LATER

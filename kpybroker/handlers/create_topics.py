"""CreateTopics (19): makes topics, or only says whether it could.

Versions: 0-7. Behaves: decided by the controller; a name given twice is refused, the others are made.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.state import State


def create_topics(state: State, call: Call) -> Later:
    return state.ask_controller(call, lambda controller, call: controller.topics.create(call.request))

"""DeleteTopics (20): removes topics by name or, from version 6 on, by id.

Versions: 0-6. Behaves: done when it is answered, files too.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import deletion
from kpybroker.state import State


def delete_topics(state: State, call: Call) -> Later:
    return state.ask_controller(call, deletion.delete_topics)

"""AlterUserScramCredentials (51): stores and deletes salted passwords of users.

Versions: 0. Behaves: each user has one answer, and is altered once in a request or not at all.
Differs from Kafka: credentials are kept and described; there is no listener yet where one logs in with them.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import scram_changes
from kpybroker.state import State


def alter_user_scram_credentials(state: State, call: Call) -> Later:
    return state.ask_controller(call, scram_changes.alter_user_scram_credentials)

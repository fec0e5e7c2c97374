"""AlterPartitionReassignments (45): moves replicas to other brokers, or calls such a move off.

Versions: 0-1. Behaves: decided by the controller; on one broker replicas can only go to where they are.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import reassignment
from kpybroker.state import State


def alter_partition_reassignments(state: State, call: Call) -> Later:
    return state.ask_controller(call, reassignment.alter_reassignments)

"""ListPartitionReassignments (46): replicas that are on their way to other brokers.

Versions: 0. Behaves: null topics are all of them; what is not under way, or not there, is passed over.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.metadata.reassignment import list_reassignments
from kpybroker.state import State
from kpybroker.wire.messages.list_partition_reassignments import ListPartitionReassignmentsResponse


def list_partition_reassignments(state: State, call: Call) -> ListPartitionReassignmentsResponse:
    return list_reassignments(state.image, call.request)

"""FindCoordinator (10): which broker coordinates a group or a transactional id.

Versions: 0-6. Behaves: the internal topic is made on the first question; several keys at once from version 4 on.
Differs from Kafka: unless strict, the question that makes the topic is answered with a coordinator at once.
"""

from __future__ import annotations

from kpybroker.handlers.common import endpoint
from kpybroker.machine import Call
from kpybroker.metadata.image import CONSUMER_OFFSETS
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse

GROUP, TRANSACTION, SHARE = 0, 1, 2  # FindCoordinatorRequest.CoordinatorType
Coordinator = FindCoordinatorResponse.Coordinator


def find_coordinator(state: State, call: Call) -> FindCoordinatorResponse:
    request: FindCoordinatorRequest = call.request
    # What strict Kafka does: the first question makes the topic, and its coordinators are there for the next.
    is_first = request.key_type == GROUP and CONSUMER_OFFSETS not in state.image.topics
    early = state.strict and is_first
    if is_first:
        state.coordinators(call.arrived)
    if call.version >= 4:
        answers = [_coordinator(state, call, request.key_type, key, early) for key in request.coordinator_keys]
        return FindCoordinatorResponse(coordinators=answers)
    answer = _coordinator(state, call, request.key_type, request.key, early)
    return FindCoordinatorResponse(
        error_code=answer.error_code,
        error_message="NONE" if answer.error_code == Error.NONE else "the coordinator is not available",
        node_id=answer.node_id,
        host=answer.host,
        port=answer.port,
    )


def _coordinator(state: State, call: Call, key_type: int, key: str, early: bool) -> Coordinator:
    error, message = Error.NONE, ""
    if early:
        error = Error.COORDINATOR_NOT_AVAILABLE
    elif key_type not in (GROUP, TRANSACTION):
        error = Error.INVALID_REQUEST
        message = "" if key_type == SHARE else f"coordinators of type {key_type} are unknown"
    if error is not Error.NONE:
        return Coordinator(key=key, node_id=-1, host="", port=-1, error_code=error, error_message=message)
    host, port = endpoint(state, call, state.node_id)
    return Coordinator(key=key, node_id=state.node_id, host=host, port=port, error_code=error, error_message="")

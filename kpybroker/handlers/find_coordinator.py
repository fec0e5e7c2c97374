"""FindCoordinator (10): which broker coordinates a group, a transactional id, or a share group's partition.

Versions: 0-6. Behaves: the internal topic is made on the first question; several keys at once from version 4 on.
Differs from Kafka: unless strict, the question that makes the topic is answered with a coordinator at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kpybroker.coordinators import java_hash
from kpybroker.handlers.common import endpoint
from kpybroker.machine import Call
from kpybroker.metadata.image import CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse

GROUP, TRANSACTION, SHARE = 0, 1, 2  # FindCoordinatorRequest.CoordinatorType
TOPICS = {GROUP: CONSUMER_OFFSETS, TRANSACTION: TRANSACTION_STATE, SHARE: SHARE_GROUP_STATE}
# group:topic id:partition, the group with any colons of its own (SharePartitionKey.getInstance)
SHARE_PARTITION = re.compile(r"(?P<group>.+):[\w-]{22}(==)?:(?P<partition>[+-]?\d+):*", re.DOTALL | re.ASCII)
BLANKS = "".join(map(chr, range(33)))  # what String.trim takes off
Coordinator = FindCoordinatorResponse.Coordinator


def find_coordinator(state: State, call: Call) -> FindCoordinatorResponse:
    request: FindCoordinatorRequest = call.request
    if call.version >= 4:
        return FindCoordinatorResponse(coordinators=_find(state, call, request.coordinator_keys))
    (answer,) = _find(state, call, [request.key])
    return FindCoordinatorResponse(
        error_code=answer.error_code,
        error_message="NONE" if answer.error_code == Error.NONE else "the coordinator is not available",
        node_id=answer.node_id,
        host=answer.host,
        port=answer.port,
    )


def _find(state: State, call: Call, keys: Iterable[str]) -> list[Coordinator]:
    key_type = call.request.key_type
    errors = {key: _refusal(call.version, key_type, key) for key in keys}
    if Error.NONE in errors.values() and TOPICS[key_type] not in state.image.topics:
        state.auto_create(TOPICS[key_type], call.arrived)
        if state.strict:  # the first question makes the topic, and its coordinators are there for the next
            errors = {key: error or Error.COORDINATOR_NOT_AVAILABLE for key, error in errors.items()}
    for key, error in errors.items():
        if error is Error.NONE and not _is_led(state, TOPICS[key_type], key):
            errors[key] = Error.COORDINATOR_NOT_AVAILABLE
    message = "" if key_type in TOPICS else f"coordinators of type {key_type} are unknown"
    host, port = endpoint(state, call, state.node_id)
    return [
        Coordinator(key=key, node_id=state.node_id, host=host, port=port, error_code=Error.NONE, error_message="")
        if errors[key] is Error.NONE
        else Coordinator(key=key, node_id=-1, host="", port=-1, error_code=errors[key], error_message=message)
        for key in keys
    ]


def _is_led(state: State, topic: str, key: str) -> bool:
    """Whether anybody leads the partition behind a coordinator: its directory may be offline."""
    partitions = state.image.topics[topic].partitions
    return partitions[java_hash(key) % len(partitions)].leader in state.image.nodes


def _refusal(version: int, key_type: int, key: str) -> Error:
    if key_type in (GROUP, TRANSACTION):
        return Error.NONE
    if key_type == SHARE and version >= 6 and _is_share_partition(key):
        return Error.NONE
    return Error.INVALID_REQUEST


def _is_share_partition(key: str) -> bool:
    found = SHARE_PARTITION.fullmatch(key)
    return found is not None and found["group"].strip(BLANKS) != "" and -(2**31) <= int(found["partition"]) < 2**31

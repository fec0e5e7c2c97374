"""PushTelemetry (72): a client delivers the metrics that it was asked for.

Versions: 0. Behaves: as a Kafka without a receiver: not listed in ApiVersions, checked all the same, and then dropped.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.telemetry import Push
from kpybroker.wire.messages.push_telemetry import PushTelemetryRequest, PushTelemetryResponse


def push_telemetry(state: State, call: Call) -> PushTelemetryResponse:
    request: PushTelemetryRequest = call.request
    push = Push(request.subscription_id, request.terminating, request.compression_type, request.metrics)
    identity, max_bytes = bytes(request.client_instance_id), state.settings.int("telemetry.max.bytes")
    error = state.telemetry.push(identity, call.peer.connection, push, max_bytes, call.arrived)
    return PushTelemetryResponse(error_code=error)

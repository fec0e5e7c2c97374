"""GetTelemetrySubscriptions (71): a client learns its id and which of its metrics the broker wants.

Versions: 0. Behaves: as a Kafka without a receiver, whose ApiVersions does not list it; answered all the same, once
in an interval.
Differs from Kafka: no metrics are requested, whatever subscriptions are configured: nobody receives them.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.telemetry import PUSH_INTERVAL_MS
from kpybroker.wire.compression import GZIP, LZ4, SNAPPY, ZSTD
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.get_telemetry_subscriptions import (
    GetTelemetrySubscriptionsRequest,
    GetTelemetrySubscriptionsResponse,
)


def get_telemetry_subscriptions(state: State, call: Call) -> GetTelemetrySubscriptionsResponse:
    request: GetTelemetrySubscriptionsRequest = call.request
    found = state.telemetry.ask(bytes(request.client_instance_id), call.peer.connection, call.arrived)
    error, (identity, subscription) = (found, (NO_ID, 0)) if isinstance(found, Error) else (Error.NONE, found)
    is_told = error is Error.NONE
    return GetTelemetrySubscriptionsResponse(
        error_code=error,
        client_instance_id=identity,
        subscription_id=subscription,
        accepted_compression_types=[ZSTD, LZ4, GZIP, SNAPPY] if is_told else [],
        push_interval_ms=PUSH_INTERVAL_MS if is_told else 0,
        telemetry_max_bytes=state.settings.int("telemetry.max.bytes") if is_told else 0,
        delta_temporality=is_told,
        requested_metrics=[],
    )

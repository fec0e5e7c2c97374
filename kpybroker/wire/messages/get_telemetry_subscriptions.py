"""GetTelemetrySubscriptions: a client learns which of its metrics the broker wants (KIP-714)."""

from __future__ import annotations

from kpybroker.wire.declare import Uuid, int8, int16, int32, message


@message(key=71, versions="0", flexible="0+")
class GetTelemetrySubscriptionsRequest:
    client_instance_id: Uuid


@message(key=71, versions="0", flexible="0+")
class GetTelemetrySubscriptionsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    client_instance_id: Uuid
    subscription_id: int32
    accepted_compression_types: list[int8]
    push_interval_ms: int32
    telemetry_max_bytes: int32
    delta_temporality: bool
    requested_metrics: list[str]

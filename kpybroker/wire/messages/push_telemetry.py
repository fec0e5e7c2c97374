"""PushTelemetry: a client delivers the metrics that it was asked for (KIP-714)."""

from __future__ import annotations

from kpybroker.wire.declare import Bytes, Uuid, int8, int16, int32, message


@message(key=72, versions="0", flexible="0+")
class PushTelemetryRequest:
    client_instance_id: Uuid
    subscription_id: int32
    terminating: bool
    compression_type: int8
    metrics: Bytes


@message(key=72, versions="0", flexible="0+")
class PushTelemetryResponse:
    throttle_time_ms: int32 = 0
    error_code: int16

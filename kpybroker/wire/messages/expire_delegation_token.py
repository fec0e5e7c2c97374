"""ExpireDelegationToken: ends a token, now or earlier than planned (KIP-48)."""

from __future__ import annotations

from kpybroker.wire.declare import Bytes, int16, int32, int64, message


@message(key=40, versions="0-2", flexible="2+")
class ExpireDelegationTokenRequest:
    hmac: Bytes
    expiry_time_period_ms: int64


@message(key=40, versions="0-2", flexible="2+")
class ExpireDelegationTokenResponse:
    error_code: int16
    expiry_timestamp_ms: int64
    throttle_time_ms: int32 = 0

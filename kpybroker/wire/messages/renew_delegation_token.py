"""RenewDelegationToken: lets a token live on, up to its greatest age (KIP-48)."""

from __future__ import annotations

from kpybroker.wire.declare import Bytes, int16, int32, int64, message


@message(key=39, versions="0-2", flexible="2+")
class RenewDelegationTokenRequest:
    hmac: Bytes
    renew_period_ms: int64


@message(key=39, versions="0-2", flexible="2+")
class RenewDelegationTokenResponse:
    error_code: int16
    expiry_timestamp_ms: int64
    throttle_time_ms: int32 = 0

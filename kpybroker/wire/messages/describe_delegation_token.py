"""DescribeDelegationToken: the tokens that somebody owns or may renew (KIP-48)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, int16, int32, int64, message, part


@message(key=41, versions="0-3", flexible="2+")
class DescribeDelegationTokenRequest:
    owners: list[DescribeDelegationTokenOwner] | None

    @part
    class DescribeDelegationTokenOwner:
        principal_type: str
        principal_name: str


@message(key=41, versions="0-3", flexible="2+")
class DescribeDelegationTokenResponse:
    error_code: int16
    tokens: list[DescribedDelegationToken]
    throttle_time_ms: int32 = 0

    @part
    class DescribedDelegationToken:
        principal_type: str
        principal_name: str
        token_requester_principal_type: Field[str, "3+"] = ""
        token_requester_principal_name: Field[str, "3+"] = ""
        issue_timestamp: int64
        expiry_timestamp: int64
        max_timestamp: int64
        token_id: str
        hmac: Bytes
        renewers: list[DescribedDelegationTokenRenewer]

        @part
        class DescribedDelegationTokenRenewer:
            principal_type: str
            principal_name: str

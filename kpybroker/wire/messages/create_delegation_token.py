"""CreateDelegationToken: a token with which others may act for its owner for a while (KIP-48)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, int16, int32, int64, message, part


@message(key=38, versions="0-3", flexible="2+")
class CreateDelegationTokenRequest:
    owner_principal_type: Field[str | None, "3+"] = ""
    owner_principal_name: Field[str | None, "3+"] = ""
    renewers: list[CreatableRenewers]
    max_lifetime_ms: int64

    @part
    class CreatableRenewers:
        principal_type: str
        principal_name: str


@message(key=38, versions="0-3", flexible="2+")
class CreateDelegationTokenResponse:
    error_code: int16
    principal_type: str
    principal_name: str
    token_requester_principal_type: Field[str, "3+"] = ""
    token_requester_principal_name: Field[str, "3+"] = ""
    issue_timestamp_ms: int64
    expiry_timestamp_ms: int64
    max_timestamp_ms: int64
    token_id: str
    hmac: Bytes
    throttle_time_ms: int32 = 0

"""SaslAuthenticate: one step of the chosen mechanism, and how long the login lasts (KIP-152, KIP-368)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Bytes, int16, int64, message


@message(key=36, versions="0-2", flexible="2+")
class SaslAuthenticateRequest:
    auth_bytes: Bytes


@message(key=36, versions="0-2", flexible="2+")
class SaslAuthenticateResponse:
    error_code: int16
    error_message: str | None
    auth_bytes: Bytes
    session_lifetime_ms: Field[int64, "1+"] = 0

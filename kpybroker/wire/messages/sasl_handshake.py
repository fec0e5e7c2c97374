"""SaslHandshakeRequest, SaslHandshakeResponse."""

from __future__ import annotations

from kpybroker.wire.declare import int16, message


@message(key=17, versions="0-1")
class SaslHandshakeRequest:
    mechanism: str


@message(key=17, versions="0-1")
class SaslHandshakeResponse:
    error_code: int16
    mechanisms: list[str]

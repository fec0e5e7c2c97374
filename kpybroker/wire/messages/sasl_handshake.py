"""SaslHandshake: chooses a mechanism; after v0 come bare frames, after v1 SaslAuthenticate (KIP-43, KIP-152)."""

from __future__ import annotations

from kpybroker.wire.declare import int16, message


@message(key=17, versions="0-1")
class SaslHandshakeRequest:
    mechanism: str


@message(key=17, versions="0-1")
class SaslHandshakeResponse:
    error_code: int16
    mechanisms: list[str]

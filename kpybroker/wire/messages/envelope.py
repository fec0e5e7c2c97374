"""Envelope: a request that a broker passes on to the controller, with who sent it (KIP-590)."""

from __future__ import annotations

from kpybroker.wire.declare import Bytes, int16, message


@message(key=58, versions="0", flexible="0+")
class EnvelopeRequest:
    request_data: Bytes
    request_principal: Bytes | None
    client_host_address: Bytes


@message(key=58, versions="0", flexible="0+")
class EnvelopeResponse:
    response_data: Bytes | None = None
    error_code: int16

"""What stands before every request and answer. A flexible request's client id is not compact (KIP-482)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int16, int32, message, plain


@message(versions="0-2", flexible="2+")
class RequestHeader:
    request_api_key: int16
    request_api_version: int16
    correlation_id: int32
    client_id: Field[str | None, "1+", plain] = ""


@message(versions="0-1", flexible="1+")
class ResponseHeader:
    correlation_id: int32

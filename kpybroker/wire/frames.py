"""The hand-written half of request headers: the part before the body, read on every request."""

from __future__ import annotations

from kpybroker.wire.compiler import WireError, skip


def read_header_end(frame: memoryview, *, flexible: bool) -> tuple[str | None, int]:
    """The client id (never compact, KIP-482) and where the body starts; `frame` starts with key, version, id."""
    if len(frame) < 10:
        raise WireError("the header ends before the client id")
    length = int.from_bytes(frame[8:10], "big", signed=True)
    position = 10
    client_id = None
    if length >= 0:
        position += length
        if position > len(frame):
            raise WireError(f"a client id of {length} bytes is longer than the frame")
        client_id = str(frame[10:position], "utf-8", "replace")  # as Java reads what is no UTF-8
    if flexible:
        if position >= len(frame):
            raise WireError("the header ends before its tagged fields")
        tags = frame[position]
        position = skip(frame, position + 1, tags) if tags else position + 1
    return client_id, position

"""Requests as frames, answers out of frames: what a client of one's own needs, on a socket or without one."""

from __future__ import annotations

import struct
from typing import Any

from kpybroker.wire.apis import response_type
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode

API_VERSIONS = 18


def header(key: int, version: int, correlation_id: int, client_id: str | None = "test", *, flexible: bool) -> bytes:
    name = None if client_id is None else client_id.encode()
    length = -1 if name is None else len(name)
    return struct.pack(">hhih", key, version, correlation_id, length) + (name or b"") + (b"\0" if flexible else b"")


def request_frame(request: Any, version: int, correlation_id: int, client_id: str | None = "test") -> bytes:
    """A request without the length before it."""
    kind = type_of(type(request))
    head = header(kind.key, version, correlation_id, client_id, flexible=version in kind.flexible)
    return head + encode(request, version)


def sized(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame


def read_answer(frame: bytes, key: int, version: int, correlation_id: int) -> Any:
    """The answer to the request with this correlation id; every byte of the frame has to belong to it."""
    layout = response_type(key)
    if key == API_VERSIONS and frame[4:6] == b"\0\x23":  # UNSUPPORTED_VERSION comes in version 0 (KIP-511)
        version = 0
    assert int.from_bytes(frame[:4], "big", signed=True) == correlation_id
    start = 4
    if version in type_of(layout).flexible and key != API_VERSIONS:
        assert frame[4] == 0, "no tagged fields in the header"
        start = 5
    answer, end = decoder(layout, version)(memoryview(frame), start)
    assert end == len(frame), f"{len(frame) - end} bytes after the answer"
    return answer

"""Bytes that are no request: what is answered, and when the connection is closed."""

import struct

from differ.talk import Step, Talk
from kpybroker.wire.declare import Versions

API = "ApiVersions"
VERSIONS = Versions(0, 0)
CLIENT = struct.pack(">h", 6) + b"differ"


def _header(key: int, version: int) -> bytes:
    return struct.pack(">hhi", key, version, 1) + CLIENT


def unsupported_versions(talk: Talk) -> None:
    """A version that the broker does not have: ApiVersions answers all the same (KIP-511), others close."""
    talk.ask_bytes("ApiVersions v5", _header(18, 5) + b"\0\7differ\0021\0")
    talk.ask_bytes("ApiVersions v99", _header(18, 99) + bytes(9))
    talk.ask_bytes("ApiVersions v-1", _header(18, -1))
    for key, version in ((0, 2), (0, 14), (1, 3), (1, 19), (2, 0), (3, 14), (19, 1), (20, 0), (8, 1), (9, 0), (32, 0)):
        body = b"\0\1" + bytes(38) if key == 0 else bytes(40)  # acks=1, or whoever serves it would not answer
        talk.ask_bytes(f"key {key} v{version}", _header(key, version) + body)


def unknown_keys(talk: Talk) -> None:
    """A key that no API has, one that only controllers serve, one that is gone."""
    for key in (-1, 93, 999, 4, 7, 52, 58, 62):
        talk.ask_bytes(f"key {key} v0", _header(key, 0) + bytes(8))


def broken_bodies(talk: Talk) -> None:
    """A body that ends early, is longer than it should be, lies about its lengths."""
    talk.ask_bytes("nothing", b"")
    talk.ask_bytes("half a header", _header(3, 0)[:6])
    talk.ask_bytes("Metadata v0 without a body", _header(3, 0))
    talk.ask_bytes("Metadata v1 lies", _header(3, 1) + struct.pack(">i", 2**31 - 1))
    talk.ask_bytes("Metadata v1 negative", _header(3, 1) + struct.pack(">ih", 1, -1))
    talk.ask_bytes("Metadata v0 negative", _header(3, 0) + struct.pack(">i", -1))
    talk.ask_bytes("Heartbeat v0 cut", _header(12, 0) + struct.pack(">h", 100) + b"short")
    talk.ask_bytes("Heartbeat v0 longer", _header(12, 0) + b"\0\1g\0\0\0\1\0\1m" + b"more")


def lengths(talk: Talk) -> None:
    """A frame of a negative length, and one larger than a broker takes."""
    for what, length in (("negative length", -1), ("2 GB", 2**31 - 1), ("a little over 100 MiB", 104_857_601)):
        talk.send_bytes(_header(12, 0) + b"\0\1g\0\0\0\1\0\1m")
        talk.next_frame()
        assert talk.socket is not None
        talk.socket.sendall(struct.pack(">i", length))
        talk.ask_bytes(what, b"")


def unknown_tags(talk: Talk) -> None:
    """Tagged fields that nobody knows are skipped, in the header and in the body."""
    tag = b"\1\x63\3abc"
    talk.ask_bytes("Heartbeat v4", _header(12, 4) + tag + b"\2g\0\0\0\1\2m\0" + tag)


def null_client_id(talk: Talk) -> None:
    """No client id at all."""
    talk.ask_bytes("Heartbeat v0", struct.pack(">hhih", 12, 0, 1, -1) + b"\0\1g\0\0\0\1\0\1m")


def byte_by_byte(talk: Talk) -> None:
    """A request that comes in single bytes, and two that come in one piece."""
    talk.ask_bytes("first", _header(12, 0) + b"\0\1g\0\0\0\1\0\1m")
    assert talk.socket is not None
    request = _header(12, 0) + b"\0\0\0\0\0\1\0\1m"
    for byte in struct.pack(">i", len(request)) + request[:-1]:
        talk.socket.sendall(bytes([byte]))
    talk.socket.sendall(request[-1:] + (struct.pack(">i", len(request)) + request) * 2)
    for _ in range(3):
        answer = talk.next_frame()
        assert isinstance(answer, bytes)
        talk.steps.append(Step("Heartbeat v0", answer.hex()))

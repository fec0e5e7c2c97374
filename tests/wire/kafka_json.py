"""Whether a decoded value is what Kafka's own JSON says it is."""

from __future__ import annotations

import base64
from typing import Any

from kpybroker.wire.decode import decoder
from kpybroker.wire.schemas.consumer_protocol import ConsumerProtocolAssignment, ConsumerProtocolSubscription
from tests.wire.interpretive import snake

URL_SAFE = str.maketrans("+/", "-_")  # Kafka writes ids in the one alphabet and bytes in the other


def same(value: Any, said: Any) -> bool:
    """Kafka leaves out tagged fields that hold their default, and fields that the version does not have."""
    if isinstance(said, dict) and isinstance(value, memoryview):  # its dump tool reads on, into what a client sent
        layout = ConsumerProtocolSubscription if "topics" in said else ConsumerProtocolAssignment
        version = int.from_bytes(value[:2], "big")
        return same(decoder(layout, version)(value[2:], 0)[0], said)
    if isinstance(said, dict):
        named = {snake(name): part for name, part in said.items()}
        names, defaults = type(value).__struct_fields__, type(value).__struct_defaults__
        assert set(named) <= set(names)
        named.pop("records", None)  # which Kafka never shows
        return all(same(getattr(value, name), part) for name, part in named.items()) and all(
            getattr(value, name) == default or getattr(value, name) == []
            for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True)
            if name not in named and name != "records"
        )
    if isinstance(said, list):
        return len(value) == len(said) and all(map(same, value, said))
    if isinstance(said, str) and isinstance(value, bytes | memoryview):
        return base64.urlsafe_b64encode(value).rstrip(b"=") == said.translate(URL_SAFE).rstrip("=").encode()
    return bool(value == said)

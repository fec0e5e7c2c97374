"""What tests of settings share: a broker that was told something, and what it has stored."""

from __future__ import annotations

from typing import Any

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from kpybroker.wire.records import build
from tests.core import Bench, CoreClient
from tests.requests import fetch, parts_of


def client_of(config: dict[str, str]) -> CoreClient:
    return Bench(config=config).connect()


def created(client: CoreClient, request: CreateTopicsRequest) -> Any:
    return client.ask(request, 7).topics[0]


def stored(client: CoreClient, topic: str = "t", offset: int = 0) -> bytes:
    """What a reader is given of partition 0."""
    (part,) = parts_of(client.ask(fetch((topic, 0, offset)), 12)).values()
    return bytes(part.records or b"")  # type: ignore[call-overload]


def segments_of(files: MemoryFiles, topic: str = "t") -> list[str]:
    return [name for name in files.list(f"{topic}-0") if name.endswith(".log")]


def at(time: int) -> bytes:
    """A batch of one record, of a time."""
    return build([(time, None, b"x", ())])

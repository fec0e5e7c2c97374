"""Requests at random, in every version that is served: what a client might ask that nobody has thought of."""

from __future__ import annotations

import random
from typing import Any

from kpybroker.handlers import APIS
from kpybroker.wire.apis import request_type
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import Field, blank, fields
from tests.requests import batch

SERVED = [(api.key, version) for api in APIS.values() for version in range(api.first, api.last + 1)]


class Guesser:
    """Requests at random that mean something more often than chance would: the names and numbers of a small world."""

    NAMES = ("t", "g", "t", "g", "m", "", "__consumer_offsets", "a/b", "é", "consumer", "range")

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.ids = [bytes(16), b"\1" * 16]
        self.names = [*self.NAMES]

    def request(self) -> tuple[Any, int]:
        key, version = self.luck.choice(SERVED)
        return self.part(request_type(key), version), version

    def part(self, layout: type[Any], version: int) -> Any:
        present = [field for field in fields(layout) if version in field.versions]
        return blank(layout, **{field.name: self.value(field, version) for field in present})

    def value(self, field: Field, version: int) -> Any:
        may_be_none = version in field.nullable or (field.tag is not None and field.default is None)
        if may_be_none and self.luck.random() < 0.3:
            return None
        if field.array:
            return [self.one(field, version) for _ in range(self.luck.choice((0, 1, 1, 2)))]
        return self.one(field, version)

    def one(self, field: Field, version: int) -> Any:
        luck = self.luck
        if not isinstance(field.kind, Kind):
            return self.part(field.kind, version)
        match field.kind.name:
            case "bool":
                return luck.random() < 0.5
            case "uuid":
                return luck.choice(self.ids)
            case "string":
                return luck.choice(self.names)
            case "bytes":
                return luck.randbytes(luck.choice((0, 3)))
            case "records":
                return luck.choice((b"", luck.randbytes(70), batch(b"x"), batch(b"y", b"z")))
        half = 2 ** (8 * field.kind.size - 1)
        if field.kind.name.startswith("uint"):
            return luck.randrange(2 * half)
        many = field.name in ("num_partitions", "max_wait_ms")  # more of these take time and prove nothing
        return luck.randrange(-2, 4) if many or luck.random() < 0.8 else luck.randrange(-half, half)

    def learn(self, answer: Any) -> None:
        """Ids that the broker gave are worth asking for."""
        for name, value in [(field.name, getattr(answer, field.name)) for field in fields(type(answer))]:
            if name == "member_id" and value:
                self.names.append(value)
            elif name == "topic_id":
                self.ids.append(bytes(value))
            elif isinstance(value, list) and name in ("topics", "responses"):
                for part in value:
                    self.learn(part)

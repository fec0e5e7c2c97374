"""A codec that walks Kafka's own message definitions: slow and plain, and with nothing in common with the project's.

`tests/data/wire/kafka_messages.json` holds the definitions of two releases. A value is a dict by Kafka's field names.
"""

from __future__ import annotations

import json
import random
import re
import struct
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

Definition: TypeAlias = dict[str, Any]
Tree: TypeAlias = dict[str, Any]

BASIC = {
    "int8": "b",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "float64": "d",
    "bool": "?",
}
# 3.9.1's first draft of the message, changed in place before it was served; and what Vote's fields
# and all of ListClientMetricsResources became
CHANGED_IN_PLACE = {"ReadShareGroupStateSummaryRequest", "ReadShareGroupStateSummaryResponse"}
RENAMED: dict[str, str] = {
    "CandidateEpoch": "ReplicaEpoch",
    "CandidateId": "ReplicaId",
    "CandidateDirectoryId": "ReplicaDirectoryId",
    "ClientMetricsResources": "ConfigResources",
    "Name": "ResourceName",
    "ListClientMetricsResourcesRequest": "ListConfigResourcesRequest",
    "ListClientMetricsResourcesResponse": "ListConfigResourcesResponse",
}


def span(text: str | None) -> range:
    if text is None or text == "none":
        return range(0)
    first, _, last = text.rstrip("+").partition("-")
    return range(int(first), 100 if text.endswith("+") else int(last or first) + 1)


@cache
def releases() -> dict[str, list[Definition]]:
    """Release -> definitions; of 3.9.1 those that 4.3.1 does not have word for word."""
    text = (Path(__file__).parents[1] / "data" / "wire" / "kafka_messages.json").read_text()
    found: dict[str, list[Definition]] = json.loads(text)
    return found


def definitions() -> list[tuple[str, Definition]]:
    """(release, definition) of every message, header and record that has a valid version."""
    return [
        (release, definition)
        for release, all_of_it in releases().items()
        for definition in all_of_it
        if definition["validVersions"] != "none" and not (release == "3.9.1" and definition["name"] in CHANGED_IN_PLACE)
    ]


def unsigned(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number % 128 + 128)
        number //= 128
    return bytes([*out, number])


class Interpreter:
    """One message in one version: makes values of it and writes them."""

    def __init__(self, definition: Definition, version: int) -> None:
        self.definition, self.version = definition, version
        self.flexible = version in span(definition.get("flexibleVersions"))
        self.common = {part["name"]: part["fields"] for part in definition.get("commonStructs", [])}

    def live(self, fields: list[Definition]) -> list[Definition]:
        return [f for f in fields if self.version in span(f.get("versions") or f.get("taggedVersions"))]

    def is_tagged(self, field: Definition) -> bool:
        return self.version in span(field.get("taggedVersions"))

    def inner(self, field: Definition, kind: str) -> list[Definition]:
        found: list[Definition] = field.get("fields") or self.common[kind]
        return found

    def encode(self, tree: Tree) -> bytes:
        return self.struct(self.definition["fields"], tree)

    def struct(self, fields: list[Definition], tree: Tree) -> bytes:
        out, tagged = bytearray(), {}
        for field in self.live(fields):
            if not self.is_tagged(field):
                out += self.value(field, field["type"], tree[field["name"]])
            elif field["name"] in tree:
                tagged[int(field["tag"])] = self.value(field, field["type"], tree[field["name"]])
        if self.flexible:
            out += unsigned(len(tagged))
            for number in sorted(tagged):
                out += unsigned(number) + unsigned(len(tagged[number])) + tagged[number]
        return bytes(out)

    def count(self, field: Definition, number: int, code: str) -> bytes:
        if self.flexible and field.get("flexibleVersions") != "none":
            return unsigned(number + 1)
        return struct.pack(">" + code, number)

    def value(self, field: Definition, kind: str, value: Any) -> bytes:
        if kind.startswith("[]"):
            if value is None:
                return self.count(field, -1, "i")
            element = {**field, "nullableVersions": None, "flexibleVersions": None}
            return self.count(field, len(value), "i") + b"".join(self.value(element, kind[2:], x) for x in value)
        if kind in BASIC:
            return struct.pack(">" + BASIC[kind], value)
        if kind == "bool":
            return b"\1" if value else b"\0"
        if kind == "uuid":
            return bytes(value)
        if kind in ("string", "bytes", "records"):
            code = "h" if kind == "string" else "i"
            data = value.encode() if kind == "string" and value is not None else value
            return self.count(field, -1, code) if data is None else self.count(field, len(data), code) + data
        if self.version not in span(field.get("nullableVersions")):
            return self.struct(self.inner(field, kind), value)
        if self.is_tagged(field):
            return b"\0" if value is None else b"\1" + self.struct(self.inner(field, kind), value)
        return b"\xff" if value is None else b"\1" + self.struct(self.inner(field, kind), value)

    def sample(self, luck: random.Random, *, style: str) -> Tree:
        """A value: `least` (empty, null, no tags), `full` (all there, extreme numbers) or `calm` (small numbers)."""
        return self.part(self.definition["fields"], luck, style)

    def part(self, fields: list[Definition], luck: random.Random, style: str) -> Tree:
        return {
            field["name"]: self.make(field, field["type"], luck, style)
            for field in self.live(fields)
            if not (self.is_tagged(field) and style == "least")
        }

    def make(self, field: Definition, kind: str, luck: random.Random, style: str) -> Any:
        if style == "least" and self.version in span(field.get("nullableVersions")):
            return None
        if kind.startswith("[]"):
            element = {**field, "nullableVersions": None, "default": 0}
            count = 0 if style == "least" else luck.choice((1, 2))
            return [self.make(element, kind[2:], luck, style) for _ in range(count)]
        if kind in ("bool", "float64"):
            return True if kind == "bool" else luck.choice((0.5, -1.25, 1e9))
        if kind in BASIC:
            return self.number(field, kind, luck, style)
        if kind == "uuid":
            return bytes(luck.choices(range(1, 256), k=16))
        if kind == "string":
            return "" if style == "least" else luck.choice(("a", "orders", "Zürich", "long" * 40))
        if kind in ("bytes", "records"):
            return b"" if style == "least" else bytes(luck.choices(range(256), k=luck.choice((1, 9, 130))))
        return self.part(self.inner(field, kind), luck, style)

    def number(self, field: Definition, kind: str, luck: random.Random, style: str) -> int:
        if style != "full":  # never a default, so that a tagged field is written by everybody
            return luck.choice((1, 3, 7, 11)) if int(str(field.get("default", 0)), 0) > 100 else luck.choice((2, 5, 9))
        bits, signed = struct.calcsize(BASIC[kind]) * 8, BASIC[kind].islower()
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        value = luck.choice((low, high, high // 3))
        return value if value != int(str(field.get("default", 0)), 0) else value // 2


def snake(name: str) -> str:
    """Kafka's field name as the project writes it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("KRaft", "Kraft")).lower()


STYLES = ("least", "full", "calm")


def cases(release: str, definition: Definition) -> Iterator[tuple[int, str, Tree, bytes]]:
    """(version, style, value, bytes): three values of a message in each version, always the same."""
    for version in span(definition["validVersions"]):
        interpreter = Interpreter(definition, version)
        for style in STYLES:
            luck = random.Random(crc32(f"{release} {definition['name']} {version} {style}".encode()))
            tree = interpreter.sample(luck, style=style)
            yield version, style, tree, interpreter.encode(tree)


def main() -> None:
    """What tests/data/wire/README.md pipes to Kafka's own classes."""
    for release, definition in definitions():
        if release in sys.argv[1:]:
            for version, _, _, data in cases(release, definition):
                sys.stdout.write(f"{release} {definition['name']} {version} {data.hex()}\n")


if __name__ == "__main__":
    main()

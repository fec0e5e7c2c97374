"""kafka-python's codec and kio's behind one face: does it know a message, what does it read, what does it write."""

from __future__ import annotations

import datetime
import io
import pkgutil
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import kafka.protocol
from kafka.protocol.api_message import ApiMessage
from kio.index import load_entity_module
from kio.schema.index import schema_name_map
from kio.serial import entity_reader, entity_writer
from kio.static.constants import EntityType

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class KafkaPython:
    """kafka-python 3 compiles the definitions of Kafka that it packages."""

    name = "kafka-python"
    styles = ("least", "full", "calm")

    @staticmethod
    @cache
    def classes() -> dict[str, Any]:
        for module in pkgutil.walk_packages(kafka.protocol.__path__, "kafka.protocol."):
            if ".old" not in module.name and "generate" not in module.name:
                import_module(module.name)
        pending, found = [ApiMessage], {}
        while pending:
            for cls in pending.pop().__subclasses__():
                pending.append(cls)
                if "_json" in vars(cls):
                    found[cls.__name__] = cls
        return found

    @classmethod
    def knows(cls, name: str, version: int) -> bool:
        found = cls.classes().get(name)
        if found is None or name == "ApiVersionsResponse":  # which it reads in a way of its own, behind a header
            return False
        first, _, last = found._json["validVersions"].partition("-")
        return int(first) <= version <= int(last or first)

    @classmethod
    def read(cls, name: str, version: int, data: bytes) -> Any:
        return cls.classes()[name].decode(data, version=version)

    @classmethod
    def write(cls, name: str, version: int, value: Any) -> bytes:
        value._header = None  # its decoder leaves unset what its encoder asks for
        return bytes(value.encode(version=version))

    @classmethod
    def missing(cls, value: Any, tree: Any) -> list[Any]:
        return missing(value.to_dict(json=False), tree)


class Kio:
    """kio has a frozen dataclass for each message and version, generated from Kafka's definitions."""

    name = "kio"
    styles = ("least", "calm")  # it refuses errors and times that are none

    @staticmethod
    def _entity(name: str) -> tuple[str, Any]:
        base = re.sub(r"(Request|Response)$", "", name)
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name if name.endswith("Header") else base).lower()
        if name.endswith("Header"):
            return snake, EntityType.header
        kind = {"Request": EntityType.request, "Response": EntityType.response}
        return snake, kind.get(name[len(base) :], EntityType.data)

    @classmethod
    def knows(cls, name: str, version: int) -> bool:
        entity, kind = cls._entity(name)
        return kind in schema_name_map.get(entity, {}).get(version, {})

    @classmethod
    def cls(cls, name: str, version: int) -> Any:
        entity, kind = cls._entity(name)
        return getattr(load_entity_module(entity, version, kind), name)

    @classmethod
    def read(cls, name: str, version: int, data: bytes) -> Any:
        value, size = entity_reader(cls.cls(name, version))(data, 0)
        assert size == len(data)
        return value

    @classmethod
    def write(cls, name: str, version: int, value: Any) -> bytes:
        out = io.BytesIO()
        entity_writer(cls.cls(name, version))(out, value)
        return out.getvalue()

    @classmethod
    def missing(cls, value: Any, tree: Any) -> list[Any]:
        return missing(value, tree)


def missing(value: Any, tree: Any) -> list[Any]:
    """What the tree holds and the other codec did not read; by value, because both name and order fields anew."""
    return sorted((Counter(_leaves(tree)) - Counter(_leaves(value))).elements(), key=repr)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _leaves(getattr(value, name))
    else:
        yield plain(value)


def plain(value: Any) -> Any:
    """Richer types back to what stands on the wire."""
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, datetime.timedelta):
        return value // datetime.timedelta(milliseconds=1)
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(milliseconds=1)
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, set | frozenset):
        bits = sum(1 << bit for bit in value)
        return bits - (bits >> 31 << 32)
    return value

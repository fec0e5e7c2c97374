"""Fields given by name to a message, and a message to a tree that JSON can hold."""

from __future__ import annotations

import base64
from typing import Any

from differ import batches
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import Field, fields


def make(layout: type, given: dict[str, Any]) -> Any:
    """A message with the fields given; the others get Kafka's default, or nothing (0, "", [], None)."""
    known = {f.name: f for f in fields(layout)}
    assert given.keys() <= known.keys(), f"{layout.__name__} has no {given.keys() - known.keys()}"
    return layout(**{name: _value(f, given[name]) if name in given else _nothing(f) for name, f in known.items()})


def _value(f: Field, value: Any) -> Any:
    if isinstance(f.kind, Kind) or value is None:
        return value
    return [make(f.kind, one) for one in value] if f.array else make(f.kind, value)


def _nothing(f: Field) -> Any:
    if f.default is not ...:
        return [] if f.default == [] else f.default
    if f.array:
        return []
    if f.nullable.first <= f.nullable.last:
        return None
    if isinstance(f.kind, Kind):
        return {"string": "", "bytes": b"", "records": b"", "uuid": bytes(16)}.get(f.kind.name, 0)
    return make(f.kind, {})


def tree(message: Any, version: int) -> dict[str, Any]:
    """Every field that this version has on the wire, by name; record batches taken apart."""
    return {f.name: _show(f, getattr(message, f.name), version) for f in fields(type(message)) if version in f.versions}


def _show(f: Field, value: Any, version: int) -> Any:
    if value is None:
        return None
    if f.array:
        one = f._replace(array=False)
        return [_show(one, v, version) for v in value]
    if not isinstance(f.kind, Kind):
        return tree(value, version)
    match f.kind.name:
        case "uuid":
            return uuid_text(bytes(value))
        case "records":
            return batches.read(bytes(value))
        case "bytes":
            return batches.show(bytes(value))
    return value


def uuid_text(value: bytes) -> str:
    """An id as Kafka writes it."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")

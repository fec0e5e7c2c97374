"""Reads a declaration: the fields of a message or part, each with its kind, versions, nullability and tag."""

from __future__ import annotations

import typing
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeVar

from msgspec import NODEFAULT
from msgspec.structs import replace

from kpybroker.wire.declare import NO_ID, Kind, Versions, null, plain, tag

STRING, BOOL = Kind("string"), Kind("bool", "?", 1)
T = TypeVar("T")
ALL, NEVER = Versions(0, 32767), Versions(1, 0)


class Field(NamedTuple):
    """One field. `kind` is a wire type or the class of a part; `default` is what a peer means by not sending it."""

    name: str
    kind: Kind | type
    array: bool
    versions: Versions
    nullable: Versions
    tag: int | None
    plain: bool
    default: Any
    required: bool  # has no default in the declaration; `default` is then ...


def _fields(layout: type) -> tuple[Field, ...]:
    """The fields of a message or part, in wire order."""
    nested = {name: value for name, value in vars(layout).items() if isinstance(value, type)}
    hints = typing.get_type_hints(layout, localns=nested, include_extras=True)  # else the module's names come first
    names: tuple[str, ...] = layout.__struct_fields__  # type: ignore[attr-defined]
    values: tuple[Any, ...] = layout.__struct_defaults__  # type: ignore[attr-defined]
    last = names[len(names) - len(values) :]
    defaults = {name: value for name, value in zip(last, values, strict=True) if value is not NODEFAULT}
    return tuple(_field(name, hints[name], defaults.get(name, ...)) for name in names)


fields: Callable[[type], tuple[Field, ...]] = cache(_fields)


def _field(name: str, hint: Any, default: Any) -> Field:
    hint, marks = _unwrap(hint)
    kinds = [mark for mark in marks if isinstance(mark, Kind)]
    optional = type(None) in typing.get_args(hint)
    if optional and not kinds:
        (argument,) = [a for a in typing.get_args(hint) if a is not type(None)]
        hint, more = _unwrap(argument)
        kinds = [mark for mark in more if isinstance(mark, Kind)]
    array = typing.get_origin(hint) is list
    if array:
        hint, more = _unwrap(typing.get_args(hint)[0])
        kinds = [mark for mark in more if isinstance(mark, Kind)]
    kind: Any = kinds[0] if kinds else {str: STRING, bool: BOOL}.get(hint, hint)
    versions = next((Versions.of(mark) for mark in marks if isinstance(mark, str) and mark[0].isdigit()), ALL)
    number = next((mark.number for mark in marks if isinstance(mark, tag)), None)
    tagged_part = number is not None and isinstance(kind, type) and not array
    # A tagged part that is None is not sent; any other optional field is sent as null.
    nullable = next((Versions.of(mark.versions) for mark in marks if isinstance(mark, null)), NEVER)
    if optional and nullable is NEVER and not tagged_part:
        nullable = versions
    required = default is ...
    if array and default is not None and not required:
        default = []  # msgspec keeps [] as a factory
    if tagged_part and nullable is not NEVER:
        default = blank(kind)  # where null is a value that is sent, Kafka means zeros by not sending the field
    return Field(name, kind, array, versions, nullable, number, plain in marks, default, required)


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return (hint.__origin__, hint.__metadata__) if hasattr(hint, "__metadata__") else (hint, ())


def changed(value: T, **changes: Any) -> T:
    """A copy of a message or part with some fields of it changed."""
    made: T = replace(value, **changes)  # type: ignore[type-var]
    return made


def blank(layout: type[Any], **values: Any) -> Any:
    """A value of `layout` with zeros and empties where the declaration has no default."""
    for field in fields(layout):
        if field.name not in values and field.required:
            values[field.name] = _zero(field)
    return layout(**values)


def _zero(field: Field) -> Any:
    if field.array:
        return []
    if not isinstance(field.kind, Kind):
        return blank(field.kind)
    return {"string": "", "bytes": b"", "records": b"", "uuid": NO_ID, "bool": False, "float64": 0.0}.get(
        field.kind.name, 0
    )

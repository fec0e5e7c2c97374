"""Answers that are errors alone, in the request's own form: to what a release lists and we do not do, or fail to do.

Behaves: as a Kafka that has the API and not what is behind it, which says UNSUPPORTED_VERSION (KafkaApis.handleError).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.apis import response_type
from kpybroker.wire.declare import Kind
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import Field, blank, fields

ERROR_CODE = "error_code"
TOLD = ("error_code", "error_message")
CALLED_OTHERWISE = {"partition_index": "partition", "user": "name"}  # in the questions of Fetch and of SCRAM
INT64, BYTES = Kind("int64", "q", 8), Kind("bytes")
NO_OFFSET = -1


def refusal(state: State, call: Call) -> Any:
    return answer_with(Error.UNSUPPORTED_VERSION, response_type(call.key), call.version, call.request)


def answer_with(error: Error, layout: type[Any], version: int, asked: Any) -> Any:
    """A value of `layout` with this error: at its head, or else in an element for each thing that was asked for."""
    present = [field for field in fields(layout) if version in field.versions]
    codes = [field.name for field in present if field.name.endswith(ERROR_CODE)]
    values: dict[str, Any] = {field.name: NO_OFFSET for field in present if field.required and field.kind == INT64}
    if isinstance(asked, (int, str, bytes)):
        values[next(field.name for field in present if not field.name.endswith(TOLD))] = asked
    else:
        values |= _echo(error, present, asked, version)
    if codes:
        return blank(layout, **values | dict.fromkeys(codes, error))
    for field in present:
        if field.array and not isinstance(field.kind, Kind) and _has_error(field.kind, version):
            values[field.name] = [answer_with(error, field.kind, version, one) for one in _elements(asked, version)]
    return blank(layout, **values)


def _echo(error: Error, present: Iterable[Field], asked: Any, version: int) -> dict[str, Any]:
    """What the answer has from the question: plain fields, and lists that say what an element is about."""
    theirs = {field.name: field for field in fields(type(asked)) if version in field.versions}
    values: dict[str, Any] = {}
    for field in present:
        other = theirs.get(field.name) or theirs.get(CALLED_OTHERWISE.get(field.name, ""))
        if other is None or other.array != field.array or field.kind == BYTES:
            continue
        if other.kind == field.kind:
            values[field.name] = getattr(asked, other.name)
        elif version not in field.nullable and not isinstance(field.kind, Kind) and _is_plain(field.kind):
            values[field.name] = [answer_with(error, field.kind, version, one) for one in getattr(asked, other.name)]
    return values


def _is_plain(layout: type[Any]) -> bool:
    """Whether a part is names and numbers alone, as what a quota is for."""
    return all(isinstance(field.kind, Kind) and not field.array and field.name not in TOLD for field in fields(layout))


def _has_error(layout: type[Any], version: int) -> bool:
    return any(
        field.name.endswith(ERROR_CODE) or (not isinstance(field.kind, Kind) and _has_error(field.kind, version))
        for field in fields(layout)
        if version in field.versions
    )


def _elements(asked: Any, version: int) -> Iterator[Any]:
    """All that is asked for, one by one."""
    for field in fields(type(asked)):
        if field.array and version in field.versions:
            yield from getattr(asked, field.name) or ()

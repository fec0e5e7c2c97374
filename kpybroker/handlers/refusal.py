"""What a release lists and we do not do: the request is answered in its own form, with an error in every place for one.

Behaves: as a Kafka that has the API and not what is behind it, which says UNSUPPORTED_VERSION (KafkaApis.handleError).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.apis import response_type
from kpybroker.wire.declare import Kind
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import Field, blank, fields

ERROR_CODE = "error_code"
TOLD = ("error_code", "error_message")


def refusal(state: State, call: Call) -> Any:
    return answer_with(Error.UNSUPPORTED_VERSION, response_type(call.key), call.version, call.request)


def answer_with(error: Error, layout: type[Any], version: int, asked: Any) -> Any:
    """A value of `layout` with this error: at its head, or else in an element for each thing that was asked for."""
    values: dict[str, Any] = {}
    present = [field for field in fields(layout) if version in field.versions]
    codes = [field.name for field in present if field.name.endswith(ERROR_CODE)]
    if isinstance(asked, (int, str, bytes)):
        values[next(field.name for field in present if not field.name.endswith(TOLD))] = asked
    else:
        values |= {f.name: getattr(asked, f.name) for f in present if _is_echo(f, type(asked))}
    if codes:
        return blank(layout, **values | dict.fromkeys(codes, error))
    for field in present:
        if field.array and not isinstance(field.kind, Kind) and _has_error(field.kind, version):
            values[field.name] = [answer_with(error, field.kind, version, one) for one in _elements(asked, version)]
    return blank(layout, **values)


def _is_echo(field: Field, asked: type[Any]) -> bool:
    """A plain field that the answer has from the question."""
    return isinstance(field.kind, Kind) and any(
        other.name == field.name and other.kind == field.kind and other.array == field.array for other in fields(asked)
    )


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

"""Random requests: a message's fields in one version, filled with the values that a world has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from differ.served import KEYS, LATEST, SERVED
from kpybroker.wire.apis import request_type
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import Field, fields

LENGTHS, LENGTH_WEIGHTS = (1, 2, 3, 0), (12, 4, 2, 1)
NULL, TWICE = 0.05, 0.06  # how often what may be null is, and an element stands twice


@dataclass(frozen=True)
class Pick:
    """Mostly one of the likely values, now and then one at the edges."""

    likely: Sequence[Any]
    edge: Sequence[Any] = ()
    edges: float = 0.15

    def __call__(self, dice: Random) -> Any:
        return dice.choice(self.edge if self.edge and dice.random() < self.edges else self.likely)


Values: TypeAlias = Mapping[str, Callable[[Random], Any]]


def request(dice: Random, api: str, values: Values) -> tuple[int, dict[str, Any]]:
    """A version that 4.3.1 answers, and fields for it; `values` go by "Api.field.field" or by the field's name alone.

    A field without values gets true or false, parts of its own, or what `talk.ask` gives to one that is left out.
    """
    version = dice.randint(*SERVED[LATEST][api])
    return version, _part(dice, request_type(KEYS[api]), version, values, api)


def _part(dice: Random, layout: type, version: int, values: Values, path: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in fields(layout):
        if version in field.versions and _has_values(field, values, path):
            made[field.name] = _field(dice, field, version, values, f"{path}.{field.name}")
    return made


def _has_values(field: Field, values: Values, path: str) -> bool:
    known = field.name in values or f"{path}.{field.name}" in values
    return known or not isinstance(field.kind, Kind) or field.kind.name == "bool"


def _field(dice: Random, field: Field, version: int, values: Values, path: str) -> Any:
    if version in field.nullable and dice.random() < NULL:
        return None
    whole = values.get(path)
    if whole is not None and (field.array or not isinstance(field.kind, Kind)):
        return whole(dice)
    if not field.array:
        return _one(dice, field, version, values, path)
    found = [_one(dice, field, version, values, path) for _ in range(dice.choices(LENGTHS, LENGTH_WEIGHTS)[0])]
    if found and dice.random() < TWICE:
        found.insert(dice.randint(0, len(found)), dice.choice(found))
    return found


def _one(dice: Random, field: Field, version: int, values: Values, path: str) -> Any:
    if not isinstance(field.kind, Kind):
        return _part(dice, field.kind, version, values, path)
    make = values.get(path) or values.get(field.name)
    return dice.random() < 0.3 if make is None else make(dice)

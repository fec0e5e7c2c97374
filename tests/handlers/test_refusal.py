"""What a release lists and nobody here does: an answer in its own form that says so in every place for an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kpybroker import releases
from kpybroker.handlers import APIS
from kpybroker.handlers.refusal import answer_with
from kpybroker.wire.apis import name_of, request_type, response_type
from kpybroker.wire.declare import Kind
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import Field, blank, fields
from tests.core import Bench

LISTED = sorted(
    {
        (key, version)
        for release in releases.RELEASES
        for key, versions in releases.table(release).items()
        for version in range(versions.first, versions.last + 1)
    }
)
REFUSED = [
    (key, version) for key, version in LISTED if key not in APIS or not APIS[key].first <= version <= APIS[key].last
]


def sample(layout: type[Any], version: int) -> Any:
    """A request with two of everything that there may be many of."""
    present = [field for field in fields(layout) if version in field.versions]
    return blank(layout, **{field.name: value(field, version) for field in present})


def value(field: Field, version: int) -> Any:
    if field.array:
        return [value(field._replace(array=False), version)] * 2
    if not isinstance(field.kind, Kind):
        return sample(field.kind, version)
    return {"string": "name", "bytes": b"x", "records": b"", "uuid": b"i" * 16, "bool": True}.get(field.kind.name, 1)


def codes(answer: Any, version: int) -> Iterator[int]:
    for field in (each for each in fields(type(answer)) if version in each.versions):
        found = getattr(answer, field.name)
        if field.name.endswith("error_code"):
            yield found
        for part in found if field.array and found else ():
            if not isinstance(field.kind, Kind):
                yield from codes(part, version)


@pytest.mark.parametrize("key", sorted({key for key, _ in LISTED}), ids=name_of)
def test_every_answer_can_be_a_refusal(key: int) -> None:
    """In every version of every API: the answer is well formed and has errors, and no place for one is without it."""
    for _, version in (each for each in LISTED if each[0] == key):
        layout = response_type(key)
        answer = answer_with(Error.UNSUPPORTED_VERSION, layout, version, sample(request_type(key), version))
        data = encode(answer, version)
        read, end = decoder(layout, version)(memoryview(data), 0)
        assert end == len(data)
        assert set(codes(read, version)) == {Error.UNSUPPORTED_VERSION}, version


def test_a_refusal_says_of_what() -> None:
    """Where there is an answer for each thing that was asked for, it names the thing."""
    (markers, transactions) = (
        answer_with(Error.UNSUPPORTED_VERSION, response_type(key), 0, sample(request_type(key), 0)) for key in (27, 65)
    )
    assert [t.transactional_id for t in transactions.transaction_states] == ["name", "name"]
    assert [
        (topic.name, partition.partition_index, partition.error_code)
        for topic in markers.markers[0].topics[:1]
        for partition in topic.partitions
    ] == [("name", 1, 35), ("name", 1, 35)]


@pytest.mark.parametrize(("key", "version"), REFUSED, ids=str)
def test_what_is_listed_and_not_done(key: int, version: int) -> None:
    """A broker that passes for a release which has an API that we do not is a broker that answers with an error."""
    release = next(
        r for r in releases.RELEASES if (v := releases.table(r).get(key)) is not None and v.first <= version <= v.last
    )
    client = Bench(release=release).connect()
    answer = client.ask(sample(request_type(key), version), version)
    assert set(codes(answer, version)) == {Error.UNSUPPORTED_VERSION}
    assert client.is_open

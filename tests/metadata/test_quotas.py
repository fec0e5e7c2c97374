"""Client quotas: what is kept, what a restart brings back, and what a filter finds."""

from __future__ import annotations

import math

import pytest

from kpybroker.metadata.quotas import Quotas, entity_of
from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.messages.alter_client_quotas import AlterClientQuotasRequest
from kpybroker.wire.messages.describe_client_quotas import DescribeClientQuotasRequest
from kpybroker.wire.schemas.cluster_state import ClientQuotaRecord
from tests.core import Bench, CoreClient, FullDisk

Entry = AlterClientQuotasRequest.EntryData
Component = DescribeClientQuotasRequest.ComponentData
Names = dict[str, str | None]
ALICE: Names = {"user": "alice"}
INVALID_REQUEST = 42


def alter(client: CoreClient, names: Names, *, validate_only: bool = False, **values: float | None) -> int:
    """Sets limits; None takes one away. The error of the one entity in the answer."""
    client.send(alteration(names, validate_only=validate_only, **values), 1)
    (entry,) = client.answer().entries
    error: int = entry.error_code
    return error


def alteration(names: Names, *, validate_only: bool = False, **values: float | None) -> AlterClientQuotasRequest:
    entity = [Entry.EntityData(entity_type=kind, entity_name=name) for kind, name in names.items()]
    ops = [Entry.OpData(key=key, value=value or 0.0, remove=value is None) for key, value in values.items()]
    return AlterClientQuotasRequest(entries=[Entry(entity=entity, ops=ops)], validate_only=validate_only)


def described(client: CoreClient, *components: Component, strict: bool = False) -> list[tuple[Names, dict[str, float]]]:
    """The entities that a filter finds, each with its limits."""
    answer = client.ask(DescribeClientQuotasRequest(components=list(components), strict=strict), 1)
    assert answer.error_code == 0
    return [
        ({part.entity_type: part.entity_name for part in entry.entity}, {each.key: each.value for each in entry.values})
        for entry in answer.entries
    ]


def test_limits_outlive_a_kill() -> None:
    """From the metadata log alone: what was set last is there, what was removed or only asked about is not."""
    files = MemoryFiles()
    client = Bench(files=files).connect()
    assert alter(client, ALICE, producer_byte_rate=1000.0, request_percentage=12.5) == 0
    assert alter(client, ALICE, producer_byte_rate=2000.0, consumer_byte_rate=3000.0) == 0
    assert alter(client, ALICE, request_percentage=None) == 0
    assert alter(client, {"client-id": None, "user": "bob"}, controller_mutation_rate=0.5) == 0
    assert alter(client, {"ip": "192.0.2.1"}, connection_creation_rate=7.0) == 0
    assert alter(client, {"user": "gone"}, producer_byte_rate=1.0) == 0
    assert alter(client, {"user": "gone"}, producer_byte_rate=None) == 0
    assert alter(client, {"user": "asked"}, producer_byte_rate=1.0, validate_only=True) == 0
    again = Bench(files=files.copy()).connect()
    assert described(again) == [
        ({"user": "alice"}, {"producer_byte_rate": 2000.0, "consumer_byte_rate": 3000.0}),
        ({"client-id": None, "user": "bob"}, {"controller_mutation_rate": 0.5}),
        ({"ip": "192.0.2.1"}, {"connection_creation_rate": 7.0}),
    ]


def test_what_does_not_change_is_not_written() -> None:
    """The metadata log does not grow by a limit that is set already, nor by the removal of one that is not there."""
    bench = Bench()
    client = bench.connect()
    alter(client, ALICE, producer_byte_rate=1000.0)
    before = bench.state.image.changes
    assert alter(client, ALICE, producer_byte_rate=1000.0, consumer_byte_rate=None, speed=None) == 0
    assert bench.state.image.changes == before


def test_the_order_of_an_entitys_parts_does_not_count() -> None:
    """A user's client is the same entity, whichever of the two is named first."""
    client = Bench().connect()
    alter(client, {"user": "u", "client-id": "c"}, producer_byte_rate=1.0)
    alter(client, {"client-id": "c", "user": "u"}, producer_byte_rate=2.0)
    assert described(client) == [({"client-id": "c", "user": "u"}, {"producer_byte_rate": 2.0})]


def test_a_filter_finds_each_entity_once() -> None:
    """Named, of any name, default; strictly, nothing that has more parts than the filter."""
    quotas = Quotas()
    entities = [
        entity_of(parts.items())
        for parts in ({"user": "u"}, {"user": None}, {"user": "u", "client-id": "c"}, {"ip": "::1"})
    ]
    for entity in entities:
        parts = [ClientQuotaRecord.EntityData(entity_type=kind, entity_name=name) for kind, name in entity]
        quotas.replay(ClientQuotaRecord(entity=parts, key="producer_byte_rate", value=1.0, remove=False))
    user, default, pair, address = entities
    assert list(quotas.find({"user": "u"}, any_name=(), strict=False)) == [user, pair]
    assert list(quotas.find({"user": "u"}, any_name=(), strict=True)) == [user]
    assert list(quotas.find({"user": None}, any_name=(), strict=False)) == [default]
    assert list(quotas.find({}, any_name=["user"], strict=True)) == [user, default]
    assert list(quotas.find({"user": "u"}, any_name=["client-id"], strict=True)) == [pair]
    assert list(quotas.find({}, any_name=["ip"], strict=False)) == [address]
    assert list(quotas.find({}, any_name=(), strict=False)) == entities
    assert list(quotas.find({}, any_name=(), strict=True)) == []


def test_a_removal_of_what_is_not_there_leaves_nothing() -> None:
    """Kafka's log may hold one: no empty entity comes of it."""
    quotas = Quotas()
    parts = [ClientQuotaRecord.EntityData(entity_type="user", entity_name="u")]
    quotas.replay(ClientQuotaRecord(entity=parts, key="producer_byte_rate", value=0.0, remove=True))
    assert list(quotas.find({}, any_name=(), strict=False)) == []


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("producer_byte_rate", math.nan, 0),  # Java compares it with nothing, so nothing refuses it
        ("request_percentage", math.inf, 0),
        ("producer_byte_rate", math.inf, INVALID_REQUEST),
        ("producer_byte_rate", 1 + 1e-7, 0),
        ("producer_byte_rate", 1 + 1e-5, INVALID_REQUEST),
    ],
)
def test_odd_numbers(key: str, value: float, error: int) -> None:
    """As ClientQuotaControlManager.validateQuotaKeyValue reads them."""
    client = Bench().connect()
    assert alter(client, ALICE, validate_only=True, **{key: value}) == error


def test_a_full_disk_and_a_limit() -> None:
    """A limit that cannot be written is not acknowledged, and not there."""
    disk = FullDisk()
    bench = Bench(files=disk)
    client = bench.connect()
    disk.is_full = True
    client.send(alteration(ALICE, producer_byte_rate=1.0), 1)
    assert [entry for answer in client.answers for entry in answer.entries if entry.error_code == 0] == []
    disk.is_full = False
    assert not bench.core.bugs
    bench = Bench(files=disk)
    other = bench.connect()
    assert described(other) == []
    assert alter(other, ALICE, producer_byte_rate=1.0) == 0
    assert not bench.core.bugs

"""Configs altered on a live broker: what holds at once and after a restart, and what is written for it."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.machine import Decision, Record
from kpybroker.partition import Partition
from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.internal import decode_metadata
from kpybroker.wire.messages.alter_configs import AlterConfigsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest
from kpybroker.wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from kpybroker.wire.records import build, records
from kpybroker.wire.schemas.cluster_state import ConfigRecord
from kpybroker.wire.schemas.cluster_topics import ClearElrRecord
from tests.core import Bench, CoreClient
from tests.requests import TIME, create_topic, produce, produced

TOPIC, BROKER, LOGGER, GROUP = 2, 4, 8, 32
NODE, ALL = "1", ""
SET, DELETE = 0, 1
INVALID_REQUEST = 42
MESSAGE_TOO_LARGE, OUT_OF_ORDER_SEQUENCE_NUMBER = 10, 45
BIG = b"x" * 5000

Row = IncrementalAlterConfigsRequest.AlterConfigsResource.AlterableConfig


def alter(client: CoreClient, kind: int, name: str, validate_only: bool = False, **configs: str | None) -> int:
    """Sets configs, or deletes those that are None; two underscores stand for a dot. The error."""
    rows = [
        Row(name=key.replace("__", "."), config_operation=DELETE if value is None else SET, value=value)
        for key, value in configs.items()
    ]
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource(resource_type=kind, resource_name=name, configs=rows)
    request = IncrementalAlterConfigsRequest(resources=[resource], validate_only=validate_only)
    (answer,) = client.ask(request, 1).responses
    return int(answer.error_code)


def described(client: CoreClient, kind: int, name: str, key: str) -> Any:
    resource = DescribeConfigsRequest.DescribeConfigsResource(
        resource_type=kind, resource_name=name, configuration_keys=[key]
    )
    (result,) = client.ask(DescribeConfigsRequest(resources=[resource]), 4).results
    return result.configs[0].value if result.configs else None


def send(client: CoreClient, value: bytes = BIG) -> int:
    return produced(client.ask(produce("t", value), 9))[0]


def partition_of(bench: Bench) -> Partition:
    partition = bench.state.replicas.get("t", 0, bench.now)
    assert partition is not None
    return partition


def written(bench: Bench) -> int:
    """How many records the metadata log has."""
    return bench.state.image.changes


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def bench(files: MemoryFiles) -> Bench:
    made = Bench(files=files)
    made.connect().ask(create_topic("t"), 7)
    return made


@pytest.fixture
def client(bench: Bench) -> CoreClient:
    return bench.connect()


# -- what holds, and when ------------------------------------------------------------------------------------------


def test_a_topics_config_holds_at_once_and_after_a_restart(
    bench: Bench, client: CoreClient, files: MemoryFiles
) -> None:
    """The next batch is held against the new limit, on an open partition, and on one that a restart has opened."""
    assert send(client) == 0
    assert alter(client, TOPIC, "t", max__message__bytes="4000") == 0
    assert send(client) == MESSAGE_TOO_LARGE
    again = Bench(files=files.copy(), now=bench.now).connect()
    assert send(again) == MESSAGE_TOO_LARGE
    assert alter(again, TOPIC, "t", max__message__bytes=None) == 0
    assert send(again) == 0


@pytest.mark.parametrize("name", [NODE, ALL])
def test_a_brokers_config_reaches_its_topics(bench: Bench, client: CoreClient, files: MemoryFiles, name: str) -> None:
    """At once and after a restart, by the broker's own id and for all brokers, until it is taken back."""
    assert send(client) == 0
    assert alter(client, BROKER, name, message__max__bytes="4000") == 0
    assert send(client) == MESSAGE_TOO_LARGE
    restarted = Bench(files=files.copy(), now=bench.now)
    again = restarted.connect()
    assert send(again) == MESSAGE_TOO_LARGE
    assert described(again, TOPIC, "t", "max.message.bytes") == "4000"
    assert alter(again, BROKER, name, message__max__bytes=None) == 0
    assert send(again) == 0
    assert not bench.core.bugs + restarted.core.bugs


def test_one_broker_before_all_before_none(client: CoreClient) -> None:
    """The broker's own, then that of all, then the default; a topic's own beats them all."""
    for name, value in ((ALL, "2000000"), (NODE, "3000000")):
        assert alter(client, BROKER, name, log__segment__bytes=value) == 0
        assert described(client, TOPIC, "t", "segment.bytes") == value
    assert alter(client, TOPIC, "t", segment__bytes="4000000") == 0
    assert described(client, TOPIC, "t", "segment.bytes") == "4000000"
    assert alter(client, TOPIC, "t", segment__bytes=None) == 0
    for name, value in ((NODE, "2000000"), (ALL, "1073741824")):
        assert alter(client, BROKER, name, log__segment__bytes=None) == 0
        assert described(client, TOPIC, "t", "segment.bytes") == value


@pytest.mark.parametrize(
    ("kind", "name", "configs"),
    [
        (TOPIC, "t", {"segment.bytes": "1048576", "max.message.bytes": "2000000"}),
        (BROKER, NODE, {"log.segment.bytes": "1048576", "message.max.bytes": "2000000"}),
    ],
)
def test_segments_roll_by_the_new_size(
    bench: Bench, client: CoreClient, kind: int, name: str, configs: dict[str, str]
) -> None:
    """Two batches of 600 KB fill one segment before, and two segments after."""
    large = b"x" * 600_000
    for _ in range(2):
        assert send(client, large) == 0
    assert len(partition_of(bench).log.segments.all) == 1
    assert alter(client, kind, name, **{key.replace(".", "__"): value for key, value in configs.items()}) == 0
    for _ in range(2):
        assert send(client, large) == 0
    assert len(partition_of(bench).log.segments.all) == 3


@pytest.mark.parametrize(("kind", "name", "key"), [(TOPIC, "t", "segment__ms"), (BROKER, ALL, "log__roll__ms")])
def test_segments_roll_by_the_new_time(bench: Bench, client: CoreClient, kind: int, name: str, key: str) -> None:
    """Records an hour apart share a segment before, and none after."""

    def at(hours: int) -> None:
        data = build([(TIME + hours * 3_600_000, None, b"x", ())])
        assert produced(client.ask(produce("t", data=data), 9))[0] == 0

    bench.advance(10 * 3_600_000)
    at(0)
    at(1)
    assert len(partition_of(bench).log.segments.all) == 1
    assert alter(client, kind, name, **{key: "60000"}) == 0
    at(2)
    at(3)
    assert len(partition_of(bench).log.segments.all) == 3


def test_producers_expire_by_the_new_time(bench: Bench, client: CoreClient) -> None:
    """A producer that was silent for longer than producer.id.expiration.ms may begin at any sequence number again."""

    def batch(sequence: int) -> int:
        rows = [(TIME, None, b"x", ())]
        data = build(rows, producer_id=7, producer_epoch=0, base_sequence=sequence)
        return produced(client.ask(produce("t", data=data), 9))[0]

    assert batch(0) == 0
    bench.advance(1_200_000)
    assert batch(5) == OUT_OF_ORDER_SEQUENCE_NUMBER
    assert alter(client, BROKER, NODE, producer__id__expiration__ms="60000") == 0
    bench.advance(1_200_000)
    assert batch(5) == 0


def test_a_loggers_level_goes_with_the_process(bench: Bench, client: CoreClient, files: MemoryFiles) -> None:
    """It is no record of the metadata log: a restart has the level of the start."""
    before = written(bench)
    assert alter(client, LOGGER, NODE, root="ERROR") == 0
    assert described(client, LOGGER, NODE, "root") == "ERROR"
    assert written(bench) == before
    assert described(Bench(files=files.copy()).connect(), LOGGER, NODE, "root") == "INFO"


def test_a_deleted_topics_configs_go_with_it(client: CoreClient) -> None:
    """A topic of the same name begins with defaults."""
    assert alter(client, TOPIC, "t", max__message__bytes="4000") == 0
    assert send(client) == MESSAGE_TOO_LARGE
    client.ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), 5)
    client.ask(create_topic("t"), 7)
    assert send(client) == 0


def test_what_a_broker_cannot_be_told_is_passed_over(bench: Bench, client: CoreClient) -> None:
    """A record that another Kafka has written does no harm: the rest of the broker's configs hold."""
    values = {"num.partitions": "7", "message.max.bytes": "4000", "log.retention.ms": "soon"}
    foreign = [
        Record(None, ConfigRecord(resource_type=BROKER, resource_name=NODE, name=name, value=value), 0)
        for name, value in values.items()
    ]
    bench.state.control(Decision(tuple(foreign)), bench.now)
    assert send(client) == MESSAGE_TOO_LARGE
    assert described(client, BROKER, NODE, "num.partitions") == "1"
    assert not bench.core.bugs


@pytest.mark.parametrize("name", ["2", "-1", "one", "-+1", "", "1" * 20])
def test_another_brokers_loggers_are_not_here(client: CoreClient, name: str) -> None:
    """A name that is no number, or another broker's, is an invalid request."""
    assert alter(client, LOGGER, name, root="ERROR") == INVALID_REQUEST
    assert described(client, LOGGER, NODE, "root") == "INFO"


# -- what is written -----------------------------------------------------------------------------------------------


def test_checking_writes_nothing(bench: Bench, client: CoreClient) -> None:
    """With validate_only the answer comes and nothing else does."""
    before = written(bench)
    for kind, name, config in ((TOPIC, "t", "retention__ms"), (BROKER, NODE, "log__retention__ms")):
        assert alter(client, kind, name, validate_only=True, **{config: "1000"}) == 0
    assert alter(client, LOGGER, NODE, validate_only=True, root="ERROR") == 0
    assert written(bench) == before
    assert described(client, LOGGER, NODE, "root") == "INFO"


def test_only_what_changes_is_written(bench: Bench, client: CoreClient) -> None:
    """A topic's value that stays is not written again; a broker's is, so that it reads its files anew (KAFKA-14136)."""
    for expected in (1, 0):
        before = written(bench)
        alter(client, TOPIC, "t", retention__ms="1000")
        assert written(bench) - before == expected
    for expected in (1, 1):
        before = written(bench)
        alter(client, BROKER, NODE, log__retention__ms="1000")
        assert written(bench) - before == expected


def test_a_new_minimum_clears_the_eligible_leaders(bench: Bench, client: CoreClient) -> None:
    """KIP-966: who was eligible under the old min.insync.replicas is not under the new; of one topic, or of all."""
    alter(client, TOPIC, "t", min__insync__replicas="2")
    alter(client, BROKER, ALL, min__insync__replicas="2")
    log = bench.state.directory.logs["__cluster_metadata", 0]
    values = [
        decode_metadata(row.value or b"")[0]
        for header, data in log.batches()
        if not header.is_control
        for row in records(data, header)
    ]
    assert [value.topic_name for value in values if isinstance(value, ClearElrRecord)] == ["t", ""]


@pytest.mark.parametrize(("config", "minimum"), [({}, "1"), ({"min.insync.replicas": "3"}, "3")])
def test_a_new_cluster_has_a_minimum_for_all_brokers(files: MemoryFiles, config: dict[str, str], minimum: str) -> None:
    """Its first records set min.insync.replicas to the static value, once: another static value comes too late."""
    first = Bench(files=files, config=config)
    assert first.state.image.configs[BROKER, ALL] == {"min.insync.replicas": minimum}
    assert described(first.connect(), BROKER, ALL, "min.insync.replicas") == minimum
    again = Bench(files=files.copy(), config={"min.insync.replicas": "2"})
    assert described(again.connect(), BROKER, NODE, "min.insync.replicas") == minimum


def test_the_last_config_of_a_group_takes_the_group_along(bench: Bench, client: CoreClient) -> None:
    """Replaced by nothing, a group has no configs and is not kept."""
    assert alter(client, GROUP, "g", consumer__session__timeout__ms="50000") == 0
    assert (GROUP, "g") in bench.state.image.configs
    resource = AlterConfigsRequest.AlterConfigsResource(resource_type=GROUP, resource_name="g", configs=[])
    client.ask(AlterConfigsRequest(resources=[resource], validate_only=False), 2)
    assert (GROUP, "g") not in bench.state.image.configs

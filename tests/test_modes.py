"""The default mode shows early what Kafka shows late, and `strict` undoes it: each such difference in both modes."""

from __future__ import annotations

import struct

import crc32c
import pytest

from kpybroker import releases
from kpybroker.handlers import APIS
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.api_versions import ApiVersionsRequest
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest
from kpybroker.wire.messages.heartbeat import HeartbeatRequest
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.metadata import MetadataRequest
from kpybroker.wire.messages.sync_group import SyncGroupRequest
from tests.core import DIALLED, Bench, CoreClient
from tests.requests import batch, create_topic, produce, produced

GROUP, TRANSACTION, SHARE = 0, 1, 2
TOPICS = ("__consumer_offsets", "__transaction_state", "__share_group_state")
INITIAL_REBALANCE_DELAY = "group.initial.rebalance.delay.ms"


def ask_topic(client: CoreClient, name: str) -> tuple[int, int]:
    """The topic's error, and how many partitions it has."""
    asked = [MetadataRequest.MetadataRequestTopic(name=name)]
    (topic,) = client.ask(MetadataRequest(topics=asked), 12).topics
    return topic.error_code, len(topic.partitions)


def join(member_id: str = "", instance_id: str | None = None, rebalance_timeout_ms: int = 60_000) -> JoinGroupRequest:
    protocol = JoinGroupRequest.JoinGroupRequestProtocol(name="range", metadata=b"\0\0\0\0\0\0\0\0\0\0")
    return JoinGroupRequest(
        group_id="readers",
        session_timeout_ms=30_000,
        rebalance_timeout_ms=rebalance_timeout_ms,
        member_id=member_id,
        group_instance_id=instance_id,
        protocol_type="consumer",
        protocols=[protocol],
    )


def test_which_apis_are_listed() -> None:
    """By default what is served of 4.3 and 3.9, which has the versions that 4.0 removed; strictly the table of 4.3."""
    apis = {
        strict: {
            row.api_key: (row.min_version, row.max_version)
            for row in Bench(strict=strict).connect().ask(ApiVersionsRequest(), 0).api_keys
        }
        for strict in (False, True)
    }
    assert apis[True] == {key: tuple(versions) for key, versions in releases.table("4.3").items()}
    older = releases.table("3.9")
    assert apis[False].keys() == {key for key in APIS if key in apis[True] or key in older}
    for key, found in apis[False].items():
        tables = [table[key] for table in (apis[True], older) if key in table]
        assert found == (min(first for first, _ in tables), max(last for _, last in tables)), key


@pytest.mark.parametrize(("strict", "first"), [(False, Error.NONE), (True, Error.UNKNOWN_TOPIC_OR_PARTITION)])
def test_a_topic_that_is_created_by_asking(strict: bool, first: Error) -> None:
    """By default it is in the answer that creates it, with a leader; strictly it is unknown once, as in Kafka."""
    client = Bench(strict=strict).connect()
    assert ask_topic(client, "orders") == (first, 0 if strict else 1)
    assert ask_topic(client, "orders") == (Error.NONE, 1)


def find_coordinators(client: CoreClient, *keys: str, key_type: int = GROUP) -> list[int]:
    request = FindCoordinatorRequest(key_type=key_type, coordinator_keys=list(keys))
    return [coordinator.error_code for coordinator in client.ask(request, 6).coordinators]


@pytest.mark.parametrize(("strict", "first"), [(False, Error.NONE), (True, Error.COORDINATOR_NOT_AVAILABLE)])
@pytest.mark.parametrize("key_type", [GROUP, TRANSACTION, SHARE])
def test_the_first_coordinator_of_a_cluster(key_type: int, strict: bool, first: Error) -> None:
    """By default it is there at once; strictly its topic must be made first, as in Kafka."""
    client = Bench(strict=strict).connect()
    key = f"readers:{'A' * 22}:0" if key_type == SHARE else "readers"
    for expected in (first, Error.NONE):
        assert find_coordinators(client, key, key, key_type=key_type) == [expected, expected]
    assert ask_topic(client, TOPICS[key_type]) == (Error.NONE, 50)


def test_a_key_that_is_none_makes_no_topic() -> None:
    """Apache Kafka 4.3.1: among other keys it is INVALID_REQUEST, and alone it leaves no topic behind."""
    client = Bench(strict=True).connect()
    for _ in range(2):
        assert find_coordinators(client, "readers", key_type=SHARE) == [Error.INVALID_REQUEST]
    keys = ("readers", f"readers:{'A' * 22}:0")
    for valid in (Error.COORDINATOR_NOT_AVAILABLE, Error.NONE):
        assert find_coordinators(client, *keys, key_type=SHARE) == [Error.INVALID_REQUEST, valid]


@pytest.mark.parametrize(("strict", "expected"), [(False, Error.UNKNOWN_MEMBER_ID), (True, Error.NOT_COORDINATOR)])
def test_a_group_before_anybody_has_looked_for_its_coordinator(strict: bool, expected: Error) -> None:
    """By default the coordinator is there; strictly the broker coordinates nothing yet, as in Kafka."""
    client = Bench(strict=strict).connect()
    request = HeartbeatRequest(group_id="readers", generation_id=1, member_id="nobody")
    assert client.ask(request, 4).error_code == expected
    find_coordinators(client, "readers")
    assert client.ask(request, 4).error_code == Error.UNKNOWN_MEMBER_ID


@pytest.mark.parametrize(("strict", "delay_ms"), [(False, 0), (True, 3_000)])
def test_the_first_rebalance_of_a_group(strict: bool, delay_ms: int) -> None:
    """By default it does not wait for members that may still come, and is described so; strictly for three seconds."""
    bench = Bench(strict=strict)
    client = bench.connect()
    find_coordinators(client, "readers")
    client.send(join(), 3)
    if delay_ms:
        assert not client.answers
        bench.advance(delay_ms - 1)
        assert not client.answers
        bench.advance(1)
    assert client.answer().error_code == Error.NONE
    resource = DescribeConfigsRequest.DescribeConfigsResource(
        resource_type=4, resource_name="1", configuration_keys=[INITIAL_REBALANCE_DELAY]
    )
    (result,) = client.ask(DescribeConfigsRequest(resources=[resource]), 4).results
    assert [config.value for config in result.configs] == [str(delay_ms)]


@pytest.mark.parametrize("strict", [False, True])
def test_a_rebalance_and_a_member_whose_connection_has_closed(strict: bool) -> None:
    """By default a rebalance waits 250 ms for it; strictly as long as for any member, its rebalance timeout."""
    bench = Bench(strict=strict, config={INITIAL_REBALANCE_DELAY: "0"})
    gone, stays = bench.connect(), bench.connect()
    find_coordinators(stays, "readers")
    member = gone.ask(join(rebalance_timeout_ms=10_000), 3)
    assignment = SyncGroupRequest.SyncGroupRequestAssignment(member_id=member.member_id, assignment=b"all")
    gone.ask(
        SyncGroupRequest(group_id="readers", generation_id=1, member_id=member.member_id, assignments=[assignment]),
        3,
    )
    bench.core.disconnected(gone.number, bench.now)
    stays.send(join(rebalance_timeout_ms=10_000), 3)
    bench.advance(249)
    assert not stays.answers
    bench.advance(1)
    assert bool(stays.answers) is not strict
    bench.advance(9_750)
    assert [answer.generation_id for answer in stays.answers] == [2]


def test_where_a_client_finds_the_broker() -> None:
    """Without an advertised address a client is told the one that it dialled."""
    client = Bench().connect()
    (broker,) = client.ask(MetadataRequest(topics=[]), 12).brokers
    assert (broker.host, broker.port) == DIALLED


@pytest.mark.parametrize("codec", [0, 4])
@pytest.mark.parametrize("strict", [False, True])
def test_how_far_records_are_counted(strict: bool, codec: int) -> None:
    """A header that lies about its records, in itself consistently, is found out where the first 64 records tell;
    strictly every record of a batch is counted, as in Kafka."""
    client = Bench(strict=strict).connect()
    client.ask(create_topic("t"), 7)
    for count, noticed in ((3, True), (100, strict)):
        lying = bytearray(batch(*[b"x"] * count, codec=codec))
        struct.pack_into(">i", lying, 23, count - 2)  # the last offset delta
        struct.pack_into(">i", lying, 57, count - 1)  # the number of records
        struct.pack_into(">I", lying, 17, crc32c.crc32c(bytes(lying[21:])))
        error, _ = produced(client.ask(produce("t", data=bytes(lying)), 9))
        assert error == (Error.INVALID_RECORD if noticed else Error.NONE)

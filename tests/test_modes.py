"""The default mode shows early what Kafka shows late, and `strict` undoes it: each such difference in both modes."""

from __future__ import annotations

import pytest

from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.metadata import MetadataRequest
from kpybroker.wire.messages.sync_group import SyncGroupRequest
from tests.core import DIALLED, Bench, CoreClient

GROUP = 0
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


@pytest.mark.parametrize(("strict", "first"), [(False, Error.NONE), (True, Error.UNKNOWN_TOPIC_OR_PARTITION)])
def test_a_topic_that_is_created_by_asking(strict: bool, first: Error) -> None:
    """By default it is in the answer that creates it, with a leader; strictly it is unknown once, as in Kafka."""
    client = Bench(strict=strict).connect()
    assert ask_topic(client, "orders") == (first, 0 if strict else 1)
    assert ask_topic(client, "orders") == (Error.NONE, 1)


@pytest.mark.parametrize(("strict", "first"), [(False, Error.NONE), (True, Error.COORDINATOR_NOT_AVAILABLE)])
def test_the_first_coordinator_of_a_cluster(strict: bool, first: Error) -> None:
    """By default it is there at once; strictly its topic must be made first, as in Kafka."""
    client = Bench(strict=strict).connect()
    for expected in (first, Error.NONE):
        request = FindCoordinatorRequest(key_type=GROUP, coordinator_keys=["readers"])
        (coordinator,) = client.ask(request, 4).coordinators
        assert coordinator.error_code == expected


@pytest.mark.parametrize(("strict", "delay_ms"), [(False, 0), (True, 3_000)])
def test_the_first_rebalance_of_a_group(strict: bool, delay_ms: int) -> None:
    """By default it does not wait for members that may still come, and is described so; strictly for three seconds."""
    bench = Bench(strict=strict)
    client = bench.connect()
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

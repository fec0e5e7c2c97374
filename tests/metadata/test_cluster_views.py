"""What clients are told of a cluster some of whose brokers are away, and of its quorum and features."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_quorum import DescribeQuorumRequest
from kpybroker.wire.messages.update_features import UpdateFeaturesRequest
from kpybroker.wire.schemas.cluster_state import FeatureLevelRecord
from tests.core import Bench, CoreClient
from tests.metadata.cluster import ask, change, partition, with_brokers, with_topic, write

METADATA, DESCRIBE_QUORUM, UPDATE_FEATURES, DESCRIBE_CLUSTER = 3, 55, 57, 60
UNREGISTER_BROKER, DESCRIBE_PARTITIONS, API_VERSIONS = 64, 75, 18

QuorumTopic = DescribeQuorumRequest.TopicData
Update = UpdateFeaturesRequest.FeatureUpdateKey


def described(client: CoreClient, version: int) -> list[tuple[int, int, list[int], list[int], list[int]]]:
    """Of topic t: error, leader, replicas, those in sync, those that are offline."""
    (topic,) = ask(client, METADATA, version, topics=None if version else []).topics
    return [
        (part.error_code, part.leader_id, part.replica_nodes, part.isr_nodes, part.offline_replicas)
        for part in topic.partitions
    ]


def test_brokers_that_are_fenced_are_not_told() -> None:
    """Metadata tells the brokers that are there; DescribeCluster the others too, if asked (KIP-1073)."""
    client = with_brokers(2, 3, fenced=(3,)).connect()
    assert [node.node_id for node in ask(client, METADATA, 9, topics=[]).brokers] == [1, 2]
    assert [node.broker_id for node in ask(client, DESCRIBE_CLUSTER, 2).brokers] == [1, 2]
    everyone = ask(client, DESCRIBE_CLUSTER, 2, include_fenced_brokers=True).brokers
    assert [(node.broker_id, node.is_fenced) for node in everyone] == [(1, False), (2, False), (3, True)]


def test_replicas_that_are_away() -> None:
    """They are offline; version 0 leaves them out and says that something is missing."""
    bench = with_brokers(2, 3, fenced=(3,))
    client = with_topic(bench, ([1, 2, 3], [1, 3]))
    assert described(client, 9) == [(Error.NONE, 1, [1, 2, 3], [1, 3], [3])]
    assert described(client, 0) == [(Error.REPLICA_NOT_AVAILABLE, 1, [1, 2], [1], [])]


@pytest.mark.parametrize("version", [0, 5, 9, 13])
def test_a_leader_that_is_gone(version: int) -> None:
    """A partition led by nobody says so, and names no leader."""
    bench = with_brokers(2)
    client = with_topic(bench, ([1], [1]))
    change(bench, leader=-1)
    assert described(client, version) == [(Error.LEADER_NOT_AVAILABLE, -1, [1], [1], [])]


def test_replicas_that_may_lead() -> None:
    """Eligible and last known eligible replicas are told where a page of partitions is asked for (KIP-966)."""
    bench = with_brokers(2, 3, fenced=(3,))
    client = with_topic(bench, ([1, 2, 3], [1]))
    change(bench, eligible_leader_replicas=[2], last_known_elr=[3])
    (topic,) = ask(client, DESCRIBE_PARTITIONS, 0, topics=[], response_partition_limit=10, cursor=None).topics
    (part,) = topic.partitions
    assert (part.eligible_leader_replicas, part.last_known_elr, part.offline_replicas) == ([2], [3], [3])


def test_a_broker_that_is_forgotten() -> None:
    """Its replicas are no longer in sync, its partitions have other leaders, and nobody knows it."""
    bench = with_brokers(2)
    client = with_topic(bench, ([2, 1], [2, 1]), ([1, 2], [1, 2]))
    assert ask(client, UNREGISTER_BROKER, 0, broker_id=2).error_code == Error.NONE
    assert [(partition(bench, index).leader, partition(bench, index).isr) for index in (0, 1)] == [(1, [1])] * 2
    assert [partition(bench, index).leader_epoch for index in (0, 1)] == [1, 0]
    assert described(client, 9) == [(0, 1, [2, 1], [1], [2]), (0, 1, [1, 2], [1], [2])]
    assert ask(client, UNREGISTER_BROKER, 0, broker_id=2).error_code == Error.BROKER_ID_NOT_REGISTERED


def test_the_broker_itself_is_not_forgotten() -> None:
    """A broker that runs goes on."""
    client = Bench().connect()
    answer = ask(client, UNREGISTER_BROKER, 0, broker_id=1)
    assert (answer.error_code, bool(answer.error_message)) == (Error.INVALID_REQUEST, True)
    assert [node.node_id for node in ask(client, METADATA, 9, topics=[]).brokers] == [1]


def quorum(client: CoreClient) -> Any:
    asked = QuorumTopic(topic_name="__cluster_metadata", partitions=[QuorumTopic.PartitionData(partition_index=0)])
    (found,) = ask(client, DESCRIBE_QUORUM, 2, topics=[asked]).topics
    return found.partitions[0]


def test_each_start_is_an_election() -> None:
    """The quorum's leader epoch rises with every start on the same directory, and its log goes on."""
    files = MemoryFiles()
    ends = []
    for epoch in (1, 2, 3):
        bench = Bench(files=files)
        found = quorum(bench.connect())
        assert (found.leader_id, found.leader_epoch) == (1, epoch)
        assert found.high_watermark == found.current_voters[0].log_end_offset
        ends.append(found.high_watermark)
        bench.state.close(bench.now)
    assert ends == sorted(set(ends))


def test_the_voter_is_up_to_date() -> None:
    """The one voter has fetched at the moment of the question."""
    bench = Bench()
    client = bench.connect()
    bench.advance(5000)
    (voter,) = quorum(client).current_voters
    assert (voter.last_fetch_timestamp, voter.last_caught_up_timestamp) == (bench.now, bench.now)


def finalized(client: CoreClient) -> dict[str, int]:
    answer = ask(client, API_VERSIONS, 4, client_software_name="test", client_software_version="1")
    return {feature.name: feature.max_version_level for feature in answer.finalized_features}


def update(client: CoreClient, feature: str, level: int, kind: int) -> int:
    updates = [Update(feature=feature, max_version_level=level, upgrade_type=kind)]
    error: int = ask(client, UPDATE_FEATURES, 2, feature_updates=updates).error_code
    return error


def test_a_feature_that_was_given_up_stays_so() -> None:
    """Levels are in the metadata log: a restart does not take up again what was given up."""
    files = MemoryFiles()
    bench = Bench(files=files)
    client = bench.connect()
    before = finalized(client)
    assert update(client, "eligible.leader.replicas.version", 0, 2) == Error.NONE
    assert before.pop("eligible.leader.replicas.version") == 1
    assert finalized(client) == before
    bench.state.close(bench.now)
    assert finalized(Bench(files=files).connect()) == before


def test_the_voters_are_those_of_the_start() -> None:
    """kraft.version stays 0: a quorum of one node that takes others would not be true."""
    client = Bench().connect()
    assert update(client, "kraft.version", 1, 1) == Error.INVALID_UPDATE_VERSION
    assert update(client, "kraft.version", 0, 1) == Error.NONE
    assert "kraft.version" not in finalized(client)


@pytest.mark.parametrize(
    ("now", "level", "kind", "answer"),
    [
        (27, 24, 2, Error.NONE),  # 4.1-IV1 down to 4.0-IV2: no new records in between
        (27, 23, 3, Error.NONE),
        (27, 22, 2, Error.INVALID_UPDATE_VERSION),  # 4.0-IV1 has new ones (MetadataVersion)
        (27, 22, 3, Error.INVALID_UPDATE_VERSION),
        (27, 24, 1, Error.INVALID_UPDATE_VERSION),
        (27, 30, 1, Error.NONE),
        (27, 30, 2, Error.INVALID_UPDATE_VERSION),
    ],
)
def test_metadata_version_on_the_way_up(now: int, level: int, kind: int, answer: int) -> None:
    """A cluster of an earlier release goes up, and down as far as no records are lost."""
    bench = Bench()
    write(bench, (FeatureLevelRecord(name="metadata.version", feature_level=now), 0))
    client = bench.connect()
    assert update(client, "metadata.version", level, kind) == answer
    assert finalized(client)["metadata.version"] == (level if answer == Error.NONE else now)

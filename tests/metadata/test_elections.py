"""Elections: the preferred replica leads again if it can, and any replica leads if it must (KIP-460)."""

from __future__ import annotations

from kpybroker.wire.errors import Error
from kpybroker.wire.messages.elect_leaders import ElectLeadersRequest
from tests.core import CoreClient
from tests.metadata.cluster import change, partition, with_brokers, with_topic

PREFERRED, UNCLEAN = 0, 1


def elect(client: CoreClient, kind: int, *partitions: int) -> dict[int, int]:
    """Error by partition of topic t; of all that needed it, where none is named."""
    topics = [ElectLeadersRequest.TopicPartitions(topic="t", partitions=list(partitions))]
    request = ElectLeadersRequest(election_type=kind, topic_partitions=topics if partitions else None)
    (topic,) = [topic for topic in client.ask(request, 2).replica_election_results if topic.topic == "t"]
    return {result.partition_id: result.error_code for result in topic.partition_result}


def test_the_preferred_replica_leads_again() -> None:
    """It is in sync and there: it leads in a new epoch; a second time nothing is needed."""
    bench = with_brokers(2)
    client = with_topic(bench, ([1, 2], [2, 1]), ([1, 2], [1, 2]))
    assert partition(bench, 0).leader == 2
    assert elect(client, PREFERRED) == {0: Error.NONE}
    assert (partition(bench, 0).leader, partition(bench, 0).leader_epoch) == (1, 1)
    assert elect(client, PREFERRED) == {}
    assert elect(client, PREFERRED, 0, 1) == dict.fromkeys((0, 1), Error.ELECTION_NOT_NEEDED)


def test_a_preferred_replica_that_cannot_lead() -> None:
    """Out of sync, or on a broker that is fenced: the leader stays."""
    bench = with_brokers(2, 3, fenced=(3,))
    client = with_topic(bench, ([2, 1], [1]), ([3, 1], [1, 3]))
    assert elect(client, PREFERRED) == dict.fromkeys((0, 1), Error.PREFERRED_LEADER_NOT_AVAILABLE)
    assert [partition(bench, index).leader_epoch for index in (0, 1)] == [0, 0]


def test_any_replica_that_is_there() -> None:
    """A partition without a leader takes one that is not in sync, and that one alone is in sync then."""
    bench = with_brokers(2, fenced=(2,))
    client = with_topic(bench, ([2, 1], [2]), ([1, 2], [1]))
    change(bench, 0, leader=-1)
    assert elect(client, PREFERRED, 0) == {0: Error.PREFERRED_LEADER_NOT_AVAILABLE}
    assert elect(client, UNCLEAN) == {0: Error.NONE}
    assert (partition(bench, 0).leader, partition(bench, 0).isr) == (1, [1])
    assert elect(client, UNCLEAN, 0, 1) == dict.fromkeys((0, 1), Error.ELECTION_NOT_NEEDED)


def test_no_replica_that_is_there() -> None:
    """A partition whose brokers are all away stays without a leader."""
    bench = with_brokers(2, fenced=(2,))
    client = with_topic(bench, ([2], [2]))
    change(bench, 0, leader=-1)
    assert elect(client, UNCLEAN) == {0: Error.ELIGIBLE_LEADERS_NOT_AVAILABLE}

"""Questions and orders to the cluster as a whole: what one answer says, the others say too."""

from typing import Any

from differ.talk import Talk, Topic
from kpybroker.wire.declare import Versions

API = "DescribeCluster"
VERSIONS = Versions(2, 2)
LOG = "__cluster_metadata"


def _metadata(talk: Talk, *topics: Topic, **more: Any) -> None:
    asked = [{"name": topic.name} for topic in topics]
    talk.ask("Metadata", at=10, topics=asked, allow_auto_topic_creation=False, **more)


def _reassign(talk: Talk, topic: Topic, replicas: list[int] | None) -> None:
    parts = [{"partition_index": 0, "replicas": replicas}]
    talk.ask("AlterPartitionReassignments", at=1, topics=[{"name": topic.name, "partitions": parts}], timeout_ms=10_000)


def _elect(talk: Talk, topic: Topic, kind: int = 0) -> None:
    asked = [{"topic": topic.name, "partitions": [0]}]
    talk.ask("ElectLeaders", at=2, election_type=kind, topic_partitions=asked, timeout_ms=10_000)


def _delete(talk: Talk, topic: Topic) -> None:
    talk.ask("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)


def everyone_agrees(talk: Talk) -> None:
    """One broker, one controller, one voter: the same node wherever one asks."""
    talk.leave_open("high_watermark", "log_end_offset", because="the metadata log grows with all that was done before")
    talk.ask()
    _metadata(talk)
    talk.ask("FindCoordinator", at=4, key_type=0, coordinator_keys=[talk.name_of("group")])
    talk.ask("DescribeQuorum", at=2, topics=[{"topic_name": LOG, "partitions": [{"partition_index": 0}]}])


def rights(talk: Talk) -> None:
    """What one may do on the cluster and on a topic, as each answer tells it."""
    topic = talk.topic()
    both = {"include_cluster_authorized_operations": True, "include_topic_authorized_operations": True}
    talk.ask(include_cluster_authorized_operations=True)
    _metadata(talk, topic, **both)
    talk.ask("DescribeTopicPartitions", at=0, topics=[{"name": topic.name}])
    asked = [{"name": topic.name}]
    talk.ask("Metadata", at=13, topics=asked, include_topic_authorized_operations=True)


def reassigned_in_place(talk: Talk) -> None:
    """A partition that goes to where it is has the same leader in the same epoch, and takes records as before."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    _reassign(talk, topic, [1])
    _metadata(talk, topic)
    talk.produce(topic, b"b")
    talk.ask("ListPartitionReassignments", at=0, topics=None)


def reassignment_called_off(talk: Talk) -> None:
    """There is nothing to call off, before or after."""
    topic = talk.topic()
    _reassign(talk, topic, None)
    _reassign(talk, topic, [1])
    _reassign(talk, topic, None)
    _reassign(talk, topic, [2])
    _reassign(talk, topic, None)
    _metadata(talk, topic)


def elected_again(talk: Talk) -> None:
    """Elections that are not needed change nothing."""
    topic = talk.topic()
    for kind in (0, 1, 0):
        _elect(talk, topic, kind)
    _metadata(talk, topic)


def after_a_topic_is_gone(talk: Talk) -> None:
    """A topic that was deleted is not grown, moved, led or described."""
    topic = talk.topic()
    _delete(talk, topic)
    talk.ask(
        "CreatePartitions", at=3, topics=[{"name": topic.name, "count": 2, "assignments": None}], timeout_ms=10_000
    )
    _reassign(talk, topic, [1])
    _elect(talk, topic)
    _elect(talk, topic, 1)
    listed = [{"name": topic.name, "partition_indexes": [0]}]
    talk.ask("ListPartitionReassignments", at=0, topics=listed)
    _delete(talk, topic)


def only_validated(talk: Talk) -> None:
    """Whatever was only validated has not happened."""
    topic, new = talk.topic(), talk.name_of("new")
    wanted = [{"name": new, "num_partitions": 2, "replication_factor": 1}]
    talk.ask("CreateTopics", at=4, topics=wanted, validate_only=True, timeout_ms=10_000)
    grown = [{"name": topic.name, "count": 5, "assignments": None}]
    talk.ask("CreatePartitions", at=3, topics=grown, validate_only=True, timeout_ms=10_000)
    lower = [{"feature": "eligible.leader.replicas.version", "max_version_level": 0, "upgrade_type": 2}]
    talk.ask("UpdateFeatures", at=2, feature_updates=lower, validate_only=True, timeout_ms=10_000)
    asked = [{"name": name} for name in (new, topic.name)]
    talk.ask("Metadata", at=12, topics=asked, allow_auto_topic_creation=False)


def created_twice_in_a_row(talk: Talk) -> None:
    """Of two requests sent together, the second finds what the first has made."""
    wanted = [{"name": talk.name_of("topic"), "num_partitions": 1, "replication_factor": 1}]
    for _ in range(2):
        talk.send("CreateTopics", at=4, topics=wanted, timeout_ms=10_000)
    talk.send("DeleteTopics", at=4, topic_names=[wanted[0]["name"]], timeout_ms=10_000)
    talk.send("CreateTopics", at=4, topics=wanted, timeout_ms=10_000, validate_only=True)
    for _ in range(4):
        talk.answer()


def two_at_once(talk: Talk) -> None:
    """Two who create the same topic: the later one is told."""
    wanted = [{"name": talk.name_of("topic"), "num_partitions": 1, "replication_factor": 1}]
    one, other = talk.connect("one"), talk.connect("other")
    one.ask("CreateTopics", at=4, topics=wanted, timeout_ms=10_000)
    other.ask("CreateTopics", at=4, topics=wanted, timeout_ms=10_000)
    other.ask("DeleteTopics", at=4, topic_names=[wanted[0]["name"]], timeout_ms=10_000)
    one.ask("DeleteTopics", at=4, topic_names=[wanted[0]["name"]], timeout_ms=10_000)


def made_grown_and_deleted_in_a_row(talk: Talk) -> None:
    """The controller does one after the other, whatever brokers know of it yet."""
    name = talk.name_of("topic")
    wanted = [{"name": name, "num_partitions": 1, "replication_factor": 1}]
    talk.send("CreateTopics", at=4, topics=wanted, timeout_ms=10_000)
    talk.send("CreatePartitions", at=3, topics=[{"name": name, "count": 3, "assignments": None}], timeout_ms=10_000)
    talk.send("ElectLeaders", at=2, topic_partitions=[{"topic": name, "partitions": [2, 3]}], timeout_ms=10_000)
    talk.send("DeleteTopics", at=4, topic_names=[name], timeout_ms=10_000)
    talk.send("CreatePartitions", at=3, topics=[{"name": name, "count": 4, "assignments": None}], timeout_ms=10_000)
    for _ in range(5):
        talk.answer()


def voters_of_this_cluster(talk: Talk) -> None:
    """The cluster's id, as Metadata tells it, is taken; another is not."""
    cluster = talk.ask("Metadata", at=9, topics=[]).cluster_id
    voter = {"voter_id": 2, "voter_directory_id": b"voter's own disk"}
    listeners = [{"name": "CONTROLLER", "host": "127.0.0.1", "port": 9}]
    for name in (cluster, cluster[::-1], None):
        talk.ask("AddRaftVoter", at=1, **voter, cluster_id=name, timeout_ms=1_000, listeners=listeners)
        talk.ask("RemoveRaftVoter", at=0, **voter, cluster_id=name)


def unknown_brokers(talk: Talk) -> None:
    """A broker that is not there takes no replicas, and cannot be forgotten."""
    topic = talk.topic()
    _reassign(talk, topic, [7])
    talk.ask("UnregisterBroker", at=0, broker_id=7)
    by_hand = [{"partition_index": 0, "broker_ids": [7]}]
    new = {"name": talk.name_of("new"), "num_partitions": -1, "replication_factor": -1, "assignments": by_hand}
    talk.ask("CreateTopics", at=4, topics=[new], timeout_ms=10_000)
    grown = {"name": topic.name, "count": 2, "assignments": [{"broker_ids": [7]}]}
    talk.ask("CreatePartitions", at=3, topics=[grown], timeout_ms=10_000)
    talk.ask(include_fenced_brokers=True)


def features_and_topics(talk: Talk) -> None:
    """Topics are what they were while a feature goes down and up."""
    topic = talk.topic()
    feature = {"feature": "eligible.leader.replicas.version"}
    for level, kind in ((0, 2), (1, 1)):
        update = [feature | {"max_version_level": level, "upgrade_type": kind}]
        talk.ask("UpdateFeatures", at=2, feature_updates=update, timeout_ms=10_000)
        talk.produce(topic, b"a")
        talk.ask("DescribeTopicPartitions", at=0, topics=[{"name": topic.name}])

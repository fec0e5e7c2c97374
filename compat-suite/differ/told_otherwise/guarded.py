"""A broker that deletes no topics, creates none by being asked for them, stands in a rack, and tells little at once."""

from typing import Any

from differ.talk import Talk, Topic, versions

API = "DeleteTopics"
TOLD = {
    "delete.topic.enable": "false",
    "auto.create.topics.enable": "false",
    "broker.rack": "rack-1",
    "max.request.partition.size.limit": "3",
    "num.partitions": "2",
}


def _delete(talk: Talk, *names: str) -> None:
    states: list[dict[str, Any]] = [{"name": name} for name in names]
    talk.ask(topics=states, topic_names=list(names), timeout_ms=10_000)


def deletes_nothing(talk: Talk) -> None:
    """A topic that is there, one that is not, one twice, none; the topic is still there."""
    topic = talk.topic()
    _delete(talk, topic.name)
    _delete(talk, talk.name_of("missing"))
    _delete(talk, topic.name, talk.name_of("missing"))
    _delete(talk, topic.name, topic.name)
    _delete(talk)
    talk.ask(topics=[{"name": topic.name}], topic_names=[topic.name], timeout_ms=0)
    talk.ask("Metadata", at=9, topics=[{"name": topic.name}])


@versions("6+")
def deletes_nothing_by_id(talk: Talk) -> None:
    """Ids that are known and unknown; neither name nor id; both."""
    topic = talk.topic()
    for topic_id in (topic.id, b"unknown topic id"):
        talk.ask(topics=[{"name": None, "topic_id": topic_id}], timeout_ms=10_000)
    talk.ask(topics=[{"name": None}], timeout_ms=10_000)
    talk.ask(topics=[{"name": topic.name, "topic_id": topic.id}], timeout_ms=10_000)


@versions("6")
def creates_nothing_by_asking(talk: Talk) -> None:
    """A topic that is not there stays so, whatever its name."""
    for name in (talk.name_of("missing"), "..", "__share_group_state"):
        for version in (0, 4, 13):
            talk.ask("Metadata", at=version, topics=[{"name": name}], allow_auto_topic_creation=True)


@versions("6")
def rack(talk: Talk) -> None:
    """Where the broker stands, in every version that tells it."""
    for version in range(14):
        talk.ask("Metadata", at=version, topics=None if version else [{"name": talk.name_of("missing")}])
    for version in range(3):
        talk.ask("DescribeCluster", at=version)


@versions("6")
def short_pages(talk: Talk) -> None:
    """No page is longer than the broker's limit, whatever is asked for."""
    topic = talk.topic(partitions=5)
    for limit in (2000, 4, 3, 2):
        asked = {"topics": [{"name": topic.name}], "response_partition_limit": limit}
        talk.ask("DescribeTopicPartitions", at=0, **asked)
    cursor = {"topic_name": topic.name, "partition_index": 3}
    talk.ask("DescribeTopicPartitions", at=0, topics=[{"name": topic.name}], cursor=cursor)


@versions("6")
def default_partitions(talk: Talk) -> None:
    """A topic that does not say how many partitions it wants has the broker's number, and grows from there."""
    name = talk.name_of("topic")
    wanted = {"name": name, "num_partitions": -1, "replication_factor": -1}
    talk.ask("CreateTopics", at=4, topics=[wanted], timeout_ms=10_000)
    talk.await_topic(name, 2)
    for count in (2, 3):
        grown = {"name": name, "count": count, "assignments": None}
        talk.ask("CreatePartitions", at=3, topics=[grown], timeout_ms=10_000)
    talk.await_topic(name, 3)
    talk.ask("Metadata", at=9, topics=[{"name": name}])


@versions("6")
def told_of_itself(talk: Talk) -> None:
    """The settings are described as they are told."""
    resource = {"resource_type": 4, "resource_name": "1", "configuration_keys": [*TOLD]}
    talk.ask("DescribeConfigs", at=4, resources=[resource], include_synonyms=True)
    _delete(talk, Topic(talk.name_of("missing"), b"").name)

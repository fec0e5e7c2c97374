"""The life of a topic: created, described, written, deleted, created again."""

from differ.batches import batch
from differ.talk import Talk, versions

API = "CreateTopics"  # every other API is asked at the same number, as far as it has it


def created_used_deleted(talk: Talk) -> None:
    """From its creation to its end, and again under the same name: nothing of the first is left."""
    name = talk.name_of("topic")
    wanted = [{"name": name, "num_partitions": 2, "replication_factor": 1}]
    asked = [{"name": name}]
    end = [{"name": name, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    for _ in range(2):
        talk.ask(topics=wanted, timeout_ms=10_000)
        talk.await_topic(name, 2)
        talk.ask("Metadata", at=12, topics=asked, allow_auto_topic_creation=False)
        data = {"name": name, "partition_data": [{"index": 0, "records": batch(b"a", b"b")}]}
        talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=[data])
        talk.ask("ListOffsets", at=7, replica_id=-1, topics=end)
        talk.ask("DeleteTopics", topics=[{"name": name}], topic_names=[name], timeout_ms=10_000)
        gone = {"topics": asked, "allow_auto_topic_creation": False}
        talk.until(lambda a: a.topics[0].error_code == 3, "Metadata", at=12, **gone)
        talk.until(lambda a: a.topics[0].partitions[0].error_code == 3, "ListOffsets", at=7, replica_id=-1, topics=end)


def configs_are_kept(talk: Talk) -> None:
    """What a topic was created with is what is described."""
    name = talk.name_of("topic")
    configs = [{"name": "retention.ms", "value": " 1000 "}, {"name": "cleanup.policy", "value": "compact, delete"}]
    configs += [{"name": "segment.bytes", "value": "2000000"}, {"name": "preallocate", "value": "TRUE"}]
    wanted = {"name": name, "num_partitions": -1, "replication_factor": -1, "configs": configs}
    talk.ask(topics=[wanted], timeout_ms=10_000)
    talk.await_topic(name)
    keys = [config["name"] for config in configs]
    resource = {"resource_type": 2, "resource_name": name, "configuration_keys": keys}
    talk.ask("DescribeConfigs", resources=[resource], include_synonyms=True)


@versions("2-4")
def created_by_metadata(talk: Talk) -> None:
    """Asked for by name, created, written to."""
    name = talk.name_of("topic")
    settled = {"topics": [{"name": name}], "allow_auto_topic_creation": True}
    talk.until(lambda a: a.topics[0].error_code == 0, "Metadata", at=4, **settled)
    talk.await_topic(name)
    data = {"name": name, "partition_data": [{"index": 0, "records": batch(b"a")}]}
    talk.ask("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=[data])
    talk.ask(topics=[{"name": name, "num_partitions": 1, "replication_factor": 1}], timeout_ms=10_000)


def offsets_of_deleted_topic(talk: Talk) -> None:
    """What a group committed for a topic goes with the topic."""
    topic, group = talk.topic(), talk.name_of("group")
    data = [{"name": topic.name, "partitions": [{"partition_index": 0, "committed_offset": 5}]}]
    talk.ask("OffsetCommit", at=7, group_id=group, topics=data)
    talk.ask("DeleteTopics", topics=[{"name": topic.name}], topic_names=[topic.name], timeout_ms=10_000)
    asked = [{"name": topic.name, "partition_indexes": [0]}]
    talk.until(
        lambda a: a.topics[0].partitions[0].committed_offset == -1, "OffsetFetch", at=7, group_id=group, topics=asked
    )
    talk.ask("OffsetFetch", at=7, group_id=group, topics=None)


def groups_committed_offsets(talk: Talk) -> None:
    """Offsets of several topics and partitions, all of them asked for."""
    one, two, group = talk.topic("one", partitions=2), talk.topic("two"), talk.name_of("group")
    for topic, index in ((one, 0), (one, 1), (two, 0)):
        partition = {"partition_index": index, "committed_offset": index + 7, "committed_metadata": topic.name}
        talk.ask("OffsetCommit", at=7, group_id=group, topics=[{"name": topic.name, "partitions": [partition]}])
    talk.ask("OffsetFetch", at=7, group_id=group, topics=None)

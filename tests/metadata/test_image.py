"""The cluster image: what Kafka's metadata records add up to, one after the other."""

from __future__ import annotations

from kpybroker.metadata.image import BROKER_RESOURCE, TOPIC_RESOURCE, Image
from kpybroker.wire.fields import blank
from kpybroker.wire.schemas.cluster_nodes import (
    BrokerRegistrationChangeRecord,
    RegisterBrokerRecord,
    UnregisterBrokerRecord,
)
from kpybroker.wire.schemas.cluster_state import ConfigRecord, FeatureLevelRecord, NoOpRecord, ProducerIdsRecord
from kpybroker.wire.schemas.cluster_topics import (
    ClearElrRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RemoveTopicRecord,
    TopicRecord,
)

ID, OTHER_ID = b"\1" * 16, b"\2" * 16


def image_of(*records: object) -> Image:
    image = Image()
    for record in records:
        image.replay(record)
    return image


def partition(index: int, topic_id: bytes = ID, leader: int = 1) -> PartitionRecord:
    made: PartitionRecord = blank(
        PartitionRecord,
        partition_id=index,
        topic_id=topic_id,
        replicas=[1, 2],
        isr=[1, 2],
        leader=leader,
        leader_epoch=0,
        partition_epoch=0,
    )
    return made


def config(resource: int, name: str, key: str, value: str | None) -> ConfigRecord:
    return ConfigRecord(resource_type=resource, resource_name=name, name=key, value=value)


def test_a_topic_and_its_partitions() -> None:
    """A topic is found by its name and by its id, with a leader for each partition."""
    image = image_of(TopicRecord(name="t", topic_id=memoryview(ID)), partition(0), partition(1, leader=2))  # type: ignore[arg-type]
    assert image.topics["t"] is image.topics_by_id[ID]
    assert isinstance(image.topics["t"].id, bytes)
    found = [image.partition("t", index) for index in (0, 1, 2)]
    assert [each and (each.leader, each.leader_epoch, each.isr) for each in found] == [
        (1, 0, [1, 2]),
        (2, 0, [1, 2]),
        None,
    ]
    assert image.partition("nowhere", 0) is None


def test_a_change_of_a_partition() -> None:
    """A new leader has a new leader epoch, every change a new partition epoch; what is not told is as it was."""
    base = TopicRecord(name="t", topic_id=ID), partition(0)
    shrunk = blank(PartitionChangeRecord, partition_id=0, topic_id=ID, isr=[1])
    moved = blank(PartitionChangeRecord, partition_id=0, topic_id=ID, leader=2, isr=[2], replicas=[2, 3])
    found = image_of(*base, shrunk).partition("t", 0)
    assert found is not None
    assert (found.leader, found.leader_epoch, found.partition_epoch, found.isr) == (1, 0, 1, [1])
    found = image_of(*base, shrunk, moved).partition("t", 0)
    assert found is not None
    assert (found.leader, found.leader_epoch, found.partition_epoch) == (2, 1, 2)
    assert (found.replicas, found.isr) == ([2, 3], [2])


def test_who_was_eligible_is_no_longer() -> None:
    """A ClearElrRecord names one topic, or none for all of them: nobody that is not in sync may lead any more."""
    eligible = {"eligible_leader_replicas": [2], "last_known_elr": [3]}
    records = []
    for name, topic_id in (("t", ID), ("u", OTHER_ID)):
        left = blank(PartitionChangeRecord, partition_id=0, topic_id=topic_id, isr=[1], **eligible)
        records += [TopicRecord(name=name, topic_id=topic_id), partition(0, topic_id), left]

    def left_in(image: Image) -> list[list[int]]:
        found = [image.partition(name, 0) for name in ("t", "u")]
        return [each.eligible + each.last_known_eligible for each in found if each is not None]

    assert left_in(image_of(*records)) == [[2, 3], [2, 3]]
    assert left_in(image_of(*records, ClearElrRecord(topic_name="t"))) == [[], [2, 3]]
    assert left_in(image_of(*records, ClearElrRecord(topic_name=""))) == [[], []]


def test_a_removed_topic_takes_its_settings_along() -> None:
    """A topic of the same name that comes later has none of them."""
    image = image_of(
        TopicRecord(name="t", topic_id=ID),
        partition(0),
        config(TOPIC_RESOURCE, "t", "retention.ms", "1"),
        RemoveTopicRecord(topic_id=ID),
    )
    assert (image.topics, image.topics_by_id, image.topic_configs("t")) == ({}, {}, {})
    image.replay(TopicRecord(name="t", topic_id=OTHER_ID))
    assert image.topics["t"].partitions == {}
    assert image.topic_configs("t") == {}


def test_settings_are_set_and_unset() -> None:
    """A null value takes a setting back; topics and brokers of one name are different things."""
    image = image_of(
        config(TOPIC_RESOURCE, "1", "retention.ms", "1"),
        config(TOPIC_RESOURCE, "1", "retention.ms", "2"),
        config(BROKER_RESOURCE, "1", "log.retention.ms", "3"),
    )
    assert image.configs == {
        (TOPIC_RESOURCE, "1"): {"retention.ms": "2"},
        (BROKER_RESOURCE, "1"): {"log.retention.ms": "3"},
    }
    image.replay(config(TOPIC_RESOURCE, "1", "retention.ms", None))
    image.replay(config(TOPIC_RESOURCE, "2", "retention.ms", None))
    assert image.configs == {(BROKER_RESOURCE, "1"): {"log.retention.ms": "3"}}


def test_brokers_come_and_go() -> None:
    """A broker is registered fenced, is unfenced by a change (-1), fenced by another (1), and at last unregistered."""
    end = RegisterBrokerRecord.BrokerEndpoint(name="PLAINTEXT", host="h", port=9092, security_protocol=0)
    image = image_of(
        blank(RegisterBrokerRecord, broker_id=1, broker_epoch=7, end_points=[end], rack="r", fenced=True),
    )
    node = image.nodes[1]
    assert (node.epoch, node.rack, node.fenced, node.endpoints) == (7, "r", True, {"PLAINTEXT": ("h", 9092)})
    for change, fenced in ((-1, False), (0, False), (1, True), (0, True)):
        image.replay(blank(BrokerRegistrationChangeRecord, broker_id=1, broker_epoch=7, fenced=change))
        assert image.nodes[1].fenced is fenced
    image.replay(UnregisterBrokerRecord(broker_id=1, broker_epoch=7))
    assert image.nodes == {}


def test_features_and_producer_ids() -> None:
    """A feature of level 0 is none; the next producer id is the last that was told."""
    image = image_of(
        FeatureLevelRecord(name="a", feature_level=3),
        FeatureLevelRecord(name="b", feature_level=1),
        FeatureLevelRecord(name="a", feature_level=0),
        ProducerIdsRecord(broker_id=1, broker_epoch=1, next_producer_id=1000),
        ProducerIdsRecord(broker_id=1, broker_epoch=1, next_producer_id=2000),
    )
    assert image.features == {"b": 1}
    assert image.next_producer_id == 2000


def test_every_record_is_a_change() -> None:
    """Answers that are kept encoded know by `changes` when they are old; an unknown kind of record is passed over."""
    image = image_of(NoOpRecord(), TopicRecord(name="t", topic_id=ID))
    assert image.changes == 2

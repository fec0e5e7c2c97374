"""An image told again: the records of a snapshot, in Kafka's order and versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kpybroker.machine import Record
from kpybroker.metadata.directories import MIGRATING
from kpybroker.metadata.features import METADATA_VERSION
from kpybroker.metadata.image import Image, PartitionImage, Topic
from kpybroker.metadata.record_versions import version_at
from kpybroker.wire.schemas.cluster_security import UserScramCredentialRecord
from kpybroker.wire.schemas.cluster_state import (
    ClientQuotaRecord,
    ConfigRecord,
    FeatureLevelRecord,
    ProducerIdsRecord,
)
from kpybroker.wire.schemas.cluster_topics import PartitionRecord, TopicRecord


def record_count(image: Image) -> int:
    """About how many records tell it: what there can be many of."""
    partitions = sum([len(topic.partitions) for topic in image.topics.values()])
    return len(image.topics) + partitions + sum([len(overrides) for overrides in image.configs.values()])


def recite(image: Image) -> Iterator[Record]:
    """The records that make this image of an empty one (MetadataImage.write). It must not change meanwhile."""
    level = image.features.get(METADATA_VERSION, 0)
    for value in _features(image):
        yield Record(None, value, 0)
    for node in image.registered.records():
        yield Record(None, node, version_at(level, node))
    for topic in image.topics.values():
        yield Record(None, TopicRecord(name=topic.name, topic_id=topic.id), 0)
        for partition in topic.partitions.values():
            record = _partition(topic, partition)
            yield Record(None, record, version_at(level, record))
    for value in _others(image):
        yield Record(None, value, 0)


def _features(image: Image) -> Iterator[FeatureLevelRecord]:
    """The version of the metadata comes first: what follows is read by it."""
    for name in sorted(image.features, key=lambda name: name != METADATA_VERSION):
        yield FeatureLevelRecord(name=name, feature_level=image.features[name])


def _partition(topic: Topic, partition: PartitionImage) -> PartitionRecord:
    return PartitionRecord(
        partition_id=partition.index,
        topic_id=topic.id,
        replicas=partition.replicas,
        isr=partition.isr,
        removing_replicas=partition.removing,
        adding_replicas=partition.adding,
        leader=partition.leader,
        leader_recovery_state=partition.recovery,
        leader_epoch=partition.leader_epoch,
        partition_epoch=partition.partition_epoch,
        directories=partition.directories or [MIGRATING] * len(partition.replicas),
        eligible_leader_replicas=partition.eligible or None,
        last_known_elr=partition.last_known_eligible or None,
    )


def _others(image: Image) -> Iterator[Any]:
    for (kind, resource), overrides in image.configs.items():
        for name, value in overrides.items():
            yield ConfigRecord(resource_type=kind, resource_name=resource, name=name, value=value)
    for entity, limits in image.quotas.all():
        parts = [ClientQuotaRecord.EntityData(entity_type=kind, entity_name=name) for kind, name in entity]
        for key, limit in limits.items():
            yield ClientQuotaRecord(entity=parts, key=key, value=limit, remove=False)
    if image.next_producer_id > 0:
        yield ProducerIdsRecord(broker_id=-1, next_producer_id=image.next_producer_id)
    yield from image.access.entries()
    for user in image.credentials.users():
        for mechanism, credential in image.credentials.of(user).items():
            yield UserScramCredentialRecord(
                name=user,
                mechanism=mechanism,
                salt=credential.salt,
                stored_key=credential.stored_key,
                server_key=credential.server_key,
                iterations=credential.iterations,
            )
    yield from image.access.tokens()

"""Decides on new topics: whether they may be made, where their replicas go, and the records that make them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kpybroker.config.describe import describe_topic
from kpybroker.config.settings import Settings
from kpybroker.config.topics import check_topic
from kpybroker.machine import Record
from kpybroker.metadata.directories import default_directory
from kpybroker.metadata.image import TOPIC_RESOURCE, Image
from kpybroker.metadata.placement import CreatableTopic, Defaults, Placed, Refused, assign, brokers_of
from kpybroker.metadata.topic_names import colliding, refuse_name
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import METADATA_TOPIC
from kpybroker.wire.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from kpybroker.wire.schemas.cluster_state import ConfigRecord
from kpybroker.wire.schemas.cluster_topics import PartitionRecord, TopicRecord

TopicResult = CreateTopicsResponse.CreatableTopicResult
OF_THE_CLUSTER = Refused(Error.INVALID_REQUEST, f"{METADATA_TOPIC} is the cluster's own")
MAX_PARTITIONS_PER_REQUEST = 10_000  # ReplicationControlManager.MAX_PARTITIONS_PER_BATCH


class TopicMaker:
    """Makes the records of topics; ids come from `rng`, so that a seed gives the same cluster again."""

    def __init__(self, image: Image, settings: Settings, rng: random.Random) -> None:
        self.image = image
        self._settings = settings
        self._random = rng

    def topic(self, name: str, partitions: int, configs: Mapping[str, str]) -> tuple[Record, ...]:
        """The records of a new topic on this cluster's brokers, with the default replication factor."""
        chosen = list(brokers_of(self.image).active[: self._defaults().replication_factor])
        placed = [Placed(chosen, chosen)] * partitions
        return self._topic_records(name, new_id(self._random), placed, configs)

    def refuse_new_topic(self, name: str) -> Refused | None:
        reason = refuse_name(name)
        if reason is not None:
            return Refused(Error.INVALID_TOPIC_EXCEPTION, reason)
        if name == METADATA_TOPIC:
            return OF_THE_CLUSTER
        if name in self.image.topics:
            return Refused(Error.TOPIC_ALREADY_EXISTS, f"topic '{name}' already exists")
        other = colliding(name, self.image.topics)
        if other is not None:
            return Refused(Error.INVALID_TOPIC_EXCEPTION, f"topic '{name}' collides with topic '{other}'")
        return None

    def create(self, request: CreateTopicsRequest) -> tuple[tuple[Record, ...], CreateTopicsResponse]:
        counts = Counter(topic.name for topic in request.topics)
        single = [topic for topic in request.topics if counts[topic.name] == 1 and topic.name != METADATA_TOPIC]
        refused = self._refuse_request(request, single)
        if refused is not None:
            return (), CreateTopicsResponse(topics=[_refusal(topic.name, refused) for topic in request.topics])
        records: list[Record] = []
        results: list[TopicResult] = []
        for topic in single:
            made = self._create_topic(topic)
            if isinstance(made, Refused):
                results.append(_refusal(topic.name, made))
                continue
            more, result = made
            records.extend(more)
            results.append(result)
        for name, count in counts.items():
            if count > 1:
                results.append(_refusal(name, Refused(Error.INVALID_REQUEST, "the request names this topic twice")))
            elif name == METADATA_TOPIC:
                results.append(_refusal(name, OF_THE_CLUSTER))
        return () if request.validate_only else tuple(records), CreateTopicsResponse(topics=results)

    def _refuse_request(self, request: CreateTopicsRequest, single: Sequence[CreatableTopic]) -> Refused | None:
        """What fails all topics alike, those that the request names twice among them."""
        if request.timeout_ms <= 0 and single:  # the controller's queue drops what is late when it comes
            return Refused(Error.REQUEST_TIMED_OUT, None)
        default = self._defaults().partitions
        counts = (default if topic.num_partitions == -1 else max(topic.num_partitions, 0) for topic in single)
        total = sum(len(topic.assignments) or count for topic, count in zip(single, counts, strict=True))
        if total > MAX_PARTITIONS_PER_REQUEST:
            return Refused(Error.POLICY_VIOLATION, "too many partitions at once")
        return None

    def _create_topic(self, topic: CreatableTopic) -> tuple[tuple[Record, ...], TopicResult] | Refused:
        refused = self.refuse_new_topic(topic.name)
        if refused is not None:
            return refused
        if any(config.value is None for config in topic.configs):
            return Refused(Error.INVALID_CONFIG, "a topic's config is set to null")
        overrides = {config.name: config.value for config in topic.configs if config.value is not None}
        reason = check_topic(self._settings, overrides)
        if reason is not None:
            return Refused(Error.INVALID_CONFIG, reason)
        placed = assign(topic, brokers_of(self.image), self._defaults())
        if isinstance(placed, Refused):
            return placed
        topic_id = new_id(self._random)
        result = TopicResult(
            name=topic.name,
            topic_id=topic_id,
            error_code=Error.NONE,
            error_message=None,
            num_partitions=len(placed),
            replication_factor=len(placed[0].replicas),
            configs=self._effective(overrides),
        )
        return self._topic_records(topic.name, topic_id, placed, overrides), result

    def _defaults(self) -> Defaults:
        return Defaults(self._settings.int("num.partitions"), self._settings.int("default.replication.factor"))

    def _topic_records(
        self, name: str, topic_id: bytes, placed: Sequence[Placed], configs: Mapping[str, str]
    ) -> tuple[Record, ...]:
        values: list[tuple[Any, int]] = [(TopicRecord(name=name, topic_id=topic_id), 0)]
        for config, value in configs.items():
            values.append((ConfigRecord(resource_type=TOPIC_RESOURCE, resource_name=name, name=config, value=value), 0))
        values += [(partition_record(self.image, topic_id, at, place), 2) for at, place in enumerate(placed)]
        return tuple(Record(None, value, version) for value, version in values)

    def _effective(self, overrides: Mapping[str, str]) -> list[TopicResult.CreatableTopicConfigs]:
        return [
            TopicResult.CreatableTopicConfigs(
                name=entry.name,
                value=overrides.get(entry.name, entry.value),
                read_only=entry.read_only,
                config_source=entry.config_source,
                is_sensitive=entry.is_sensitive,
            )
            for entry in describe_topic(self._settings, overrides)
        ]


def partition_record(image: Image, topic_id: bytes, index: int, placed: Placed) -> PartitionRecord:
    """A new partition, led by the first replica in sync."""
    return PartitionRecord(
        partition_id=index,
        topic_id=topic_id,
        replicas=placed.replicas,
        isr=placed.isr,
        removing_replicas=[],
        adding_replicas=[],
        leader=placed.isr[0],
        leader_epoch=0,
        partition_epoch=0,
        directories=[default_directory(image, node) for node in placed.replicas],
    )


def _refusal(name: str, refused: Refused) -> TopicResult:
    return TopicResult(name=name, error_code=refused.error, error_message=refused.message)


def new_id(rng: random.Random) -> bytes:
    """A version 4 UUID whose text form does not start with a dash (org.apache.kafka.common.Uuid)."""
    while True:
        made = bytearray(rng.randbytes(16))
        made[6], made[8] = made[6] & 0x0F | 0x40, made[8] & 0x3F | 0x80
        if made[0] >> 2 != 0b111110:
            return bytes(made)

"""The controller: decides on topics, producer ids and registrations, and folds its own records into the image."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kpybroker.config.describe import describe_topic
from kpybroker.config.settings import Settings
from kpybroker.machine import Call, Decision, Instant, Record, Reply
from kpybroker.metadata.features import FEATURES, FINALIZED
from kpybroker.metadata.image import CLUSTER_METADATA, TOPIC_RESOURCE, Image
from kpybroker.metadata.topic_names import colliding, refuse_name
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from kpybroker.wire.schemas.cluster_nodes import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from kpybroker.wire.schemas.cluster_state import ConfigRecord, FeatureLevelRecord, ProducerIdsRecord
from kpybroker.wire.schemas.cluster_topics import PartitionRecord, RemoveTopicRecord, TopicRecord

CreatableTopic = CreateTopicsRequest.CreatableTopic
TopicResult = CreateTopicsResponse.CreatableTopicResult
DeletedTopic = DeleteTopicsResponse.DeletableTopicResult
MAX_PARTITIONS_PER_REQUEST = 10_000  # QuorumController.MAX_RECORDS_PER_USER_OP
PLAINTEXT = 0  # org.apache.kafka.common.security.auth.SecurityProtocol
UNFENCE = -1  # BrokerRegistrationChangeRecord.fenced
PRODUCER_ID_BLOCK = 1000  # org.apache.kafka.server.common.ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE


class Refused(NamedTuple):
    error: Error
    message: str | None


class Controller:
    """A Machine over `__cluster_metadata`. Ids come from `rng`, so that a seed gives the same cluster again."""

    def __init__(self, image: Image, settings: Settings, rng: random.Random, directory_id: bytes) -> None:
        self.image = image
        self._settings = settings
        self._random = rng
        self._directory_id = directory_id

    def decide(self, call: Call, now: Instant) -> Decision:
        if isinstance(call.request, CreateTopicsRequest):
            records, response = self._create_topics(call.request)
            return Decision(records, (Reply(call.ticket, response),))
        assert isinstance(call.request, DeleteTopicsRequest)
        removed, results = self._delete_topics(call.request, call.version)
        return Decision(removed, (Reply(call.ticket, results),))

    def replay(self, record: Record) -> None:
        self.image.replay(record.value)

    def due(self) -> Instant | None:
        return None

    def expire(self, now: Instant) -> Decision:
        return Decision()

    def start(self, node: int, addresses: Mapping[str, tuple[str, int]]) -> tuple[Record, ...]:
        """What a starting node writes: the features of a new cluster, then its own registration."""
        values: list[tuple[Any, int]] = []
        if not self.image.features:
            values += [(FeatureLevelRecord(name=name, feature_level=level), 0) for name, level in FINALIZED.items()]
        epoch = self.image.changes + len(values)
        registration = RegisterBrokerRecord(
            broker_id=node,
            incarnation_id=self._new_id(),
            broker_epoch=epoch,
            end_points=[
                RegisterBrokerRecord.BrokerEndpoint(name=name, host=host, port=port, security_protocol=PLAINTEXT)
                for name, (host, port) in addresses.items()
            ],
            features=[
                RegisterBrokerRecord.BrokerFeature(
                    name=feature.name, min_supported_version=feature.first, max_supported_version=feature.last
                )
                for feature in FEATURES
            ],
            rack=self._rack(),
            fenced=True,
            log_dirs=[self._directory_id],
        )
        values.append((registration, 3))
        values.append((BrokerRegistrationChangeRecord(broker_id=node, broker_epoch=epoch, fenced=UNFENCE), 2))
        return tuple(Record(None, value, version) for value, version in values)

    def topic(self, name: str, partitions: int, configs: Mapping[str, str]) -> tuple[Record, ...]:
        """The records of a new topic on this cluster's brokers, with the default replication factor."""
        brokers = self._brokers()
        replicas = [brokers[: self._replication_factor(-1)] for _ in range(partitions)]
        return self._topic_records(name, self._new_id(), replicas, configs)

    def next_producer_ids(self, node: int) -> tuple[int, Record]:
        """The first id of a new block of producer ids, and the record that takes the block."""
        first = self.image.next_producer_id
        value = ProducerIdsRecord(
            broker_id=node, broker_epoch=self.image.nodes[node].epoch, next_producer_id=first + PRODUCER_ID_BLOCK
        )
        return first, Record(None, value, 0)

    def refuse_new_topic(self, name: str) -> Refused | None:
        reason = refuse_name(name)
        if reason is not None:
            return Refused(Error.INVALID_TOPIC_EXCEPTION, reason)
        if name in self.image.topics:
            return Refused(Error.TOPIC_ALREADY_EXISTS, f"topic '{name}' already exists")
        other = colliding(name, self.image.topics)
        if other is not None:
            return Refused(Error.INVALID_TOPIC_EXCEPTION, f"topic '{name}' collides with topic '{other}'")
        return None

    def _create_topics(self, request: CreateTopicsRequest) -> tuple[tuple[Record, ...], CreateTopicsResponse]:
        counts: dict[str, int] = {}
        for topic in request.topics:
            counts[topic.name] = counts.get(topic.name, 0) + 1
        single = [topic for topic in request.topics if counts[topic.name] == 1 and topic.name != CLUSTER_METADATA]
        total = sum(max(len(topic.assignments), topic.num_partitions, 1) for topic in single)
        records: list[Record] = []
        results: list[TopicResult] = []
        for topic in single:
            if total > MAX_PARTITIONS_PER_REQUEST:
                results.append(_refusal(topic.name, Refused(Error.POLICY_VIOLATION, "too many partitions at once")))
                continue
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
            elif name == CLUSTER_METADATA:
                results.append(_refusal(name, Refused(Error.INVALID_REQUEST, f"{name} is the cluster's own")))
        return () if request.validate_only else tuple(records), CreateTopicsResponse(topics=results)

    def _create_topic(self, topic: CreatableTopic) -> tuple[tuple[Record, ...], TopicResult] | Refused:
        refused = self.refuse_new_topic(topic.name)
        if refused is not None:
            return refused
        configs = {config.name: config.value for config in topic.configs}
        if None in configs.values():
            return Refused(Error.INVALID_CONFIG, "a topic's config is set to null")
        overrides = {name: value for name, value in configs.items() if value is not None}
        reason = self._settings.check_topic(overrides)
        if reason is not None:
            return Refused(Error.INVALID_CONFIG, reason)
        replicas = self._assign(topic)
        if isinstance(replicas, Refused):
            return replicas
        topic_id = self._new_id()
        result = TopicResult(
            name=topic.name,
            topic_id=topic_id,
            error_code=Error.NONE,
            error_message=None,
            num_partitions=len(replicas),
            replication_factor=len(replicas[0]),
            configs=self._effective(overrides),
        )
        return self._topic_records(topic.name, topic_id, replicas, overrides), result

    def _assign(self, topic: CreatableTopic) -> list[list[int]] | Refused:
        """The replicas of each partition, by hand or by default (ReplicationControlManager.createTopic)."""
        brokers = self._brokers()
        if topic.assignments:
            return self._assigned_by_hand(topic, brokers)
        if topic.replication_factor == 0 or topic.replication_factor < -1:
            return Refused(
                Error.INVALID_REPLICATION_FACTOR, "the replication factor is larger than 0, or -1 for the default"
            )
        if topic.num_partitions == 0 or topic.num_partitions < -1:
            return Refused(Error.INVALID_PARTITIONS, "the number of partitions is larger than 0, or -1 for the default")
        factor = self._replication_factor(topic.replication_factor)
        if factor > len(brokers):
            return Refused(
                Error.INVALID_REPLICATION_FACTOR,
                f"a replication factor of {factor} cannot be reached with {len(brokers)} broker(s)",
            )
        count = self._settings.int("num.partitions") if topic.num_partitions == -1 else topic.num_partitions
        return [brokers[:factor] for _ in range(count)]

    @staticmethod
    def _assigned_by_hand(topic: CreatableTopic, brokers: Sequence[int]) -> list[list[int]] | Refused:
        if topic.replication_factor != -1 or topic.num_partitions != -1:
            return Refused(
                Error.INVALID_REQUEST, "with replicas assigned by hand, partitions and replication factor are both -1"
            )
        by_index: dict[int, list[int]] = {}
        for assignment in topic.assignments:
            replicas = list(assignment.broker_ids)
            if assignment.partition_index in by_index:
                return Refused(
                    Error.INVALID_REPLICA_ASSIGNMENT, f"partition {assignment.partition_index} is assigned twice"
                )
            if not replicas or len(set(replicas)) < len(replicas) or not set(replicas) <= set(brokers):
                return Refused(Error.INVALID_REPLICA_ASSIGNMENT, f"replicas {replicas} are not distinct known brokers")
            if by_index and len(replicas) != len(next(iter(by_index.values()))):
                return Refused(Error.INVALID_REPLICA_ASSIGNMENT, "all partitions have the same number of replicas")
            by_index[assignment.partition_index] = replicas
        if set(by_index) != set(range(len(by_index))):
            return Refused(Error.INVALID_REPLICA_ASSIGNMENT, "the assigned partitions are numbered from 0 without gaps")
        return [by_index[index] for index in range(len(by_index))]

    def _delete_topics(
        self, request: DeleteTopicsRequest, version: int
    ) -> tuple[tuple[Record, ...], DeleteTopicsResponse]:
        states = request.topics if version >= 6 else [_state(name) for name in request.topic_names]
        records: list[Record] = []
        results: list[DeletedTopic] = []
        for state in states:
            topic_id = bytes(state.topic_id)
            by_id = self.image.topics_by_id.get(topic_id)
            by_name = self.image.topics.get(state.name) if state.name is not None else None
            found = by_name if state.name is not None else by_id
            error, message = Error.NONE, None
            if state.name is not None and topic_id != NO_ID:
                error, message = Error.INVALID_REQUEST, "a topic is named by its name or by its id, not by both"
            elif state.name is None and topic_id == NO_ID:
                error, message = Error.INVALID_REQUEST, "neither a topic's name nor its id was given"
            elif found is None:
                error = Error.UNKNOWN_TOPIC_OR_PARTITION if state.name is not None else Error.UNKNOWN_TOPIC_ID
                message = "this cluster has no such topic"
            else:
                records.append(Record(None, RemoveTopicRecord(topic_id=found.id), 0))
            results.append(
                DeletedTopic(
                    name=found.name if found is not None else state.name,
                    topic_id=found.id if found is not None else topic_id,
                    error_code=error,
                    error_message=message,
                )
            )
        return tuple(records), DeleteTopicsResponse(responses=results)

    def _rack(self) -> str | None:
        rack = self._settings.value("broker.rack")
        return rack if isinstance(rack, str) else None

    def _brokers(self) -> list[int]:
        return [node.id for node in self.image.nodes.values() if not node.fenced]

    def _replication_factor(self, asked: int) -> int:
        return self._settings.int("default.replication.factor") if asked == -1 else asked

    def _new_id(self) -> bytes:
        """A version 4 UUID whose text form does not start with a dash (org.apache.kafka.common.Uuid)."""
        while True:
            made = bytearray(self._random.randbytes(16))
            made[6], made[8] = made[6] & 0x0F | 0x40, made[8] & 0x3F | 0x80
            if made[0] >> 2 != 0b111110:
                return bytes(made)

    def _topic_records(
        self, name: str, topic_id: bytes, replicas: Sequence[list[int]], configs: Mapping[str, str]
    ) -> tuple[Record, ...]:
        values: list[tuple[Any, int]] = [(TopicRecord(name=name, topic_id=topic_id), 0)]
        for config, value in configs.items():
            values.append((ConfigRecord(resource_type=TOPIC_RESOURCE, resource_name=name, name=config, value=value), 0))
        for index, nodes in enumerate(replicas):
            partition = PartitionRecord(
                partition_id=index,
                topic_id=topic_id,
                replicas=nodes,
                isr=nodes,
                removing_replicas=[],
                adding_replicas=[],
                leader=nodes[0],
                leader_epoch=0,
                partition_epoch=0,
                directories=[self._directory_id] * len(nodes),
            )
            values.append((partition, 2))
        return tuple(Record(None, value, version) for value, version in values)

    def _effective(self, overrides: Mapping[str, str]) -> list[TopicResult.CreatableTopicConfigs]:
        return [
            TopicResult.CreatableTopicConfigs(
                name=entry.name,
                value=entry.value,
                read_only=entry.read_only,
                config_source=entry.config_source,
                is_sensitive=entry.is_sensitive,
            )
            for entry in describe_topic(self._settings, overrides)
        ]


def _state(name: str) -> DeleteTopicsRequest.DeleteTopicState:
    return DeleteTopicsRequest.DeleteTopicState(name=name, topic_id=NO_ID)


def _refusal(name: str, refused: Refused) -> TopicResult:
    return TopicResult(name=name, error_code=refused.error, error_message=refused.message)

"""The cluster image: what the records of `__cluster_metadata` add up to. Only `replay` changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from kpybroker.metadata.access import Access
from kpybroker.metadata.nodes import Node, Nodes
from kpybroker.metadata.quotas import Quotas
from kpybroker.metadata.scram import Credentials
from kpybroker.wire.schemas.cluster_nodes import (
    BrokerRegistrationChangeRecord,
    FenceBrokerRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    UnfenceBrokerRecord,
    UnregisterBrokerRecord,
)
from kpybroker.wire.schemas.cluster_security import (
    AccessControlEntryRecord,
    DelegationTokenRecord,
    RemoveAccessControlEntryRecord,
    RemoveDelegationTokenRecord,
    RemoveUserScramCredentialRecord,
    UserScramCredentialRecord,
)
from kpybroker.wire.schemas.cluster_state import (
    ClientQuotaRecord,
    ConfigRecord,
    FeatureLevelRecord,
    ProducerIdsRecord,
)
from kpybroker.wire.schemas.cluster_topics import (
    ClearElrRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RemoveTopicRecord,
    TopicRecord,
)

CONSUMER_OFFSETS = "__consumer_offsets"
TRANSACTION_STATE = "__transaction_state"
SHARE_GROUP_STATE = "__share_group_state"
INTERNAL_TOPICS = (CONSUMER_OFFSETS, TRANSACTION_STATE, SHARE_GROUP_STATE)
# Who has configs (org.apache.kafka.common.config.ConfigResource.Type).
TOPIC_RESOURCE, BROKER_RESOURCE, LOGGER_RESOURCE, METRICS_RESOURCE, GROUP_RESOURCE = 2, 4, 8, 16, 32
MOST_RECORDS = 10_000  # that one request may lead to (QuorumController.MAX_RECORDS_PER_USER_OP)
NO_LEADER, NO_LEADER_CHANGE = -1, -2  # org.apache.kafka.metadata.LeaderConstants
NO_RECOVERY_CHANGE = -1  # org.apache.kafka.metadata.LeaderRecoveryState.NO_CHANGE


class PartitionImage(Struct):
    """One partition as the controller knows it."""

    index: int
    leader: int
    leader_epoch: int
    partition_epoch: int
    replicas: list[int]
    isr: list[int]
    adding: list[int] = []
    removing: list[int] = []
    eligible: list[int] = []  # replicas that may lead although they are not in sync (KIP-966)
    last_known_eligible: list[int] = []
    directories: list[bytes] = []  # of the replicas, in their order (KIP-858)
    recovery: int = 0  # LeaderRecoveryState: 1 while a leader that was not in sync makes up for it

    def apply(self, record: PartitionChangeRecord) -> None:
        """What is not told is as it was; each change has a new epoch."""
        self.isr = _changed(self.isr, record.isr)
        self.replicas = _changed(self.replicas, record.replicas)
        self.adding = _changed(self.adding, record.adding_replicas)
        self.removing = _changed(self.removing, record.removing_replicas)
        self.eligible = _changed(self.eligible, record.eligible_leader_replicas)
        self.last_known_eligible = _changed(self.last_known_eligible, record.last_known_elr)
        if record.directories is not None:
            self.directories = [bytes(directory) for directory in record.directories]
        if record.leader_recovery_state != NO_RECOVERY_CHANGE:
            self.recovery = record.leader_recovery_state
        if record.leader != NO_LEADER_CHANGE:
            self.leader = record.leader
            self.leader_epoch += 1
        self.partition_epoch += 1


def _changed(old: list[int], new: list[int] | None) -> list[int]:
    return old if new is None else list(new)


class Topic(Struct):
    name: str
    id: bytes
    partitions: dict[int, PartitionImage]

    @property
    def is_internal(self) -> bool:
        return self.name in INTERNAL_TOPICS


class Image:
    """Everything the cluster agrees on. `changes` rises with every record, so that cached answers know their age."""

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.topics_by_id: dict[bytes, Topic] = {}
        self.registered = Nodes()
        self.nodes: dict[int, Node] = self.registered.brokers
        self.configs: dict[tuple[int, str], dict[str, str]] = {}  # (resource type, name): overrides
        self.features: dict[str, int] = {}
        self.quotas = Quotas()
        self.credentials = Credentials()
        self.access = Access()
        self.next_producer_id = 0
        self.changes = 0
        self._folds: dict[type[Any], Callable[[Any], None]] = {
            TopicRecord: self._topic,
            PartitionRecord: self._partition,
            PartitionChangeRecord: self._partition_change,
            ClearElrRecord: self._clear_eligible,
            RemoveTopicRecord: self._remove_topic,
            ConfigRecord: self._config,
            FeatureLevelRecord: self._feature,
            RegisterBrokerRecord: self.registered.register,
            BrokerRegistrationChangeRecord: self.registered.change,
            UnregisterBrokerRecord: self.registered.unregister,
            FenceBrokerRecord: self.registered.fence,
            UnfenceBrokerRecord: self.registered.unfence,
            RegisterControllerRecord: self.registered.register_controller,
            ProducerIdsRecord: self._producer_ids,
            ClientQuotaRecord: self.quotas.replay,
            UserScramCredentialRecord: self.credentials.store,
            RemoveUserScramCredentialRecord: self.credentials.remove,
            AccessControlEntryRecord: self.access.enter,
            RemoveAccessControlEntryRecord: self.access.remove_entry,
            DelegationTokenRecord: self.access.token,
            RemoveDelegationTokenRecord: self.access.remove_token,
        }

    def replay(self, value: Any) -> None:
        """Folds one record in; a kind that nothing here depends on is passed over, as an older Kafka would."""
        self.changes += 1
        fold = self._folds.get(type(value))
        if fold is not None:
            fold(value)

    def partition(self, topic: str, index: int) -> PartitionImage | None:
        found = self.topics.get(topic)
        return found.partitions.get(index) if found is not None else None

    def all_partitions(self) -> list[tuple[str, list[int]]]:
        """Every topic with the indexes of its partitions."""
        return [(topic.name, list(topic.partitions)) for topic in self.topics.values()]

    @property
    def active_nodes(self) -> tuple[int, ...]:
        """The brokers that are there."""
        return tuple(node.id for node in self.nodes.values() if not node.fenced)

    def topic_configs(self, topic: str) -> dict[str, str]:
        return self.configs.get((TOPIC_RESOURCE, topic), {})

    def _topic(self, record: TopicRecord) -> None:
        topic = Topic(record.name, bytes(record.topic_id), {})
        self.topics[topic.name] = self.topics_by_id[topic.id] = topic

    def _partition(self, record: PartitionRecord) -> None:
        self.topics_by_id[bytes(record.topic_id)].partitions[record.partition_id] = PartitionImage(
            record.partition_id,
            record.leader,
            record.leader_epoch,
            record.partition_epoch,
            list(record.replicas),
            list(record.isr),
            list(record.adding_replicas),
            list(record.removing_replicas),
            list(record.eligible_leader_replicas or ()),
            list(record.last_known_elr or ()),
            [bytes(directory) for directory in record.directories],
            record.leader_recovery_state,
        )

    def _partition_change(self, record: PartitionChangeRecord) -> None:
        self.topics_by_id[bytes(record.topic_id)].partitions[record.partition_id].apply(record)

    def _clear_eligible(self, record: ClearElrRecord) -> None:
        """Of one topic or, without a name, of all."""
        topics = [self.topics[record.topic_name]] if record.topic_name else self.topics.values()
        for topic in topics:
            for partition in topic.partitions.values():
                partition.eligible, partition.last_known_eligible = [], []

    def _remove_topic(self, record: RemoveTopicRecord) -> None:
        topic = self.topics_by_id.pop(bytes(record.topic_id))
        del self.topics[topic.name]
        self.configs.pop((TOPIC_RESOURCE, topic.name), None)

    def _config(self, record: ConfigRecord) -> None:
        resource = record.resource_type, record.resource_name
        overrides = self.configs.setdefault(resource, {})
        if record.value is not None:
            overrides[record.name] = record.value
            return
        overrides.pop(record.name, None)
        if not overrides:
            del self.configs[resource]

    def _feature(self, record: FeatureLevelRecord) -> None:
        if record.feature_level:
            self.features[record.name] = record.feature_level
        else:
            self.features.pop(record.name, None)

    def _producer_ids(self, record: ProducerIdsRecord) -> None:
        self.next_producer_id = record.next_producer_id

"""The controller: decides on topics, producer ids and registrations, and folds its own records into the image."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from kpybroker.config.settings import Settings
from kpybroker.machine import Call, Decision, Instant, Record, Reply
from kpybroker.metadata.creation import TopicMaker, new_id
from kpybroker.metadata.directories import CHANGE_VERSION
from kpybroker.metadata.features import ELIGIBLE_LEADERS, FEATURES, FINALIZED
from kpybroker.metadata.image import BROKER_RESOURCE, Image
from kpybroker.metadata.leadership import led_partitions
from kpybroker.metadata.record_versions import DIRECTORIES, level_of
from kpybroker.wire.schemas.cluster_nodes import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from kpybroker.wire.schemas.cluster_state import ConfigRecord, FeatureLevelRecord, ProducerIdsRecord

PLAINTEXT = 0  # org.apache.kafka.common.security.auth.SecurityProtocol
FENCE, UNFENCE = 1, -1  # BrokerRegistrationChangeRecord.fenced
MINIMUM_IN_SYNC = "min.insync.replicas"
PRODUCER_ID_BLOCK = 1000  # org.apache.kafka.server.common.ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE

# Reads the image, changes nothing: the records that a request leads to, and its answer.
Command: TypeAlias = "Callable[[Controller, Call], tuple[Sequence[Record], Any]]"


class Controller:
    """A Machine over `__cluster_metadata`. Ids come from `rng`, so that a seed gives the same cluster again."""

    def __init__(self, image: Image, settings: Settings, rng: random.Random, directory_ids: Sequence[bytes]) -> None:
        """`directory_ids` are those of this node's data directories that are online."""
        self.image = image
        self.settings = settings
        self.random = rng
        self.directory_ids = list(directory_ids)
        self.topics = TopicMaker(image, settings, rng)

    def decide(self, call: Call, command: Command) -> Decision:
        """What a request leads to: `command` gives the records and the answer."""
        records, answer = command(self, call)
        return Decision(tuple(records), (Reply(call.ticket, answer),))

    def replay(self, record: Record) -> None:
        self.image.replay(record.value)

    def due(self) -> Instant | None:
        return None

    def expire(self, now: Instant) -> Decision:
        return Decision()

    def start(self, node: int, addresses: Mapping[str, tuple[str, int]], offset: int) -> tuple[Record, ...]:
        """What a starting node writes: the features of a new cluster, or else that the partitions of its last run have
        lost their leader; its own registration; and that it leads them again.

        Both changes of leader have their epoch, so Apache Kafka too is two epochs further after a restart of its one
        node, a clean one and one after a kill. `offset` is that of the first of these records: the registration's own
        is the broker's epoch.
        """
        values: list[tuple[Any, int]] = []
        if not self.image.features:
            values += [(FeatureLevelRecord(name=name, feature_level=level), 0) for name, level in FINALIZED.items()]
        if self._lacks_minimum_in_sync():
            values.append((self._minimum_in_sync(), 0))
        leads, lost = led_partitions(self.image, node, self.directory_ids)
        values += [(change, CHANGE_VERSION) for change in lost]
        epoch = offset + len(values)
        registration = RegisterBrokerRecord(
            broker_id=node,
            incarnation_id=new_id(self.random),
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
            log_dirs=self.directory_ids if level_of(self.image.features) >= DIRECTORIES else [],
        )
        values.append((registration, 4))
        values.append((BrokerRegistrationChangeRecord(broker_id=node, broker_epoch=epoch, fenced=UNFENCE), 0))
        values += [(change, CHANGE_VERSION) for change in leads]
        return tuple(Record(None, value, version) for value, version in values)

    def stop(self, node: int) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
        """What a node writes that stops in good order, as Kafka's controller does for one: it leaves its partitions,
        and then is fenced, so that it, or another process in its place, may register again at once."""
        epoch = self.image.nodes[node].epoch
        leaving = BrokerRegistrationChangeRecord(broker_id=node, broker_epoch=epoch, in_controlled_shutdown=1)
        _, lost = led_partitions(self.image, node, self.directory_ids)
        fenced = BrokerRegistrationChangeRecord(broker_id=node, broker_epoch=epoch, fenced=FENCE)
        changes = [Record(None, change, CHANGE_VERSION) for change in lost]
        return (Record(None, leaving, 1), *changes), (Record(None, fenced, 0),)

    def _lacks_minimum_in_sync(self) -> bool:
        """With eligible leader replicas the cluster has a minimum for all brokers from its start (KIP-966)."""
        has_eligible = not self.image.features or bool(self.image.features.get(ELIGIBLE_LEADERS))
        return has_eligible and MINIMUM_IN_SYNC not in self.image.configs.get((BROKER_RESOURCE, ""), {})

    def _minimum_in_sync(self) -> ConfigRecord:
        least = str(self.settings.int(MINIMUM_IN_SYNC))
        return ConfigRecord(resource_type=BROKER_RESOURCE, resource_name="", name=MINIMUM_IN_SYNC, value=least)

    def next_producer_ids(self, node: int) -> tuple[int, Record]:
        """The first id of a new block of producer ids, and the record that takes the block."""
        first = self.image.next_producer_id
        value = ProducerIdsRecord(
            broker_id=node, broker_epoch=self.image.nodes[node].epoch, next_producer_id=first + PRODUCER_ID_BLOCK
        )
        return first, Record(None, value, 0)

    def _rack(self) -> str | None:
        rack = self.settings.value("broker.rack")
        return rack if isinstance(rack, str) else None

"""The topics that coordinators keep their records in: how many partitions each has, and how it is configured."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.metadata.image import CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE


class InternalTopic(NamedTuple):
    """What Kafka makes such a topic with: fixed configs, and the broker settings that the others come from."""

    partitions: str
    fixed: dict[str, str]
    taken: dict[str, str]


_TOPICS = {
    # GroupCoordinatorService.groupMetadataTopicConfigs
    CONSUMER_OFFSETS: InternalTopic(
        "offsets.topic.num.partitions",
        {"compression.type": "producer", "cleanup.policy": "compact"},
        {"segment.bytes": "offsets.topic.segment.bytes"},
    ),
    # TransactionStateManager.transactionTopicConfigs
    TRANSACTION_STATE: InternalTopic(
        "transaction.state.log.num.partitions",
        {
            "compression.type": "uncompressed",
            "cleanup.policy": "compact",
            "unclean.leader.election.enable": "false",
        },
        {
            "min.insync.replicas": "transaction.state.log.min.isr",
            "segment.bytes": "transaction.state.log.segment.bytes",
        },
    ),
    # ShareCoordinatorService.shareGroupStateTopicConfigs
    SHARE_GROUP_STATE: InternalTopic(
        "share.coordinator.state.topic.num.partitions",
        {"compression.type": "producer", "cleanup.policy": "delete", "retention.ms": "-1"},
        {
            "min.insync.replicas": "share.coordinator.state.topic.min.isr",
            "segment.bytes": "share.coordinator.state.topic.segment.bytes",
        },
    ),
}


def internal_topic(name: str, settings: Settings) -> tuple[int, dict[str, str]]:
    """The partitions and configs of one of INTERNAL_TOPICS."""
    topic = _TOPICS[name]
    taken = {config: str(settings.value(setting)) for config, setting in topic.taken.items()}
    return settings.int(topic.partitions), topic.fixed | taken

"""The topics of coordinators: made as Apache Kafka 4.3.1 makes them, by whatever request names them first."""

from __future__ import annotations

import pytest

from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from tests.core import Bench, CoreClient
from tests.requests import metadata

DESCRIBE_CONFIGS, TOPIC, OF_THE_TOPIC = 32, 2, 1
CONFIGS = {  # what Apache Kafka 4.3.1 describes as the topic's own
    "__consumer_offsets": {"compression.type": "producer", "cleanup.policy": "compact", "segment.bytes": "104857600"},
    "__transaction_state": {
        "compression.type": "uncompressed",
        "min.insync.replicas": "1",
        "cleanup.policy": "compact",
        "segment.bytes": "104857600",
        "unclean.leader.election.enable": "false",
    },
    "__share_group_state": {
        "compression.type": "producer",
        "min.insync.replicas": "1",
        "cleanup.policy": "delete",
        "segment.bytes": "104857600",
        "retention.ms": "-1",
    },
}


def configs(client: CoreClient, name: str) -> dict[str, str]:
    layout = request_type(DESCRIBE_CONFIGS)
    resource = blank(layout.DescribeConfigsResource, resource_type=TOPIC, resource_name=name, configuration_keys=None)
    (result,) = client.ask(blank(layout, resources=[resource]), 4).results
    return {config.name: config.value for config in result.configs if config.config_source == OF_THE_TOPIC}


@pytest.mark.parametrize("name", list(CONFIGS))
def test_an_internal_topic(name: str) -> None:
    """It has 50 partitions, counts as internal, and is configured for what is kept in it."""
    client = Bench().connect()
    (topic,) = client.ask(metadata(name, create=True), 9).topics
    assert (topic.error_code, topic.is_internal, len(topic.partitions)) == (0, True, 50)
    assert configs(client, name) == CONFIGS[name]


def test_settings_of_internal_topics() -> None:
    """Partitions and segments are as the broker's settings say."""
    config = {
        "offsets.topic.num.partitions": "2",
        "offsets.topic.segment.bytes": "2000000",
        "transaction.state.log.num.partitions": "3",
        "transaction.state.log.segment.bytes": "3000000",
        "share.coordinator.state.topic.num.partitions": "4",
        "share.coordinator.state.topic.segment.bytes": "4000000",
    }
    client = Bench(config=config).connect()
    for name, count in zip(CONFIGS, (2, 3, 4), strict=True):
        (topic,) = client.ask(metadata(name, create=True), 9).topics
        assert len(topic.partitions) == count
        assert configs(client, name)["segment.bytes"] == f"{count}000000"

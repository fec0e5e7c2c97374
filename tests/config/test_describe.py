"""Descriptions entry by entry against those that Apache Kafka 4.3.1 gave, synonyms and all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kpybroker.config import Settings
from kpybroker.config.describe import (
    Entry,
    describe_broker,
    describe_brokers,
    describe_client_metrics,
    describe_group,
    describe_topic,
)
from tests.config.golden import golden

RECORDED = ("plain", "told")
GROUP: Mapping[str, dict[str, str]] = {
    "plain": {},
    "told": {"consumer.session.timeout.ms": "50000", "share.auto.offset.reset": "earliest"},
}
CLIENT_METRICS: Mapping[str, dict[str, str]] = {
    "plain": {},
    "told": {"interval.ms": "1000", "match": "client_id=.*"},
}

MINIMUM = "min.insync.replicas"  # set for all brokers in the metadata log of a new cluster (KIP-966)

# Said otherwise by a kpybroker that nobody configured than by the recorded Kafka.
DIFFERENCES = {
    "advertised.listeners": "Kafka was told one; by default a client is told the address it dialled",
    "controller.quorum.voters": "a lone broker of ours needs to be told none",
    "listener.security.protocol.map": "Kafka was told one; ours is Kafka's default",
    "listeners": "each has its own port, and ours opens no listener for controllers",
    "log.dirs": "each has its own directory, which whoever starts ours adds",
    "num.partitions": "Kafka was told 1; ours has the same by default",
    "share.coordinator.state.topic.min.isr": "on one node it is 1, or share groups could not start",
    "share.coordinator.state.topic.replication.factor": "on one node it is 1, or share groups could not start",
}


def as_recorded(entries: list[Entry]) -> dict[str, list[Any]]:
    return {
        each.name: [
            each.name,
            each.value,
            each.read_only,
            each.config_source,
            each.is_sensitive,
            each.config_type,
            [list(synonym) for synonym in each.synonyms],
        ]
        for each in entries
    }


def by_name(entries: list[list[Any]]) -> dict[str, list[Any]]:
    return {entry[0]: entry for entry in entries}


@pytest.fixture(params=RECORDED)
def recorded(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A Kafka with the benchmark's few properties, and one that was told 25 more of every kind."""
    found: dict[str, Any] = golden(f"described_{request.param}")
    return found


@pytest.fixture
def settings(recorded: dict[str, Any]) -> Settings:
    told = recorded["properties"]
    from_the_start = {MINIMUM: told.get(MINIMUM, "1")}
    # Strict and with three nodes ours adds nothing of its own.
    return Settings(told, strict=True, nodes=3, dynamic_default=from_the_start)


def test_broker(settings: Settings, recorded: dict[str, Any]) -> None:
    """Told the same, a broker of ours describes itself as Kafka does, without a difference."""
    assert as_recorded(describe_broker(settings)) == by_name(recorded["broker"])


def test_all_brokers(settings: Settings, recorded: dict[str, Any]) -> None:
    """Without a broker's id, what was set for all of them: min.insync.replicas from the start (KIP-966)."""
    assert as_recorded(describe_brokers(settings)) == by_name(recorded["cluster"])


@pytest.mark.parametrize("name", RECORDED)
def test_topic(settings: Settings, recorded: dict[str, Any], name: str) -> None:
    """A topic with and one without settings of its own, over either broker's."""
    topic = recorded["topic"][name]
    assert as_recorded(describe_topic(settings, topic["overrides"])) == by_name(topic["entries"])


@pytest.mark.parametrize("name", RECORDED)
def test_group(settings: Settings, recorded: dict[str, Any], name: str) -> None:
    """A group with and one without settings of its own."""
    assert as_recorded(describe_group(settings, GROUP[name])) == by_name(recorded["group"][name])


@pytest.mark.parametrize("name", RECORDED)
def test_client_metrics(recorded: dict[str, Any], name: str) -> None:
    """A subscription to clients' metrics, and one that nobody made."""
    assert as_recorded(describe_client_metrics(CLIENT_METRICS[name])) == by_name(recorded["client metrics"][name])


def test_unconfigured_broker() -> None:
    """Nothing told, ours differs from the recorded Kafka in what is listed here with a reason, and in no more."""
    ours = as_recorded(describe_broker(Settings({}, dynamic_default={MINIMUM: "1"})))
    theirs = by_name(golden("described_plain")["broker"])
    differing = [name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)]
    assert sorted(differing) == sorted(DIFFERENCES)


def test_fast_default_is_described_as_static() -> None:
    """The default that differs is told openly, as if it stood in server.properties; strict has Kafka's."""
    fast = as_recorded(describe_broker(Settings({}), ["group.initial.rebalance.delay.ms"]))
    strict = as_recorded(describe_broker(Settings({}, strict=True), ["group.initial.rebalance.delay.ms"]))
    name = "group.initial.rebalance.delay.ms"
    assert fast == {name: [name, "0", True, 4, False, 3, [[name, "0", 4], [name, "3000", 5]]]}
    assert strict == {name: [name, "3000", True, 5, False, 3, [[name, "3000", 5]]]}


def test_only_what_is_asked() -> None:
    """Named settings alone are described; for no names, as for null, all are; a name that is none is left out."""
    settings = Settings({})
    assert [each.name for each in describe_topic(settings, {}, ["retention.ms", "no.such"])] == ["retention.ms"]
    assert [each.name for each in describe_broker(settings, ["node.id"])] == ["node.id"]
    assert [each.name for each in describe_group(settings, {}, ["share.isolation.level"])] == ["share.isolation.level"]
    assert [each.name for each in describe_client_metrics({}, ["match"])] == ["match"]
    assert describe_brokers(settings, ["no.such"]) == []
    assert len(describe_topic(settings, {}, [])) == len(describe_topic(settings, {})) == 33


def test_dynamic_sources() -> None:
    """What was set for one broker comes before what was set for all, before what is static, before the default."""
    settings = Settings(
        {"message.max.bytes": "1"}, dynamic={"message.max.bytes": "3"}, dynamic_default={"message.max.bytes": "2"}
    )
    entry = describe_broker(settings, ["message.max.bytes"])[0]
    assert (entry.value, entry.config_source) == ("3", 2)
    assert [(text, source) for _, text, source in entry.synonyms] == [("3", 2), ("2", 3), ("1", 4), ("1048588", 5)]


def test_dynamic_only_setting() -> None:
    """A quota of replication is described where it was set, and can be altered."""
    name = "leader.replication.throttled.rate"
    assert describe_broker(Settings({}), [name]) == []
    entry = describe_broker(Settings({}, dynamic={name: "5"}), [name])[0]
    assert (entry.value, entry.read_only, entry.config_source, entry.config_type) == ("5", False, 2, 5)

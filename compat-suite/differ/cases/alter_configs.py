"""AlterConfigs: all configs of a resource at once; what is not named goes back to its default (KIP-133)."""

from differ.configs import (
    BROKER,
    CLUSTER,
    GROUP,
    LOGGER,
    METRICS,
    NODE,
    TOPIC,
    UNSET,
    describe,
    groups_have_configs,
    replace,
    resource,
)
from differ.talk import Talk, versions

API = "AlterConfigs"


def topic_replaced(talk: Talk) -> None:
    """What the request names is set, all else is as if it never was."""
    topic = talk.topic(configs={"retention.ms": "1000", "cleanup.policy": "compact"})
    replace(talk, TOPIC, topic.name, {"retention.ms": "2000", "segment.ms": "5000"})
    describe(talk, TOPIC, topic.name, retention__ms="2000", segment__ms="5000", cleanup__policy="delete")
    replace(talk, TOPIC, topic.name, {})
    describe(talk, TOPIC, topic.name, retention__ms=5, segment__ms=5, cleanup__policy=5)


def topic_values_refused(talk: Talk) -> None:
    """A wrong value leaves everything as it was, the configs not named too."""
    topic = talk.topic(configs={"segment.ms": "5000"})
    for configs in (
        {"retention.ms": "-2"},
        {"retention.ms": "1000", "segment.bytes": "5"},
        {"no.such.config": "1"},
        {"retention.ms": None},
        {"min.compaction.lag.ms": "2", "max.compaction.lag.ms": "1"},
        {"remote.storage.enable": "true"},
    ):
        replace(talk, TOPIC, topic.name, configs)
    describe(talk, TOPIC, topic.name, segment__ms="5000", retention__ms=5)


def duplicates(talk: Talk) -> None:
    """A config twice, no resource at all, one wrong of two."""
    topic, other = talk.topic(), talk.topic("other")
    row = {"name": "retention.ms", "value": "1000"}
    talk.ask(resources=[resource(TOPIC, topic.name, row, row)], validate_only=False)
    talk.ask(resources=[], validate_only=False)
    wrong = resource(TOPIC, topic.name, {"name": "retention.ms", "value": "soon"})
    talk.ask(resources=[wrong, resource(TOPIC, other.name)], validate_only=False)
    describe(talk, TOPIC, other.name, retention__ms=5)
    describe(talk, TOPIC, topic.name, retention__ms=5)


@versions("2")
def resource_twice(talk: Talk) -> None:
    """A resource that is named twice."""
    topic = talk.topic()
    twice = resource(TOPIC, topic.name, {"name": "retention.ms", "value": "1000"})
    talk.patience_s = 2.0
    talk.ask(resources=[twice, twice], validate_only=False)


def names_refused(talk: Talk) -> None:
    """Topics, brokers, groups and subscriptions that are not there or cannot be, loggers, kinds that are none."""
    for name in (talk.name_of("missing"), "", "sp ace"):
        replace(talk, TOPIC, name, {"retention.ms": "1000"})
    for name in ("7", "one"):
        replace(talk, BROKER, name, {"log.retention.ms": "1000"})
    replace(talk, GROUP, "", {"consumer.session.timeout.ms": "50000"})
    replace(talk, METRICS, "", {"interval.ms": "1000"})
    replace(talk, LOGGER, NODE, {"root": "INFO"})
    for kind in (0, 1, 64):
        replace(talk, kind, "1", {"retention.ms": "1000"})


def validate_only(talk: Talk) -> None:
    """Checked and answered, not done."""
    topic = talk.topic(configs={"retention.ms": "1000"})
    for kind, name, config, value in (
        (TOPIC, topic.name, "segment.ms", "1000"),
        (TOPIC, topic.name, "segment.ms", "soon"),
        (BROKER, NODE, "log.retention.ms", "1000"),
        (BROKER, NODE, "node.id", "1"),
        (GROUP, talk.name_of("group"), "consumer.session.timeout.ms", "1"),
        (METRICS, talk.name_of("metrics"), "interval.ms", "1000"),
    ):
        replace(talk, kind, name, {config: value}, validate_only=True)
    describe(talk, TOPIC, topic.name, segment__ms=5, retention__ms="1000")


def brokers(talk: Talk) -> None:
    """A broker's own configs replaced; those of all brokers keep min.insync.replicas or nothing happens (KIP-966)."""
    replace(talk, BROKER, NODE, {"log.retention.ms": "90000000", "log.roll.ms": "80000000"})
    describe(talk, BROKER, NODE, log__retention__ms="90000000", log__roll__ms="80000000")
    replace(talk, BROKER, NODE, {"log.roll.ms": "70000000"})
    describe(talk, BROKER, NODE, log__retention__ms=5, log__roll__ms="70000000")
    replace(talk, BROKER, NODE, {})
    describe(talk, BROKER, NODE, log__roll__ms=5)
    replace(talk, BROKER, CLUSTER, {})
    replace(talk, BROKER, CLUSTER, {"log.roll.ms": "70000000"})
    replace(talk, BROKER, CLUSTER, {"log.roll.ms": "70000000", "min.insync.replicas": "1"})
    describe(talk, BROKER, CLUSTER, log__roll__ms="70000000", min__insync__replicas="1")
    replace(talk, BROKER, CLUSTER, {"min.insync.replicas": "1"})
    describe(talk, BROKER, NODE, log__roll__ms=5)


def broker_values_refused(talk: Talk) -> None:
    """What a broker does not let itself be told while it runs."""
    for name in (NODE, CLUSTER):
        for config, value in (
            ("num.partitions", "3"),
            ("log.retention.ms", "soon"),
            ("log.segment.bytes", "5"),
            ("ssl.keystore.password", "secret"),
            ("num.io.threads", "1000"),
            ("listener.name.plaintext.ssl.protocol", ""),
        ):
            replace(talk, BROKER, name, {config: value, "min.insync.replicas": "1"}, validate_only=True)


def groups_and_metrics(talk: Talk) -> None:
    """A group and a subscription, replaced and gone again."""
    group, metrics = talk.name_of("group"), talk.name_of("metrics")
    replace(talk, METRICS, metrics, {"interval.ms": "1000", "metrics": "*"})
    replace(talk, METRICS, metrics, {"match": "client_id=a"})
    describe(talk, METRICS, metrics, match="client_id=a", interval__ms=UNSET, metrics=UNSET)
    replace(talk, METRICS, metrics, {})
    describe(talk, METRICS, metrics, match=UNSET)
    if groups_have_configs(talk):
        replace(talk, GROUP, group, {"consumer.session.timeout.ms": "50000", "share.delivery.count.limit": "3"})
        replace(talk, GROUP, group, {"share.delivery.count.limit": "4"})
        describe(talk, GROUP, group, share__delivery__count__limit="4", consumer__session__timeout__ms=5)
        replace(talk, GROUP, group, {})
        describe(talk, GROUP, group, share__delivery__count__limit=5)

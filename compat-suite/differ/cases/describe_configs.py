"""DescribeConfigs: topics, brokers and what else has configs."""

from typing import Any

from differ.talk import Talk, versions

API = "DescribeConfigs"
TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
BROKER_KEYS = [
    "auto.create.topics.enable",
    "compression.type",
    "group.max.session.timeout.ms",
    "log.cleanup.policy",
    "log.message.timestamp.type",
    "log.retention.hours",
    "log.retention.ms",
    "log.segment.bytes",
    "message.max.bytes",
    "min.insync.replicas",
    "offsets.topic.num.partitions",
    "ssl.keystore.password",
]


def _ask(talk: Talk, kind: int, name: str, keys: list[str] | None = None, **more: Any) -> None:
    talk.ask(resources=[{"resource_type": kind, "resource_name": name, "configuration_keys": keys}], **more)


def whole_topic(talk: Talk) -> None:
    """Every config of a topic, two of them its own."""
    topic = talk.topic(configs={"retention.ms": "86400000", "cleanup.policy": "compact,delete"})
    _ask(talk, TOPIC, topic.name)


def some_keys(talk: Talk) -> None:
    """Only what was asked for; unknown names are left out; none asked for."""
    topic = talk.topic()
    _ask(talk, TOPIC, topic.name, ["retention.ms", "no.such.config", "cleanup.policy"])
    _ask(talk, TOPIC, topic.name, ["no.such.config"])
    _ask(talk, TOPIC, topic.name, [])


def synonyms(talk: Talk) -> None:
    """Where a value comes from, or would come from."""
    topic = talk.topic(configs={"retention.ms": "1000"})
    _ask(talk, TOPIC, topic.name, ["retention.ms", "max.message.bytes", "min.insync.replicas"], include_synonyms=True)
    _ask(talk, BROKER, "1", BROKER_KEYS, include_synonyms=True)


@versions("3+")
def documentation(talk: Talk) -> None:
    """Types, and prose for people."""
    topic = talk.topic()
    _ask(talk, TOPIC, topic.name, include_documentation=True)


def broker(talk: Talk) -> None:
    """Some of a broker's configs, and what is the same for all brokers."""
    _ask(talk, BROKER, "1", BROKER_KEYS)
    _ask(talk, BROKER, "", BROKER_KEYS)


@versions("4+")
def whole_broker(talk: Talk) -> None:
    """Everything that a broker is configured with, save what whoever started it had to set."""
    _ask(talk, BROKER, "1")


def unknown_names(talk: Talk) -> None:
    """Topics and brokers that are not there, names that cannot be."""
    _ask(talk, TOPIC, talk.name_of("missing"))
    for name in ("", "sp ace"):
        _ask(talk, TOPIC, name)
    for name in ("7", "one"):
        _ask(talk, BROKER, name)


def brokers_by_odd_names(talk: Talk) -> None:
    """A broker's id in every way that Java reads a number, and in some that it does not."""
    for name in ("+1", "01", "000000000000001", "-1", "-", "+", "--1", " 1", "1.0", "1_0", "4294967297", "\u0661"):
        _ask(talk, BROKER, name, ["node.id"])
        _ask(talk, LOGGER, name, ["no.such.logger"])


def other_kinds(talk: Talk) -> None:
    """A logger's level, a metrics subscription and a group that are not there; kinds that are none."""
    _ask(talk, LOGGER, "1", ["no.such.logger"])
    _ask(talk, LOGGER, "7")
    _ask(talk, METRICS, talk.name_of("metrics"))
    _ask(talk, GROUP, talk.name_of("group"))
    for kind in (0, 1, 3, 64):
        _ask(talk, kind, "1")


def unknown_kind_beside_others(talk: Talk) -> None:
    """A resource of a kind that is none fails all that were asked for with it."""
    topic = talk.topic()
    for kind in (0, 3, -1):
        resources = [{"resource_type": k, "resource_name": topic.name} for k in (TOPIC, kind)]
        talk.ask(resources=[r | {"configuration_keys": ["retention.ms"]} for r in resources])


def several(talk: Talk) -> None:
    """Two resources, one of them twice, one not there."""
    topic = {"resource_type": TOPIC, "resource_name": talk.topic().name, "configuration_keys": ["retention.ms"]}
    missing = topic | {"resource_name": talk.name_of("missing")}
    talk.ask(resources=[missing, topic])
    talk.ask(resources=[topic, topic])


def nothing(talk: Talk) -> None:
    """No resources."""
    talk.ask(resources=[])

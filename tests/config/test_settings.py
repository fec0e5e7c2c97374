"""A broker's settings: what Kafka starts with we start with, what it refuses we refuse, often in its own words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kpybroker
from kpybroker.config import SettingError, Settings
from kpybroker.config.listeners import listeners
from kpybroker.config.topics import topic_settings
from kpybroker.config.values import render
from tests.config.golden import golden

STARTUP = golden("startup")
# Kafka's own sentence is long or speaks of Java; ours says the same of the same setting.
OUR_OWN_WORDS = ("IllegalArgumentException", "InvalidConfigurationException")
OUR_OWN_WORDS_FOR = (
    "broker.id",
    "node.id",
    "group.coordinator.rebalance.protocols",
    "controller.quorum.voters",
    "listener.security.protocol.map",
    "inter.broker.listener.name",
)


def refusal_of(properties: dict[str, str]) -> str | None:
    try:
        listeners(Settings(properties, strict=True))
    except SettingError as error:
        return str(error)
    return None


@pytest.mark.parametrize("case", STARTUP, ids=lambda case: str(STARTUP.index(case)))
def test_starts_with_what_kafka_starts_with(case: dict[str, Any]) -> None:
    """Each of 134 sets of properties is taken or refused as Kafka 4.3.1 takes or refuses it; one line says why."""
    said, theirs = refusal_of(case["properties"]), case["refused"]
    assert (said is None) == (theirs is None)
    if said is None or theirs is None:
        return
    assert "\n" not in said
    plain = STARTUP[0]["properties"]
    changed = [name for name, text in case["properties"].items() if plain.get(name) != text]
    assert any(name in said for name in [*changed, "inter.broker.listener.name"])
    kind, _, words = theirs.partition(": ")
    if kind not in OUR_OWN_WORDS and not any(name in OUR_OWN_WORDS_FOR for name in changed):
        assert said == words


def test_unknown_settings_are_kept_and_named() -> None:
    """What Kafka 4.3.1 does not know is no error: it is in `unknown`, in the order given, and among what is static."""
    settings = Settings({"zookeeper.connect": "localhost:2181", "num.partitions": "2", "my.own": "x"})
    assert settings.unknown == ("zookeeper.connect", "my.own")
    assert settings.static["my.own"] == "x"


def test_settings_of_one_listener_are_known() -> None:
    """listener.name.<name>.<setting> is known where the setting is, with a SASL mechanism between them too."""
    known = {
        "listener.name.inside.max.connections": "5",
        "listener.name.inside.scram-sha-256.sasl.jaas.config": "module required;",
    }
    assert Settings(known).unknown == ()
    assert Settings({"listener.name.inside.no.such": "5"}).unknown == ("listener.name.inside.no.such",)
    with pytest.raises(SettingError, match="Not a number of type INT"):
        Settings({"listener.name.inside.max.connections": "many"})


def test_types() -> None:
    """Blanks around a value, a plus sign, any case of true and a list's blanks are taken as Kafka takes them."""
    settings = Settings(
        {
            "num.partitions": " +3 ",
            "auto.create.topics.enable": " TRUE",
            "log.cleanup.policy": " compact , delete ",
            "log.cleaner.min.cleanable.ratio": "5e-1",
            "broker.rack": " r1 ",
            "log.retention.bytes": "9223372036854775807",
        }
    )
    assert settings.int("num.partitions") == 3
    assert settings.boolean("auto.create.topics.enable") is True
    assert settings.list("log.cleanup.policy") == ("compact", "delete")
    assert settings.double("log.cleaner.min.cleanable.ratio") == 0.5
    assert settings.text("broker.rack") == "r1"
    assert settings.int("log.retention.bytes") == 2**63 - 1
    assert settings.value("log.retention.ms") is settings.value("inter.broker.listener.name") is None
    assert render(settings.value("log.cleanup.policy")) == "compact,delete"


@pytest.mark.parametrize(
    ("text", "written"),
    [("0.00005", "5.0E-5"), ("12345678.5", "1.23456785E7"), ("-1e16", "-1.0E16"), ("1e-3", "0.001"), ("100", "100.0"),
     ("9999999.5", "9999999.5"), ("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1.5e-7d", "1.5E-7")],
)  # fmt: skip
def test_doubles_are_written_as_java_writes_them(text: str, written: str) -> None:
    """Double.toString of Java 17 says these."""
    name = "sasl.kerberos.ticket.renew.jitter"
    assert render(Settings({name: text}).value(name)) == written


def test_our_own_defaults() -> None:
    """By default a new group does not wait; one node has internal topics it can make; both ids are 1."""
    settings = Settings({})
    assert settings.int("group.initial.rebalance.delay.ms") == 0
    assert settings.int("offsets.topic.replication.factor") == 1
    assert settings.int("transaction.state.log.replication.factor") == 1
    assert settings.int("transaction.state.log.min.isr") == 1
    assert settings.int("node.id") == settings.int("broker.id") == 1
    assert settings.list("process.roles") == ("broker", "controller")
    assert settings.list("listeners") == ("PLAINTEXT://127.0.0.1:9092",)


def test_strict_waits_as_kafka_waits() -> None:
    """With strict a new group waits 3 seconds; the internal topics of one node stay what one node can hold."""
    settings = Settings({}, strict=True)
    assert settings.int("group.initial.rebalance.delay.ms") == 3000
    assert settings.int("offsets.topic.replication.factor") == 1


def test_three_nodes_replicate_as_kafka_does() -> None:
    """From three nodes on, the internal topics have Kafka's own replication."""
    settings = Settings({}, nodes=3)
    assert settings.int("offsets.topic.replication.factor") == 3
    assert settings.int("transaction.state.log.min.isr") == 2


def test_what_is_given_beats_our_defaults() -> None:
    """A default of ours gives way to what the user says."""
    settings = Settings({"group.initial.rebalance.delay.ms": "3000", "offsets.topic.replication.factor": "2"})
    assert settings.int("group.initial.rebalance.delay.ms") == 3000
    assert settings.int("offsets.topic.replication.factor") == 2


@pytest.mark.parametrize("name", ["node.id", "broker.id"])
def test_either_id_is_both(name: str) -> None:
    """node.id and broker.id are one thing: setting either sets both."""
    settings = Settings({name: "7"})
    assert settings.int("node.id") == settings.int("broker.id") == 7


def test_dynamic_settings_beat_static_ones_and_their_synonyms() -> None:
    """For one broker, then for all, then static; a dynamic log.retention.ms puts a static log.retention.ms aside."""
    settings = Settings(
        {"log.retention.minutes": "5", "log.segment.bytes": "2000000", "message.max.bytes": "1"},
        dynamic={"message.max.bytes": "3"},
        dynamic_default={"message.max.bytes": "2", "log.retention.ms": "70000", "log.segment.bytes": "3000000"},
    )
    topic = topic_settings(settings, {})
    assert (topic.max_message_bytes, topic.retention_ms, topic.segment_bytes) == (3, 70000, 3000000)


def test_a_wrong_dynamic_setting_is_refused() -> None:
    """What is set while running is held to the same rules."""
    with pytest.raises(SettingError, match="Value must be at least 1048576"):
        Settings({}, dynamic={"log.segment.bytes": "5"})


def test_a_start_loads_little() -> None:
    """Making a broker's default settings loads no table but the broker's, and no library that takes its time."""
    program = "import sys; from kpybroker.config import Settings; Settings({}); print(*sorted(sys.modules))"
    root = Path(kpybroker.__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    loaded = run.stdout.split()
    assert [name for name in loaded if name.startswith("kpybroker")] == [
        "kpybroker",
        "kpybroker.config",
        "kpybroker.config.consistency",
        "kpybroker.config.settings",
        "kpybroker.config.tables",
        "kpybroker.config.tables.broker",
        "kpybroker.config.values",
    ]
    assert {"msgspec", "trio", "dataclasses", "inspect", "ipaddress", "json"}.isdisjoint(loaded)

"""What a running broker takes and refuses: each line was asked of Apache Kafka 4.3.1."""

from __future__ import annotations

import pytest

from kpybroker.config import SettingError, Settings
from kpybroker.config.dynamic import applicable, check_dynamic, tell
from tests.config.golden import golden

ALTERABLE = golden("alterable")
NEITHER = [
    ("node.id", "1"),
    ("num.partitions", "3"),
    ("log.retention.hours", "5"),
    ("log.roll.hours", "5"),
    ("unstable.api.versions.enable", "true"),
    ("log.segment.bytes", "5"),
    ("log.retention.ms", "0"),
    ("compression.type", "brotli"),
    ("num.io.threads", "17"),
    ("num.io.threads", "3"),
    ("num.network.threads", "7"),
    ("log.cleaner.threads", "0"),
    ("log.cleaner.threads", "3"),
    ("ssl.keystore.password", "secret"),
    ("metric.reporters", "no.such.Class"),
    ("log.local.retention.ms", "9223372036854775807"),
    ("leader.replication.throttled.rate", "-1"),
    ("listener.name.plaintext.max.connections", "none"),
    ("remote.log.reader.threads", "100"),
    ("max.connections", "0"),
    ("max.connection.creation.rate", "0"),
]
ONLY_ONE_BROKER = [
    ("ssl.protocol", "TLSv1.3"),
    ("sasl.kerberos.kinit.cmd", "kinit"),
    ("listener.name.plaintext.ssl.keystore.location", "somewhere"),
    ("listeners", "PLAINTEXT://127.0.0.1:1"),
    ("cordoned.log.dirs", ""),
    ("cordoned.log.dirs", "*"),
]
BOTH = [
    ("log.retention.ms", "-1"),
    ("log.segment.bytes", " 2000000 "),
    ("num.io.threads", "16"),
    ("num.io.threads", "4"),
    ("num.network.threads", "1"),
    ("log.cleaner.threads", "2"),
    ("metric.reporters", ""),
    ("my.own", "anything"),
    ("leader.replication.throttled.rate", "5000"),
    ("listener.name.plaintext.max.connections", "10"),
    ("config.providers", "x"),
    ("config.providers", ","),
    ("log.flush.interval.ms", "-1"),
    ("max.connections", "1"),
]
ONLY_NEVER = [
    ("principal.builder.class", "no.such.Class"),
    ("principal.builder.class", "org.apache.kafka.common.metrics.JmxReporter"),
    ("cordoned.log.dirs", "elsewhere"),
    ("listeners", "OTHER://127.0.0.1:1"),
    ("listeners", "X"),
    ("listener.security.protocol.map", "PLAINTEXT:SSL"),
    ("listener.name.plaintext.num.network.threads", "7"),
]


def takes(name: str, text: str, *, one_broker: bool) -> bool:
    try:
        check_dynamic(Settings({}), {name: text}, one_broker=one_broker)
    except SettingError as error:
        assert "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize(("name", "text"), NEITHER)
def test_refused_for_one_and_for_all(name: str, text: str) -> None:
    """What only a restart changes, values that cannot be, and steps too large for what runs."""
    assert not takes(name, text, one_broker=True)
    assert not takes(name, text, one_broker=False)


@pytest.mark.parametrize(("name", "text"), BOTH)
def test_taken_for_one_and_for_all(name: str, text: str) -> None:
    """Whatever Kafka can change while it runs, and what it does not know."""
    assert takes(name, text, one_broker=True)
    assert takes(name, text, one_broker=False)


@pytest.mark.parametrize(("name", "text"), ONLY_ONE_BROKER)
def test_taken_for_one_only(name: str, text: str) -> None:
    """What differs from broker to broker by its nature is not set for all of them."""
    assert takes(name, text, one_broker=True)
    assert not takes(name, text, one_broker=False)


@pytest.mark.parametrize(("name", "text"), ONLY_NEVER)
def test_refused_for_one(name: str, text: str) -> None:
    """Of what is one broker's own: classes and directories that are not there, other listeners, larger steps."""
    assert not takes(name, text, one_broker=True)


def test_steps_are_from_what_runs_now() -> None:
    """Sixteen threads, once told, may become thirty-two."""
    settings = Settings({})
    with pytest.raises(SettingError, match=r"num\.io\.threads"):
        check_dynamic(settings, {"num.io.threads": "32"}, one_broker=True)
    tell(settings, {"num.io.threads": "16"}, {})
    check_dynamic(settings, {"num.io.threads": "32"}, one_broker=True)


def test_told_settings_hold_for_whoever_has_them() -> None:
    """One broker's before all brokers' before static ones; taken back, the next holds."""
    settings = Settings({"message.max.bytes": "1000"})
    for one, every, value in (({}, {"message.max.bytes": "2"}, 2), ({"message.max.bytes": "3"}, {}, 3), ({}, {}, 1000)):
        tell(settings, one, every)
        assert settings.int("message.max.bytes") == value


def test_what_cannot_be_told_is_passed_over() -> None:
    """The metadata log may hold what this broker cannot be told: the rest holds, as in Kafka."""
    kept = {"num.partitions": "7", "log.retention.ms": "soon", "ssl.key.password": "x", "log.segment.bytes": "2000000"}
    assert applicable(kept, one_broker=True) == {"log.segment.bytes": "2000000"}
    own = {"listeners": "PLAINTEXT://127.0.0.1:1", "listener.name.a.max.connections": "5"}
    assert applicable(own, one_broker=False) == {"listener.name.a.max.connections": "5"}
    assert applicable(own, one_broker=True) == own
    settings = Settings({})
    tell(settings, kept, {"queued.max.requests": "1"})
    assert settings.int("num.partitions") == 1
    assert settings.int("log.segment.bytes") == 2_000_000


def test_compaction_lags_are_not_held_together_while_running() -> None:
    """Kafka refuses to start with a least lag over the most, and takes it from a running broker's clients."""
    lags = {"log.cleaner.min.compaction.lag.ms": "6000", "log.cleaner.max.compaction.lag.ms": "5000"}
    check_dynamic(Settings({}), lags, one_broker=False)
    with pytest.raises(SettingError):
        Settings(lags)


@pytest.mark.parametrize("which", ["one broker", "all brokers"])
def test_every_setting_as_kafka_takes_it(which: str) -> None:
    """Each of Kafka's broker settings with 23 texts, told to one running broker and to all (record_alterable.py)."""
    verdicts = ALTERABLE[which]
    ours = {
        name: "".join(
            "y" if takes(name, text, one_broker=which == "one broker") else "n" for text in ALTERABLE["texts"]
        )
        for name in verdicts
    }
    assert {name: ours[name] for name in ours if ours[name] != verdicts[name]} == {}

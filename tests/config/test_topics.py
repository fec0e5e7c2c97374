"""A topic's settings: inherited from the broker's, overridden by its own, refused where Kafka refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.config import SettingError, Settings
from kpybroker.config.tables import group, topic
from kpybroker.config.topics import check_topic, topic_settings
from kpybroker.config.values import parse
from tests.config.golden import golden

CREATED = golden("described_plain")["create"]
OUR_OWN_WORDS = ("throttled.replicas", "compaction.lag.ms (2)", "Tiered Storage")
DEFAULTS = Settings({})


@pytest.mark.parametrize("case", CREATED, ids=lambda case: str(case["configs"]))
def test_refuses_what_kafka_refuses(case: dict[str, Any]) -> None:
    """CreateTopics with these was answered so by Kafka 4.3.1: taken, or INVALID_CONFIG with a reason."""
    reason = check_topic(DEFAULTS, case["configs"])
    assert (reason is None) == (case["code"] == 0)
    if reason is not None and not any(words in case["message"] for words in OUR_OWN_WORDS):
        assert reason == case["message"]


@pytest.mark.parametrize("recorded", ["plain", "told"])
@pytest.mark.parametrize("name", ["plain", "told"])
def test_fields_are_what_kafka_describes(recorded: str, name: str) -> None:
    """Every field has the value that Kafka described for the same topic under the same server.properties."""
    golden_file = golden(f"described_{recorded}")
    made = topic_settings(Settings(golden_file["properties"]), golden_file["topic"][name]["overrides"])
    for setting, text, *_ in golden_file["topic"][name]["entries"]:
        assert getattr(made, setting.replace(".", "_")) == parse(setting, topic.SETTINGS[setting], text), setting
    assert (made.compact, made.delete) == ("compact" in made.cleanup_policy, "delete" in made.cleanup_policy)


def test_times_in_other_units() -> None:
    """log.roll.hours, log.roll.jitter.hours and log.retention.minutes or hours reach a topic in milliseconds."""
    made = topic_settings(
        Settings({"log.roll.hours": "2", "log.roll.jitter.hours": "1", "log.retention.hours": "3"}), {}
    )
    assert (made.segment_ms, made.segment_jitter_ms, made.retention_ms) == (7_200_000, 3_600_000, 10_800_000)
    assert (
        topic_settings(Settings({"log.retention.hours": "3", "log.retention.minutes": "1"}), {}).retention_ms == 60_000
    )
    assert topic_settings(Settings({"log.retention.minutes": "3", "log.retention.ms": "1"}), {}).retention_ms == 1
    assert topic_settings(Settings({"log.retention.hours": "-7"}), {}).retention_ms == -1


def test_a_wrong_override_is_an_error() -> None:
    """Settings that no topic could have been made with are not turned into any."""
    with pytest.raises(SettingError, match=r"segment\.bytes: Value must be at least 1048576"):
        topic_settings(DEFAULTS, {"segment.bytes": "1"})


def test_brokers_compaction_lag_counts() -> None:
    """A topic's least lag is held against the broker's most, if the topic has none of its own."""
    settings = Settings({"log.cleaner.max.compaction.lag.ms": "5"})
    assert check_topic(settings, {"min.compaction.lag.ms": "5"}) is None
    assert check_topic(settings, {"min.compaction.lag.ms": "6"}) is not None


def test_small_segments_of_kafkas_own_tests() -> None:
    """internal.segment.bytes beats segment.bytes and its least value, as it does in Kafka."""
    assert topic_settings(DEFAULTS, {"internal.segment.bytes": "100"}).segment_bytes == 100


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("share.auto.offset.reset", "by_duration:P1DT2H3M4.5S", False),
        ("share.auto.offset.reset", "by_duration:PT0S", False),
        ("share.auto.offset.reset", "by_duration:-PT1S", True),
        ("share.auto.offset.reset", "by_duration:P", True),
        ("share.auto.offset.reset", "by_duration:P1DT", True),
        ("share.auto.offset.reset", "by_duration:P1Y", True),
        ("share.auto.offset.reset", "none", True),
    ],
)
def test_durations(name: str, text: str, refused: bool) -> None:
    """A group's offset reset takes the ISO 8601 durations that java.time.Duration reads, none below zero."""
    if refused:
        with pytest.raises(SettingError, match=name):
            parse(name, group.SETTINGS[name], text)
    else:
        assert parse(name, group.SETTINGS[name], text) == text

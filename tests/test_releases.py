"""The table of API versions of each release, against kafka-python's and Apache Kafka 4.3.1's own."""

from __future__ import annotations

import pytest
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from kpybroker import releases
from kpybroker.config import SettingError
from tests.config.golden import golden

KAFKA_PYTHON = {".".join(map(str, version)): table for version, table in BROKER_API_VERSIONS.items()}


@pytest.mark.parametrize("release", releases.RELEASES)
def test_table(release: str) -> None:
    """Every release answers the versions that kafka-python 3 knows of it, 0.8.0 to 4.3."""
    assert {key: tuple(each) for key, each in releases.table(release).items()} == {
        int(key): tuple(versions) for key, versions in KAFKA_PYTHON[release].items()
    }


def test_latest_is_what_kafka_itself_answers() -> None:
    """4.3 is as in the code of Apache Kafka 4.3.1, whose two APIs of telemetry need a receiver to be plugged in."""
    theirs = {int(key): tuple(versions) for key, versions in golden("api_versions_4.3.1").items()}
    telemetry = {71: (0, 0), 72: (0, 0)}
    assert releases.table(releases.LATEST) | telemetry == theirs


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("4.3.1", "4.3"),
        ("4.3", "4.3"),
        ("0.10.2.2", "0.10.2"),
        ("0.8.0", "0.8.0"),
        ("1.0.0", "1.0"),
        (" 3.9.1 ", "3.9"),
    ],
)
def test_release_of(version: str, release: str) -> None:
    """A full version belongs to its release."""
    assert releases.release_of(version) == release


@pytest.mark.parametrize("version", ["", "4", "5.0", "0.8", "0.7.2", "latest"])
def test_unknown_release(version: str) -> None:
    """A version of no release we know is refused with those we do know."""
    with pytest.raises(SettingError, match=r"one of 0\.8\.0, "):
        releases.release_of(version)

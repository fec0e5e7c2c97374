"""The table of API versions of each release, against kafka-python's and Apache Kafka 4.3.1's own; who keeps to it."""

from __future__ import annotations

import pytest
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from kpybroker import Broker, releases
from kpybroker.config import SettingError
from kpybroker.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from kpybroker.wire.messages.metadata import MetadataRequest
from tests.config.golden import golden
from tests.core import Bench
from tests.frames import header
from tests.process import Link

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


WITH_API_VERSIONS = releases.RELEASES[releases.RELEASES.index("0.10.0") :]


def listed(answer: ApiVersionsResponse) -> dict[int, tuple[int, int]]:
    return {row.api_key: (row.min_version, row.max_version) for row in answer.api_keys}


@pytest.mark.parametrize("release", WITH_API_VERSIONS)
def test_a_broker_lists_the_table_of_its_release(release: str) -> None:
    """ApiVersions answers what the release's own answers, no more and no less."""
    answer = Bench(release=release).connect().ask(ApiVersionsRequest(), 0)
    assert listed(answer) == {key: tuple(versions) for key, versions in releases.table(release).items()}


@pytest.mark.parametrize("release", releases.RELEASES)
def test_what_is_not_in_the_table_ends_the_connection(release: str) -> None:
    """A key or version that the release does not have: old clients tell old brokers by the closed connection."""
    bench, table = Bench(release=release), releases.table(release)
    wrong = [(key, 0) for key in range(93) if key not in table and key not in (71, 72)]
    wrong += [(key, versions.last + 1) for key, versions in table.items() if key != 18]
    wrong += [(key, versions.first - 1) for key, versions in table.items() if versions.first > 0]
    if "4.0" in releases.RELEASES[: releases.RELEASES.index(release) + 1]:
        wrong.append((0, 2))  # listed all the same, for librdkafka (KAFKA-18659)
    for key, version in wrong:
        client = bench.connect()
        client.send_frame(header(key, version, 1, flexible=False) + bytes(40))
        assert not client.answers
        assert client.closed_because is not None, (key, version)
        assert "is not served" in client.closed_because or "has no version" in client.closed_because


@pytest.mark.parametrize(
    ("release", "own"), [("0.10.0", {}), ("2.3", {}), ("2.4", {18: (0, 3)}), ("3.9", {18: (0, 4)})]
)
def test_api_versions_of_the_future(release: str, own: dict[int, tuple[int, int]]) -> None:
    """From 2.4 on a client is told what it may ask instead, before that only that it may not (KIP-511)."""
    client = Bench(release=release).connect()
    client._asked.append((18, 0, 7))
    client.send_frame(header(18, 9, 7, flexible=True) + b"\1\1\0")
    answer = client.answer()
    assert answer.error_code == 35
    assert listed(answer) == own


def test_a_broker_takes_the_version_as_people_write_it() -> None:
    """Broker(version=...) takes a full version too; one that is no release is refused before anything starts."""
    with (
        Broker(version="2.8.1") as broker,
        Link(("127.0.0.1", int(broker.bootstrap_servers.rpartition(":")[2]))) as link,
    ):
        assert listed(link.ask(ApiVersionsRequest(), 0))[3] == (0, 11)
        assert link.ask(MetadataRequest(topics=None), 9).brokers[0].node_id == 1
    with pytest.raises(SettingError, match=r"5\.1: one of 0\.8\.0, .*4\.3$"):
        Broker(version="5.1")

"""Values of every setting, some 11,000, each taken or refused as Apache Kafka 4.3.1 takes or refuses it (Grid.java)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kpybroker.config import SettingError, Settings
from kpybroker.config.client_metrics import check_client_metrics
from kpybroker.config.groups import check_group
from kpybroker.config.listeners import listeners
from kpybroker.config.topics import check_topic
from tests.config.golden import golden

GRID = golden("grid")
BASE: dict[str, str] = golden("startup")[0]["properties"]
# One process is broker and controller here, and needs neither voters nor an open listener for the controller.
TAKEN_HERE = {
    "controller.quorum.voters": ["", " \t", " "],
    "listeners": ["PLAINTEXT://:9092", " PLAINTEXT://:9092\t", "PLAINTEXT://:9092,PLAINTEXT://:9092"],
    "process.roles": ["broker", "controller", "broker,broker"],
}


def is_taken(made: dict[str, str]) -> bool:
    try:
        listeners(Settings({**BASE, **made}, strict=True))
    except SettingError as error:
        assert "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize("name", GRID["broker"])
def test_values_of_a_broker(name: str) -> None:
    """Below, at and above each bound, of other types, in other spellings, empty, twice: as Kafka starts or does not."""
    verdicts = GRID["broker"][name]
    taken = [text for text in verdicts["taken"] + verdicts["refused"] if is_taken({name: text})]
    assert taken == verdicts["taken"] + TAKEN_HERE.get(name, [])


@pytest.mark.parametrize("name", GRID["topic"])
def test_values_of_a_topic(name: str) -> None:
    """What Kafka lets a topic be created with, and what is INVALID_CONFIG."""
    verdicts, settings = GRID["topic"][name], Settings(BASE)
    taken = [text for text in verdicts["taken"] + verdicts["refused"] if check_topic(settings, {name: text}) is None]
    assert taken == verdicts["taken"]


@pytest.mark.parametrize("name", GRID["group"])
def test_values_of_a_group(name: str) -> None:
    """What Kafka takes of a group's settings, within the bounds that the broker's own settings give."""
    check_all(GRID["group"][name], lambda text: check_group(Settings(BASE), {name: text}))


@pytest.mark.parametrize("name", GRID["client_metrics"])
def test_values_of_a_subscription(name: str) -> None:
    """What Kafka takes of a client metrics subscription's settings."""
    check_all(GRID["client_metrics"][name], lambda text: check_client_metrics({name: text}))


def check_all(verdicts: dict[str, list[str]], check: Callable[[str], None]) -> None:
    for text in verdicts["taken"]:
        check(text)
    for text in verdicts["refused"]:
        with pytest.raises(SettingError):
            check(text)


def test_two_settings_at_once() -> None:
    """Wherever Kafka holds two settings against each other, the same pairs pass here."""
    assert len(GRID["pairs"]) > 700
    differ = [made for made, taken in GRID["pairs"] if is_taken(made) is not taken]
    assert differ == []

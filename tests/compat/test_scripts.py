"""Random scripts whose answers Apache Kafka and kpybroker agreed on, and the machinery that makes and shrinks them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kpybroker import Broker
from kpybroker.wire.apis import request_type
from kpybroker.wire.encode import encode

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-suite"))

from differ import collect, golden, trees
from differ.cli import describe, parse_address
from differ.compare import allowed_from, differences, split
from differ.scripts import Ask, Player, replay, smaller, together
from differ.served import KEYS, LATEST, SERVED

WORLDS = sorted(path.stem for path in (golden.HOME / LATEST / "scripts").glob("*.json"))


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """One broker for all scripts: each leaves it as it was."""
    with Broker(version=LATEST) as broker:
        found = parse_address(broker.bootstrap_servers)
        collect.prepare(found)
        yield found


@pytest.mark.parametrize("world", WORLDS)
def test_answers_as_apache_kafka_did(address: tuple[str, int], world: str) -> None:
    """What a seed makes of a world is answered as Apache Kafka answered it, request by request."""
    script = import_module(f"differ.worlds.{world}").script
    allowed = allowed_from(LATEST)
    for key, expected in golden.load(f"scripts/{world}").items():
        case = f"scripts/{world}/{key}"
        got = replay(address, script(Random(int(key.split()[1]))), case)
        unlisted, _ = split(list(differences(case, expected, got)), allowed)
        assert not unlisted, f"{case}: {len(unlisted)} differences, the first:\n{describe(unlisted[0])}"


@pytest.mark.parametrize("world", WORLDS)
def test_a_seed_makes_the_same_script_again(world: str) -> None:
    """A difference that somebody saw can be seen by everybody; and each request can be sent."""
    script = import_module(f"differ.worlds.{world}").script
    assert script(Random(7)) == script(Random(7)) != script(Random(8))
    player = Player(("127.0.0.1", 0), "unheard")
    for seed in range(100):
        for ask in script(Random(seed)):
            served = SERVED[LATEST][ask.api]
            assert served.first <= ask.at <= served.last
            encode(trees.make(request_type(KEYS[ask.api]), player.resolve(ask.fields)), ask.at)


def test_scripts_shrink_by_requests_and_then_by_elements() -> None:
    """What is tried has one stretch of requests less, or one element of a request's arrays."""
    asks = [Ask("Metadata", 4, {"topics": [{"name": name}]}) for name in "abc"]
    tried = list(smaller(asks))
    assert asks[1:] in tried and [asks[0], *asks[2:]] in tried
    assert [*asks[:2], Ask("Metadata", 4, {"topics": []})] in tried
    assert asks not in tried


def test_what_goes_along_is_sent_at_once() -> None:
    """Requests are taken together where one does not wait for the answer to the one before."""
    one, along = Ask("Metadata", 4, {}), Ask("Metadata", 4, {}, along=True)
    found: list[tuple[int, Any]] = list(together([one, along, one]))
    assert found == [(2, [one, along]), (3, [one])]

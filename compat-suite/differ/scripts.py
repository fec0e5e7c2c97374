"""Random scripts: the same requests to two brokers step by step, until their answers part; then the shortest that do.

A world (`differ/worlds`) makes a script of a seed. Apache Kafka runs beside the other broker; nothing is recorded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol

import click

from differ.cleaning import clean
from differ.compare import Allowed, Difference, differences, split
from differ.golden import Lines
from differ.talk import Step, Stopped, Talk
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import fields

OWN = "%"  # a text that begins with it is a name of the script's own: its prefix and what follows
REPEATABLE = ("Describe", "List", "Metadata", "FindCoordinator", "ApiVersions", "OffsetFetch", "OffsetForLeader")
SETTLED_S = 1.5  # so long a broker may take to show what it was told
PATIENCE_S = 4.0
SHOWN, PROGRESS = 5, 100
SOFTWARE = {"client_software_name": "differ", "client_software_version": "1"}
METADATA_LOG = [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]


class Seen(NamedTuple):
    """Stands for the last value of a field in an earlier answer, within the element of that name if one is given."""

    field: str
    name: str = ""
    instead: Any = 0


class Ask(NamedTuple):
    """One request; `along`: sent right behind the one before, whose answer is not waited for."""

    api: str
    at: int
    fields: dict[str, Any]
    along: bool = False


Script = list[Ask]


class World(Protocol):
    """A module of `differ/worlds`."""

    script: Callable[[Random], Script]


class Player:
    """A script's side of one broker: asks, and holds the answers as a recording would."""

    def __init__(self, address: tuple[str, int], name: str) -> None:
        self.talk = Talk(address, name, "ApiVersions", 0)
        self.talk.patience_s = PATIENCE_S
        self.seen: dict[tuple[str, str], Any] = {}

    def ask(self, asks: Sequence[Ask]) -> list[list[Any]]:
        """Sends all, then waits for all: [label, answer] each, in which the script's own names are as it has them."""
        self.talk.steps.clear()
        try:
            for ask in asks:
                self.talk.send(ask.api, at=ask.at, **self.resolve(ask.fields))
            for _ in asks:
                self.note(self.talk.answer())
        except (Stopped, WireError, OSError, IndexError) as reason:
            self.talk.close()
            self.talk.steps.append(Step("stopped", f"{type(reason).__name__}: {reason}"))
        text = json.dumps(self.talk.steps).replace(self.talk.prefix, OWN)
        answers: list[list[Any]] = json.loads(text, parse_constant=str)  # NaN is equal to nothing, "NaN" to itself
        return answers

    def resolve(self, value: Any) -> Any:
        match value:
            case str():
                return self.talk.prefix + value[1:] if value.startswith(OWN) else value
            case Seen():
                return self.seen.get((value.field, self.resolve(value.name)), value.instead)
            case dict():
                return {key: self.resolve(inner) for key, inner in value.items()}
            case list():
                return [self.resolve(inner) for inner in value]
        return value

    def note(self, part: Any) -> None:
        """Keeps what an answer's fields hold, for `Seen`."""
        if not hasattr(part, "__struct_fields__"):
            return
        name = getattr(part, "name", None) or ""
        for field in fields(type(part)):
            value = getattr(part, field.name)
            if field.array or not isinstance(field.kind, Kind):
                for inner in value if isinstance(value, list) else [value]:
                    self.note(inner)
            else:
                kept = bytes(value) if isinstance(value, memoryview) else value
                if kept == bytes(16):  # no id, or none in this version
                    continue
                self.seen[field.name, name] = self.seen[field.name, ""] = kept

    def settle(self) -> None:
        """Waits until the broker has heard of all that its controller has decided."""
        answer = self.talk.ask_quietly("DescribeQuorum", at=0, topics=METADATA_LOG)
        end = answer.topics[0].partitions[0].high_watermark
        self.talk.until_quietly(lambda a: a.finalized_features_epoch >= end - 1, "ApiVersions", at=4, **SOFTWARE)
        topics = self.talk.ask_quietly("Metadata", at=12, topics=None).topics
        for topic in topics:
            if topic.name.startswith(self.talk.prefix):
                self.talk.await_topic(topic.name, len(topic.partitions))


class Parting(NamedTuple):
    """Where two brokers' answers to a script part: how many requests that takes, and the differences."""

    asked: int
    found: list[Difference]


class Duel:
    """Apache Kafka and another broker, and how many scripts and steps they have been through."""

    def __init__(self, kafka: tuple[str, int], other: tuple[str, int], allowed: list[Allowed]) -> None:
        self.kafka = kafka
        self.other = other
        self.allowed = allowed
        self.plays = 0
        self.asked = 0
        self.answers: list[list[Any]] = []  # Apache Kafka's, to the last script

    def play(self, script: Script, name: str) -> Parting | None:
        """Plays a script against both, up to the first difference that is not listed."""
        self.plays += 1
        self.answers = []
        kafka, other = (Player(address, f"{_prefix(name)}-{self.plays}") for address in (self.kafka, self.other))
        try:
            for end, asks in together(script):
                found = self.compare(asks, kafka, other, name)
                self.asked += len(asks)
                if found:
                    return Parting(end, found)
        finally:
            for player in (kafka, other):
                clean(player.talk)
                player.talk.finish()
        return None

    def compare(self, asks: Sequence[Ask], kafka: Player, other: Player, name: str) -> list[Difference]:
        """Asks both the same; what may be asked again is, until the answers agree or had time to."""
        give_up, before = time.monotonic() + SETTLED_S, len(self.answers)
        known = [dict(player.talk.normaliser.symbols) for player in (kafka, other)]
        while True:
            expected, got = kafka.ask(asks), other.ask(asks)
            self.answers[before:] = expected
            found = split(list(differences(name, expected, got)), self.allowed)[0]
            repeatable = all(ask.api.startswith(REPEATABLE) for ask in asks)
            if not repeatable:
                kafka.settle()
            if not found or not repeatable or time.monotonic() > give_up:
                return found
            for player, symbols in zip((kafka, other), known, strict=True):
                player.talk.normaliser.symbols = dict(symbols)
            time.sleep(0.02)

    def shrink(self, script: Script, parting: Parting, name: str) -> tuple[Script, Parting]:
        """The shortest script found that still ends in a difference at the same field."""
        script = script[: parting.asked]
        where = _field(parting)
        shorter = smaller(script)
        while (attempt := next(shorter, None)) is not None:
            now = self.play(attempt, name)
            if now is not None and _field(now) == where:
                script, parting = attempt[: now.asked], now
                shorter = smaller(script)
        return script, parting


def _field(parting: Parting) -> str:
    """What the first difference is about: request and field, without the step's number."""
    return parting.found[0].path.partition(" ")[2].rpartition(".")[2]


def together(script: Script) -> Iterator[tuple[int, Script]]:
    """The requests that are sent at once, and how many there have been by then."""
    asks: Script = []
    for i, ask in enumerate(script):
        asks.append(ask)
        if i + 1 == len(script) or not script[i + 1].along:
            yield i + 1, asks
            asks = []


def smaller(script: Script) -> Iterator[Script]:
    """The script without some of its requests, then without one element of a request's arrays."""
    size = len(script) // 2
    while size:
        for at in range(0, len(script) - 1, size):
            yield script[:at] + script[at + size :]
        size //= 2
    for i, ask in enumerate(script):
        for less in _with_less(ask.fields):
            yield [*script[:i], ask._replace(fields=less), *script[i + 1 :]]


def _with_less(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (value[:i] + value[i + 1 :] for i in range(len(value)))
        for i, inner in enumerate(value):
            yield from ([*value[:i], less, *value[i + 1 :]] for less in _with_less(inner))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (value | {key: less} for less in _with_less(inner))


def run(duel: Duel, world: World, name: str, seeds: Sequence[int]) -> Lines:
    """Plays a script for each seed, prints where the answers part, and returns Apache Kafka's of the others."""
    agreed: Lines = {}
    for seed in seeds:
        if seed % PROGRESS == 0:
            click.echo(f"seed {seed}: {duel.asked} requests so far", err=True)
        case = f"{name}/seed {seed}"
        script = world.script(Random(seed))
        try:
            if (parting := duel.play(script, case)) is None:
                agreed[f"seed {seed}"] = duel.answers
                continue
            again = duel.play(script, case)
        except Stopped as reason:  # a broker that does not come to rest is no difference, but worth a look
            click.echo(f"seed {seed}: {reason}"[:1000])
            continue
        if again is None or _field(again) != _field(parting):
            click.echo(f"seed {seed}: not again: {[tuple(each) for each in parting.found]}"[:1000])
            continue
        click.echo(f"seed {seed}:")
        script, parting = duel.shrink(script, again, case)
        for ask in script:
            click.echo(f"    {'along ' if ask.along else ''}{ask.api} v{ask.at} {ask.fields}")
        for difference in parting.found[:SHOWN]:
            expected, got = (json.dumps(value)[:400] for value in difference[2:])
            click.echo(f"  {difference.path}\n      Kafka: {expected}\n      here:  {got}")
    return agreed


def replay(address: tuple[str, int], script: Script, case: str) -> list[list[Any]]:
    """A broker's answers to a script, of one that has no Apache Kafka beside it."""
    player = Player(address, _prefix(case))
    try:
        return [answer for _, asks in together(script) for answer in player.ask(asks)]
    finally:
        clean(player.talk)
        player.talk.finish()


def _prefix(case: str) -> str:
    return case.replace("/", "-").replace(" ", "-")

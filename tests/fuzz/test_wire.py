"""The codec's fuzz target from a seed: twenty thousand damaged messages in every run of the suite."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.fuzz.wire import INTERNAL, KEYS, target
from tests.wire.interpretive import Interpreter, definitions, span

SAMPLES = json.loads((Path(__file__).parents[1] / "data" / "wire" / "internal_logs.json").read_text())
NUMBERS = (
    b"\x00",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x00\x00\x00",
)


def messages(luck: random.Random) -> list[bytes]:
    """A whole one of every request and response in every version, behind the two bytes that choose it."""
    found = []
    for _, definition in definitions():
        if definition["type"] in ("request", "response"):
            for version in span(definition["validVersions"]):
                interpreter = Interpreter(definition, version)
                body = interpreter.encode(interpreter.sample(luck, style="full"))
                first = KEYS.index(definition["apiKey"])
                found.append(bytes([first, version | (INTERNAL if definition["type"] == "response" else 0)]) + body)
    return found


def records() -> list[bytes]:
    """What Kafka wrote into its logs, behind the two bytes that choose it."""
    found = []
    for sample in SAMPLES:
        key, value = bytes.fromhex(sample["key"] or ""), bytes.fromhex(sample["value"] or "")
        kind = {"__consumer_offsets": 0, "__transaction_state": 1}.get(sample["log"], 3)
        cut = INTERNAL if sample["log"] == "control" else len(key)
        found.append(bytes([INTERNAL | kind, cut]) + key + value)
    return found


def damaged(data: bytes, luck: random.Random) -> bytes:
    """Cuts, swaps, repeats, and the numbers that lengths go wrong with."""
    for _ in range(luck.choice((1, 1, 2, 4))):
        at = luck.randrange(2, len(data) + 1)
        number = luck.choice(NUMBERS)
        data = luck.choice(
            (
                data[:at],
                data[:at] + number + data[at + len(number) :],
                data[:at] + number + data[at:],
                data[:at] + data[at + 1 :],
                data[:at] + data[luck.randrange(2, len(data) + 1) :],
                data[:at] + luck.randbytes(3) + data[at + 3 :],
            )
        )
    return data


def test_from_a_seed() -> None:
    """Damaged requests, answers and records end in WireError or in a value that means the same when written again."""
    luck = random.Random(20)
    whole = messages(luck) + records()
    for data in whole:
        target(data)
    for _ in range(20000):
        target(damaged(luck.choice(whole), luck))
    for _ in range(2000):
        target(luck.randbytes(luck.randrange(60)))

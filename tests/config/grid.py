"""Values to try for each setting: below, at and above its bounds, other types, other spellings; see Grid.java."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from tests.config.golden import golden

BITS = {"int": 31, "short": 15, "long": 63}
NO_NUMBERS = ("", " ", "abc", "1.5", "0x10", "1e3", "1L", "1_000", "+", "-", "--1", "1 2", "true")
NUMBERS = ("-2", "-1", "0", "1", "2", "3", " 100 ", "+7", "007", "1048576", "86400000", "604800000")
DOUBLES = (
    "-1",
    "-0.5",
    "0",
    "-0.0",
    "0.2",
    "0.5",
    "0.51",
    "1",
    "1.0001",
    "5",
    "1e400",
    "NaN",
    "Infinity",
    "0.5f",
    "1d",
    ".5",
    "5.",
)
BOOLEANS = ("true", "false", "TRUE", " False ", "yes", "1", "", "truee")
WORDS = ("", " ", "x", "X", "uniform", "a,b", "a:1", "127.0.0.1:1", "host:1", "a=b", "*", "classic", "none", "/x")
CLASSES = ("", " ", "a b", "a,b", ",", "1", "a-b")  # which others there are is a matter of Java
LISTS = ("", " ", "a", "a,b", " a , b ", "a,a", "a,", ",a", ",", "a,,b", "a b", "x=1", "h:1", "1@h:1", "a:b", "*")
INTERVALS, MEETING = (
    ("heartbeat.interval", "session.timeout", "assignment.interval"),
    ("5000", "5001", "45000", "60000"),
)
RANKS = (("min.", "max."), ("min.", ""), ("", "max."))
CROSS: list[tuple[str, str, tuple[str, ...]]] = [  # settings that hold between each other, with values where they meet
    *(
        (f"group.{kind}.{low}{thing}.ms", f"group.{kind}.{high}{thing}.ms", MEETING)
        for kind in ("consumer", "share", "streams")
        for thing in INTERVALS
        for low, high in RANKS
    ),
    *(
        (f"group.share.{low}{thing}", f"group.share.{high}{thing}", meeting)
        for thing, meeting in (
            ("record.lock.duration.ms", ("15000", "29999", "30000", "30001")),
            ("delivery.count.limit", ("2", "4", "5", "6")),
            ("partition.max.record.locks", ("100", "1999", "2000", "2001", "4000")),
        )
        for low, high in RANKS
    ),
    *(
        (f"group.{kind}.heartbeat.interval.ms", f"group.{kind}.session.timeout.ms", ("5000", "15000", "45000"))
        for kind in ("consumer", "share", "streams")
    ),
    ("group.streams.num.standby.replicas", "group.streams.max.standby.replicas", ("0", "1", "2", "3")),
    ("group.share.max.size", "group.share.max.share.sessions", ("1", "200", "201", "1000")),
    ("log.cleaner.min.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", ("0", "1", "2", "9223372036854775807")),
    ("replica.fetch.wait.max.ms", "replica.socket.timeout.ms", ("-1", "500", "501", "30000", "30001")),
    ("replica.fetch.wait.max.ms", "replica.lag.time.max.ms", ("-1", "500", "501", "30000", "30001")),
    ("connection.failed.authentication.delay.ms", "connections.max.idle.ms", ("-1", "0", "1", "100", "101")),
    ("socket.request.max.bytes", "queued.max.request.bytes", ("-1", "0", "1", "1000", "1001", "104857600")),
    (
        "log.cleaner.threads",
        "log.cleaner.dedupe.buffer.size",
        ("0", "1", "2", "1048577", "2097153", "2097154"),
    ),
    ("max.connections.per.ip", "max.connections.per.ip.overrides", ("0", "1", "", "127.0.0.1:5", "[::1]:5")),
    ("log.retention.ms", "log.retention.minutes", ("-1", "0", "1")),
    ("log.retention.minutes", "log.retention.hours", ("-1", "0", "1")),
    ("log.roll.ms", "log.roll.hours", ("0", "1")),
    ("log.roll.jitter.ms", "log.roll.jitter.hours", ("-1", "0", "1")),
    ("node.id", "broker.id", ("-1", "0", "1", "2")),
    ("inter.broker.listener.name", "security.inter.broker.protocol", ("PLAINTEXT", "plaintext", "SSL")),
    ("group.consumer.assignors", "group.share.assignors", ("range", "simple", "uniform", "range,uniform")),
]


def values(row: list[Any]) -> list[str]:
    """Texts to try for a setting, from its row in definitions.json: type, default, internal, valid values."""
    kind, default, _, valid, *_ = row
    found = [] if default is None else [default, f" {default}\t", f"{default},{default}"]
    if kind in BITS:
        most = 1 << BITS[kind]
        bounds = [int(each) for each in re.findall(r"-?\d+", valid or "")]
        around = [-most - 1, -most, most - 1, most, *(each + step for each in bounds for step in (-1, 0, 1))]
        found += [*map(str, around), *NO_NUMBERS, *NUMBERS]
    elif kind == "double":
        found += [*DOUBLES, *NO_NUMBERS]
    elif kind == "boolean":
        found += BOOLEANS
    elif kind == "list":
        words = re.findall(r"[A-Za-z_.]+", valid or "") if "[" in (valid or "") else []
        found += [*LISTS, *words, ",".join(words), *map(str.upper, words), ",".join(words[:1] * 2)]
    elif kind == "class":
        found += CLASSES
    else:
        words = re.findall(r"[A-Za-z_0-9]+", valid or "") if "[" in (valid or "") else []
        found += [*WORDS, *words, *map(str.lower, words), *map(str.upper, words)]
    return list(dict.fromkeys(found))


def pairs() -> list[dict[str, str]]:
    """Two settings at once, wherever Kafka compares two."""
    return [{low: one, high: other} for low, high, meeting in CROSS for one in meeting for other in meeting]


if __name__ == "__main__":
    definitions = golden("definitions")
    tried: dict[str, Any] = {"base": golden("startup")[0]["properties"], "pairs": pairs()}
    for resource in ("broker", "topic", "group", "client_metrics"):
        tried[resource] = {name: values(row) for name, row in definitions[resource].items()}
    json.dump(tried, sys.stdout)

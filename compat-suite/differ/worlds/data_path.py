"""The data path: batches right and wrong, reads with and without sessions, offsets by time and epoch, deletion."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

import crc32c

from differ.batches import CODECS, LONG_AGO, Row, batch
from differ.scripts import Ask, Script, Seen
from differ.served import LATEST, SERVED

MUCH = 2**20
LATER = 9_000_000_000_000
NOBODY = b"unknown topic id"
MISSING = "%missing"
KEPT = {"retention.ms": "-1", "min.compaction.lag.ms": str(2**62)}  # nothing goes by itself
Place = tuple[str, int]
T = TypeVar("T")


def script(dice: Random) -> Script:
    """Topics are made, written to, read and asked about, and at the end read whole."""
    return World(dice).play()


class World:
    """Makes one script; guesses how far logs, sequences and sessions are, to ask for what lies near."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.asks: Script = []
        self.partitions: dict[str, int] = {}
        self.ends: dict[Place, int] = {}
        self.batches = Batches(dice)
        self.session_version = dice.choice((7, 11, 12, 13, 18))
        self.session_epoch = 0

    def play(self) -> Script:
        for number in range(self.dice.choice((1, 1, 2, 3))):
            self.topic(f"%t{number}")
        steps = {
            self.produce: 30,
            self.fetch: 22,
            self.session: self.dice.choice((8, 8, 60)),
            self.list_offsets: self.dice.choice((14, 14, 50)),
            self.delete_records: 5,
            self.epochs: 4,
            self.producers: 4,
            self.again: 1,
        }
        for step in (self.produce, *self.dice.choices(list(steps), list(steps.values()), k=self.dice.randint(8, 30))):
            step()
        for name, partitions in self.partitions.items():
            for index in range(partitions):
                self.read([self.part((name, index), offset=0, limit=MUCH)], max_bytes=MUCH, min_bytes=0)
        self.ask("Fetch", at=12, session_id=Seen("session_id"), session_epoch=-1, max_bytes=MUCH)
        return self.asks

    def ask(self, api: str, *, at: int | None = None, **fields: Any) -> None:
        first, last = SERVED[LATEST][api]
        version = self.dice.choice((last, self.dice.randint(first, last))) if at is None else at
        self.asks.append(Ask(api, version, fields))

    def topic(self, name: str) -> None:
        count = self.dice.choice((1, 1, 2, 3))
        self.partitions[name] = count
        self.ends |= {(name, index): 0 for index in range(count)}
        configs = [{"name": key, "value": value} for key, value in self.configs().items()]
        wanted = {"name": name, "num_partitions": count, "replication_factor": 1, "configs": configs}
        self.ask("CreateTopics", at=7, topics=[wanted], timeout_ms=10_000)

    def configs(self) -> dict[str, str]:
        dice = self.dice
        found: dict[str, str] = {}
        if dice.random() < 0.15:
            found |= {"cleanup.policy": dice.choice(("compact", "compact,delete"))} | KEPT
        if dice.random() < 0.15:
            found["compression.type"] = "uncompressed"  # what others make of a batch has a size of its own
        if dice.random() < 0.2:
            found["message.timestamp.type"] = "LogAppendTime"
        if dice.random() < 0.3:
            found["message.timestamp.after.max.ms"] = dice.choice(("1000", "3600000", str(2**62)))
        if dice.random() < 0.1:
            found["message.timestamp.before.max.ms"] = dice.choice(("1000", str(2**62)))
        if dice.random() < 0.15:
            found["max.message.bytes"] = dice.choice(("0", "100", "150", "300", "2000"))
        if dice.random() < 0.2:
            found["index.interval.bytes"] = dice.choice(("0", "1", "200"))
        if dice.random() < 0.15:
            found |= dice.choice(({"segment.index.bytes": "24"}, {"segment.ms": "10000"}, {"segment.bytes": str(MUCH)}))
        return found

    def place(self) -> Place:
        name = self.dice.choice(list(self.partitions))
        odd = self.dice.random()
        if odd < 0.04:
            return (name, 7) if odd < 0.02 else (MISSING, 0)
        return name, self.dice.randrange(self.partitions[name])

    def places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for name, index in dict.fromkeys(self.place() for _ in range(self.dice.choice((1, 1, 2, 3)))):
            found.setdefault(name, []).append(index)
        return found

    def offset(self, where: Place) -> int:
        end = self.ends.get(where, 0)
        within = self.dice.randint(0, max(end, 1))
        return self.dice.choice((0, 0, within, within, end, end, end - 1, end + 1, -1, end + 7, 2**62))

    def produce(self) -> None:
        data = []
        for name, indexes in self.places().items():
            parts = [{"index": index, "records": self.batches.make((name, index), self.ends)} for index in indexes]
            data.append({"name": name, "topic_id": _id(name), "partition_data": parts})
        self.ask("Produce", acks=self.dice.choice((-1, -1, -1, 1, 1, 2)), timeout_ms=10_000, topic_data=data)

    def part(self, where: Place, *, offset: int | None = None, limit: int | None = None) -> dict[str, Any]:
        name, index = where
        some = (0, 1, 80, 120, 500, 4000, MUCH, MUCH, MUCH)
        limit = self.dice.choice(some) if limit is None else limit
        one = {"partition": index, "fetch_offset": self.offset(where) if offset is None else offset}
        one |= {"partition_max_bytes": limit, "current_leader_epoch": _mostly(self.dice, -1, (0, 0, 1, -2))}
        one["last_fetched_epoch"] = _mostly(self.dice, -1, (0, 0, 1, -2))
        return {"topic": name, "topic_id": _id(name), "partitions": [one]}

    def parts(self) -> list[dict[str, Any]]:
        return [self.part(self.place()) for _ in range(self.dice.choice((1, 1, 2, 3)))]

    def read(self, parts: list[dict[str, Any]], at: int | None = None, **more: Any) -> None:
        fields: dict[str, Any] = {
            "max_wait_ms": self.dice.choice((0, 0, 5)),
            "min_bytes": self.dice.choice((0, 1, 1, 200, 10**7)),
            "max_bytes": self.dice.choice((0, 80, 500, 4000, MUCH, MUCH, MUCH)),
            "isolation_level": _mostly(self.dice, 0, (1, 1, 1, 2)),
            "topics": parts,
        }
        self.ask("Fetch", at=at, **fields | more)

    def fetch(self) -> None:
        self.read(self.parts())

    def session(self) -> None:
        """Mostly goes on; now and then begins anew, or with a wrong epoch."""
        kind = self.dice.choice(("open", *["go on"] * 8, "wrong")) if self.session_epoch else "open"
        epoch = {"open": 0, "go on": self.session_epoch, "wrong": self.session_epoch + 5}[kind]
        parts = self.parts() if kind == "open" or self.dice.random() < 0.4 else []
        more: dict[str, Any] = {"session_id": Seen("session_id"), "session_epoch": epoch}
        if kind == "go on" and self.dice.random() < 0.2:
            more["forgotten_topics_data"] = [
                {"topic": name, "topic_id": _id(name), "partitions": indexes} for name, indexes in self.places().items()
            ]
        self.read(parts, self.session_version, **more)
        self.session_epoch = epoch if kind == "wrong" else epoch + 1

    def list_offsets(self) -> None:
        topics = []
        for name, indexes in self.places().items():
            asked = [
                {
                    "partition_index": index,
                    "current_leader_epoch": _mostly(self.dice, -1, (0, 1, -2)),
                    "timestamp": self.dice.choice((-1, -2, -4, -5, -6, -7, *(self.batches.time() for _ in range(5)))),
                }
                for index in indexes
            ]
            topics.append({"name": name, "partitions": asked})
        isolation = _mostly(self.dice, 0, (1, 1, 2))
        self.ask("ListOffsets", replica_id=_mostly(self.dice, -1, (-2, 5)), isolation_level=isolation, topics=topics)

    def delete_records(self) -> None:
        topics = [
            {
                "name": name,
                "partitions": [
                    {"partition_index": i, "offset": self.dice.choice((-1, self.offset((name, i))))} for i in indexes
                ],
            }
            for name, indexes in self.places().items()
        ]
        self.ask("DeleteRecords", topics=topics, timeout_ms=10_000)

    def epochs(self) -> None:
        topics = []
        for name, indexes in self.places().items():
            known, asked = _mostly(self.dice, -1, (0, 1, -2)), self.dice.choice((0, 0, 1, 5, -1, -2))
            parts = [{"partition": i, "current_leader_epoch": known, "leader_epoch": asked} for i in indexes]
            topics.append({"topic": name, "partitions": parts})
        self.ask("OffsetForLeaderEpoch", topics=topics)

    def producers(self) -> None:
        topics = [{"name": name, "partition_indexes": indexes} for name, indexes in self.places().items()]
        self.ask("DescribeProducers", topics=topics)

    def again(self) -> None:
        """A topic goes, and another of its name comes."""
        name = self.dice.choice(list(self.partitions))
        self.ask("DeleteTopics", at=5, topic_names=[name], timeout_ms=10_000)
        self.topic(name)


class Batches:
    """Makes batches; some are of idempotent producers, some wrong on purpose."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.following: dict[tuple[int, Place], int] = {}
        self.idempotent = dice.choice((0.1, 0.1, 0.9))
        self.broken = dice.choice((0.04, 0.04, 0.5))
        self.compressed = dice.choice((0.2, 0.6))

    def time(self) -> int:
        near, far = LONG_AGO + self.dice.randint(-20, 40), LONG_AGO + 100_000 * self.dice.randint(-3, 9)
        return self.dice.choice((near, near, near, near, near, far, far, -1, 0, LATER, -2))

    def row(self) -> Row:
        key, value = self.dice.choice((None, b"", b"key", b"k")), b"v" * self.dice.choice((0, 1, 5, 30, 100))
        headers = self.dice.choice(((), (), (("h", b"1"), ("", None))))
        return Row(None if self.dice.random() < 0.1 else value, key, headers)

    def make(self, where: Place, ends: dict[Place, int]) -> bytes:
        dice = self.dice
        rows = [self.row() for _ in range(dice.choice((1, 1, 2, 3, 5, 10, 60)))]
        if where in ends:
            ends[where] += len(rows)
        first = self.time()
        times = [self.time() for _ in rows] if dice.random() < 0.3 else [first + i for i in range(len(rows))]
        codec = dice.choice(list(CODECS)) if dice.random() < self.compressed else "none"
        producer = self.producer(where, len(rows)) if dice.random() < self.idempotent else (-1, -1, -1)
        if dice.random() >= self.broken:
            return batch(*rows, times=times, codec=codec, producer=producer)
        override = {} if dice.random() < 0.5 else self.wrong_field(len(rows))
        data = batch(*rows, times=times, codec=codec, producer=producer, **override)
        return data if override else self.wrong_bytes(data)

    def producer(self, where: Place, count: int) -> tuple[int, int, int]:
        number = self.dice.choice((5_000_001, 5_000_001, 5_000_002))
        expected = self.following.get((number, where), self.dice.choice((0, 0, 0, 5, 2**31 - 3)))
        base = self.dice.choice((*[expected] * 9, 0, expected - 1, expected + 1, expected - count))
        base = min(max(base, -1), 2**31 - 1)
        self.following[number, where] = (base + count) % 2**31
        return number, self.dice.choice((0, 0, 0, 0, 0, 0, 1, 2, -1)), base

    def wrong_field(self, count: int) -> dict[str, int]:
        values = {
            "crc": (1,),
            "last_offset_delta": (count - 2, count, 0, -1, -2, 2**31 - 1),
            "max_timestamp": (LONG_AGO + 99, -1, LATER, -2, 0),
            "count": (count - 1, count + 1, 0, -1, 2**31 - 1),
            "base_offset": (1, -1, 77),
            "attributes": (1, 2, 3, 4, 5, 7, 8, 32, 64, 0x80, 0x7FFF, -1),
            "magic": (0, 1, 3, -1),
            "length": (0, 8, 13, 14, 48, 49, 50, 1000, -1),
            "leader_epoch": (0, 5, -2),
        }
        field = self.dice.choice(list(values))
        return {field: self.dice.choice(values[field])}

    def wrong_bytes(self, data: bytes) -> bytes:
        """Cut, with something behind it, twice, or with some bits turned, mostly under a right checksum."""
        kind = self.dice.choice(("cut", "tail", "twice", "bits", "bits", "bits"))
        if kind != "bits":
            size = self.dice.randint(1, 75)
            return {"cut": data[:-size], "tail": data + data[:size], "twice": data + data}[kind]
        changed = bytearray(data)
        changed[min(self.dice.randint(0, 90), len(data) - 1)] ^= self.dice.choice((1, 2, 4, 16, 128, 255))
        if self.dice.random() < 0.8:
            changed[17:21] = crc32c.crc32c(bytes(changed[21:])).to_bytes(4, "big")
        return bytes(changed)


def _mostly(dice: Random, usual: T, others: tuple[T, ...]) -> T:
    return dice.choice(others) if dice.random() < 0.1 else usual


def _id(name: str) -> Seen:
    """The id that the topic of this name had last."""
    return Seen("topic_id", name, instead=NOBODY)

"""The journal: decide, append, replay, reply, in this order and no other."""

from __future__ import annotations

from typing import Any

from kpybroker.config.settings import Settings
from kpybroker.config.topics import topic_settings
from kpybroker.journal import Journal, Stream
from kpybroker.machine import Call, Decision, Instant, Record, Reply
from kpybroker.partition import Partition
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.records import records

NOW = 1_700_000_000_000


class Counter:
    """A machine that adds up what its records say, and notes how much of them was in the log when it heard of them."""

    def __init__(self) -> None:
        self.total = 0
        self.partition: Partition | None = None
        self.events: list[tuple[str, Any]] = []

    def decide(self, call: Call, now: Instant) -> Decision:
        return Decision()

    def replay(self, record: Record) -> None:
        assert self.partition is not None
        self.total += record.value
        self.events.append(("replay", (record.value, self.partition.high_watermark)))

    def due(self) -> Instant | None:
        return None

    def expire(self, now: Instant) -> Decision:
        return Decision()


def encode(record: Record) -> tuple[bytes | None, bytes | None]:
    return record.key, str(record.value).encode()


def stream_of(machine: Counter) -> tuple[Journal, Stream]:
    log = Log(MemoryFiles(), "counter-0", LogConfig(), NOW)
    partition = machine.partition = Partition(
        ("counter", 0), bytes(16), log, Producers(), topic_settings(Settings({}), {}), 86_400_000
    )
    journal = Journal(
        lambda replies: machine.events.extend([("reply", reply) for reply in replies]),
        lambda appended: machine.events.append(("appended", appended.high_watermark)),
    )
    return journal, Stream(machine, partition, encode)


def test_append_then_replay_then_reply() -> None:
    """A machine hears of its records once they are in the log, and an answer goes out once the machine has heard."""
    machine = Counter()
    journal, stream = stream_of(machine)
    decision = Decision((Record(b"k", 2, 0), Record(None, 3, 0)), (Reply(7, "done"), Reply(8, "done too")))
    journal.carry_out(stream, decision, NOW)
    assert machine.events == [
        ("replay", (2, 2)),
        ("replay", (3, 2)),
        ("appended", 2),
        ("reply", Reply(7, "done")),
        ("reply", Reply(8, "done too")),
    ]
    assert machine.total == 5


def test_one_decision_is_one_batch() -> None:
    """The records of a decision stand in the log together, with the time at which it was made: all of them or none."""
    machine = Counter()
    journal, stream = stream_of(machine)
    journal.carry_out(stream, Decision((Record(b"k", 2, 0), Record(None, 3, 0))), NOW)
    journal.record(stream, [Record(b"l", 4, 0)], NOW + 5)
    found = [records(batch, header) for header, batch in stream.partition.log.batches()]
    assert [[(row.offset, row.timestamp, row.key, row.value) for row in batch] for batch in found] == [
        [(0, NOW, b"k", b"2"), (1, NOW, None, b"3")],
        [(2, NOW + 5, b"l", b"4")],
    ]


def test_a_decision_without_records_only_replies() -> None:
    """Nothing is appended where nothing has to be remembered."""
    machine = Counter()
    journal, stream = stream_of(machine)
    journal.carry_out(stream, Decision(replies=(Reply(1, "no"),)), NOW)
    assert machine.events == [("reply", Reply(1, "no"))]
    assert stream.partition.high_watermark == 0

"""Logs that change between two slices of what is done to them: nothing of that work minds."""

from __future__ import annotations

import random

import pytest

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.delete_records import DeleteRecordsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.records import build
from tests.core import START, Bench, CoreClient
from tests.requests import create_topic, produce

DAY = 86_400_000
TOPICS = ("a", "b", "c")
POLICIES = ("delete", "compact", "compact,delete")


class Meddler:
    """Somebody who does something to a log whenever nobody looks."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.client: CoreClient = bench.connect()
        self.random = random.Random(seed)

    def make(self, topic: str) -> None:
        config = {
            "cleanup.policy": self.random.choice(POLICIES),
            "internal.segment.bytes": self.random.choice(("100", "1000")),
            "retention.ms": self.random.choice(("1", "-1", str(DAY))),
            "retention.bytes": self.random.choice(("-1", "500")),
            "min.cleanable.dirty.ratio": "0",
        }
        self.client.ask(create_topic(topic, 2, config), 7)

    def write(self, topic: str) -> None:
        time = self.bench.now - self.random.choice((0, 2 * DAY))
        for number in range(self.random.randrange(1, 12)):
            data = build([(time, b"%d" % (number % 4), bytes(50), ())])
            self.client.ask(produce(topic, index=self.random.randrange(2), data=data), 9)

    def cut(self, topic: str) -> None:
        part = DeleteRecordsRequest.DeleteRecordsTopic.DeleteRecordsPartition
        parts = [part(partition_index=index, offset=self.random.choice((-1, 3, 20))) for index in range(2)]
        asked = DeleteRecordsRequest.DeleteRecordsTopic(name=topic, partitions=parts)
        self.client.ask(DeleteRecordsRequest(topics=[asked], timeout_ms=1000), 2)

    def roll(self, topic: str) -> None:
        for index in range(2):
            found = self.bench.state.replicas.get(topic, index, self.bench.now)
            if found is not None:
                found.log.roll(self.bench.now)

    def meddle(self) -> None:
        topic = self.random.choice(TOPICS)
        kind = self.random.randrange(10)
        if kind < 4:
            self.write(topic)
        elif kind < 6:
            self.cut(topic)
        elif kind < 8:
            self.roll(topic)
        else:
            if kind == 9:
                self.client.ask(DeleteTopicsRequest(topic_names=[topic], timeout_ms=1000), 5)
            self.make(topic)


@pytest.mark.parametrize("seed", range(12))
def test_retention_and_compaction_of_logs_that_change(seed: int) -> None:
    """Between any two slices a log may grow, roll, begin later, or be deleted and made anew; what goes on with it, or
    with the next, ends well, and each log has its segments in order."""
    config = {
        "log.initial.task.delay.ms": "0",
        "log.retention.check.interval.ms": "1",
        "log.cleaner.backoff.ms": "1",
        "log.flush.scheduler.interval.ms": "1",
    }
    bench = Bench(config=config, files=MemoryFiles(), now=START)
    meddler = Meddler(bench, seed)
    for topic in TOPICS:
        meddler.make(topic)
    for _ in range(400):
        meddler.meddle()
        bench.now += meddler.random.choice((0, 0, 1))
        for _ in range(meddler.random.randrange(4)):
            bench.core.wake(bench.now)
            bench.deliver()
    assert bench.core.bugs == []
    for _, log in bench.state.directories.logs():
        bases = [segment.base_offset for segment in log.segments.all]
        assert bases == sorted(set(bases))
        assert log.start_offset <= log.end_offset
    assert meddler.client.ask(create_topic("last", 1), 7).topics[0].error_code == Error.NONE

"""Retention on a core whose time is moved by hand: when it looks, what it goes by, and that what is gone stays gone."""

from __future__ import annotations

import pytest

from kpybroker.storage.files import File
from kpybroker.storage.memory import MemoryFile, MemoryFiles
from kpybroker.wire.errors import Error
from kpybroker.wire.records import build
from tests.core import Bench, CoreClient
from tests.requests import TIME, create_topic, fetch, parts_of, produce, produced

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
IN_TIME = {"log.initial.task.delay.ms": "0", "log.retention.check.interval.ms": "1000"}


class CountingFiles(MemoryFiles):
    """A disk in memory that counts how often it is read."""

    reads = 0

    def open(self, path: str) -> File:
        return _CountingFile(self, path, new=False)


class _CountingFile(MemoryFile):
    def read(self, position: int, count: int) -> bytes:
        assert isinstance(self._files, CountingFiles)
        self._files.reads += 1
        return super().read(position, count)


def begin(client: CoreClient) -> tuple[int, int]:
    """Where the log of `t` begins and ends."""
    (part,) = parts_of(client.ask(fetch(("t", 0, 10**9)), 12)).values()
    assert part.error_code == Error.OFFSET_OUT_OF_RANGE
    partition = client._bench.state.replicas.get("t", 0, client._bench.now)
    assert partition is not None
    return partition.log_start_offset, partition.high_watermark


def written(bench: Bench, **configs: str) -> CoreClient:
    """A topic with one record of the time at which the test begins."""
    client = bench.connect()
    client.ask(create_topic("t", 1, {name.replace("_", "."): value for name, value in configs.items()}), 7)
    assert produced(client.ask(produce("t", b"x"), 9)) == (Error.NONE, 0)
    return client


def test_it_looks_when_kafka_does() -> None:
    """log.initial.task.delay.ms (30 s) after the start, and then each log.retention.check.interval.ms (5 min)."""
    bench = Bench(now=TIME + 8 * DAY)
    client = written(bench)
    bench.advance(30 * SECOND - 1)
    assert begin(client) == (0, 1)
    bench.advance(1)
    assert begin(client) == (1, 1)
    client.ask(produce("t", b"y"), 9)
    bench.advance(5 * MINUTE - 1)
    assert begin(client) == (1, 2)
    bench.advance(1)
    assert begin(client) == (2, 2)


@pytest.mark.parametrize(
    ("name", "value", "kept_ms"),
    [
        ("log.retention.ms", "5000", 5 * SECOND),
        ("log.retention.minutes", "2", 2 * MINUTE),
        ("log.retention.hours", "3", 3 * HOUR),
        ("log.retention.hours", "168", 7 * DAY),
    ],
)
def test_how_long_records_are_kept(name: str, value: str, kept_ms: int) -> None:
    """log.retention.ms, log.retention.minutes and log.retention.hours say how old a segment's newest record may be."""
    often = {"log.initial.task.delay.ms": "0", "log.retention.check.interval.ms": str(kept_ms // 5)}
    bench = Bench(config={**often, name: value}, now=TIME)
    client = written(bench)
    bench.advance(kept_ms)
    assert begin(client) == (0, 1)
    bench.advance(kept_ms // 5)
    assert begin(client) == (1, 1)


def test_a_topics_own_time_counts_before_the_brokers() -> None:
    """retention.ms of a topic beats log.retention.ms; -1 is for ever."""
    bench = Bench(config={**IN_TIME, "log.retention.ms": "5000"}, now=TIME)
    client = written(bench, retention_ms="-1")
    bench.advance(DAY)
    assert begin(client) == (0, 1)


@pytest.mark.parametrize("name", ["log.retention.bytes", "retention.bytes"])
def test_how_many_bytes_are_kept(name: str) -> None:
    """log.retention.bytes, and retention.bytes of a topic: whole segments go while what stays is not less."""
    config = IN_TIME if name == "retention.bytes" else {**IN_TIME, name: "0"}
    bench = Bench(config=config, now=TIME)
    client = written(bench, **({"retention_bytes": "0"} if name == "retention.bytes" else {}))
    bench.advance(2 * SECOND)
    assert begin(client) == (1, 1)


def test_a_compacted_topic_keeps_what_is_old() -> None:
    """log.cleanup.policy, and cleanup.policy of a topic: without `delete` nothing goes by its age."""
    config = {**IN_TIME, "log.cleanup.policy": "compact", "log.cleaner.backoff.ms": "1000"}
    bench = Bench(config=config, now=TIME + 8 * DAY)
    client = bench.connect()
    for name, configs in (("kept", {}), ("t", {"cleanup.policy": "compact,delete"})):
        client.ask(create_topic(name, 1, configs), 7)
        keyed = build([(TIME, b"key", b"value", ())])
        assert produced(client.ask(produce(name, data=keyed), 9)) == (Error.NONE, 0)
    bench.advance(2 * SECOND)
    assert begin(client) == (1, 1)
    kept = bench.state.replicas.get("kept", 0, bench.now)
    assert kept is not None and kept.log_start_offset == 0


def test_what_is_gone_stays_gone() -> None:
    """The log begins where it began before a stop and before a kill, and its offsets go on."""
    bench = Bench(config=IN_TIME, files=MemoryFiles(), now=TIME + 8 * DAY)
    client = written(bench)
    bench.advance(2 * SECOND)
    assert begin(client) == (1, 1)
    killed = bench.state.directory.files
    assert isinstance(killed, MemoryFiles)
    files = killed.copy()
    after_a_kill = Bench(files=files, now=bench.now)
    assert begin(after_a_kill.connect()) == (1, 1)
    after_a_kill.state.close(after_a_kill.now)
    after_a_stop = Bench(files=files, now=bench.now)
    assert begin(after_a_stop.connect()) == (1, 1)
    assert produced(after_a_stop.connect().ask(produce("t", b"z"), 9)) == (Error.NONE, 1)


def test_a_long_log_goes_in_slices() -> None:
    """Two segments a wake, and few of their ages are asked for in one, although all of them are old."""
    files = CountingFiles()
    config = {**IN_TIME, "log.initial.task.delay.ms": str(DAY)}
    bench = Bench(config=config, files=files, now=TIME + 8 * DAY)
    client = bench.connect()
    client.ask(create_topic("t", 1, {"internal.segment.bytes": "100"}), 7)
    for _ in range(100):
        assert produced(client.ask(produce("t", b"x" * 30), 9))[0] == Error.NONE
    bench.state.close(bench.now)
    bench = Bench(config={**IN_TIME, "log.initial.task.delay.ms": "1000"}, files=files, now=bench.now)
    partition = bench.state.replicas.get("t", 0, bench.now)
    assert partition is not None
    log, bench.now = partition.log, bench.now + SECOND
    assert len(log.segments.all) == 100
    wakes = 0
    while log.start_offset < 100:
        before, files.reads = len(log.segments.all), 0
        bench.core.wake(bench.now)
        wakes += 1
        assert before - len(log.segments.all) <= 2
        assert files.reads <= 100
    assert wakes >= 50


def test_what_comes_meanwhile_waits_for_the_next_look() -> None:
    """Somebody who writes old records all the time does not keep retention at one log for ever (Kafka looks once)."""
    config = {**IN_TIME, "log.initial.task.delay.ms": str(DAY), "log.retention.check.interval.ms": str(DAY)}
    bench = Bench(config=config, now=TIME + 8 * DAY)
    client = bench.connect()
    client.ask(create_topic("t", 1, {"internal.segment.bytes": "100"}), 7)
    for _ in range(20):
        client.ask(produce("t", b"x" * 30), 9)
    partition = bench.state.replicas.get("t", 0, bench.now)
    assert partition is not None
    bench.now += DAY
    while (due := bench.core.due()) is not None and due <= bench.now:
        bench.core.wake(bench.now)
        client.ask(produce("t", b"x" * 30), 9)
        assert partition.log.end_offset < 200
    assert 20 <= partition.log.start_offset < partition.log.end_offset

"""Compaction on a core whose time is moved by hand: what is cleaned when, as Kafka does it, and what stays."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from kpybroker.partition import Partition
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.apis import request_type
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from kpybroker.wire.records import build, records
from tests.core import START, Bench, CoreClient
from tests.requests import create_topic, produce, produced

SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000
COMPACT = {"cleanup.policy": "compact", "internal.segment.bytes": "1000"}
OFTEN = {"log.cleaner.backoff.ms": "1000", "log.cleaner.min.cleanable.ratio": "0"}


def began(config: dict[str, str] | None = None, files: Any = None, **configs: str) -> Bench:
    bench = Bench(config={**OFTEN, **(config or {})}, files=files or MemoryFiles(), now=START)
    topic = {**COMPACT, **{name.replace("_", "."): value for name, value in configs.items()}}
    assert bench.connect().ask(create_topic("t", 1, topic), 7).topics[0].error_code == 0
    return bench


def write(bench: Bench, *keys: str, value: bytes | None = b"v", time: int | None = None, topic: str = "t") -> None:
    """Each key a batch of its own."""
    client = bench.connect()
    for key in keys:
        data = build([(bench.now if time is None else time, key.encode(), value, ())])
        assert produced(client.ask(produce(topic, data=data), 9))[0] == 0


def fill(bench: Bench, rounds: int = 10, **more: Any) -> None:
    """Several segments of the same five keys."""
    for _ in range(rounds):
        write(bench, "a", "b", "c", "d", "e", **more)


def alter_broker(client: CoreClient, settings: dict[str, str]) -> None:
    request = request_type(44)
    resource = request.AlterConfigsResource
    entries = [resource.AlterableConfig(name=name, config_operation=0, value=text) for name, text in settings.items()]
    asked = resource(resource_type=4, resource_name="", configs=entries)
    assert client.ask(blank(request, resources=[asked]), 1).responses[0].error_code == 0


def partition_of(bench: Bench, topic: str = "t", index: int = 0) -> Partition:
    found = bench.state.replicas.get(topic, index, bench.now)
    assert found is not None
    return found


def log_of(bench: Bench, topic: str = "t") -> Log:
    return partition_of(bench, topic).log


def closed_keys(bench: Bench, topic: str = "t") -> list[str]:
    """The keys of the records in all segments but the active one."""
    log = log_of(bench, topic)
    active = log.segments.last
    assert active is not None
    found = [record.key for _, batch in log.batches(log.start_offset) for record in records(batch)]
    rest = [record.key for _, batch in log.batches(active.base_offset) for record in records(batch)]
    return [(key or b"").decode() for key in found[: len(found) - len(rest)]]


# -- when ----------------------------------------------------------------------------------------------------------


def test_it_looks_at_once_and_then_again_and_again() -> None:
    """log.cleaner.backoff.ms after it has found nothing to do it looks again; what it cleans has one record of each
    key, and the active segment stays as it is."""
    bench = began({"log.cleaner.backoff.ms": "7000"})
    bench.advance(1)
    fill(bench)
    before = closed_keys(bench)
    bench.advance(7 * SECOND - 2)
    assert closed_keys(bench) == before
    bench.advance(2)
    assert sorted(closed_keys(bench)) == ["a", "b", "c", "d", "e"]


def test_it_can_be_switched_off() -> None:
    """log.cleaner.enable=false: nothing is ever compacted."""
    bench = began({"log.cleaner.enable": "false"})
    fill(bench)
    bench.advance(DAY)
    assert len(closed_keys(bench)) > 30


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_how_dirty_a_log_must_be(scope: str) -> None:
    """min.cleanable.dirty.ratio of a topic, log.cleaner.min.cleanable.ratio of the broker: the bytes that were never
    cleaned, as a share of all that could be, must be more than that."""
    on_topic = {"min_cleanable_dirty_ratio": "0.7"} if scope == "topic" else {}
    bench = began({} if scope == "topic" else {"log.cleaner.min.cleanable.ratio": "0.7"}, **on_topic)
    for number in range(40):
        write(bench, f"once-{number}")
    bench.advance(2 * SECOND)
    clean = log_of(bench).cleaned_offset
    assert clean is not None and clean > 20
    cleaned = log_of(bench).segments.between(0, clean)
    clean_bytes = sum(segment.size for segment in cleaned)
    for _ in range(60):
        bench.advance(2 * SECOND)
        log = log_of(bench)
        active = log.segments.last
        assert active is not None
        dirty = sum(segment.size for segment in log.segments.between(clean, active.base_offset))
        if log.cleaned_offset != clean:
            break
        assert dirty / (dirty + clean_bytes) <= 0.7
        fill(bench, 2)
    assert log.cleaned_offset != clean


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_how_long_everything_stays(scope: str) -> None:
    """min.compaction.lag.ms of a topic, log.cleaner.min.compaction.lag.ms of the broker: what is younger is not
    compacted."""
    lag = str(HOUR)
    bench = began(
        {} if scope == "topic" else {"log.cleaner.min.compaction.lag.ms": lag},
        **({"min_compaction_lag_ms": lag} if scope == "topic" else {}),
    )
    fill(bench)
    bench.advance(HOUR - SECOND)
    fill(bench)
    before = closed_keys(bench)
    assert len(before) > 60
    bench.advance(2 * SECOND)
    found = closed_keys(bench)
    assert found[-20:] == before[-20:]
    assert len(found) < len(before) - 20


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_how_long_anything_may_stay(scope: str) -> None:
    """max.compaction.lag.ms of a topic, log.cleaner.max.compaction.lag.ms of the broker: what is older is compacted
    however little it is."""
    lag = str(HOUR)
    bench = began(
        {
            "log.cleaner.min.cleanable.ratio": "1",
            **({} if scope == "topic" else {"log.cleaner.max.compaction.lag.ms": lag}),
        },
        **({"max_compaction_lag_ms": lag} if scope == "topic" else {}),
    )
    fill(bench)
    bench.advance(HOUR)
    assert len(closed_keys(bench)) > 30
    bench.advance(2 * SECOND)
    assert sorted(closed_keys(bench)) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("scope", ["topic", "broker"])
def test_how_long_tombstones_stay(scope: str) -> None:
    """delete.retention.ms of a topic, log.cleaner.delete.retention.ms of the broker: a tombstone stays so long after
    the first cleaning that has seen it, so that readers hear of the deletion (KIP-534)."""
    kept = str(HOUR)
    bench = began(
        {} if scope == "topic" else {"log.cleaner.delete.retention.ms": kept},
        **({"delete_retention_ms": kept} if scope == "topic" else {}),
    )
    write(bench, "gone")
    write(bench, "gone", value=None)
    fill(bench)
    bench.advance(2 * SECOND)
    assert "gone" in closed_keys(bench)
    bench.advance(HOUR - 4 * SECOND)
    fill(bench)
    bench.advance(2 * SECOND)
    assert "gone" in closed_keys(bench)
    bench.advance(4 * SECOND)
    fill(bench)
    bench.advance(2 * SECOND)
    assert "gone" not in closed_keys(bench)


def test_how_many_keys_are_looked_at() -> None:
    """log.cleaner.dedupe.buffer.size, shared by log.cleaner.threads, and log.cleaner.io.buffer.load.factor bound the
    keys of one pass, as in Kafka 24 bytes each: where the map is full the pass ends, and the next goes on."""
    settings = {
        "log.cleaner.dedupe.buffer.size": str(2 * 1048577),
        "log.cleaner.threads": "2",
        "log.cleaner.io.buffer.load.factor": "0.0005",
    }
    bench = began({**settings, "log.cleaner.min.cleanable.ratio": "0.6"})
    most = int(1048577 // 24 * 0.0005)
    assert most == 21
    for number in range(40):
        write(bench, f"key-{number}")
    assert len(closed_keys(bench)) > most + 5
    bench.advance(int(OFTEN["log.cleaner.backoff.ms"]))
    assert log_of(bench).cleaned_offset == most


def test_how_fast_it_may_be() -> None:
    """log.cleaner.io.max.bytes.per.second: what is read and written in a cleaning takes so long, as Kafka's throttle
    has it; requests are answered meanwhile."""
    bench = began({"log.cleaner.io.max.bytes.per.second": "20000"}, internal_segment_bytes="1000000")
    for _ in range(100):
        write(bench, *"abcde", value=bytes(1000))
    log_of(bench).roll(bench.now)
    size = log_of(bench).size
    assert size > 500_000
    seconds = 2 * size // 20_000
    bench.advance(SECOND + (seconds - 5) * SECOND)
    assert log_of(bench).cleaned_offset is None
    write(bench, "f")
    bench.advance(10 * SECOND)
    assert sorted(closed_keys(bench)) == ["a", "b", "c", "d", "e"]


def test_what_is_set_while_it_runs() -> None:
    """The cleaner's settings hold from its next round on: log.cleaner.backoff.ms, log.cleaner.io.buffer.load.factor,
    log.cleaner.min.cleanable.ratio, as Kafka reconfigures its cleaner (LogCleaner.reconfigure)."""
    bench = began({"log.cleaner.min.cleanable.ratio": "1"})
    client = bench.connect()
    bench.advance(1)
    for number in range(60):
        write(bench, f"key-{number}")
    bench.advance(10 * SECOND)
    assert log_of(bench).cleaned_offset is None
    few = {"log.cleaner.io.buffer.load.factor": "0.0005", "log.cleaner.dedupe.buffer.size": str(1048577)}
    alter_broker(client, {**few, "log.cleaner.min.cleanable.ratio": "0.9", "log.cleaner.backoff.ms": "60000"})
    bench.advance(2 * SECOND)
    most = int(1048577 // 24 * 0.0005)
    assert log_of(bench).cleaned_offset == most
    alter_broker(client, {**few, "log.cleaner.min.cleanable.ratio": "0"})
    bench.advance(30 * SECOND)
    assert log_of(bench).cleaned_offset == most
    bench.advance(60 * SECOND)
    assert (log_of(bench).cleaned_offset or 0) > most


def test_a_stop_while_it_cleans() -> None:
    """A broker that stops in the middle of a cleaning leaves nothing half done in a kept directory."""
    for steps in range(2, 60, 3):
        files = MemoryFiles()
        bench = began(files=files)
        bench.advance(1)
        fill(bench, 20)
        log_of(bench).config = log_of(bench).config._replace(segment_bytes=10**6)
        values = set(closed_keys(bench))
        bench.now += SECOND
        for _ in range(steps):
            bench.core.wake(bench.now)
        bench.state.close(bench.now)
        assert [name for name in files.list("t-0") if name.endswith((".swap", ".cleaned"))] == []
        again = Bench(config=OFTEN, files=files, now=bench.now)
        assert set(closed_keys(again)) <= values
        assert log_of(again).end_offset == 100


def test_the_dirtiest_log_is_first() -> None:
    """Of several logs that are dirty enough the one with the greatest share of dirty bytes is cleaned first."""
    bench = began({"log.cleaner.backoff.ms": "60000"})
    bench.connect().ask(create_topic("u", 1, COMPACT), 7)
    bench.advance(1)
    for topic, number in (("t", 40), ("u", 10)):
        for key in range(number):
            write(bench, f"once-{key}", topic=topic)
    bench.state.housekeeping.errands.ask(bench.state.compaction.compact_now("t", bench.now), lambda found: None)
    bench.advance(0)
    fill(bench, 6)  # some dirt on what is clean
    for _ in range(5):
        fill(bench, 2, topic="u")  # nothing but dirt
    order: list[str] = []
    before = {topic: log_of(bench, topic).cleaned_offset for topic in "tu"}
    for _ in range(500):
        due = bench.core.due()
        assert due is not None
        bench.now = max(bench.now, due)
        bench.core.wake(bench.now)
        bench.deliver()
        order += [
            topic for topic in "tu" if log_of(bench, topic).cleaned_offset != before[topic] and topic not in order
        ]
    assert order == ["u", "t"]


# -- what is remembered ----------------------------------------------------------------------------------------------


def test_what_is_clean_is_written_down() -> None:
    """cleaner-offset-checkpoint says up to where each log is clean, as Kafka writes it; a start reads it, and a topic
    that is deleted is no longer in it."""
    files = MemoryFiles()
    bench = began(files=files)
    fill(bench)
    bench.advance(2 * SECOND)
    clean = log_of(bench).cleaned_offset
    assert files.read_whole("cleaner-offset-checkpoint") == f"0\n1\nt 0 {clean}\n".encode()
    again = Bench(config=OFTEN, files=files.copy(), now=bench.now)
    assert log_of(again).cleaned_offset == clean
    bench.connect().ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), 5)
    assert files.read_whole("cleaner-offset-checkpoint") == b"0\n0\n"


@pytest.mark.parametrize("offset", ["100000", "0"])
def test_a_checkpoint_that_does_not_fit(offset: str) -> None:
    """An offset that the log does not have (any more) counts as its beginning, which is written down."""
    files = MemoryFiles()
    bench = began(files=files, cleanup_policy="compact,delete", min_cleanable_dirty_ratio="1")
    fill(bench)
    start = 0
    if offset == "0":
        start = log_of(bench).segments.all[1].base_offset
        partition_of(bench).begin_at(start, bench.now)
        bench.state.replicas.keep_starts()
    killed = files.copy()
    killed.write_whole("cleaner-offset-checkpoint", f"0\n1\nt 0 {offset}\n".encode())
    again = Bench(config=OFTEN, files=killed, now=bench.now)
    again.advance(int(OFTEN["log.cleaner.backoff.ms"]))
    assert log_of(again).cleaned_offset == start
    assert killed.read_whole("cleaner-offset-checkpoint") == f"0\n1\nt 0 {start}\n".encode()


def test_a_log_that_cannot_be_read_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A log in which something is broken is told of once and not compacted any more; the others are."""
    files = MemoryFiles()
    bench = began(files=files)
    bench.connect().ask(create_topic("u", 1, COMPACT), 7)
    bench.advance(1)
    fill(bench)
    fill(bench, topic="u")
    content = files.content(log_of(bench).segments.all[0].log.path)
    assert content is not None
    content.data[16] = 9  # no magic that there is
    with caplog.at_level(logging.WARNING, "kpybroker"):
        bench.advance(10 * SECOND)
    assert len([line for line in caplog.messages if "not compacted any more" in line]) == 1
    assert log_of(bench).cleaned_offset is None
    assert sorted(closed_keys(bench, "u")) == ["a", "b", "c", "d", "e"]


def test_what_is_compacted_and_old_goes_too() -> None:
    """cleanup.policy=compact,delete: what is kept is compacted, and goes when it is too old."""
    bench = began(cleanup_policy="compact,delete", retention_ms=str(HOUR), file_delete_delay_ms="0")
    fill(bench)
    bench.advance(2 * SECOND)
    assert sorted(closed_keys(bench)) == ["a", "b", "c", "d", "e"]
    bench.advance(2 * HOUR)
    assert partition_of(bench).log_start_offset == 50


# -- out of turn ---------------------------------------------------------------------------------------------------


def out_of_turn(bench: Bench, work: Any) -> Any:
    found: list[Any] = []
    bench.state.housekeeping.errands.ask(work, found.append)
    bench.advance(0)
    return found[0]


def test_a_stop_in_the_middle_leaves_nothing_half_done() -> None:
    """A broker that is told to stop while somebody has a log compacted leaves no .cleaned files behind, and the log as
    it was: the next start has nothing to repair."""
    bench = began(files=MemoryFiles())
    fill(bench, 30)
    files, directory = log_of(bench).files, log_of(bench).directory
    housekeeping = bench.state.housekeeping
    housekeeping.errands.ask(bench.state.compaction.compact_now("t", bench.now), lambda found: None)
    for _ in range(1000):
        if any(name.endswith(".cleaned") for name in files.list(directory)):
            break
        housekeeping.errands.expire(bench.now)
    assert any(name.endswith(".cleaned") for name in files.list(directory))
    bench.state.close(bench.now)
    assert [name for name in files.list(directory) if name.endswith((".cleaned", ".swap"))] == []


def test_a_thousand_partitions_in_slices() -> None:
    """A look at a thousand logs, of which some segments go, is many slices."""
    bench = Bench(config={"log.initial.task.delay.ms": "0", "log.cleaner.backoff.ms": str(DAY)}, now=START)
    client = bench.connect()
    client.ask(create_topic("many", 1000, {"retention.ms": "1", "internal.segment.bytes": "1000"}), 7)
    for index in range(0, 1000, 100):
        for _ in range(20):
            data = build([(START - DAY, b"key", bytes(100), ())])
            assert produced(client.ask(produce("many", index=index, data=data), 9))[0] == 0
    slices = 0
    bench.now += 300_000
    while bench.state.retention.due() <= bench.now:
        bench.state.retention.expire(bench.now)
        slices += 1
    assert slices > 10
    starts = [partition_of(bench, "many", index).log_start_offset for index in range(0, 1000, 100)]
    assert starts == [20] * 10


def commit(client: CoreClient, group: str, partition: int, offset: int) -> None:
    topic = OffsetCommitRequest.OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(
        partition_index=partition, committed_offset=offset, committed_metadata="m" * 20
    )
    request = OffsetCommitRequest(group_id=group, topics=[topic(name="t", partitions=[part])])
    assert client.ask(request, 8).topics[0].partitions[0].error_code == Error.NONE


def committed(client: CoreClient, group: str) -> list[int]:
    topic = OffsetFetchRequest.OffsetFetchRequestTopic(name="t", partition_indexes=[0, 1, 2])
    answer = client.ask(OffsetFetchRequest(group_id=group, topics=[topic]), 7)
    return [part.committed_offset for part in answer.topics[0].partitions]


def test_committed_offsets_stay() -> None:
    """The log behind groups is compacted like any other: after 10,000 commits of ten groups, and a restart, each group
    has its last offsets, and the log is small."""
    files = MemoryFiles()
    bench = Bench(config={"offsets.topic.num.partitions": "1"}, files=files, now=START)
    client = bench.connect()
    client.ask(create_topic("t", 3), 7)
    groups = [f"group-{number}" for number in range(10)]
    for number in range(10_000):
        commit(client, groups[number % 10], number // 10 % 3, number)
    expected = {group: committed(client, group) for group in groups}
    before = log_of(bench, "__consumer_offsets").size
    (compacted,) = out_of_turn(bench, bench.state.compaction.compact_now("__consumer_offsets", bench.now))
    assert compacted.bytes_before == before
    assert log_of(bench, "__consumer_offsets").size == compacted.bytes_after < 10_000
    for after in (files.copy(), files):
        if after is files:
            bench.state.close(bench.now)
        again = Bench(config={"offsets.topic.num.partitions": "1"}, files=after, now=bench.now)
        other = again.connect()
        assert {group: committed(other, group) for group in groups} == expected

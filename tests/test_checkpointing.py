"""While a directory is in use: what is written down of it, and when; and that an idle one is left alone."""

from __future__ import annotations

from kpybroker.checkpointing import checkpoints
from kpybroker.storage.checkpoints import read_checkpoint
from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from tests.core import Bench
from tests.requests import create_topic, produce

WATERMARKS, POINTS = "replication-offset-checkpoint", "recovery-point-offset-checkpoint"
INTERVAL_MS = 5000
SLOW = {"replica.high.watermark.checkpoint.interval.ms": "20000", "log.flush.offset.checkpoint.interval.ms": "30000"}


def kept(config: dict[str, str] | None = None) -> tuple[Bench, MemoryFiles]:
    files = MemoryFiles()
    return Bench(files=files, config=config), files


def offsets(files: MemoryFiles, name: str) -> dict[tuple[str, int], int]:
    return {(topic, int(index)): int(offset) for topic, index, offset in read_checkpoint(files, name)}


def write(bench: Bench, *values: bytes) -> None:
    bench.connect().ask(produce("t", *values), 9)


def test_high_watermarks_are_written_soon_after_the_first_change() -> None:
    """Every five seconds in Apache Kafka; here five seconds after something was written, and then not again."""
    bench, files = kept()
    bench.connect().ask(create_topic("t", partitions=2), 7)
    write(bench, b"a", b"b")
    bench.advance(0)
    bench.advance(INTERVAL_MS - 1)
    assert offsets(files, WATERMARKS) == {}
    write(bench, b"c")
    bench.advance(1)
    assert offsets(files, WATERMARKS) == {("t", 0): 3}
    before = files.read_whole(WATERMARKS)
    files.remove(WATERMARKS)
    bench.advance(10 * INTERVAL_MS)
    assert files.read_whole(WATERMARKS) is None
    write(bench, b"d")
    bench.advance(INTERVAL_MS)
    assert files.read_whole(WATERMARKS) == (before or b"").replace(b"3", b"4")


def test_the_intervals_are_obeyed() -> None:
    """replica.high.watermark.checkpoint.interval.ms and log.flush.offset.checkpoint.interval.ms: the second counts from
    when a recovery point has moved."""
    bench, files = kept(SLOW)
    bench.connect().ask(create_topic("t", configs={"flush.messages": "2"}), 7)
    write(bench, b"a")
    bench.advance(19_999)
    assert (offsets(files, WATERMARKS), offsets(files, POINTS)) == ({}, {})
    bench.advance(1)
    assert offsets(files, WATERMARKS) == {("t", 0): 1}
    write(bench, b"b")
    bench.advance(29_999)
    assert offsets(files, POINTS) == {}
    bench.advance(1)
    assert offsets(files, POINTS) == {("t", 0): 2}


def test_an_idle_broker_has_nothing_to_write() -> None:
    """No deadline of a checkpoint is among what it waits for."""
    bench, _ = kept()
    bench.connect().ask(create_topic("t"), 7)
    write(bench, b"a")
    bench.advance(60_000)
    chores = checkpoints(bench.state.directories.metadata, bench.state.replicas, bench.state.settings)
    assert [chore.due() for chore in chores] == [None, None]


def test_what_is_not_kept_has_no_checkpoints() -> None:
    """Nobody would read them."""
    bench = Bench()
    bench.connect().ask(create_topic("t"), 7)
    write(bench, b"a")
    bench.advance(60_000)
    assert bench.state.directories.metadata.files.list("") == ["__cluster_metadata-0", "t-0"]


def test_a_deleted_topic_leaves_no_offsets_behind() -> None:
    """A later one of the same name is not taken for synced where the old one was."""
    bench, files = kept()
    client = bench.connect()
    client.ask(create_topic("t", configs={"flush.messages": "1"}), 7)
    write(bench, b"a")
    bench.advance(60_000)
    assert offsets(files, POINTS) == {("t", 0): 1}
    client.ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), 4)
    assert offsets(files, POINTS) == {}

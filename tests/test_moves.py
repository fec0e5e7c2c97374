"""A partition that moves from one directory to another takes along what lies beside its log."""

from __future__ import annotations

from kpybroker.moves import SLICE
from kpybroker.storage.aborted import AbortedTransaction
from kpybroker.wire.records import build, records
from tests.core import START
from tests.requests import create_topic, produce, produced
from tests.test_offline_directories import Two, alter

ABORTED = [AbortedTransaction(9, 0, 1, 0).encode(), AbortedTransaction(9, 2, 3, 2).encode()]


def test_a_move_takes_all_along() -> None:
    """Who was known where a segment begins, and which transactions were aborted: without that, a Kafka that starts here
    next would give their records to those who want none but committed ones."""
    two = Two()
    two.client.ask(create_topic("u", 1, {"segment.ms": "1000"}), 7)
    for number in range(4):
        rows = [(START + 5000 * number, None, bytes(SLICE), ())]
        batch = build(rows, producer_id=7, producer_epoch=0, base_sequence=number)
        assert produced(two.client.ask(produce("u", data=batch), 9)) == (0, number)
    first, second = two.disks
    source, destination = (first, second) if first.exists("u-0") else (second, first)
    for offset, entry in zip((1, 3), ABORTED, strict=True):
        source.write_whole(f"u-0/{offset:020d}.txnindex", entry)
    names = source.list("u-0")
    assert sum(name.endswith(".snapshot") for name in names) == 3
    snapshots = {name: source.read_whole(f"u-0/{name}") for name in names if name.endswith(".snapshot")}
    assert alter(two.client, destination.root, "u", 0) == 0
    for _ in range(8):
        two.bench.advance(0)
    assert not source.exists("u-0")
    assert [destination.read_whole(f"u-0/{offset:020d}.txnindex") for offset in (1, 3)] == ABORTED
    assert {name: destination.read_whole(f"u-0/{name}") for name in snapshots} == snapshots
    assert set(names) <= set(destination.list("u-0"))
    two.again()
    assert produced(two.client.ask(produce("u", b"x"), 9)) == (0, 4)


def test_an_open_transaction_is_not_stable() -> None:
    """An Apache Kafka may have left one: whoever wants what is committed reads up to it, and nothing behind it is
    compacted, for what it overwrites may yet be what counts (LogCleanerManager.cleanableOffsets)."""
    two = Two()
    two.client.ask(create_topic("u", 1, {"segment.ms": "1000", "cleanup.policy": "compact"}), 7)
    for number in range(4):
        rows = [(START + 5000 * number, b"key", b"%d" % number, ())]
        transaction = {"producer_id": 7, "producer_epoch": 0, "base_sequence": number, "transactional": number == 2}
        batch = bytearray(build(rows, **transaction))
        partition = two.bench.state.replicas.get("u", 0, START)
        assert partition is not None
        partition.append_own(batch, START)
    assert (partition.high_watermark, partition.last_stable_offset) == (4, 2)
    two.again()
    partition = two.bench.state.replicas.get("u", 0, two.bench.now)
    assert partition is not None
    assert (partition.high_watermark, partition.last_stable_offset) == (4, 2)
    for _ in range(40):
        two.bench.advance(1000)
    left = [row.value for header, batch in partition.log.batches() for row in records(batch, header)]
    assert left == [b"1", b"2", b"3"]

"""The metadata log over restarts: elections, voters, how a node comes and goes, and what Kafka's tool has formatted."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import StorageError
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.metadata_snapshots import find_snapshots, read_snapshot
from kpybroker.storage.quorum_state import DYNAMIC, QuorumState, read_quorum_state
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.internal import ControlType, decode_control, decode_metadata
from kpybroker.wire.records import records
from kpybroker.wire.schemas.cluster_state import (
    AbortTransactionRecord,
    BeginTransactionRecord,
    EndTransactionRecord,
    FeatureLevelRecord,
)
from kpybroker.wire.schemas.cluster_topics import TopicRecord
from tests.core import META, START, Bench
from tests.metadata.cluster import write
from tests.metadata.logs import (
    DIRECTORY,
    again,
    disk,
    log_of,
    values,
)
from tests.requests import create_topic

STANDALONE = f"{DIRECTORY}/{0:020}-{0:010}.checkpoint"
DATA = Path(__file__).parent / "data"
RECORDED = {
    "bootstrap.checkpoint": DATA / "storage" / "bootstrap.checkpoint",
    STANDALONE: DATA / "directories" / "standalone.checkpoint",  # of a directory formatted with --standalone
}


def test_each_start_has_a_higher_epoch_and_tells_of_it() -> None:
    """The file, the batches and the answer to DescribeQuorum agree; the first record of an epoch is the election's."""
    bench = Bench(files=MemoryFiles())
    for epoch in (1, 2, 3):
        assert bench.state.cluster.leader_epoch == epoch
        log = log_of(bench)
        batches = [(header, data) for header, data in log.batches() if header.partition_leader_epoch == epoch]
        header, data = batches[0]
        (row,) = records(data, header)
        kind, value = decode_control(row.key or b"", row.value or b"") or (None, None)
        assert (header.is_control, kind, value and value.leader_id) == (True, ControlType.LEADER_CHANGE, 1)
        assert f'"leaderEpoch":{epoch},'.encode() in (disk(bench).read_whole(f"{DIRECTORY}/quorum-state") or b"")
        bench = again(bench)


def test_other_voters_are_not_left_behind() -> None:
    """A directory of a quorum of several is not run alone: the others would go on without what is written here."""
    bench = Bench(files=MemoryFiles())
    path = f"{DIRECTORY}/quorum-state"
    whole = disk(bench).read_whole(path) or b""
    files = disk(bench).copy()
    files.write_whole(path, whole.replace(b'[{"voterId":1}]', b'[{"voterId":1},{"voterId":2},{"voterId":3}]'))
    before = files.read_whole(f"{DIRECTORY}/{'0' * 20}.log")
    with pytest.raises(StorageError, match="belongs to a quorum that has other voters: 2, 3"):
        Bench(files=files)
    assert files.read_whole(f"{DIRECTORY}/{'0' * 20}.log") == before


def test_a_stop_gives_up_what_it_leads_and_is_fenced() -> None:
    """As Kafka's controlled shutdown writes it: leaving, a change for each partition, and then fenced, in a batch of
    its own. So whoever starts here next may register at once."""
    bench = Bench(files=MemoryFiles())
    bench.connect().ask(create_topic("t", 2), 7)
    files = disk(bench)
    end = bench.state.cluster.end_offset
    bench.state.close(bench.now)
    log = log_of(bench)
    batches = [(header, data) for header, data in log.batches() if header.base_offset >= end]
    first, last = [[decode_metadata(row.value or b"") for row in records(data, header)] for header, data in batches]
    (leaving, leaving_version), *changes = first
    assert (leaving.in_controlled_shutdown, leaving.fenced, leaving_version) == (1, 0, 1)
    assert [(each.leader, each.isr, each.eligible_leader_replicas, each.last_known_elr) for each, _ in changes] == [
        (-1, [], [1], [1]),
        (-1, [], [1], [1]),
    ]
    ((fenced, fenced_version),) = last
    assert (fenced.in_controlled_shutdown, fenced.fenced, fenced_version) == (0, 1, 0)
    assert all(each.broker_epoch == bench.state.image.nodes[1].epoch for each in (leaving, fenced))
    after = Bench(files=files)
    assert not after.state.image.nodes[1].fenced
    assert not after.state.image.nodes[1].in_controlled_shutdown
    assert [part.leader for part in after.state.image.topics["t"].partitions.values()] == [1, 1]


def test_a_transaction_that_never_ended_is_aborted() -> None:
    """KIP-868: what a transaction of the controller's holds counts when it ends, and not before."""
    bench = Bench(files=MemoryFiles())
    begin, end = (BeginTransactionRecord(name="a"), 0), (EndTransactionRecord(), 0)
    write(bench, begin, (TopicRecord(name="whole", topic_id=b"\1" * 16), 0), end)
    write(bench, begin, (TopicRecord(name="aborted", topic_id=b"\2" * 16), 0), (AbortTransactionRecord(), 0))
    write(bench, begin, (TopicRecord(name="open", topic_id=b"\3" * 16), 0))
    after = again(bench)
    assert set(after.state.image.topics) == {"whole"}
    assert len(values(disk(after), AbortTransactionRecord)) == 2
    assert set(again(after).state.image.topics) == {"whole"}


def test_a_fenced_broker_of_before_kafka_3_3() -> None:
    """FenceBroker and UnfenceBroker said then what a change of the registration says today."""
    from kpybroker.wire.schemas.cluster_nodes import FenceBrokerRecord, UnfenceBrokerRecord

    bench = Bench()
    write(bench, (FenceBrokerRecord(id=1, epoch=4), 0))
    assert bench.state.image.nodes[1].fenced
    write(bench, (UnfenceBrokerRecord(id=1, epoch=4), 0))
    assert not bench.state.image.nodes[1].fenced


def test_without_eligible_leaders_the_last_one_in_sync_stays() -> None:
    """A cluster of before Kafka 4.1: with nobody in sync no Kafka would ever give the partition a leader again."""
    bench = Bench(files=MemoryFiles())
    write(bench, (FeatureLevelRecord(name="eligible.leader.replicas.version", feature_level=0), 0))
    bench.connect().ask(create_topic("t"), 7)
    bench.state.close(bench.now)
    left = bench.state.image.topics["t"].partitions[0]
    assert (left.leader, left.isr, left.eligible, left.last_known_eligible) == (-1, [1], [], [])
    again_led = Bench(files=disk(bench)).state.image.topics["t"].partitions[0]
    assert (again_led.leader, again_led.isr, again_led.leader_epoch) == (1, [1], 2)


def formatted(*names: str) -> MemoryFiles:
    """A directory that Kafka's tool has formatted, and on which nobody has started yet."""
    files = MemoryFiles()
    DataDirectory.open(files, META, lambda topic: LogConfig(), START).close(clean=False)
    files.make_directory(DIRECTORY)
    for name in names:
        files.write_whole(name, RECORDED[name].read_bytes())
    return files


def test_a_formatted_directory_begins_as_it_was_formatted() -> None:
    """With the features, and whatever else `kafka-storage format` has put into bootstrap.checkpoint, once."""
    bench = Bench(files=formatted("bootstrap.checkpoint"))
    features = {
        "metadata.version": 30,
        "eligible.leader.replicas.version": 1,
        "group.version": 1,
        "share.version": 1,
        "streams.version": 1,
        "transaction.version": 2,
    }
    assert bench.state.image.features == features
    after = again(bench)
    assert after.state.image.features == features
    assert len(values(disk(after), FeatureLevelRecord)) == len(features)


def test_voters_that_stand_in_the_log_stay_there() -> None:
    """kraft.version 1 (KIP-853): what `kafka-storage format --standalone` has written goes into every snapshot, and the
    file of the quorum has no voters."""
    config = {"metadata.log.max.record.bytes.between.snapshots": "1"}
    bench = Bench(files=formatted("bootstrap.checkpoint", STANDALONE), config=config)
    for _ in range(20):
        bench.advance(0)
    files = disk(bench)
    path = f"{DIRECTORY}/{find_snapshots(files, DIRECTORY)[-1].stem}.checkpoint"
    found = [read_snapshot(each, name)[0] for each, name in ((formatted(STANDALONE), STANDALONE), (files, path))]
    kafkas, ours = [[(row.key, row.value) for row in records(data, header)] for header, data in found]
    assert ours[1:] == kafkas[1:]
    assert [decode_control(key or b"", value or b"")[0] for key, value in ours] == [  # type: ignore[index]
        ControlType.SNAPSHOT_HEADER,
        ControlType.KRAFT_VERSION,
        ControlType.KRAFT_VOTERS,
    ]
    state = read_quorum_state(files, DIRECTORY)
    assert state == QuorumState(DYNAMIC, 1, 1)
    assert again(bench).state.cluster.leader_epoch == 2


def test_the_metadata_log_has_segments_of_its_own() -> None:
    """metadata.log.segment.bytes (internal.metadata.log.segment.bytes, for tests, may be less) and
    metadata.log.segment.ms, whatever topics have."""
    config = {
        "metadata.log.segment.bytes": "9000000",
        "metadata.log.segment.ms": "5000",
        "log.segment.bytes": "1048576",
    }
    bench = Bench(files=MemoryFiles(), config=config)
    log = log_of(bench)
    assert (log.config.segment_bytes, log.config.segment_ms) == (9_000_000, 5000)
    small = Bench(config={**config, "internal.metadata.log.segment.bytes": "3000"})
    assert log_of(small).config.segment_bytes == 3000
    bench.connect().ask(create_topic("t"), 7)
    bench.now += 5001
    bench.connect().ask(create_topic("u"), 7)
    assert len(log.segments.all) == 2


@pytest.mark.parametrize("level", [6, 31])
def test_metadata_of_another_time_is_refused(level: int) -> None:
    """Of before Kafka 3.3, and of a release to come: one line, and nothing is written."""
    bench = Bench(files=MemoryFiles())
    write(bench, (FeatureLevelRecord(name="metadata.version", feature_level=level), 0))
    files = disk(bench).copy()
    before = files.read_whole(f"{DIRECTORY}/{'0' * 20}.log")
    with pytest.raises(StorageError, match=f"has metadata.version {level}; 7 .* to 30 are known"):
        Bench(files=files)
    assert files.read_whole(f"{DIRECTORY}/{'0' * 20}.log") == before

"""The metadata log over restarts: snapshots of it, what goes behind them, and a kill at any instant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpybroker.machine import Record
from kpybroker.metadata.image import CLUSTER_METADATA
from kpybroker.metadata.recital import recite
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import Data, File, StorageError
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFile, MemoryFiles
from kpybroker.storage.metadata_snapshots import SnapshotId, find_snapshots, read_snapshot
from kpybroker.storage.quorum_state import DYNAMIC, QuorumState, read_quorum_state
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.internal import ControlType, decode_control, decode_metadata, encode_metadata
from kpybroker.wire.records import records
from kpybroker.wire.schemas.cluster_nodes import RegisterBrokerRecord
from kpybroker.wire.schemas.cluster_state import (
    AbortTransactionRecord,
    BeginTransactionRecord,
    EndTransactionRecord,
    FeatureLevelRecord,
)
from kpybroker.wire.schemas.cluster_topics import TopicRecord
from tests.core import META, START, Bench
from tests.metadata.cluster import write
from tests.requests import create_topic

DIRECTORY = "__cluster_metadata-0"
STANDALONE = f"{DIRECTORY}/{0:020}-{0:010}.checkpoint"
DATA = Path(__file__).parent / "data"
RECORDED = {
    "bootstrap.checkpoint": DATA / "storage" / "bootstrap.checkpoint",
    STANDALONE: DATA / "directories" / "standalone.checkpoint",  # of a directory formatted with --standalone
}
HOUR_MS = 3_600_000
SMALL = {
    "internal.metadata.log.segment.bytes": "3000",
    "metadata.log.max.record.bytes.between.snapshots": "4000",
    "metadata.max.retention.bytes": "1",
    "internal.metadata.delete.delay.millis": "10",
}


class Steps(MemoryFiles):
    """A disk in memory of which there is a copy from before every change, as a kill at that instant leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[MemoryFiles] = []
        self.is_watched = False

    def step(self) -> None:
        if self.is_watched:
            self.before.append(self.copy())

    def open(self, path: str) -> File:
        return _Step(self, path, new=False)

    def create(self, path: str) -> File:
        return _Step(self, path, new=True)

    def rename(self, old: str, new: str) -> None:
        self.step()
        super().rename(old, new)

    def remove(self, path: str) -> None:
        self.step()
        super().remove(path)

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        self.step()
        super().write_whole(path, data, sync=sync)


class _Step(MemoryFile):
    def append(self, data: Data) -> None:
        """A kill may also leave a part of it."""
        files = self._files
        assert isinstance(files, Steps)
        files.step()
        if files.is_watched and len(data) > 1:
            torn = files.copy()
            with_part = MemoryFile(torn, self.path, new=self._new)
            with_part.append(bytes(data)[: len(data) // 2])
            files.before.append(torn)
        super().append(data)


def log_of(bench: Bench) -> Log:
    log = bench.state.directories.log((CLUSTER_METADATA, 0))
    assert log is not None
    return log


def newest(bench: Bench) -> SnapshotId:
    keeping = bench.state.cluster.keeping
    assert keeping is not None
    return keeping.snapshots.newest


def again(bench: Bench, config: dict[str, str] | None = None) -> Bench:
    """The next run after a kill."""
    return Bench(files=disk(bench).copy(), now=bench.now, config=config)


def disk(bench: Bench) -> MemoryFiles:
    files = bench.state.directory.files
    assert isinstance(files, MemoryFiles)
    return files


def snapshots(files: MemoryFiles) -> list[int]:
    """Up to which offsets there are some."""
    return [snapshot.offset for snapshot in find_snapshots(files, DIRECTORY)]


def told(bench: Bench) -> set[bytes]:
    """What the cluster has agreed on, but for what each start changes."""
    kinds = (RegisterBrokerRecord, type(None))
    rows = [
        encode_metadata(blank_epochs(record), record.version)
        for record in recite(bench.state.image)
        if not isinstance(record.value, kinds)
    ]
    return set(rows)


def blank_epochs(record: Record) -> object:
    value = record.value
    if hasattr(value, "leader_epoch"):
        from kpybroker.wire.fields import changed

        return changed(value, leader_epoch=0, partition_epoch=0)
    return value


def alter(bench: Bench, times: int, topic: str = "t") -> None:
    """As many records of the metadata log."""
    request = request_type(44)
    resource = request.AlterConfigsResource
    client = bench.connect()
    for number in range(times):
        entry = resource.AlterableConfig(name="retention.ms", config_operation=0, value=str(bench.now + number))
        asked = resource(resource_type=2, resource_name=topic, configs=[entry])
        assert client.ask(blank(request, resources=[asked]), 1).responses[0].error_code == 0


def values(files: MemoryFiles, *kinds: type) -> list[object]:
    """The records of these kinds in the log of a fresh look at a disk."""
    bench = Bench(files=files.copy())
    found = []
    for header, data in log_of(bench).batches():
        for row in records(data, header):
            value = None if header.is_control else decode_metadata(row.value or b"")[0]
            if isinstance(value, kinds):
                found.append(value)
    return found


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(files=MemoryFiles(), config=SMALL)
    made.connect().ask(create_topic("t", 3), 7)
    yield made


def test_a_log_that_grows_becomes_a_snapshot(bench: Bench) -> None:
    """After metadata.log.max.record.bytes.between.snapshots, in slices, while the log goes on."""
    alter(bench, 60)
    assert snapshots(disk(bench)) == []
    for _ in range(100):
        bench.advance(0)
    (first,) = snapshots(disk(bench))
    assert first <= bench.state.cluster.end_offset
    after = again(bench, SMALL)
    assert told(after) == told(bench)
    assert newest(after).offset == first


def test_an_hour_makes_one_if_there_is_news() -> None:
    """metadata.log.max.snapshot.interval.ms, counted from the start or the last one; 0 turns it off."""
    bench = Bench(files=MemoryFiles())
    bench.connect().ask(create_topic("t"), 7)
    bench.advance(HOUR_MS - 1)
    assert snapshots(disk(bench)) == []
    bench.advance(1)
    (first,) = snapshots(disk(bench))
    assert first == bench.state.cluster.end_offset
    bench.advance(3 * HOUR_MS)
    assert snapshots(disk(bench)) == [first]
    alter(bench, 1)
    bench.advance(HOUR_MS)
    assert snapshots(disk(bench)) == [first, first + 1]
    never = Bench(files=MemoryFiles(), config={"metadata.log.max.snapshot.interval.ms": "0"})
    never.advance(2 * HOUR_MS)
    assert snapshots(disk(never)) == []


def test_nothing_is_kept_of_what_is_not_kept() -> None:
    """A broker without a directory takes no snapshots, and wakes for none."""
    bench = Bench(config={"metadata.log.max.record.bytes.between.snapshots": "1"})
    assert bench.state.cluster.chores == ()


def test_the_log_goes_behind_the_second_snapshot(bench: Bench) -> None:
    """Over metadata.max.retention.bytes the oldest snapshots go, and with them segments that none needs any more."""
    for _ in range(4):
        alter(bench, 50)
        for _ in range(100):
            bench.advance(0)
    log = log_of(bench)
    (kept,) = snapshots(disk(bench))
    assert log.start_offset == kept
    assert log.segments.first_base_offset > 0
    assert f"{DIRECTORY}/00000000000000000000.log" not in disk(bench).list(DIRECTORY)
    assert told(again(bench, SMALL)) == told(bench)


def test_old_snapshots_go_in_time() -> None:
    """metadata.max.retention.ms counts from the last record in a snapshot; the newest one stays."""
    config = {"metadata.max.retention.ms": str(10 * HOUR_MS)}
    bench = Bench(files=MemoryFiles(), config=config)
    bench.connect().ask(create_topic("t"), 7)
    bench.advance(HOUR_MS)
    alter(bench, 1)
    bench.advance(HOUR_MS)
    assert len(snapshots(disk(bench))) == 2
    bench.advance(8 * HOUR_MS)
    assert len(snapshots(disk(bench))) == 2
    bench.advance(1)
    assert len(snapshots(disk(bench))) == 1
    bench.advance(20 * HOUR_MS)
    assert len(snapshots(disk(bench))) == 1


def test_a_kill_at_any_step_loses_nothing() -> None:
    """While snapshots are written, take their name, and the log goes behind them: every state of the disk starts, and
    has all that was acknowledged until then."""
    files = Steps()
    bench = Bench(files=files, config=SMALL)
    bench.connect().ask(create_topic("t", 2), 7)
    alter(bench, 50)
    files.is_watched = True
    for _ in range(60):
        bench.advance(0)
    assert len(snapshots(files)) == 1
    files.is_watched = False
    alter(bench, 50)
    files.is_watched = True
    for _ in range(60):
        bench.advance(0)
    bench.advance(1000)
    files.is_watched = False
    steps = files.before
    assert len(steps) > 20
    known = [told(Bench(files=step, config=SMALL, now=bench.now)) for step in steps]
    assert known[-1] == told(bench)
    half = len(known) // 4
    assert all(each == known[0] for each in known[:half])


def test_a_kill_at_any_step_of_a_stop_loses_nothing() -> None:
    """Nor does one while a broker is about to end."""
    files = Steps()
    bench = Bench(files=files)
    bench.connect().ask(create_topic("t", 3), 7)
    alter(bench, 1100)
    before = told(bench)
    files.is_watched = True
    bench.state.close(bench.now)
    files.is_watched = False
    assert len(snapshots(files)) == 1
    assert len(files.before) > 10
    assert all(told(Bench(files=step)) == before for step in files.before)


def test_a_start_does_not_grow_with_restarts() -> None:
    """However often a broker with many partitions is stopped or killed, the next has little to read."""
    files = MemoryFiles()
    bench = Bench(files=files)
    bench.connect().ask(create_topic("many", 200), 7)
    read = []
    for number in range(20):
        if number % 3:
            bench.state.close(bench.now)
        else:
            files = files.copy()
        bench = Bench(files=files)
        cluster = bench.state.cluster
        read.append(cluster.end_offset - newest(bench).offset)
    assert max(read) <= 200 + 1000 + 2 * 200 + 100, "the image, what is not noticed, and the records of one start"
    assert len(bench.state.image.topics["many"].partitions) == 200


def test_a_broken_snapshot_is_passed_over(bench: Bench) -> None:
    """An older sound one serves if the log still reaches it; the next snapshot, taken at once, replaces the broken."""
    config = {**SMALL, "metadata.max.retention.bytes": "-1"}
    bench = again(bench, config)
    for _ in range(2):
        alter(bench, 60)
        for _ in range(100):
            bench.advance(0)
    older, newer = find_snapshots(disk(bench), DIRECTORY)
    files = disk(bench).copy()
    path = f"{DIRECTORY}/{newer.stem}.checkpoint"
    whole = files.read_whole(path) or b""
    for broken in (b"", whole[:-1], whole[: len(whole) // 2], whole[:100] + b"?" + whole[101:]):
        trial = files.copy()
        trial.write_whole(path, broken)
        after = Bench(files=trial, config=config)
        assert told(after) == told(bench)
        assert newer not in find_snapshots(trial, DIRECTORY)
        assert older in find_snapshots(trial, DIRECTORY)


def test_a_log_without_its_snapshot_is_refused(bench: Bench) -> None:
    """One line says where the log begins, and that there is nothing before."""
    for _ in range(3):
        alter(bench, 60)
        for _ in range(100):
            bench.advance(0)
    files = disk(bench).copy()
    (only,) = find_snapshots(files, DIRECTORY)
    path = f"{DIRECTORY}/{only.stem}.checkpoint"
    whole = files.read_whole(path) or b""
    files.remove(path)
    with pytest.raises(StorageError, match=r"begins at offset [1-9].*there is none"):
        Bench(files=files.copy(), config=SMALL)
    files.write_whole(path, whole[:-10])
    with pytest.raises(StorageError, match=r"begins at offset [1-9].*not whole"):
        Bench(files=files.copy(), config=SMALL)


def test_a_log_that_ends_before_its_snapshot_goes_on_behind_it(bench: Bench) -> None:
    """A loss of power took the end of the log, but not the snapshot, which was synced."""
    alter(bench, 60)
    for _ in range(100):
        bench.advance(0)
    (taken,) = find_snapshots(disk(bench), DIRECTORY)
    files = disk(bench).copy()
    for name in files.list(DIRECTORY):
        if name.endswith(".log") and not name.startswith("0" * 20):
            files.remove(f"{DIRECTORY}/{name}")
    after = Bench(files=files, config=SMALL)
    assert told(after) == told(bench)
    assert log_of(after).start_offset == taken.offset
    assert told(again(after, SMALL)) == told(bench)


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


def test_what_was_left_unfinished_goes() -> None:
    """A snapshot that a kill has cut short, or that was to be removed, is removed at the next start."""
    bench = Bench(files=MemoryFiles())
    files = disk(bench).copy()
    names = [f"{7:020}-{1:010}-8473920574.checkpoint.part", f"{5:020}-{1:010}.checkpoint.deleted"]
    for name in names:
        files.write_whole(f"{DIRECTORY}/{name}", b"some bytes")
    Bench(files=files)
    assert not set(names) & set(files.list(DIRECTORY))


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


def test_snapshots_that_go_are_there_for_a_while(bench: Bench) -> None:
    """With another name, for internal.metadata.delete.delay.millis: somebody may be reading them."""
    for _ in range(2):
        alter(bench, 60)
        for _ in range(100):
            bench.advance(0)
    gone = [name for name in disk(bench).list(DIRECTORY) if name.endswith(".checkpoint.deleted")]
    assert len(gone) == 1
    bench.advance(9)
    assert disk(bench).exists(f"{DIRECTORY}/{gone[0]}")
    bench.advance(1)
    assert not disk(bench).exists(f"{DIRECTORY}/{gone[0]}")

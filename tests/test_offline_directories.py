"""A log directory that fails goes offline, and the others go on: what Apache Kafka 4.3.1 with two of them answers."""

from __future__ import annotations

import errno
import logging
import re
from typing import Any

import pytest

from kpybroker.coordinators import java_hash
from kpybroker.storage.faulty import Fault, FaultyFiles, Plan
from kpybroker.storage.files import DiskError
from kpybroker.wire.internal import decode_metadata
from kpybroker.wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest
from kpybroker.wire.messages.delete_records import DeleteRecordsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.describe_groups import DescribeGroupsRequest
from kpybroker.wire.messages.describe_log_dirs import DescribeLogDirsRequest
from kpybroker.wire.messages.describe_producers import DescribeProducersRequest
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest
from kpybroker.wire.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from kpybroker.wire.records import build, records
from kpybroker.wire.schemas.cluster_nodes import BrokerRegistrationChangeRecord
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord, PartitionRecord
from tests.core import START, Bench, CoreClient, FullDisk
from tests.requests import create_topic, end_offset, fetch, fetched, metadata, produce, produced
from tests.scripted import commit

NONE, NOT_LEADER, LEADER_NOT_AVAILABLE, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR = 0, 6, 5, 15, 16
KAFKA_STORAGE_ERROR, LOG_DIR_NOT_FOUND, UNKNOWN_TOPIC = 56, 57, 3
UNASSIGNED = bytes(15) + b"\1"
FEW_SHARDS = {"offsets.topic.num.partitions": "2"}


class Unreadable(FullDisk):
    """A disk that does not answer any more."""

    def read_whole(self, path: str) -> bytes | None:
        raise DiskError(f"{self.root}/{path}", errno.EIO)


class Two:
    """A broker with two directories; t-0 and t-2 are in the first, t-1 and t-3 in the second."""

    def __init__(self) -> None:
        self.disks = [FullDisk("/first"), FullDisk("/second")]
        self.bench = Bench(files=self.disks, config=FEW_SHARDS)
        self.client = self.bench.connect()
        assert self.client.ask(create_topic("t", 4), 7).topics[0].error_code == NONE
        for index in range(4):
            assert produced(self.client.ask(produce("t", b"before", index=index), 9)) == (NONE, 0)

    def fail_second(self) -> None:
        self.disks[1].is_full = True
        assert produced(self.bench.connect().ask(produce("t", b"lost", index=1), 9)) == (KAFKA_STORAGE_ERROR, -1)
        self.disks[1].is_full = False
        self.bench.advance(0)

    def again(self) -> CoreClient:
        """The next start, after a stop in good order."""
        self.bench.state.close(self.bench.now)
        assert not self.bench.core.bugs
        return self.start()

    def start(self) -> CoreClient:
        self.bench = Bench(files=self.disks, config=FEW_SHARDS, now=self.bench.now)
        self.client = self.bench.connect()
        return self.client


@pytest.fixture
def two() -> Two:
    return Two()


def partitions(client: CoreClient, topic: str = "t") -> list[tuple[int, int, int, list[int], list[int]]]:
    (found,) = client.ask(metadata(topic), 9).topics
    return [
        (part.error_code, part.leader_id, part.leader_epoch, part.isr_nodes, part.offline_replicas)
        for part in found.partitions
    ]


def places(client: CoreClient) -> dict[str, tuple[int, dict[tuple[str, int], tuple[int, bool]]]]:
    answer = client.ask(DescribeLogDirsRequest(topics=None), 4)
    return {
        result.log_dir: (
            result.error_code,
            {
                (topic.name, part.partition_index): (part.offset_lag, part.is_future_key)
                for topic in result.topics
                for part in topic.partitions
            },
        )
        for result in answer.results
    }


def in_directory(client: CoreClient, path: str) -> list[tuple[str, int]]:
    return list(places(client)[path][1])


def alter(client: CoreClient, path: str, topic: str, index: int) -> int:
    directory = AlterReplicaLogDirsRequest.AlterReplicaLogDir
    asked = directory.AlterReplicaLogDirTopic(name=topic, partitions=[index])
    answer = client.ask(AlterReplicaLogDirsRequest(dirs=[directory(path=path, topics=[asked])]), 2)
    code: int = answer.results[0].partitions[0].error_code
    return code


def values(bench: Bench, kind: type[Any]) -> list[Any]:
    """What the cluster's log says, of one kind."""
    log = bench.state.directories.metadata.logs["__cluster_metadata", 0]
    rows = [row for header, batch in log.batches() if not header.is_control for row in records(batch, header)]
    found = [decode_metadata(row.value or b"")[0] for row in rows]
    return [value for value in found if isinstance(value, kind)]


def test_partitions_are_spread(two: Two) -> None:
    """The directory with the fewest partitions gets the next one (LogManager.nextLogDirs). The controller leaves the
    choice to the broker, which tells it (AssignReplicasToDirs), as in Kafka's own log."""
    assert in_directory(two.client, "/first") == [("t", 0), ("t", 2)]
    assert in_directory(two.client, "/second") == [("t", 1), ("t", 3)]
    assert [[bytes(each) for each in value.directories] for value in values(two.bench, PartitionRecord)] == [
        [UNASSIGNED]
    ] * 4
    ids = {path: two.bench.state.directories.by_path(path).meta.directory_id for path in ("/first", "/second")}  # type: ignore[union-attr]
    assigned = [value for value in values(two.bench, PartitionChangeRecord) if value.directories is not None]
    assert [(value.partition_id, bytes(value.directories[0]), value.leader) for value in assigned] == [
        (0, ids["/first"], -2),
        (1, ids["/second"], -2),
        (2, ids["/first"], -2),
        (3, ids["/second"], -2),
    ]


def test_the_others_go_on(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    """One line says which directory, why and what to do; what is in another one is written and read as before."""
    two.fail_second()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "/second has failed and is offline until the next start" in caplog.text
    assert "No space left on device; free some space and start again" in caplog.text
    for index, error in ((0, NONE), (1, KAFKA_STORAGE_ERROR), (2, NONE), (3, KAFKA_STORAGE_ERROR)):
        assert produced(two.client.ask(produce("t", b"after", index=index), 9))[0] == error
    assert fetched(two.client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"before", b"after"]}
    assert len(caplog.records) == 1
    assert not two.bench.core.bugs


def test_what_every_api_says(two: Two) -> None:
    """As Kafka answered when its second directory was full."""
    two.fail_second()
    client = two.client
    (part,) = client.ask(fetch(("t", 1, 0)), 12).responses[0].partitions
    assert (part.error_code, part.high_watermark, part.last_stable_offset, part.log_start_offset) == (
        KAFKA_STORAGE_ERROR,
        -1,
        -1,
        -1,
    )
    assert client.ask(fetch(("t", 1, 0)), 5).responses[0].partitions[0].error_code == NOT_LEADER
    for timestamp in (-1, -2, 5):
        (listed,) = client.ask(end_offset("t", index=1, timestamp=timestamp), 7).topics[0].partitions
        assert (listed.error_code, listed.offset, listed.timestamp) == (KAFKA_STORAGE_ERROR, -1, -1)
    deleted = DeleteRecordsRequest.DeleteRecordsTopic
    asked = [deleted.DeleteRecordsPartition(partition_index=index, offset=1) for index in (0, 1)]
    answer = client.ask(DeleteRecordsRequest(topics=[deleted(name="t", partitions=asked)], timeout_ms=1000), 2)
    assert [(each.error_code, each.low_watermark) for each in answer.topics[0].partitions] == [
        (NONE, 1),
        (KAFKA_STORAGE_ERROR, -1),
    ]
    epochs = OffsetForLeaderEpochRequest.OffsetForLeaderTopic
    one = epochs.OffsetForLeaderPartition(partition=1, current_leader_epoch=-1, leader_epoch=0)
    answer = client.ask(OffsetForLeaderEpochRequest(replica_id=-1, topics=[epochs(topic="t", partitions=[one])]), 4)
    (ended,) = answer.topics[0].partitions
    assert (ended.error_code, ended.leader_epoch, ended.end_offset) == (KAFKA_STORAGE_ERROR, -1, -1)
    named = DescribeProducersRequest.TopicRequest(name="t", partition_indexes=[1])
    (described,) = client.ask(DescribeProducersRequest(topics=[named]), 0).topics[0].partitions
    assert (described.error_code, described.error_message) == (KAFKA_STORAGE_ERROR, None)


def test_nobody_leads_it(two: Two) -> None:
    """The controller takes the leader away, and says which directories are left (handleDirectoriesOffline)."""
    two.fail_second()
    led, lost = (NONE, 1, 0, [1], []), (LEADER_NOT_AVAILABLE, -1, 1, [], [1])
    assert partitions(two.client) == [led, lost, led, lost]
    changes = values(two.bench, PartitionChangeRecord)[-2:]
    assert [(value.partition_id, value.leader, value.isr, value.eligible_leader_replicas) for value in changes] == [
        (1, -1, [], [1]),
        (3, -1, [], [1]),
    ]
    left = two.bench.state.directories.ids
    assert [bytes(each) for each in values(two.bench, BrokerRegistrationChangeRecord)[-1].log_dirs] == left


def test_what_is_told_of_the_directories(two: Two) -> None:
    """Of one that is offline DescribeLogDirs tells its error alone, and nothing moves to it, from it or, while it is
    offline, at all; new partitions go to the others."""
    two.fail_second()
    client = two.client
    answer = client.ask(DescribeLogDirsRequest(topics=None), 4).results[1]
    assert (answer.error_code, answer.log_dir, answer.topics, answer.total_bytes) == (56, "/second", [], -1)
    assert [alter(client, "/first", "t", 1), alter(client, "/second", "t", 0)] == [KAFKA_STORAGE_ERROR] * 2
    assert alter(client, "/first", "t", 0) == NONE
    assert [alter(client, "/second", "nope", 1), alter(client, "/third", "t", 1)] == [56, LOG_DIR_NOT_FOUND]
    assert client.ask(create_topic("new", 2), 7).topics[0].error_code == NONE
    for index in (0, 1):
        assert produced(client.ask(produce("new", b"x", index=index), 9)) == (NONE, 0)
    assert in_directory(client, "/first") == [("t", 0), ("t", 2), ("new", 0), ("new", 1)]


def test_a_fetch_that_waits_is_told(two: Two) -> None:
    """It is not kept until its time is over."""
    waiting = two.bench.connect()
    waiting.send(fetch(("t", 3, 1), max_wait_ms=10_000), 12)
    assert waiting.is_waiting
    two.fail_second()
    assert waiting.answer().responses[0].partitions[0].error_code == KAFKA_STORAGE_ERROR


def test_groups_of_other_directories_go_on(two: Two) -> None:
    """A group whose partition of __consumer_offsets is offline has no coordinator; others have theirs."""
    lost, kept = "group", next(name for name in ("a", "b", "c", "d") if java_hash(name) % 2 != java_hash("group") % 2)
    assert [error(two.client, group) for group in (lost, kept)] == [NONE, NONE]
    gone = two.bench.state.homes.of(("__consumer_offsets", java_hash(lost) % 2)).files.root
    if gone == "/first":
        lost, kept = kept, lost
    two.fail_second()
    assert [coordinator(two.client, group) for group in (lost, kept)] == [(COORDINATOR_NOT_AVAILABLE, -1), (NONE, 1)]
    assert [error(two.client, group) for group in (lost, kept)] == [NOT_COORDINATOR, NONE]
    described = two.client.ask(DescribeGroupsRequest(groups=[lost, kept]), 5).groups
    assert [group.error_code for group in described] == [NOT_COORDINATOR, NONE]
    client = two.again()
    assert [error(client, group) for group in (lost, kept)] == [NONE, NONE]


def error(client: CoreClient, group: str) -> int:
    coordinator(client, group)
    code: int = client.ask(commit(group, -1, "", "t", 1), 8).topics[0].partitions[0].error_code
    return code


def coordinator(client: CoreClient, group: str) -> tuple[int, int]:
    answer = client.ask(FindCoordinatorRequest(key=group, key_type=0), 2)
    return answer.error_code, answer.node_id


def test_the_next_start_takes_it_up_again(two: Two) -> None:
    """With the disk well again it is all there, with a leader; only the others were stopped cleanly
    (LogManager.shutdown), so that this one's logs are looked through."""
    two.fail_second()
    two.bench.state.close(two.bench.now)
    assert [disk.exists(".kafka_cleanshutdown") for disk in two.disks] == [True, False]
    client = two.start()
    assert partitions(client) == [(NONE, 1, 2, [1], [])] * 4
    for index in range(4):
        assert fetched(client.ask(fetch(("t", index, 0)), 12)) == {("t", index): [b"before"]}
        assert produced(client.ask(produce("t", b"after", index=index), 9)) == (NONE, 1)


def test_it_is_still_away_at_the_next_start(two: Two) -> None:
    """A broker starts without it (LogManager.createAndValidateLogDirs), and its topics can be deleted."""
    two.fail_second()
    two.bench.state.close(two.bench.now)
    first, _ = two.disks
    two.disks = [first, Unreadable("/second")]
    client = two.start()
    assert partitions(client)[:2] == [(NONE, 1, 2, [1], []), (LEADER_NOT_AVAILABLE, -1, 1, [], [1])]
    assert produced(client.ask(produce("t", b"x", index=1), 9)) == (KAFKA_STORAGE_ERROR, -1)
    assert places(client)["/second"] == (KAFKA_STORAGE_ERROR, {})
    assert client.ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), 5).responses[0].error_code == NONE
    two.bench.state.close(two.bench.now)
    assert not two.bench.core.bugs


def test_without_the_metadata_nothing_goes_on(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    """Kafka halts; in a process of its own user the broker answers with errors, says why once, and ends in order."""
    lost: list[bool] = []
    two.bench.state.outages.on_loss = lambda: lost.append(True)
    two.disks[0].is_full = True
    for _ in range(3):
        assert two.client.ask(create_topic("new"), 7).topics[0].error_code == KAFKA_STORAGE_ERROR
    assert produced(two.client.ask(produce("t", b"x"), 9)) == (KAFKA_STORAGE_ERROR, -1)
    two.bench.advance(1000)
    two.bench.state.close(two.bench.now)
    assert lost == [True]
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    assert "/first has failed and is offline until the next start, and without it nothing can go on" in caplog.text
    assert not two.bench.core.bugs


def test_a_disk_that_fails_at_the_end(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    """The other directory is closed cleanly all the same."""
    two.disks[1].is_full = True
    two.bench.state.close(two.bench.now)
    assert [disk.exists(".kafka_cleanshutdown") for disk in two.disks] == [True, False]
    assert "/second has failed" in caplog.text


# -- from one directory to another -----------------------------------------------------------------------------------


def values_of(client: CoreClient, index: int) -> list[bytes]:
    return fetched(client.ask(fetch(("t", index, 0), partition_max_bytes=1 << 30), 12))["t", index]


def test_a_moved_partition_is_never_in_both_directories(two: Two) -> None:
    """As seen between two wakes: a kill that finds both, and one of them written to since, would need a person."""
    assert alter(two.client, "/second", "t", 0) == NONE
    for _ in range(20):
        two.bench.core.wake(two.bench.now)
        assert ["t-0" in disk.list("") for disk in two.disks] in ([True, False], [False, True])
        if "t-0" in two.disks[1].list(""):
            return
    pytest.fail("it has not moved")


def test_a_partition_moves(two: Two) -> None:
    """The move is answered when it begins; meanwhile the copy is there too, with what it lacks; then the partition is
    in the other directory alone, also for the cluster, and nobody sees a difference."""
    large = [bytes([number]) * 40_000 for number in range(5)]
    for value in large:
        two.client.ask(produce("t", value, index=0), 9)
    assert alter(two.client, "/second", "t", 0) == NONE
    assert places(two.client)["/second"][1]["t", 0] == (6, True)
    assert places(two.client)["/first"][1]["t", 0] == (0, False)
    two.bench.core.wake(two.bench.now)
    lag, is_future = places(two.client)["/second"][1]["t", 0]
    assert (0 < lag < 6, is_future) == (True, True)
    assert produced(two.client.ask(produce("t", b"meanwhile", index=0), 9)) == (NONE, 6)
    two.bench.advance(0)
    assert in_directory(two.client, "/first") == [("t", 2)]
    assert in_directory(two.client, "/second") == [("t", 0), ("t", 1), ("t", 3)]
    assert values_of(two.client, 0) == [b"before", *large, b"meanwhile"]
    assert produced(two.client.ask(produce("t", b"after", index=0), 9)) == (NONE, 7)
    moved = values(two.bench, PartitionChangeRecord)[-1]
    assert (moved.partition_id, bytes(moved.directories[0])) == (
        0,
        two.bench.state.directories.online[1].meta.directory_id,
    )
    assert [name for name in two.disks[0].list("") if name.startswith("t-0")] == [
        f"t-0.{two.bench.state.image.topics['t'].id.hex()}-delete"
    ]
    two.bench.advance(60_000)
    assert [name for name in two.disks[0].list("") if name.startswith("t-0")] == []
    client = two.again()
    assert values_of(client, 0) == [b"before", *large, b"meanwhile", b"after"]
    assert partitions(client)[0] == (NONE, 1, 2, [1], [])


def test_a_partition_that_begins_later_moves(two: Two) -> None:
    """What was deleted stays deleted, within a segment too."""
    for number in range(9):
        two.client.ask(produce("t", b"%d" % number, index=0), 9)
    deleted = DeleteRecordsRequest.DeleteRecordsTopic
    asked = deleted(name="t", partitions=[deleted.DeleteRecordsPartition(partition_index=0, offset=7)])
    two.client.ask(DeleteRecordsRequest(topics=[asked], timeout_ms=1000), 2)
    assert alter(two.client, "/second", "t", 0) == NONE
    two.bench.advance(0)
    assert in_directory(two.client, "/first") == [("t", 2)]
    for start in (lambda: two.client, two.again):
        client = start()
        (listed,) = client.ask(end_offset("t", index=0, timestamp=-2), 7).topics[0].partitions
        assert listed.offset == 7
        assert fetched(client.ask(fetch(("t", 0, 7)), 12)) == {("t", 0): [b"6", b"7", b"8"]}


def test_a_move_is_called_back(two: Two) -> None:
    """To ask for the directory where a partition is ends its move to another."""
    assert alter(two.client, "/second", "t", 0) == NONE
    assert alter(two.client, "/first", "t", 0) == NONE
    two.bench.advance(0)
    assert ("t", 0) in in_directory(two.client, "/first")
    assert ("t", 0) not in in_directory(two.client, "/second")
    two.bench.advance(60_000)
    assert [name for name in two.disks[1].list("") if name.startswith("t-0")] == []


def test_a_kill_cuts_a_move_short(two: Two) -> None:
    """It begins anew at the next start, as Kafka goes on with what it finds."""
    assert alter(two.client, "/second", "t", 0) == NONE
    two.client.ask(produce("t", b"x" * 100_000, index=0), 9)
    two.bench.core.wake(two.bench.now)
    assert [name for name in two.disks[1].list("") if name.endswith("-future")] != []
    two.disks = [disk.copy() for disk in two.disks]
    client = two.start()
    two.bench.advance(0)
    assert in_directory(client, "/second") == [("t", 0), ("t", 1), ("t", 3)]
    assert values_of(client, 0) == [b"before", b"x" * 100_000]


def test_where_a_partition_will_be(two: Two) -> None:
    """A directory that is asked for before there is such a partition is remembered, in the words of Kafka's answer."""
    assert [alter(two.client, "/second", "new", index) for index in (0, 1)] == [UNKNOWN_TOPIC] * 2
    two.client.ask(create_topic("new", 3), 7)
    assert in_directory(two.client, "/second") == [("t", 1), ("t", 3), ("new", 0), ("new", 1)]
    assert in_directory(two.client, "/first") == [("t", 0), ("t", 2), ("new", 2)]


def test_wishes_are_bounded(two: Two) -> None:
    """Of more wishes than a cluster could ever grant in one go the oldest are forgotten: nobody fills the memory."""
    directory = two.bench.state.directories.online[1]
    for index in (0, 1):
        assert alter(two.client, "/second", "new", index) == UNKNOWN_TOPIC
    for index in range(9_999):
        two.bench.state.homes.wish(("other", index), directory)
    two.client.ask(create_topic("new", 2), 7)
    assert ("new", 0) in in_directory(two.client, "/first")
    assert ("new", 1) in in_directory(two.client, "/second")


def test_the_disk_fails_where_a_partition_goes(two: Two) -> None:
    """The move is over, and the partition where it was."""
    assert alter(two.client, "/second", "t", 0) == NONE
    two.disks[1].is_full = True
    two.bench.advance(0)
    assert places(two.client)["/second"] == (KAFKA_STORAGE_ERROR, {})
    assert produced(two.client.ask(produce("t", b"after", index=0), 9)) == (NONE, 1)
    assert not two.bench.core.bugs


def test_a_compaction_in_a_directory_that_fails() -> None:
    """It ends where it is: no segment takes the place of another there any more."""
    often = {**FEW_SHARDS, "log.cleaner.backoff.ms": "1000", "log.cleaner.min.cleanable.ratio": "0"}
    disks = [FullDisk("/first"), FullDisk("/second")]
    bench = Bench(files=disks, config=often)
    client = bench.connect()
    client.ask(create_topic("t", 2, {"cleanup.policy": "compact", "internal.segment.bytes": "8000"}), 7)
    for _ in range(30):
        data = build([(bench.now, b"%d" % number, b"v", ()) for number in range(100)])
        assert produced(client.ask(produce("t", data=data, index=1), 9))[0] == NONE
    end = "00000000000000000000.log.cleaned"
    for _ in range(1000):
        if end in disks[1].list("t-1"):
            break
        bench.now = max(bench.now, bench.core.due() or 0)
        bench.core.wake(bench.now)
    assert end in disks[1].list("t-1")
    disks[1].is_full = True
    assert produced(client.ask(produce("t", data=data, index=1), 9)) == (KAFKA_STORAGE_ERROR, -1)
    disks[1].is_full = False
    logs = [name for name in disks[1].list("t-1") if name.endswith(".log")]
    before = [disks[1].read_whole(f"t-1/{name}") for name in logs]
    bench.advance(10_000)
    assert [disks[1].read_whole(f"t-1/{name}") for name in logs] == before
    assert not bench.core.bugs


def test_groups_move_too(two: Two) -> None:
    """Those whose partition of __consumer_offsets goes to another directory notice nothing."""
    assert error(two.client, "group") == NONE
    index = java_hash("group") % 2
    home = two.bench.state.homes.of(("__consumer_offsets", index)).files.root
    other = "/second" if home == "/first" else "/first"
    assert alter(two.client, other, "__consumer_offsets", index) == NONE
    two.bench.advance(0)
    assert two.bench.state.homes.of(("__consumer_offsets", index)).files.root == other
    for start in (lambda: two.client, two.again):
        assert error(start(), "group") == NONE
        described = two.client.ask(DescribeGroupsRequest(groups=["group"]), 5).groups
        assert [group.error_code for group in described] == [NONE]


def test_how_long_what_is_deleted_is_there() -> None:
    """file.delete.delay.ms, of a topic, keeps segments, and log.segment.delete.delay.ms, of the broker, the directories
    of topics (LogManager.deleteLogs); both are heeded as they are set."""
    disk = FullDisk()
    bench = Bench(files=disk, config={"log.segment.delete.delay.ms": "5000"})
    client = bench.connect()
    small = {"internal.segment.bytes": "1024", "file.delete.delay.ms": "2000"}
    for topic in ("t", "u"):
        client.ask(create_topic(topic, 1, small), 7)
        for _ in range(3):
            client.ask(produce(topic, b"x" * 900), 9)
    deleted = DeleteRecordsRequest.DeleteRecordsTopic
    asked = deleted(name="t", partitions=[deleted.DeleteRecordsPartition(partition_index=0, offset=2)])
    client.ask(DeleteRecordsRequest(topics=[asked], timeout_ms=1000), 2)
    for _ in bench.state.retention.retain_now(bench.now):
        pass
    client.ask(DeleteTopicsRequest(topic_names=["u"], timeout_ms=1000), 5)
    for milliseconds, segments, directories in (
        (1999, True, True),
        (1, False, True),
        (2999, False, True),
        (1, False, False),
    ):
        bench.advance(milliseconds)
        assert any(name.endswith(".log.deleted") for name in disk.list("t-0")) == segments
        assert any(name.endswith("-delete") for name in disk.list("")) == directories


def test_what_was_deleted_while_its_directory_was_offline_is_set_aside_when_that_is_back(
    two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    """A later topic of the same name may have its partitions elsewhere; the old ones get a name under which nobody
    looks for them, as in Kafka (LogManager.loadLog), and a line each says so."""
    two.fail_second()
    assert two.client.ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), 5).responses[0].error_code == NONE
    assert two.client.ask(create_topic("t", 4), 7).topics[0].error_code == NONE
    for index in range(4):
        assert produced(two.client.ask(produce("t", b"after", index=index), 9)) == (NONE, 0)
    client = two.again()
    for index in range(4):
        assert fetched(client.ask(fetch(("t", index, 0)), 12)) == {("t", index): [b"after"]}
    two.bench.advance(1)
    aside = [name for name in two.disks[1].list("") if name.startswith("t-")]
    assert aside
    assert all(re.fullmatch(r"t-\d\.[0-9a-f]{32}-stray", name) for name in aside)
    assert all(f"{name}: set aside" in caplog.text for name in aside)


def test_a_partition_is_offline_with_the_disk_that_it_has_moved_to() -> None:
    """If that fails in the last moment of the move, nothing is made anew where the partition has been: all of it is
    there at the next start."""
    plans = [Plan("first")]
    plans.append(Plan("second", beside=plans[0]))
    disks = [FaultyFiles(plan=plan) for plan in plans]
    bench = Bench(files=disks)
    client = bench.connect()
    client.ask(create_topic("t", 1), 7)
    rows = [(START, None, b"before", ())]
    data = build(rows, producer_id=7, producer_epoch=0, base_sequence=0)
    assert produced(client.ask(produce("t", data=data), 9)) == (NONE, 0)
    assert disks[0].exists("t-0")  # where there is room for one more
    plans[1].arm(Fault(("read",), path="t-0/00000000000000000001.snapshot"))
    assert alter(client, "second", "t", 0) == NONE
    bench.advance(1)
    error, offset = produced(bench.connect().ask(produce("t", b"lost"), 9))
    assert (error in (KAFKA_STORAGE_ERROR, NOT_LEADER), offset) == (True, -1)
    bench.state.close(bench.now)
    again = Bench(files=[FaultyFiles(files.disk, Plan(files.root)) for files in disks], now=bench.now)
    client = again.connect()
    assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"before"]}


def test_a_partition_goes_on_where_it_has_moved_to_if_the_disk_that_it_has_left_fails() -> None:
    """What is acknowledged after the copy has its last name is in the copy, whatever becomes of the old files; the next
    start takes what has more, and sets the rest aside."""
    plans = [Plan("first")]
    plans.append(Plan("second", beside=plans[0]))
    disks = [FaultyFiles(plan=plan) for plan in plans]
    bench = Bench(files=disks)
    client = bench.connect()
    client.ask(create_topic("t", 1), 7)
    assert produced(client.ask(produce("t", b"before"), 9)) == (NONE, 0)
    home = next(number for number in (0, 1) if disks[number].exists("t-0"))
    if home == 0:  # the metadata stays well
        assert alter(client, "second", "t", 0) == NONE
        for _ in range(5):
            bench.advance(1)
    assert disks[1].exists("t-0")
    plans[1].arm(Fault(("rename",), path="t-0"))
    assert alter(client, "first", "t", 0) == NONE
    for _ in range(5):
        bench.advance(1)
    assert plans[1].raised
    assert produced(client.ask(produce("t", b"after"), 9)) == (NONE, 1)
    again = Bench(files=[FaultyFiles(files.disk, Plan(files.root)) for files in disks], now=bench.now)
    assert fetched(again.connect().ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"before", b"after"]}
    assert [name for name in disks[1].list("") if name.endswith("-stray")]

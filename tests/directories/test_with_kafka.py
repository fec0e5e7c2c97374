"""Two directories of one broker, used in turn by kpybroker and Apache Kafka 4.3.1: neither misses what the other's
clients wrote, nor what the other's cleaner has cleaned.

The story is told once; each test looks at what it is about.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from kpybroker.inspection.directories import verify
from kpybroker.inspection.findings import Finding, Report
from kpybroker.wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest
from tests.directories.clients import (
    Deals,
    Pair,
    Seen,
    add,
    alter,
    create,
    look,
    overwrite,
    read_deals,
    send,
    write,
)
from tests.kafka import KafkaProcess, java
from tests.process import BrokerProcess
from tests.until import PATIENCE_S, until

pytestmark = pytest.mark.needs("kafka")
PROGRAM = Path(__file__).parent / "Dump.java"
SOON = "log.cleaner.backoff.ms=100"
SETTINGS = f"{SOON}\ntransaction.state.log.num.partitions=1\n"
MOVED = "segments-0"


class Story(NamedTuple):
    """What was seen at each station, and what was said there."""

    written: Seen  # before kpybroker's clean stop
    by_kafka: Seen
    more: Seen  # what Kafka's clients had added before its stop
    deals: list[list[Pair]]  # as Kafka gives them: all, and those that are committed
    by_kpybroker: Seen
    deals_by_kpybroker: list[list[Pair]]  # all, before its cleaner has come, and after
    killed: Seen  # before kpybroker was killed
    after_kill: Seen
    deals_after_kill: list[list[Pair]]  # those that are committed, and again when the open transaction is over
    at_last: Seen  # kpybroker, after Kafka was killed
    empty: list[str]  # directories of partitions that had none when kpybroker was killed
    refused: tuple[int, str]
    complaints: list[str]
    dumps: list[dict[str, str]]  # after kpybroker's clean stops
    files: list[list[str]]  # after kpybroker's stop: those of the directories
    problems: dict[str, list[Finding]]  # what is wrong after each stop


class Directories:
    """Both of them, and who used them last."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "a", folder / "b"]
        self.arguments = [part for path in self.paths for part in ("--data-dir", str(path))]
        self.as_setting = ",".join(map(str, self.paths))
        self.problems: dict[str, list[Finding]] = {}

    def verify(self, after: str) -> None:
        found: list[Finding] = []
        for path in self.paths:
            verify(str(path), Report(found.append))
        self.problems[after] = [each for each in found if each.severity == "problem"]

    def of(self, partition: str) -> list[Path]:
        return [path for path in self.paths if (path / partition).exists()]

    def cleaned(self, topic: str) -> int:
        """Up to which offset it is clean."""
        for path in self.paths:
            for line in (path / "cleaner-offset-checkpoint").read_text().splitlines()[2:]:
                if line.startswith(f"{topic} 0 "):
                    return int(line.rpartition(" ")[2])
        return -1

    def wait_until_clean(self, topic: str, beyond: int = 0) -> int:
        """The cleaner has come further than this."""
        return until(lambda: self.cleaned(topic) if self.cleaned(topic) > beyond else None) or 0

    def move(self, broker: BrokerProcess, partition: str) -> None:
        """To the other directory."""
        (source,) = self.of(partition)
        (destination,) = set(self.paths) - {source}
        directory = AlterReplicaLogDirsRequest.AlterReplicaLogDir
        topic, _, index = partition.rpartition("-")
        asked = directory.AlterReplicaLogDirTopic(name=topic, partitions=[int(index)])
        with broker.link() as link:
            request = AlterReplicaLogDirsRequest(dirs=[directory(path=str(destination), topics=[asked])])
            assert link.ask(request, 2).results[0].partitions[0].error_code == 0
        until(lambda: self.of(partition) == [destination])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("directories")
    both = Directories(folder)
    ours = [*both.arguments, "--override", SOON]
    snapshots = ["--override", "metadata.log.max.record.bytes.between.snapshots=5000"]
    with BrokerProcess(folder / "first", *ours, *snapshots) as broker:
        write(bootstrap(broker))
        both.move(broker, MOVED)
        clean_to = both.wait_until_clean("cleaned")
        written = look(bootstrap(broker))
        assert broker.stop() == 143
    both.verify("kpybroker")
    files = [sorted(str(each.relative_to(path)) for each in path.rglob("*")) for path in both.paths]
    dumps = [dump_all(both.paths)]
    with KafkaProcess(folder / "kafka", both.as_setting, SETTINGS) as kafka:
        by_kafka = look(kafka.bootstrap)
        other = BrokerProcess(folder / "other", *ours)
        refused = other.process.wait(60), other.log
        add(kafka.bootstrap, "by Kafka")
        overwrite(kafka.bootstrap, 1_000_000)
        Deals(kafka.bootstrap).make()
        deals = [read_deals(kafka.bootstrap, isolation) for isolation in ("read_uncommitted", "read_committed")]
        both.wait_until_clean("cleaned", clean_to)
        more = look(kafka.bootstrap)
        complaints = kafka.complaints
        assert kafka.stop() == 143
    both.verify("Kafka")
    with BrokerProcess(folder / "second", *ours) as broker:
        by_kpybroker = look(bootstrap(broker))
        deals_by_kpybroker = [read_deals(bootstrap(broker))]
        alter(bootstrap(broker), "deals", "min.cleanable.dirty.ratio", "0")
        both.wait_until_clean("deals")
        deals_by_kpybroker.append(read_deals(bootstrap(broker)))
        add(bootstrap(broker), "before the kill")
        create(bootstrap(broker), "empty", 2)
        killed = look(bootstrap(broker))
        assert not both.of("empty-0")
        broker.stop(signal.SIGKILL)
    with KafkaProcess(folder / "kafka again", both.as_setting, SETTINGS) as kafka:
        after_kill = look(kafka.bootstrap)
        deals_after_kill = [read_deals(kafka.bootstrap, "read_committed")]
        Deals(kafka.bootstrap)
        deals_after_kill.append(read_deals(kafka.bootstrap, "read_committed"))
        empty = [each.name for path in both.paths for each in path.glob("empty-?")]
        kafka.stop(signal.SIGKILL)
    with BrokerProcess(folder / "third", *ours) as broker:
        at_last = look(bootstrap(broker))
        assert broker.stop() == 143
    both.verify("kpybroker again")
    dumps.append(dump_all(both.paths))
    yield Story(
        written,
        by_kafka,
        more,
        deals,
        by_kpybroker,
        deals_by_kpybroker,
        killed,
        after_kill,
        deals_after_kill,
        at_last,
        empty,
        refused,
        complaints,
        dumps,
        files,
        both.problems,
    )


def bootstrap(broker: BrokerProcess) -> str:
    host, port = broker.address
    return f"{host}:{port}"


def dump_all(paths: list[Path]) -> dict[str, str]:
    """What Kafka's tool says of each kind of file."""
    every = [each for path in paths for each in path.glob("*-[0-9]*/*") if not each.parent.name.endswith("-delete")]
    metadata = [each for each in every if each.parent.name == "__cluster_metadata-0"]
    groups = [each for each in every if each.parent.name.startswith("__consumer_offsets-")]

    def named(files: list[Path], *suffixes: str) -> list[Path]:
        return [each for each in files if each.suffix in suffixes and each.stat().st_size]

    others = [each for each in every if each not in metadata and each not in groups]
    assert named(metadata, ".checkpoint"), "a snapshot of the metadata log is among what is read"
    return dump(
        {
            "logs": (named(others, ".log", ".index", ".timeindex", ".txnindex"), "--deep-iteration"),
            "snapshots": (named(every, ".snapshot"), "--deep-iteration"),
            "metadata": (named(metadata, ".log", ".checkpoint"), "--cluster-metadata-decoder"),
            "offsets": (named(groups, ".log"), "--offsets-decoder"),
            "indexes": (named(every, ".index", ".timeindex"), "--index-sanity-check"),
        }
    )


def dump(todo: dict[str, tuple[list[Path], str]]) -> dict[str, str]:
    lines = [f"{kind}\t{option}\t--files\t{','.join(map(str, files))}\n" for kind, (files, option) in todo.items()]
    command = java(PROGRAM)
    done = subprocess.run(
        command, input="".join(lines), capture_output=True, text=True, check=False, timeout=3 * PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    parts = done.stdout.split("== ")[1:]
    assert len(parts) == len(todo)
    return {kind: part + done.stderr for kind, part in zip(todo, parts, strict=True)}


def test_kafka_reads_what_kpybroker_wrote(story: Story) -> None:
    """Every record, in all codecs and over segments, every group, offset and config, after a clean stop."""
    assert story.written.offsets.keys() >= {"by-kafka-python", "by-confluent"}
    assert story.written.records.keys() == {("codecs", 0), ("codecs", 1), ("segments", 0), ("cut", 0), ("keyed", 0)}
    assert len(story.written.latest) == 9
    assert [row[0] for row in story.written.records["cut", 0]] == list(range(7, 20))
    assert story.by_kafka == story.written


def test_kpybroker_reads_what_kafka_added(story: Story) -> None:
    """And all that was there before."""
    assert len(story.more.records["cut", 0]) == len(story.written.records["cut", 0]) + 1
    assert story.more.offsets["by-confluent"]["cut", 0] == (20, "by Kafka")
    assert story.by_kpybroker == story.more


def test_a_kill_of_kpybroker_loses_nothing_for_kafka(story: Story) -> None:
    """What was acknowledged before a SIGKILL is there when Kafka starts next."""
    assert len(story.killed.records["cut", 0]) == len(story.more.records["cut", 0]) + 1
    assert story.after_kill == story.killed


def test_a_kill_of_kafka_loses_nothing_for_kpybroker(story: Story) -> None:
    """The other way round."""
    assert story.at_last == story.after_kill


def test_kpybroker_does_not_come_in_while_kafka_runs(story: Story) -> None:
    """It says in one line that the directory is in use, and ends with 1."""
    code, said = story.refused
    (line,) = said.splitlines()
    assert "another broker is using this directory (its .lock is held)" in line
    assert code == 1


def test_kafka_does_not_come_in_while_kpybroker_runs(tmp_path: Path) -> None:
    """It fails at the lock. A combined node has written to the metadata log by then, as it does to that of another
    Kafka: whatever this broker decides before, after and in its next run is there all the same."""
    arguments = ["--data-dir", str(tmp_path / "data")]
    with BrokerProcess(tmp_path / "ours", *arguments) as broker:
        admin = AdminClient({"bootstrap.servers": bootstrap(broker)})
        admin.create_topics([NewTopic("before", 1)])["before"].result()
        intruder = KafkaProcess(tmp_path / "intruder", tmp_path / "data")
        assert intruder.process.wait(60) == 1
        assert "Failed to acquire lock on file .lock" in intruder.log
        admin.create_topics([NewTopic("after", 1)])["after"].result()
        assert broker.stop() == 143
    with BrokerProcess(tmp_path / "again", *arguments) as broker:
        admin = AdminClient({"bootstrap.servers": bootstrap(broker)})
        assert set(admin.list_topics(timeout=20).topics) == {"before", "after"}
        send(bootstrap(broker), "after", [(None, b"value")])


def test_what_kpybroker_has_cleaned_kafka_cleans_again(story: Story) -> None:
    """Each key has its last value still, or that it was deleted; both cleaners were at it, each from where the other
    had come."""
    assert {key: row[3] for key, row in story.written.latest.items()}[b"none"] is None
    assert story.by_kafka.latest == story.written.latest
    assert story.by_kpybroker.latest == story.more.latest
    assert story.more.latest.keys() == story.written.latest.keys()
    assert story.more.latest != story.written.latest


def test_transactions_are_cleaned_as_transactions(story: Story) -> None:
    """Of Kafka's transactions: what is aborted goes, what is open stays and takes nothing away of what was committed,
    and Kafka's clients that ask for what is committed get that, before and after the open one is aborted."""
    everything, committed = story.deals
    assert everything == [
        *[(b"a", b"1"), (b"b", b"1"), (b"c", b"1"), (b"a", b"aborted"), (b"d", b"aborted")],
        *[(b"b", b"2"), (b"e", None), (b"a", b"open"), (b"b", b"open")],
    ]
    assert committed == [*everything[:3], (b"b", b"2"), (b"e", None)]
    before, after = story.deals_by_kpybroker
    assert before == everything
    kept = [(b"a", b"1"), (b"c", b"1"), (b"b", b"2"), (b"e", None)]
    assert after == [*kept, (b"a", b"open"), (b"b", b"open")]
    assert story.deals_after_kill == [kept, kept]


def test_nothing_is_wrong_after_any_stop(story: Story) -> None:
    """`kpybroker verify` on both directories, after kpybroker's stops and Kafka's."""
    assert story.problems == {"kpybroker": [], "Kafka": [], "kpybroker again": []}


def test_partitions_without_files_are_made(story: Story) -> None:
    """A killed kpybroker leaves none of what nobody has written to: Kafka makes them where the cluster has them."""
    assert sorted(story.empty) == ["empty-0", "empty-1"]


def test_both_directories_are_used(story: Story) -> None:
    """With several segments and their producers' snapshots in one that was moved, and a deleted topic's files."""
    moved = [name for each in story.files for name in each if name.startswith(f"{MOVED}/")]
    assert len([name for name in moved if name.endswith(".log")]) > 2
    assert len([name for name in moved if name.endswith(".snapshot")]) > 1
    assert all(any(name.endswith("-0/partition.metadata") for name in each) for each in story.files)
    gone = [name for each in story.files for name in each if name.startswith("gone-0.") and "/" not in name]
    assert [name.endswith("-delete") for name in gone] == [True]
    assert not [name for each in story.files for name in each if name.endswith(".lock")]


def test_kafka_has_nothing_to_complain_of(story: Story) -> None:
    """After a clean stop it opens our files without a warning: no index to be rebuilt, nothing that it cannot read."""
    assert story.complaints == []


def test_kafkas_own_tool_reads_every_kind_of_file(story: Story) -> None:
    """DumpLogSegments, after both clean stops: logs, indexes, those of aborted transactions, snapshots of producers and
    of the metadata, the metadata log, offsets."""
    for what, said in [each for dumps in story.dumps for each in dumps.items()]:
        found = [
            line for line in said.splitlines() if "isvalid: false" in line or "ismatch" in line or "orrupt" in line
        ]
        assert not found, f"{what}: {found[:5]}"
        assert "Exception" not in said, said
    first, last = story.dumps
    assert "compresscodec: zstd" in first["logs"]
    assert "producerId: 0" in first["logs"]
    assert re.search(r"lastOffset: \d+ count: 0 ", first["logs"]), "what is left of a producer's last batch"
    assert "deleteHorizonMs: OptionalLong[" in first["logs"]
    assert "lastSequence: " in first["snapshots"]
    assert '"type":"REGISTER_BROKER_RECORD"' in first["metadata"]
    assert '"type":"FENCE_BROKER_RECORD"' not in first["metadata"]
    assert "by-confluent" in first["offsets"]
    assert "passed sanity check" in first["indexes"]
    assert "endTxnMarker: COMMIT" in last["logs"]
    assert "isTransactional: true" in last["logs"]

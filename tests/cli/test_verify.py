"""`kpybroker verify`: sound directories are sound, and whatever is changed in one is found and named."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from crc32c import crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from kpybroker.cli.main import command
from kpybroker.inspection.directories import verify as look_through
from kpybroker.inspection.findings import Finding, Report
from kpybroker.storage.locks import is_locked, lock_file
from kpybroker.wire.records import batches, build, read_header, records
from tests.conftest import ROOT
from tests.process import BrokerProcess
from tests.requests import create_topic, produce, produced

STORAGE = ROOT / "tests" / "data" / "storage"
KAFKA = ROOT / "tests" / "data" / "inspection" / "kafka"
ENVIRONMENT = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}
LOG = f"{0:020d}.log"


def verify(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["verify", *map(str, arguments)])


def findings(path: Path) -> list[Finding]:
    found: list[Finding] = []
    look_through(str(path), Report(found.append))
    return found


def problems(path: Path) -> list[Finding]:
    return [each for each in findings(path) if each.severity == "problem"]


@pytest.fixture
def kafka(tmp_path: Path) -> Path:
    """A copy of the directory that Apache Kafka wrote."""
    return Path(shutil.copytree(KAFKA, tmp_path / "kafka"))


@pytest.fixture
def killed(kafka: Path) -> Path:
    """The same, as if Kafka had been killed."""
    (kafka / ".kafka_cleanshutdown").unlink()
    return kafka


# -- sound ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [STORAGE, KAFKA], ids=lambda path: path.name)
def test_what_kafka_wrote_is_sound(path: Path) -> None:
    """Directories of Apache Kafka after a clean stop: no problem, exit 0, and a summary of what was looked at."""
    ended = verify(path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "problem:" not in ended.stdout
    *_, summary = ended.stdout.splitlines()
    assert re.fullmatch(r"sound: \d+ files, \d+ bytes, \d+ batches, \d+ records, 0 problems, \d+ notes?", summary)


@pytest.mark.parametrize("path", [each.parent for each in sorted(KAFKA.glob("*/partition.metadata"))], ids=str)
def test_one_partition_is_looked_at_with_what_its_directory_knows(path: Path) -> None:
    """Every partition of it alone is sound too."""
    assert findings(path) == []


@pytest.mark.parametrize("path", [each.parent for each in sorted(KAFKA.glob("*/partition.metadata"))], ids=str)
def test_one_partition_elsewhere(path: Path, tmp_path: Path) -> None:
    """A partition's directory that was copied out is looked at by itself, without what the metadata knows."""
    copy = shutil.copytree(path, tmp_path / "copies" / path.name)
    assert [each for each in findings(Path(copy)) if each.severity == "problem"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_kpybroker_writes_is_sound(tmp_path: Path, number: int) -> None:
    """While it is written, after a clean stop and after a kill; the lock is left to its holder, no file is touched."""
    data = tmp_path / "data"
    arguments = ["--data-dir", str(data), "--override", "log.segment.bytes=1048576"]
    with BrokerProcess(tmp_path, *arguments) as broker, broker.link() as link:
        link.ask(create_topic("orders", 2), 7)
        for each in range(6):
            assert produced(link.ask(produce("orders", bytes([each]) * 300_000), 9)) == (0, each)
        before = state_of(data)
        ended = verify(data)
        assert (ended.exit_code, "a broker is using this directory" in ended.stdout) == (0, True)
        assert CliRunner().invoke(command, ["dump", str(data)]).exit_code == 0
        assert state_of(data) == before
        assert is_locked(str(data / ".lock"))
        broker.stop(number)
    ended = verify(data)
    assert (ended.exit_code, "using" in ended.stdout) == (0, False), ended.stdout
    assert ("no mark of a clean stop" in ended.stdout) == (number == signal.SIGKILL)


def state_of(path: Path) -> list[tuple[str, bytes, int]]:
    """Names, contents and times of all files."""
    every = sorted(each for each in path.rglob("*") if each.is_file())
    return [(str(each), each.read_bytes(), each.stat().st_mtime_ns) for each in every if each.name != ".lock"]


def test_nothing_is_touched(kafka: Path) -> None:
    """Both tools leave every byte, name and time as it was."""
    before = state_of(kafka)
    assert verify(kafka).exit_code == 0
    assert CliRunner().invoke(command, ["dump", "--records", str(kafka)]).exit_code == 0
    assert state_of(kafka) == before
    assert not (kafka / ".lock").exists()


# -- whatever is changed is found ----------------------------------------------------------------------------------

# What nobody can tell from the rest of a directory: names and numbers that are written in one place alone.
WRITTEN_ONCE = (
    "meta.properties",  # the comment, the cluster's id
    ".kafka_cleanshutdown",  # the broker's epoch
    "quorum-state",  # who voted, in which epoch
    "replication-offset-checkpoint",  # a high watermark may be anywhere up to the end of the log
    "log-start-offset-checkpoint",
    "cleaner-offset-checkpoint",
)


@cache
def changeable() -> list[Path]:
    return [path.relative_to(KAFKA) for path in sorted(KAFKA.rglob("*")) if path.is_file() and path.stat().st_size]


def in_batch(path: Path, position: int) -> int:
    """How far into its batch a position of a log is."""
    start = 0
    for header, _ in batches(memoryview((KAFKA / path).read_bytes())):
        if position < start + header.size:
            break
        start += header.size
    return position - start


def epochs_written(directory: Path) -> set[int]:
    logs = [each.read_bytes() for each in sorted((KAFKA / directory).glob("*.log"))]
    return {header.partition_leader_epoch for log in logs if log for header, _ in batches(memoryview(log))}


def times_of(log: Path) -> set[tuple[int, int]]:
    """Timestamp and relative offset of every record."""
    base = int(log.stem)
    found = batches(memoryview(log.read_bytes()))
    return {(each.timestamp, each.offset - base) for header, data in found for each in records(data, header)}


def cannot_be_told(path: Path, position: int, changed: bytes) -> bool:
    """Changes that leave a directory as true as it was, for all that anybody can say."""
    if path.name in WRITTEN_ONCE:
        return True
    if path.name == "leader-epoch-checkpoint":  # an epoch in which nobody wrote, or whose first batches are compacted
        line = changed[: position + 1].decode("latin-1").count("\n")
        entry = (KAFKA / path).read_text().splitlines()[line] if line < changed.count(b"\n") else ""
        unwritten = line >= 2 and int(entry.split()[0]) not in epochs_written(path.parent)
        return unwritten or path.parent.name.startswith(COMPACTED)
    if path.suffix == ".timeindex":  # another record with that very timestamp
        timestamp, relative = struct.unpack_from(">qi", changed, position // 12 * 12)
        return (timestamp, relative) in times_of(KAFKA / path.with_suffix(".log"))
    return path.suffix == ".log" and path.parent.name.startswith(COMPACTED) and in_batch(path, position) < 8


COMPACTED = ("compacted-", "__consumer_offsets-", "__transaction_state-", "__share_group_state-")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is put right again after each change."""
    return Path(shutil.copytree(KAFKA, tmp_path_factory.mktemp("shared") / "kafka"))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(changeable()), st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_is_found(shared: Path, path: Path, position: int, bit: int) -> None:
    """Anywhere in any file, but where nothing contradicts it; what those bytes are is written above."""
    whole = (KAFKA / path).read_bytes()
    position %= len(whole)
    changed = bytearray(whole)
    changed[position] ^= 1 << bit
    (shared / path).write_bytes(changed)
    try:
        found = problems(shared)
    finally:
        (shared / path).write_bytes(whole)
    assert found != [] or cannot_be_told(path, position, bytes(changed))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([path for path in changeable() if path.suffix == ".log"]), st.integers(0))
def test_a_log_cut_anywhere_is_found(shared: Path, path: Path, size: int) -> None:
    """After a clean stop no log ends early, not even between two batches."""
    whole = (KAFKA / path).read_bytes()
    (shared / path).write_bytes(whole[: size % len(whole)])
    try:
        found = problems(shared)
    finally:
        (shared / path).write_bytes(whole)
    assert found != []


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([path for path in changeable() if path.suffix != ".log"]), st.integers(0))
def test_any_other_file_cut_is_found(shared: Path, path: Path, size: int) -> None:
    """But for entries at the end of an index, which may be as sparse as anybody likes, and files that may be empty."""
    whole = (KAFKA / path).read_bytes()
    size %= len(whole)
    (shared / path).write_bytes(whole[:size])
    try:
        found = problems(shared)
    finally:
        (shared / path).write_bytes(whole)
    sparse = (path.suffix == ".index" and size % 8 == 0) or (
        path.suffix == ".timeindex" and size % 12 == 0 and path.parent.name == "__cluster_metadata-0"
    )
    may_be_empty = size == 0 and (path.name in WRITTEN_ONCE)
    ended_early = path.name == "meta.properties" and whole[:size].endswith(b"\n") and b"cluster.id" in whole[:size]
    assert found != [] or sparse or may_be_empty or ended_early


# -- what is said --------------------------------------------------------------------------------------------------


def change(path: Path, position: int, data: bytes) -> None:
    whole = bytearray(path.read_bytes())
    whole[position : position + len(data)] = data
    path.write_bytes(whole)


def test_a_changed_record_is_named_by_its_batch(kafka: Path) -> None:
    """Path, position, offset, what is wrong and what to do; exit 1; the same as JSON, the summary as the last line."""
    log = kafka / "txn-0" / LOG
    first, second = [header for header, _ in batches(memoryview(log.read_bytes()))][:2]
    position, offset = first.size, second.base_offset
    change(log, position + second.size - 2, b"?")
    ended = verify(kafka)
    assert ended.exit_code == 1
    line, *_, summary = [each for each in ended.stdout.splitlines() if not each.startswith("note")]
    assert line.startswith(f"problem: {log} at {position}: the CRC of the batch at offset {offset} does not match; ")
    assert summary.startswith("not sound: ")
    told = [json.loads(each) for each in verify("--json", kafka).stdout.splitlines()]
    assert told[0].items() >= {"kind": "problem", "path": str(log), "where": f"at {position}"}.items()
    assert told[-1]["kind"] == "summary"
    assert told[-1]["problems"] == len([each for each in told if each["kind"] == "problem"]) == 1


def test_a_torn_end_after_a_kill_is_no_problem(killed: Path) -> None:
    """It is cut at the next start, says a note; in the middle of a log, or after a clean stop, it is one."""
    log = sorted((killed / "mixed-0").glob("*.log"))[-1]
    log.write_bytes(log.read_bytes() + build([(5, None, b"half", ())])[:-3])
    ended = verify(killed)
    assert ended.exit_code == 0
    assert f"note: {log} at " in ended.stdout
    assert "cut at the next start" in ended.stdout
    first = killed / "mixed-0" / LOG
    first.write_bytes(first.read_bytes()[:-1])
    assert [each.path for each in problems(killed)] == [str(first)]


def remove_segment(kafka: Path) -> Path:
    _, second, third = sorted((kafka / "mixed-0").glob("*.log"))
    for path in second.parent.glob(f"{second.stem}.*"):
        path.unlink()
    return third


def point_into_a_batch(kafka: Path) -> Path:
    path = kafka / "txn-0" / f"{0:020d}.index"
    change(path, 7, bytes([path.read_bytes()[7] + 1]))
    return path


def move_a_timestamp(kafka: Path) -> Path:
    path = kafka / "txn-0" / f"{0:020d}.timeindex"
    change(path, 7, bytes([path.read_bytes()[7] ^ 1]))
    return path


def forget_an_abort(kafka: Path) -> Path:
    path = kafka / "txn-0" / f"{0:020d}.txnindex"
    path.write_bytes(path.read_bytes()[34:])
    return path


def another_topic(kafka: Path) -> Path:
    path = kafka / "txn-0" / "partition.metadata"
    path.write_bytes((kafka / "stamped-0" / "partition.metadata").read_bytes())
    return path


def nobodys_partition(kafka: Path) -> Path:
    shutil.copytree(kafka / "txn-0", kafka / "strange-0")
    return kafka / "strange-0"


def no_topic_id(kafka: Path) -> Path:
    (kafka / "txn-0" / "partition.metadata").unlink()
    return kafka / "txn-0"


def lost_directory(kafka: Path) -> Path:
    shutil.rmtree(kafka / "txn-0")
    return kafka / "recovery-point-offset-checkpoint"


def another_node(kafka: Path) -> Path:
    path = kafka / "meta.properties"
    path.write_text(path.read_text().replace("node.id=1", "node.id=7"))
    return path


def half_a_snapshot(kafka: Path) -> Path:
    path = max((kafka / "__cluster_metadata-0").glob("*.checkpoint"))
    whole = path.read_bytes()
    (*_, (last, _)) = batches(memoryview(whole))
    path.write_bytes(whole[: -last.size])
    return path


def repeated_batch(kafka: Path) -> Path:
    """What a producer has written once more, at the offsets that follow; the epoch is that of the log's end."""
    path = kafka / "txn-0" / LOG
    *_, (last, _) = batches(memoryview(path.read_bytes()))
    for number in (1, 2):
        path.write_bytes(
            path.read_bytes()
            + build(
                [(5, None, b"again", ())],
                base_offset=last.last_offset + number,
                leader_epoch=last.partition_leader_epoch,
                producer_id=99,
                producer_epoch=0,
                base_sequence=0,
            )
        )
    return path


DAMAGE: dict[str, Callable[[Path], Path]] = {
    "the segment before ends": remove_segment,
    "where no batch begins": point_into_a_batch,
    "its largest is": move_a_timestamp,
    "is missing": forget_an_abort,
    "topic id": another_topic,
    "no such partition in the metadata": nobodys_partition,
    "there is no partition.metadata": no_topic_id,
    "its directory is missing": lost_directory,
    "node 7": another_node,
    "from a header to a footer": half_a_snapshot,
    "goes on with": repeated_batch,
}


@pytest.mark.parametrize("words", DAMAGE)
def test_each_kind_of_damage_has_its_words(kafka: Path, words: str) -> None:
    """The file that is wrong is named, and in which way."""
    path = DAMAGE[words](kafka)
    told = [each for each in problems(kafka) if words in each.what]
    assert str(path) in {each.path for each in told}
    assert all(each.advice for each in told)


def test_left_overs_and_strangers_are_notes(kafka: Path) -> None:
    """What Kafka was about to remove, and what is none of its files, is harmless."""
    shutil.copy(kafka / "txn-0" / LOG, kafka / "txn-0" / f"{LOG}.deleted")
    shutil.copytree(kafka / "txn-0", kafka / f"gone-0.{'a' * 32}-delete")
    (kafka / "txn-0" / "notes.txt").write_text("mine")
    (kafka / "replication-offset-checkpoint.tmp").write_text("")
    told = findings(kafka)
    assert {each.severity for each in told} == {"note"}
    assert {Path(each.path).name for each in told} == {
        f"{LOG}.deleted",
        f"gone-0.{'a' * 32}-delete",
        "notes.txt",
        "replication-offset-checkpoint.tmp",
    }


def test_preallocated_indexes_of_a_running_kafka(killed: Path) -> None:
    """They are filled up with zeros, ten megabytes of holes; anything else there is wrong."""
    index = sorted((killed / "txn-0").glob("*.index"))[-1]
    os.truncate(index, 10 * 1024 * 1024)
    os.truncate(index.with_suffix(".timeindex"), 10 * 1024 * 1024 // 12 * 12)
    assert problems(killed) == []
    change(index, 9_000_001, b"x")
    assert {each.path for each in problems(killed)} == {str(index)}


def test_who_uses_a_directory_is_seen_and_not_disturbed(kafka: Path) -> None:
    """A held lock is a note, in this process too, and is held on."""
    lock = lock_file(str(kafka / ".lock"))
    assert lock is not None
    assert "a broker is using this directory" in {each.what for each in findings(kafka)}
    assert lock_file(str(kafka / ".lock")) is None
    lock.release()
    assert findings(kafka) == []


def test_a_progress_bar_on_a_terminal() -> None:
    """It is drawn on stderr, where that is a terminal, and nowhere else."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "kpybroker", "verify", str(KAFKA)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=ENVIRONMENT, cwd=ROOT) as process:
        os.close(theirs)
        assert process.stdout is not None
        assert process.stdout.read().startswith(b"sound: ")
        assert b"verifying" in b"".join(read_terminal(ours))
    os.close(ours)


def read_terminal(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # EIO: nobody is at the other end any more
            return
        if not data:
            return
        yield data


@pytest.mark.parametrize("tool", ["dump", "verify"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_file_that_cannot_be_read_is_one_line(
    kafka: Path, monkeypatch: pytest.MonkeyPatch, tool: str, number: int
) -> None:
    """Path, what the system says, and what to do; exit 1. The other partitions are looked at all the same."""
    system_open = os.open

    def refuse(path: str, *rest: int) -> int:
        if str(path).endswith(f"txn-0/{LOG}"):
            raise OSError(number, os.strerror(number))
        return system_open(path, *rest)

    monkeypatch.setattr("kpybroker.inspection.sources.os.open", refuse)
    ended = CliRunner().invoke(command, [tool, str(kafka)])
    assert ended.exit_code == 1
    place = rf"{kafka}/txn-0/{LOG}: {os.strerror(number)}; [^;]+"
    if tool == "dump":
        assert re.fullmatch(rf"kpybroker: {place}\n", ended.stderr)
        return
    line, summary = ended.stdout.splitlines()
    assert re.fullmatch(rf"problem: {place}; the rest of its partition was not looked at", line)
    assert ", 1 problem, " in summary


def test_what_is_no_file_hides_nothing_else(kafka: Path) -> None:
    """A pipe by the name of a log is a problem, and what is wrong elsewhere is found too."""
    os.mkfifo(kafka / "txn-0" / f"{99:020d}.log")
    torn = next(each for each in kafka.glob("[!_]*/*.log") if each.parent.name != "txn-0" and each.stat().st_size > 0)
    os.truncate(torn, torn.stat().st_size - 1)
    assert {Path(each.path).parent for each in problems(kafka)} >= {kafka / "txn-0", torn.parent}


def test_a_running_kafka_writes_down_later_where_a_log_begins(killed: Path) -> None:
    """It cuts leader-epoch-checkpoint at once, log-start-offset-checkpoint once a minute: no problem, unless both were
    written at a clean stop."""
    epochs = killed / "txn-0" / "leader-epoch-checkpoint"
    assert epochs.read_text() == "0\n2\n0 0\n4 73\n"
    epochs.write_text("0\n2\n0 2\n4 73\n")
    assert problems(killed) == []
    (killed / ".kafka_cleanshutdown").write_text('{"version":0,"brokerEpoch":1}')
    assert {each.path for each in problems(killed)} == {str(epochs)}


@pytest.mark.parametrize("end", [b"\x0b", b"\x0c", b"\x1c"])
def test_lines_end_where_javas_end(kafka: Path, end: bytes) -> None:
    """Python knows other ends of lines too; a flipped bit that makes one is found."""
    for file, first in ((kafka / "txn-0" / "partition.metadata", b":"), (kafka / "meta.properties", b"=")):
        written = file.read_bytes()
        change(file, written.index(b"\n", written.index(first)), end)
        assert str(file) in {each.path for each in problems(kafka)}
        file.write_bytes(written)


def test_a_full_disk_for_what_is_told_is_one_line() -> None:
    """/dev/full has no room for what stdout is to take; exit 1."""
    for tool in ("dump", "verify"):
        with open("/dev/full", "w") as full:
            words = [sys.executable, "-m", "kpybroker", tool, str(KAFKA)]
            ended = subprocess.run(
                words, stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=ROOT, check=False
            )
        assert ended.returncode == 1
        assert ended.stderr == (
            f"kpybroker: stdout: {os.strerror(errno.ENOSPC)}; not all was told: write it where there is room\n"
        )


@pytest.mark.parametrize("name", ["missing", "file", "empty"])
def test_what_is_no_data_directory_is_one_line(tmp_path: Path, name: str) -> None:
    """Nothing there, a file, or a directory of something else."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    ended = verify(tmp_path / name)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert re.fullmatch(rf"kpybroker: {tmp_path}/{name}: .+; .+\n", ended.stderr)


def test_offset_deltas_are_looked_at(kafka: Path) -> None:
    """A batch whose records are not numbered one after the other is refused, whatever its CRC says."""
    path = kafka / "stamped-0" / LOG
    made = bytearray(build([(5, None, b"a", ()), (5, None, b"b", ())], leader_epoch=0))
    position = made.rindex(b"\x02\x01\x02b")  # offset delta 1, no key, a value of one byte
    made[position] = 4
    end = read_header(made)
    path.write_bytes(build_again(bytes(made)))
    assert any("offset delta" in each.what for each in problems(kafka)), end


def build_again(batch: bytes) -> bytes:
    """The batch with the CRC that it should have."""
    return batch[:17] + crc32c(batch[21:]).to_bytes(4, "big") + batch[21:]

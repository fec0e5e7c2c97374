"""After a kill or a crash: what was acknowledged is there, what was torn is cut, and the indexes are right again."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from kpybroker.storage.checkpoints import EpochEntry
from kpybroker.storage.files import Files, RealFiles, StorageError
from kpybroker.storage.log import Log, delete
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.recovery import Recovery
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.records import batches, check_crc, read_header
from tests.storage.logs import DIRECTORY, NOW, SMALL, append, batch, fill, read, reopen, segment_names

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from kpybroker.storage.files import RealFiles
from kpybroker.storage.recovery import open_log
from tests.storage.logs import DIRECTORY, SMALL, append, batch
log, _ = open_log(RealFiles(sys.argv[1]), DIRECTORY, SMALL, 0, clean=False)
number = 0
while True:
    number += 1
    append(log, batch(log.end_offset, count=number % 3 + 1, size=number % 200))
    print(log.end_offset, flush=True)
"""


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """A process is killed between and in appends, again and again, on one log."""
    chance = random.Random(3)
    acknowledged = 0
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randrange(1, 150)):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            acknowledged = max([acknowledged, *[int(line) for line in writer.stdout if line.endswith("\n")]])
    log, recovery = reopen(RealFiles(str(tmp_path)), clean=False, recovery_point=0)
    assert recovery.checked_segments == len(list((tmp_path / DIRECTORY).glob("*.log"))) > 5
    assert log.end_offset >= acknowledged
    offset = 0
    for header, data in log.batches():
        assert check_crc(memoryview(data), header)
        assert header.base_offset == offset
        offset = header.last_offset + 1
    assert offset == log.end_offset


def done(recovery: Recovery) -> Recovery:
    """But for the bytes that were looked at."""
    return recovery._replace(checked_bytes=0)


def written_log(files: Files) -> list[bytes]:
    log = Log(files, DIRECTORY, LogConfig(), NOW)
    return fill(log, 20, size=30)


@pytest.mark.parametrize("clean_before", [True, False])
def test_a_torn_end_is_cut_at_every_byte(clean_before: bool) -> None:
    """However much of the last batch reached the file, what stays are the batches before it, and appending goes on."""
    whole = MemoryFiles()
    log = Log(whole, DIRECTORY, LogConfig(index_interval_bytes=150), NOW)
    written = fill(log, 20, size=30)
    if clean_before:
        log.close()
    for there in range(len(written[-1])):
        files = whole.copy()
        files.open(f"{DIRECTORY}/{0:020d}.log").truncate(sum(map(len, written[:-1])) + there)
        log, recovery = reopen(files, clean=False)
        assert done(recovery) == Recovery(checked_segments=1, cut_bytes=there)
        assert log.end_offset == 19
        assert read(log, 0) == b"".join(written[:-1])
        append(log, written[-1])
        assert read(log, 19) == written[-1]


@pytest.mark.parametrize("rest", [bytes(1), bytes(500), b"\xff" * 500, bytes(16) + b"\x02" + bytes(100)])
def test_what_is_no_batch_is_cut(files: Files, rest: bytes) -> None:
    """Zeros and noise after the last batch, as a file system leaves them after a crash."""
    written = written_log(files)
    files.open(f"{DIRECTORY}/{0:020d}.log").append(rest)
    log, recovery = reopen(files, clean=False)
    assert recovery.cut_bytes == len(rest)
    assert read(log, 0) == b"".join(written)


def test_a_flipped_bit_is_found_anywhere_in_a_batch() -> None:
    """Every byte that the checksum covers, the checksum itself, the magic and the length."""
    disk = MemoryFiles()
    written = written_log(disk)
    position = sum(map(len, written[:10]))
    for place in [8, 9, 10, 11, *range(16, len(written[10]))]:
        files = disk.copy()
        data = bytearray(files.read_whole(f"{DIRECTORY}/{0:020d}.log") or b"")
        data[position + place] ^= 0x10
        files.write_whole(f"{DIRECTORY}/{0:020d}.log", bytes(data))
        log, recovery = reopen(files, clean=False)
        assert log.end_offset == 10, place
        assert recovery.cut_bytes == len(data) - position


def test_offsets_that_go_back_are_cut(files: Files) -> None:
    """A batch whose offsets are below those before it is no part of the log."""
    written = written_log(files)
    files.open(f"{DIRECTORY}/{0:020d}.log").append(batch(5))
    log, recovery = reopen(files, clean=False)
    assert log.end_offset == 20
    assert recovery.cut_bytes == len(batch(5))
    assert read(log, 0) == b"".join(written)


def several_segments(files: Files) -> list[bytes]:
    log = Log(files, DIRECTORY, SMALL, NOW)
    written = fill(log, 100)
    log.close()
    assert len(segment_names(files)) == 5
    return written


def test_what_follows_a_broken_segment_is_dropped(files: Files) -> None:
    """The log ends where the damage begins, and nothing after it is shown."""
    written = several_segments(files)
    third, fourth, fifth = [files.open(f"{DIRECTORY}/{name}") for name in segment_names(files)[2:]]
    size = len(written[0])
    dropped = fourth.size + fifth.size
    third.truncate(size + 10)
    log, recovery = reopen(files, clean=False, recovery_point=0)
    assert done(recovery) == Recovery(checked_segments=3, cut_bytes=10 + dropped)
    kept = int(segment_names(files)[2][:20]) + 1
    assert log.end_offset == kept
    assert len(segment_names(files)) == 3
    written[kept:] = fill(log, 3)
    log.close()
    log, _ = reopen(files, clean=True)
    assert b"".join(data for _, data in log.batches()) == b"".join(written)


def test_only_what_was_not_synced_is_checked(files: Files) -> None:
    """Segments below the recovery point are trusted; without one only the last is checked."""
    several_segments(files)
    bases = [int(name[:20]) for name in segment_names(files)]
    for point, checked in ((bases[-1], 1), (bases[3], 2), (bases[3] - 1, 3), (None, 1), (0, 5), (10**6, 1)):
        log, recovery = reopen(files, clean=False, recovery_point=point)
        assert done(recovery) == Recovery(checked_segments=checked)
        assert log.end_offset == 100


@pytest.mark.parametrize("suffix", [".index", ".timeindex"])
def test_missing_or_broken_indexes_are_made_anew(files: Files, suffix: str) -> None:
    """As Kafka leaves them at a crash (full of zeros), of an odd size, or not at all; after a clean stop too."""
    several_segments(files)
    names = [name for name in files.list(DIRECTORY) if name.endswith(suffix)]
    right = [files.read_whole(f"{DIRECTORY}/{name}") for name in names]
    files.remove(f"{DIRECTORY}/{names[0]}")
    files.open(f"{DIRECTORY}/{names[1]}").append(b"abc")
    if suffix == ".timeindex":
        files.write_whole(f"{DIRECTORY}/{names[2]}", (right[2] or b"") + bytes(1200))
    log, recovery = reopen(files, clean=True)
    assert recovery.checked_segments == (3 if suffix == ".timeindex" else 2)
    assert recovery.cut_bytes == 0
    assert [files.read_whole(f"{DIRECTORY}/{name}") for name in names] == right
    assert log.end_offset == 100


def test_indexes_after_a_kill_are_those_of_a_clean_stop(files: Files) -> None:
    """Recovery writes the very bytes that closing would have written."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    for number in range(100):
        append(log, batch(number, timestamp=NOW + number * 37 % 50))
    reopen(files, clean=False, recovery_point=0)
    after_kill = but_for_snapshots(files)
    delete(log, NOW)
    log = Log(files, DIRECTORY, SMALL, NOW)
    for number in range(100):
        append(log, batch(number, timestamp=NOW + number * 37 % 50))
    log.close()
    assert but_for_snapshots(files) == after_kill


def but_for_snapshots(files: Files) -> dict[str, bytes | None]:
    names = [name for name in files.list(DIRECTORY) if not name.endswith(".snapshot")]
    return {name: files.read_whole(f"{DIRECTORY}/{name}") for name in names}


def test_files_of_interrupted_work_are_removed(files: Files) -> None:
    """Deleted and half-cleaned segments, and indexes without a log."""
    several_segments(files)
    stray = ["00000000000000000000.log.deleted", "00000000000000000022.index.cleaned", "00000000000000009999.index"]
    for name in stray:
        files.write_whole(f"{DIRECTORY}/{name}", b"x")
    files.write_whole(f"{DIRECTORY}/00000000000000000001-0000000001.checkpoint.deleted", b"x")
    _, recovery = reopen(files, clean=True)
    assert sorted(recovery.removed_files) == sorted(stray)
    assert not set(stray) & set(files.list(DIRECTORY))
    assert files.exists(f"{DIRECTORY}/00000000000000000001-0000000001.checkpoint.deleted")


def test_half_a_batch_is_cut_even_after_a_clean_stop(files: Files) -> None:
    """Somebody cut the file: what is appended next must not stand behind the torn bytes."""
    log = Log(files, DIRECTORY, LogConfig(), NOW)
    written = fill(log, 20)
    log.close()
    files.open(f"{DIRECTORY}/{0:020d}.log").truncate(sum(map(len, written)) - 1)
    log, recovery = reopen(files, clean=True)
    assert (log.end_offset, recovery.cut_bytes) == (19, len(written[-1]) - 1)
    append(log, written[-1])
    assert read(log, 0) == b"".join(written)


@pytest.mark.parametrize("sound", [True, False])
def test_messages_of_old_formats_are_refused_and_kept(files: Files, sound: bool) -> None:
    """A log of Kafka before 0.11 is not taken for a broken one; noise that looks a little like one is cut."""
    body = bytes.fromhex("01 00 0000018bcfe56800 ffffffff 00000001 76")  # magic 1: attributes, timestamp, key, value
    checksum = zlib.crc32(body).to_bytes(4, "big") if sound else bytes(4)
    old = bytes(8) + (4 + len(body)).to_bytes(4, "big") + checksum + body + bytes(40)
    files.make_directory(DIRECTORY)
    files.write_whole(f"{DIRECTORY}/{0:020d}.log", old)
    if sound:
        with pytest.raises(StorageError, match="a message of format 1 at 0"):
            reopen(files, clean=False)
        assert files.read_whole(f"{DIRECTORY}/{0:020d}.log") == old
    else:
        _, recovery = reopen(files, clean=False)
        assert recovery.cut_bytes == len(old)


def test_other_files_are_left_alone(files: Files) -> None:
    """Names that are not a segment's are nobody's business."""
    written_log(files)
    for name in ("notes.log", "notes.index", "x.swap", "0.log"):
        files.write_whole(f"{DIRECTORY}/{name}", b"x")
    log, recovery = reopen(files, clean=False)
    assert done(recovery) == Recovery(checked_segments=1)
    assert log.end_offset == 20
    assert {"notes.log", "notes.index", "x.swap", "0.log"} <= set(files.list(DIRECTORY))


@pytest.mark.parametrize("split_again", [False, True])
def test_a_cleaned_segment_takes_its_place(files: Files, split_again: bool) -> None:
    """Kafka was killed between writing `.swap` and renaming it: it replaces its sources, or is half a split."""
    several_segments(files)
    names = segment_names(files)
    first, second = int(names[1][:20]), int(names[2][:20])
    last = batch(int(names[3][:20]) - 1)
    files.write_whole(f"{DIRECTORY}/{first:020d}.log.swap", batch(first) + last)
    files.write_whole(f"{DIRECTORY}/{first:020d}.index.swap", b"")
    if split_again:
        files.write_whole(f"{DIRECTORY}/{first:020d}.log.cleaned", batch(first))
    log, recovery = reopen(files, clean=True)
    assert (f"{second:020d}.log" in recovery.removed_files) != split_again
    kept = [header.base_offset for header in log.headers()]
    gap = [] if split_again else range(first + 1, read_header(last).base_offset)
    assert kept == [offset for offset in range(100) if offset not in gap]
    assert not [name for name in files.list(DIRECTORY) if name.endswith((".swap", ".cleaned"))]


def test_leader_epochs_are_learned_from_the_batches(files: Files) -> None:
    """An epoch that did not reach its file is in the log; one beyond the end of the log is forgotten."""
    log = Log(files, DIRECTORY, LogConfig(), NOW)
    fill(log, 3, epoch=1)
    fill(log, 3, epoch=4)
    assert log.epochs.entries == [EpochEntry(1, 0), EpochEntry(4, 3)]
    files.write_whole(f"{DIRECTORY}/leader-epoch-checkpoint", b"0\n1\n1 0\n")
    log, _ = reopen(files, clean=False)
    assert log.epochs.entries == [EpochEntry(1, 0), EpochEntry(4, 3)]
    files.write_whole(f"{DIRECTORY}/leader-epoch-checkpoint", b"0\n3\n1 0\n4 3\n9 6\n")
    log, _ = reopen(files, clean=True)
    assert log.epochs.entries == [EpochEntry(1, 0), EpochEntry(4, 3)]
    assert [header.partition_leader_epoch for header, _ in batches(memoryview(read(log, 0)))] == [1] * 3 + [4] * 3


def test_a_log_whose_segments_were_lost_begins_where_it_should(files: Files) -> None:
    """Offsets below the log's known start are not given out again."""
    written_log(files)
    log, _ = reopen(files, clean=True, start_offset=50)
    assert (log.start_offset, log.end_offset) == (50, 50)
    assert segment_names(files) == []
    fill(log, 1)
    assert segment_names(files) == [f"{50:020d}.log"]


def test_segments_that_are_deleted_already_go(files: Files) -> None:
    """Kafka writes down where a log begins, and takes the files away when it next looks for what is old: a start in
    between leaves them to that."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    fill(log, 60)
    bases = [segment.base_offset for segment in log.segments.all]
    assert len(bases) == 3
    log.close()
    again, _ = reopen(files, clean=True, start_offset=bases[1] + 1)
    assert again.start_offset == bases[1] + 1
    assert segment_names(files) == [f"{base:020d}.log" for base in bases]
    again.begin_at(bases[1], NOW)
    assert again.start_offset == bases[1] + 1
    assert segment_names(files) == [f"{base:020d}.log" for base in bases[1:]]


def test_an_epoch_is_written_down_with_its_first_record(files: Files) -> None:
    """Or else at a clean stop: Kafka's file has every epoch that a leader began (LeaderEpochFileCache.assign)."""
    path = f"{DIRECTORY}/leader-epoch-checkpoint"
    log = Log(files, DIRECTORY, SMALL, NOW)
    log.epochs.lead(3, 0)
    assert files.read_whole(path) is None
    fill(log, 1, epoch=3)
    assert files.read_whole(path) == b"0\n1\n3 0\n"
    log.epochs.lead(4, log.end_offset)
    log.close()
    assert files.read_whole(path) == b"0\n2\n3 0\n4 1\n"

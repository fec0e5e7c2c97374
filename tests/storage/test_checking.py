"""What recovery makes of damage that the log itself can answer for: epochs, producers, whole segments, one line."""

from __future__ import annotations

import pytest

from kpybroker.storage.checkpoints import EpochEntry
from kpybroker.storage.files import Files, StorageError
from kpybroker.storage.log import Log
from kpybroker.storage.recovery import Recovery, open_log, summary
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.snapshots import Snapshots
from kpybroker.wire.records import build, read_header
from tests.storage.logs import DIRECTORY, NOW, SMALL, append, batch, fill, read, reopen, segment_names

EPOCHS = f"{DIRECTORY}/leader-epoch-checkpoint"


@pytest.mark.parametrize("left", [None, b"", b"0\n1\n", b"1\n0\n", b"0\n1\nx y\n", b"\xff\xfe", b"0\n0\n"])
def test_epochs_are_learned_anew_where_their_file_is_broken(files: Files, left: bytes | None) -> None:
    """Or missing, or says nothing of a log that has batches: each batch has its own. Apache Kafka gives a directory up
    whose file is broken, and forgets the epochs if it is removed."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    for epoch in (1, 4, 6):
        fill(log, 25, epoch=epoch)
    log.close()
    files.remove(EPOCHS)
    if left is not None:
        files.write_whole(EPOCHS, left)
    log, recovery = reopen(files, clean=True)
    assert log.epochs.entries == [EpochEntry(1, 0), EpochEntry(4, 25), EpochEntry(6, 50)]
    assert files.read_whole(EPOCHS) == b"0\n3\n1 0\n4 25\n6 50\n"
    assert recovery.epochs_lost
    assert log.end_offset == 75


def test_a_log_that_begins_after_its_end_has_no_epochs(files: Files) -> None:
    """Its segments were lost, so nothing is left that they began (LogLoader clears them)."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    fill(log, 3, epoch=5)
    log.close()
    log, _ = reopen(files, clean=True, start_offset=50)
    assert (log.start_offset, log.end_offset, log.epochs.entries) == (50, 50, [])


def test_damage_below_the_recovery_point_costs_one_segment(files: Files) -> None:
    """Its index is gone, so it is looked through; what follows was not found broken, and stays."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    written = fill(log, 100)
    log.close()
    name = segment_names(files)[1]
    data = bytearray(files.read_whole(f"{DIRECTORY}/{name}") or b"")
    data[len(written[0]) * 3 + 70] ^= 1
    files.write_whole(f"{DIRECTORY}/{name}", bytes(data))
    files.remove(f"{DIRECTORY}/{name.removesuffix('log')}index")
    log, recovery = reopen(files, clean=True)
    assert (recovery.checked_segments, recovery.rebuilt_indexes) == (1, 1)
    base, following = int(name[:20]), int(segment_names(files)[2][:20])
    assert [header.base_offset for header in log.headers()] == [*range(base + 3), *range(following, 100)]


@pytest.mark.parametrize("place", [100, 1_500_000, 2_999_999])
def test_a_batch_larger_than_one_look_is_checked_whole(files: Files, place: int) -> None:
    """Its checksum is taken piece by piece; a bit that is wrong is found anywhere."""
    log = Log(files, DIRECTORY, LogConfig(), NOW)
    written = [batch(0), batch(1, size=3_000_000), batch(2)]
    for one in written:
        append(log, one)
    log, recovery = reopen(files, clean=False)
    assert (log.end_offset, recovery.cut_bytes) == (3, 0)
    assert read(log, 0) == b"".join(written)
    data = bytearray(b"".join(written))
    data[len(written[0]) + place] ^= 1
    files.write_whole(f"{DIRECTORY}/{0:020d}.log", bytes(data))
    log, recovery = reopen(files, clean=False)
    assert (log.end_offset, recovery.cut_bytes) == (1, len(written[1]) + len(written[2]))


def test_offsets_that_do_not_fit_their_segment_are_refused(files: Files) -> None:
    """Only a Kafka before 1.1 wrote such a segment, and a later one splits it (KAFKA-6264): nothing is cut off."""
    data = batch(0) + batch(2**31)
    files.make_directory(DIRECTORY)
    files.write_whole(f"{DIRECTORY}/{0:020d}.log", data)
    files.write_whole(f"{DIRECTORY}/{2**31 + 1:020d}.log", batch(2**31 + 1))
    with pytest.raises(StorageError, match="offset 2147483648 at 88 does not fit a segment of that name"):
        reopen(files, clean=False, recovery_point=0)
    assert files.read_whole(f"{DIRECTORY}/{0:020d}.log") == data


@pytest.mark.parametrize("following", [(), (5,)])
def test_a_torn_offset_ends_the_log(files: Files, following: tuple[int, ...]) -> None:
    """A batch's checksum does not cover its offset: one that fits neither the active segment nor what follows is no
    more than what the disk had there before."""
    files.make_directory(DIRECTORY)
    files.write_whole(f"{DIRECTORY}/{0:020d}.log", batch(0) + batch(2**62))
    for base_offset in following:
        files.write_whole(f"{DIRECTORY}/{base_offset:020d}.log", batch(base_offset))
    log, recovery = reopen(files, clean=False, recovery_point=0)
    assert (log.end_offset, recovery.cut_bytes) == (1, len(batch(0)) * (1 + len(following)))
    assert segment_names(files) == [f"{0:020d}.log"]


def test_a_segment_that_has_come_back_goes_again(files: Files) -> None:
    """Its removal was undone by a loss of power, after the log had gone on in its place."""
    files.make_directory(DIRECTORY)
    files.write_whole(f"{DIRECTORY}/{0:020d}.log", batch(0) + batch(1) + batch(2))
    files.write_whole(f"{DIRECTORY}/{1:020d}.log", batch(1))
    log, recovery = reopen(files, clean=False, recovery_point=0)
    assert (log.end_offset, recovery.cut_bytes) == (3, len(batch(1)))
    assert [header.base_offset for header in log.headers()] == [0, 1, 2]


@pytest.mark.parametrize(("directory", "end_offset"), [(DIRECTORY, 6), ("__cluster_metadata-0", 2)])
def test_a_hole_between_segments(files: Files, directory: str, end_offset: int) -> None:
    """A loss of power took a segment that was never flushed, and not the next: Kafka's logs go on behind the hole
    (LogLoader.recoverLog), but of the cluster's log nothing may be replayed of which the beginning is missing."""
    files.make_directory(directory)
    files.write_whole(f"{directory}/{0:020d}.log", batch(0) + batch(1))
    files.write_whole(f"{directory}/{4:020d}.log", batch(4) + batch(5))
    log, recovery = open_log(files, directory, LogConfig(), NOW, clean=False, recovery_point=0)
    assert log.end_offset == end_offset
    assert recovery.cut_bytes == (0 if end_offset == 6 else len(batch(4) + batch(5)))


@pytest.mark.parametrize("records", [b"", batch(0)])
def test_whose_records_they_are_must_be_known_where_there_are_any(files: Files, records: bytes) -> None:
    """A broken partition.metadata matters to nobody beside an empty log."""
    files.make_directory(DIRECTORY)
    files.write_whole(f"{DIRECTORY}/{0:020d}.log", records)
    files.write_whole(f"{DIRECTORY}/partition.metadata", b"version: 0\ntopic_id: x")
    if records:
        with pytest.raises(StorageError, match=r"not a partition\.metadata file"):
            reopen(files, clean=False)
    else:
        assert reopen(files, clean=False)[0].topic_id is None


def test_producers_are_known_from_the_newest_snapshot_and_the_batches_after_it(files: Files) -> None:
    """At either end of each segment that is checked there is a snapshot then; those after it are not trusted."""
    log = Log(files, DIRECTORY, SMALL, NOW)
    for number in range(60):
        ids = {"producer_id": 7 + number % 2, "producer_epoch": 0, "base_sequence": number // 2}
        data = build([(NOW, None, b"v" * 20, ())], base_offset=number, leader_epoch=0, **ids)
        log.append(data, (read_header(memoryview(data)),), NOW)
    bases = [segment.base_offset for segment in log.segments.all]
    log.close()
    Snapshots(files, DIRECTORY).write(bases[1] + 3, Snapshots(files, DIRECTORY).load()[0])  # knows nobody: a lie
    reopen(files, clean=False, recovery_point=bases[1])
    found = Snapshots(files, DIRECTORY)
    assert found.offsets == [*bases[1:], 60]
    producers, offset = found.load()
    assert offset == 60
    assert {number: each.last_sequence for number, each in producers.producers.items()} == {7: 29, 8: 29}
    found.remove(60)
    producers, offset = found.load()
    assert offset == bases[-1]
    assert {each.batches[-1].last_offset for each in producers.producers.values()} == {offset - 2, offset - 1}


def test_one_line_tells_what_was_done() -> None:
    """How much was looked at and how long that took; then what was not well, logs that were cut by their names."""
    fine = Recovery(checked_segments=1, checked_bytes=512 << 20)
    cut = {("orders", number): Recovery(cut_bytes=300 + number) for number in range(7)}
    assert summary({("a", 0): fine, ("b", 0): fine}, (), 0.84) == "recovered 2 logs in 0.8 s: 1,024 MB checked"
    assert summary({("a", 0): fine, ("orders", 3): Recovery(cut_bytes=1312, rebuilt_indexes=2)}, (), 1) == (
        "recovered 2 logs in 1.0 s: 512 MB checked, 1,312 bytes cut from orders-3, 2 indexes rebuilt"
    )
    assert summary(cut, ["x-checkpoint"], 0) == (
        "recovered 7 logs in 0.0 s: 0 MB checked, 300 bytes cut from orders-0, 301 bytes cut from orders-1, "
        "302 bytes cut from orders-2, 303 bytes cut from orders-3, 304 bytes cut from orders-4, 611 from 2 others, "
        "x-checkpoint was broken and not used"
    )
    assert not fine.is_repair
    assert not Recovery(removed_files=("00000000000000000000.log.deleted",)).is_repair
    assert Recovery(removed_files=("00000000000000000000.log.cleaned",)).is_repair

"""What the disk is known to have of a log: which calls a flush makes, and what it is worth when they have been made."""

from __future__ import annotations

import errno
from random import Random

import pytest

from kpybroker.storage.checkpoints import LEADER_EPOCHS
from kpybroker.storage.directory import DataDirectory, Meta
from kpybroker.storage.faulty import Fault, FaultyFile, FaultyFiles
from kpybroker.storage.files import DiskError, File, Files, RealFiles
from kpybroker.storage.flushing import flush_all, is_overtaken
from kpybroker.storage.log import Log, make_files
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.volatile import Disk
from tests.storage.logs import DIRECTORY, NOW, SMALL, append, batch, fill, read, reopen

ID = b"0123456789abcdef"
META = Meta("4L6g3nShT-eMCtK--X86sw", 1, ID)


def new_log(files: Files) -> Log:
    files.make_directory("")
    return Log(files, DIRECTORY, SMALL, NOW, topic_id=b"0123456789abcdef")


def test_to_acknowledge_is_less_than_to_flush(files: Files) -> None:
    """The records' bytes are enough to answer for them; a start that looks at nothing needs the indexes too."""
    log = new_log(files)
    fill(log, 1)
    first = log.durable.acknowledge()
    first.carry_out()
    log.durable.done(first, NOW)
    assert (log.durable.synced_offset, log.recovery_point) == (1, 0)
    fill(log, 1)
    assert len(log.durable.acknowledge().calls) == 1  # of one file: the names have been synced
    whole = log.durable.flush()
    assert len(whole.calls) == 5  # the log, two indexes, the leader epochs, and the names of these
    whole.carry_out()
    log.durable.done(whole, NOW + 7)
    assert (log.durable.synced_offset, log.recovery_point, log.durable.flushed_at) == (2, 2, NOW + 7)
    assert not log.durable.flush().calls


def test_a_name_counts_when_its_sync_is_over(files: Files) -> None:
    """Two flushes at once: the second does not rely on the first, which is not through yet, for the names."""
    log = new_log(files)
    fill(log, 40)
    background = log.durable.flush(log.segments.all[-1].base_offset)
    urgent = log.durable.acknowledge()
    directories = [call for call in urgent.calls if getattr(call, "func", None) == files.sync_directory]
    assert [call.args for call in directories] == [(DIRECTORY,), ("",)]  # type: ignore[attr-defined]
    background.carry_out()
    log.durable.done(background, NOW)
    assert not [call for call in log.durable.acknowledge().calls if hasattr(call, "func")]


def test_a_flush_up_to_an_offset_leaves_the_rest() -> None:
    """What was flushed survives any loss of power without being looked at; what comes after may not."""
    for seed in range(30):
        disk = Disk()
        log = new_log(FaultyFiles(disk))
        written = fill(log, 60)
        end = log.segments.all[-1].base_offset
        flush = log.durable.flush(end)
        flush.carry_out()
        log.durable.done(flush, NOW)
        assert log.recovery_point == end
        disk.lose_power(Random(seed))
        log, recovery = reopen(FaultyFiles(disk), clean=False, recovery_point=end)
        assert recovery.checked_segments <= 1
        assert log.end_offset >= end
        found = b"".join(read(log, segment.base_offset) for segment in log.segments.all)
        assert b"".join(written).startswith(found)


def test_records_survive_with_their_bytes_alone() -> None:
    """After the least that a sync may do, all records come back; their indexes are made anew."""
    for seed in range(30):
        disk = Disk()
        log = new_log(FaultyFiles(disk))
        log.durable.beside.write_later()
        log.epochs.lead(0, 0)
        written = []
        for _ in range(12):
            written += fill(log, 3)
            flush = log.durable.acknowledge()
            fill(log, 1)  # what comes meanwhile
            written.append(batch(log.end_offset - 1))
            flush.carry_out()
            log.durable.done(flush, NOW)
        promised = log.durable.synced_offset
        disk.lose_power(Random(seed))
        log, _ = reopen(FaultyFiles(disk), clean=False, recovery_point=0)
        assert log.end_offset >= promised
        found = b"".join(read(log, segment.base_offset) for segment in log.segments.all)
        assert b"".join(written).startswith(found)
        assert [entry.epoch for entry in log.epochs.entries] == [0]


def test_a_sync_on_its_own_descriptor(tmp_path: object) -> None:
    """A file is synced whether or not it is open by then; one that is gone says so."""
    files = RealFiles(str(tmp_path), open_limit=1)
    log = new_log(files)
    fill(log, 40)
    flush = log.durable.flush()
    for segment in log.segments.all:
        segment.close()
    flush.carry_out()
    files.remove_tree(DIRECTORY)
    with pytest.raises(DiskError) as error:
        flush.carry_out()
    assert error.value.errno == errno.ENOENT
    assert not is_overtaken(log, flush, error.value)
    log.segments.drop(log.segments.all[:1])
    assert is_overtaken(log, flush, error.value)


def test_a_snapshot_that_goes_while_it_is_synced(tmp_path: object) -> None:
    """Retention may take all segments of which a flush was begun, and then the snapshot where the next began: that is
    no failure of the disk. What else the flush was to sync is in the next one."""
    files = RealFiles(str(tmp_path))
    log = new_log(files)
    fill(log, 3)
    log.roll(NOW)
    files.write_whole(f"{DIRECTORY}/00000000000000000003.snapshot", b"of the roll")
    log.begin_at(3, NOW)
    flush = log.durable.flush(3)
    fill(log, 1)
    log.roll(NOW)
    log.begin_at(4, NOW)
    with pytest.raises(DiskError) as error:
        flush.carry_out()
    assert is_overtaken(log, flush, error.value)
    epochs = [path for path in log.durable.flush().beside if path.endswith(LEADER_EPOCHS)]
    assert epochs == [f"{DIRECTORY}/{LEADER_EPOCHS}"]


def test_a_close_after_a_failure_promises_nothing() -> None:
    """A log of which a sync has failed is not closed as if all were well, and not synced again."""
    files = FaultyFiles()
    log = new_log(files)
    fill(log, 3)
    files.plan.arm(Fault(("sync",)))
    flush = log.durable.flush()
    with pytest.raises(DiskError) as error:
        flush.carry_out()
    log.durable.failure = error.value
    before = files.plan.operations
    with pytest.raises(DiskError):
        flush_all(log.files, [log])
    assert files.plan.operations == before
    append(log, batch(3))  # that nothing is appended is the partition's to see to


def test_a_clean_stop_syncs_each_file_once() -> None:
    """However many logs there are; and nothing at all of a log that is on the disk as it is."""
    disk = Disk()
    for logs, written in ((4, 2), (4, 0)):
        files = _Counting(disk)
        directory = DataDirectory.open(files, META, lambda topic: LogConfig(), NOW)
        for index in range(logs):
            log = directory.logs.get(("t", index)) or directory.create(("t", index), LogConfig(), NOW, topic_id=ID)
            if index < written:
                append(log, batch(0))
            make_files(log, NOW)
        files.synced.clear()
        directory.close()
        marks = [path for path in files.synced if path.startswith("t-")]
        once = [path for path in marks if not path.endswith("/") or path in ("t-0/", "t-1/")]
        assert len(once) == len(set(once))
        assert (len(marks) > 0) == (written > 0)
        disk.lose_power(Random(1))
    again = DataDirectory.open(FaultyFiles(disk), META, lambda topic: LogConfig(), NOW)
    assert [again.logs["t", index].end_offset for index in range(4)] == [1, 1, 0, 0]
    assert {log.topic_id for log in again.logs.values()} == {ID}


class _Counting(FaultyFiles):
    """Notes what is synced; a directory with a slash at its end."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.synced: list[str] = []

    def open(self, path: str) -> File:
        return _CountedFile(self, path, new=False)

    def create(self, path: str) -> File:
        return _CountedFile(self, path, new=True)

    def sync_directory(self, path: str) -> None:
        self.synced.append(f"{path}/")
        super().sync_directory(path)


class _CountedFile(FaultyFile):
    def sync(self) -> None:
        assert isinstance(self._files, _Counting)
        self._files.synced.append(self.path)
        super().sync()

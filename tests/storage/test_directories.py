"""Several data directories: each has its files, all belong to one broker, and one that cannot be read is left out."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from kpybroker.storage.advice import ADVICE
from kpybroker.storage.directories import DataDirectories, Identity
from kpybroker.storage.directory import read_meta
from kpybroker.storage.files import DiskError, Files, RealFiles, StorageError, refuse
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.segment import LogConfig
from tests.storage.logs import NOW, fill

CLUSTER = "4L6g3nShT-eMCtK--X86sw"
TOPIC_ID = b"0123456789abcdef"


def opened(
    *files: Files, metadata: Files | None = None, cluster: str = CLUSTER, node: int = 1, first_id: int = 1
) -> DataDirectories:
    ids = (bytes([number]) * 16 for number in range(first_id, 100))
    identity = Identity(node, lambda: cluster, lambda: next(ids))
    return DataDirectories.open(files, identity, lambda topic: LogConfig(), NOW, metadata=metadata)


def three() -> list[MemoryFiles]:
    return [MemoryFiles(root) for root in ("/a", "/b", "/c")]


class Unreadable(MemoryFiles):
    """A disk that does not answer."""

    def read_whole(self, path: str) -> bytes | None:
        raise DiskError(f"{self.root}/{path}", errno.EIO)


def test_new_ones_belong_together() -> None:
    """One cluster, one node, and a directory.id for each; the cluster's log is in the first."""
    files = three()
    made = opened(*files)
    assert made.meta.cluster_id == CLUSTER
    metas = [read_meta(each) for each in files]
    assert [(meta.cluster_id, meta.node_id) for meta in metas if meta] == [(CLUSTER, 1)] * 3
    assert len({meta.directory_id for meta in metas if meta}) == 3
    assert made.metadata.files is files[0]
    assert made.close(broker_epoch=7) == []
    for each in files:
        assert each.read_whole(".kafka_cleanshutdown") == b'{"version":0,"brokerEpoch":7}'
        assert not each.exists(".lock"), "FileLock.destroy"


def test_a_new_directory_joins_the_others() -> None:
    """log.dirs may grow: it gets the cluster's id, wherever in the row it is."""
    old, new = MemoryFiles("/old"), MemoryFiles("/new")
    opened(old).close()
    opened(new, old, cluster="another", metadata=old).close()
    metas = [read_meta(each) for each in (old, new)]
    assert [meta.cluster_id for meta in metas if meta] == [CLUSTER, CLUSTER]


def test_logs_are_found_wherever_they_are() -> None:
    """And each is closed, and opened again, where it was."""
    files = three()
    made = opened(*files)
    for number, directory in enumerate(made.online):
        fill(directory.create(("t", number), LogConfig(), NOW, topic_id=TOPIC_ID), 1 + number)
    made.close()
    again = opened(*files)
    assert sorted((key, log.end_offset) for key, log in again.logs()) == [(("t", 0), 1), (("t", 1), 2), (("t", 2), 3)]
    holders = [again.holder(("t", number)) for number in range(4)]
    assert [holder and holder.files.root for holder in holders] == ["/a", "/b", "/c", None]


def test_the_ids_are_in_javas_order() -> None:
    """As BrokerLifecycleManager registers them: by Uuid.compareTo, whose numbers have a sign."""
    files = three()
    for each, first in zip(files, (0x31, 0xF0, 0x01), strict=True):
        made = opened(each)
        made.close()
        meta = read_meta(each)
        assert meta is not None
        each.write_whole("meta.properties", meta._replace(directory_id=bytes([first]) * 16).encode())
    assert [directory_id[0] for directory_id in opened(*files).ids] == [0xF0, 0x01, 0x31]


def test_the_metadata_may_be_elsewhere() -> None:
    """metadata.log.dir: a directory of its own, in which no partition of a topic is."""
    files, own = three(), MemoryFiles("/own")
    made = opened(*files, metadata=own)
    made.metadata.create(("__cluster_metadata", 0), LogConfig(), NOW, topic_id=None)
    assert [each.files.root for each in made.online] == ["/a", "/b", "/c"]
    assert [each.files.root for each in made.all] == ["/a", "/b", "/c", "/own"]
    assert [made.emptiest({}).files.root, made.paths] == ["/a", ("/a", "/b", "/c")]
    fill(made.metadata.logs["__cluster_metadata", 0], 1)
    made.close()
    assert own.exists(".kafka_cleanshutdown")
    with pytest.raises(StorageError, match=r"^/own: holds __cluster_metadata-0, which is to be in /a: name this"):
        opened(files[0], own)


def test_one_that_cannot_be_read_is_left_out() -> None:
    """The others go on (LogManager.createAndValidateLogDirs); why is told."""
    first, _, third = three()
    made = opened(first, Unreadable("/b"), third)
    assert [each.files.root for each in made.online] == ["/a", "/c"]
    assert made.paths == ("/a", "/b", "/c")
    assert [str(failure) for failure in made.failures] == ["/b/meta.properties: Input/output error"]
    made.close()
    with pytest.raises(DiskError, match=r"^/b/meta.properties: Input/output error$"):
        opened(Unreadable("/b"), first, third)
    opened(first, third).close()  # its locks were let go of


def test_a_file_where_a_directory_should_be(tmp_path: Path) -> None:
    """It is no directory, and the others go on."""
    (tmp_path / "b").write_text("x")
    made = opened(RealFiles(str(tmp_path / "a")), RealFiles(str(tmp_path / "b")))
    assert [each.files.root for each in made.online] == [str(tmp_path / "a")]
    (failure,) = made.failures
    assert (failure.errno, failure.advice) == (errno.ENOTDIR, ADVICE[errno.ENOTDIR])
    made.close()


def test_what_is_not_ours_is_refused() -> None:
    """Each in one line: another node's or cluster's directory, one that somebody uses, one named twice, a copy."""
    first, second, _ = three()
    opened(first).close()
    opened(second, cluster="Another-ClusterIdAAAAA", first_id=50).close()
    with pytest.raises(StorageError, match=r"^/b: belongs to cluster Another-ClusterIdAAAAA, not to 4L6g3nShT"):
        opened(first, second)
    with pytest.raises(StorageError, match=r"^/a: belongs to node 1, not to node 2$"):
        opened(first, node=2)
    with pytest.raises(StorageError, match=r"names a directory twice"):
        opened(first, first)
    copy = MemoryFiles("/copy")
    first.copy_to(copy)
    with pytest.raises(StorageError, match=r"^/copy: another of the directories has the same directory.id"):
        opened(copy, first)
    held = opened(first)
    with pytest.raises(StorageError, match=r"another broker is using this directory"):
        opened(MemoryFiles("/new"), first)
    held.close()


def in_two_directories(*counts: int) -> list[MemoryFiles]:
    """Each with the same partition, and so many records of it."""
    files = three()
    for each, count in zip(files, counts, strict=False):
        made = opened(each)
        fill(made.online[0].create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID), count)
        made.close()
    meta = read_meta(files[1])
    assert meta is not None
    files[1].write_whole("meta.properties", meta._replace(directory_id=b"x" * 16).encode())
    return files


def test_a_partition_in_two_directories_is_refused() -> None:
    """Where nobody knows that both are of one topic, as in LogManager.loadLog; the line says what to do."""
    files = in_two_directories(1, 2)
    for each in files[:2]:
        each.remove("t-0/partition.metadata")
    with pytest.raises(StorageError, match=r"^/b/t-0: this partition is in /a too: .*; remove the older of the two$"):
        opened(*files)


@pytest.mark.parametrize("counts", [(1, 2), (2, 1)])
def test_a_partition_that_has_gone_on_in_one_of_two_directories(
    counts: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    """A disk has failed between the copy's last name and the end of what was copied: the one with more is it, the other
    is set aside and told of, and a later start finds nothing odd."""
    files = in_two_directories(*counts)
    for _ in range(2):
        made = opened(*files)
        found = made.log(("t", 0))
        assert found is not None
        assert found.end_offset == 2
        made.close()
    path = f"/{'ab'[counts[1] == 1]}/t-0.{TOPIC_ID.hex()}-stray"
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [path]


def test_a_kill_in_the_last_moment_of_a_move() -> None:
    """The copy has its last name, and the other is not yet gone: they are alike, one is enough, and it is told."""
    files = in_two_directories(2, 2)
    made = opened(*files)
    assert [sorted(each.logs) for each in made.online] == [[("t", 0)], [], []]
    log = made.log(("t", 0))
    assert log is not None
    assert log.end_offset == 2
    assert made.online[1].recovered["t", 0].is_repair
    assert [name for name in files[1].list("") if name.startswith("t-0")] == [f"t-0.{TOPIC_ID.hex()}-delete"]
    assert made.close() == []


def test_the_next_partition_goes_where_there_are_fewest() -> None:
    """LogManager.nextLogDirs; the first of those that have as few."""
    made = opened(*three())
    first, second, third = [each.meta.directory_id for each in made.online]
    assert made.emptiest({first: 2, second: 1, third: 1}).files.root == "/b"
    assert made.emptiest({first: 2, second: 1}).files.root == "/c"


def test_a_directory_that_fails_is_given_up() -> None:
    """Once, for whatever in it: it is not closed cleanly, and its lock is free; the others are."""
    files = three()
    made = opened(*files)
    log = made.online[1].create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID)
    fill(log, 3)
    error = DiskError("/b/t-0/00000000000000000000.log", errno.EIO)
    failed = made.fail(error)
    assert failed is not None
    assert (failed.files.root, failed.failure) == ("/b", error)
    assert made.fail(error) is None
    assert made.fail(DiskError("/elsewhere/x", errno.EIO)) is None
    assert not made.is_lost
    assert made.log(("t", 0)) is None
    made.close()
    assert [each.exists(".kafka_cleanshutdown") for each in files] == [True, False, True]
    again = opened(*files)
    assert [log.end_offset for _, log in again.logs()] == [3]
    assert again.fail(DiskError("/a/.lock", errno.EIO)) is not None
    assert again.is_lost


def test_what_to_do_is_told() -> None:
    """The errors of a disk have an advice; those of a file's content are none of a disk."""
    for number in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO):
        with pytest.raises(DiskError) as caught:
            refuse("/a/b", OSError(number, "what it is called"))
        assert str(caught.value) == "/a/b: what it is called"
        assert "start again" in caught.value.advice

"""A data directory: whose it is, who holds it, and that everything in it is there again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kpybroker.storage.directory import DataDirectory, Meta, read_meta
from kpybroker.storage.ephemeral import EphemeralFiles
from kpybroker.storage.files import Files, RealFiles, StorageError
from kpybroker.storage.recovery import Recovery
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.timestamps import find_timestamp
from tests.storage.logs import KAFKA, NOW, fill, read

META = Meta("4L6g3nShT-eMCtK--X86sw", 1, bytes(range(16)))
TOPIC_ID = b"0123456789abcdef"


def config_of(topic: str) -> LogConfig:
    return LogConfig()


def opened(files: Files, meta: Meta = META) -> DataDirectory:
    return DataDirectory.open(files, meta, config_of, NOW)


def test_an_empty_directory_becomes_ours(files: Files) -> None:
    """meta.properties as a KRaft broker writes it, and checkpoints that are empty."""
    directory = opened(files)
    checkpoints = ["cleaner", "log-start", "recovery-point", "replication"]
    assert files.list("") == sorted(
        [".lock", "meta.properties", *[f"{name}-offset-checkpoint" for name in checkpoints]]
    )
    assert files.read_whole("meta.properties") == (
        b"version=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\nnode.id=1\ndirectory.id=AAECAwQFBgcICQoLDA0ODw\n"
    )
    assert read_meta(files) == directory.meta == META
    assert not directory.was_clean
    directory.close()
    assert opened(files, Meta("", 1, b"x" * 16)).meta == META


def test_logs_are_there_again_after_a_clean_stop(files: Files) -> None:
    """With their topic ids, offsets and batches, and nothing to check; the mark of the clean stop counts once."""
    directory = opened(files)
    for number in range(3):
        fill(directory.create(("a-b", number), LogConfig(), NOW, topic_id=TOPIC_ID), 5 + number)
    directory.create(("never-written", 0), LogConfig(), NOW, topic_id=TOPIC_ID)
    directory.close(broker_epoch=18)
    assert files.read_whole(".kafka_cleanshutdown") == (KAFKA / ".kafka_cleanshutdown").read_bytes()
    directory = opened(files)
    assert not files.exists(".kafka_cleanshutdown")
    assert (directory.was_clean, directory.broker_epoch, directory.recovered) == (True, 18, {})
    assert list(directory.logs) == [("a-b", 0), ("a-b", 1), ("a-b", 2)]
    for (_, number), log in directory.logs.items():
        assert (log.end_offset, log.recovery_point, log.topic_id) == (5 + number, 5 + number, TOPIC_ID)
    directory.delete(("a-b", 1), now=NOW)
    directory.close(clean=False)
    directory = opened(files)
    assert list(directory.logs) == [("a-b", 0), ("a-b", 2)]
    checked = {key: Recovery(checked_segments=1, checked_bytes=log.size) for key, log in directory.logs.items()}
    assert directory.recovered == checked


def test_a_directory_of_kafka_is_opened(tmp_path: Path) -> None:
    """Apache Kafka 4.3.1 stopped cleanly here: its topics are trusted, its metadata log is checked."""
    shutil.copytree(KAFKA, tmp_path / "data")
    files = RealFiles(str(tmp_path / "data"))
    directory = opened(files)
    assert directory.meta.cluster_id == META.cluster_id
    assert (directory.was_clean, directory.broker_epoch) == (True, 18)
    ends = {key: log.end_offset for key, log in directory.logs.items()}
    assert ends == {("__cluster_metadata", 0): 176, ("packed", 0): 69, ("plain", 0): 60, ("timed", 0): 115}
    log = directory.logs["__cluster_metadata", 0]
    assert directory.recovered == {("__cluster_metadata", 0): Recovery(checked_segments=1, checked_bytes=log.size)}
    assert directory.logs["__cluster_metadata", 0].topic_id == bytes(15) + b"\x01"
    directory.close()


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    """In one line; and it is free again after a close, clean or not, and after an open that failed."""
    files = RealFiles(str(tmp_path))
    for clean in (True, False):
        directory = opened(files)
        with pytest.raises(StorageError, match=r"another broker is using this directory \(its .lock is held\)"):
            opened(RealFiles(str(tmp_path)))
        directory.close(clean=clean)
    with pytest.raises(StorageError, match="belongs to node 1, not to node 2"):
        opened(files, META._replace(node_id=2))
    with pytest.raises(StorageError, match="belongs to cluster 4L6g3nShT-eMCtK--X86sw, not to other"):
        opened(files, META._replace(cluster_id="other"))
    opened(files).close()


def test_a_foreign_directory_is_refused_and_left_alone(files: Files) -> None:
    """Neither empty nor with meta.properties: not even a lock file is put there."""
    files.write_whole("thesis.txt", b"years of work")
    with pytest.raises(StorageError, match="neither empty nor a Kafka data directory"):
        opened(files)
    assert files.list("") == ["thesis.txt"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"version=0\nbroker.id=1\n", "version 0 was not written by a KRaft broker"),
        (b"", "empty or damaged; write it anew: version=1, cluster.id= and node.id="),
        (b"broker.id=1\n", "version 0"),
        (b"version=1\nnode.id=1\n", "cluster.id is missing"),
        (b"version=1\ncluster.id=x\nnode.id=one\n", "invalid literal"),
        (b"version=1\ncluster.id=x\nnode.id=1\ndirectory.id=short\n", "'short' is not a Uuid"),
    ],
)
def test_broken_meta_properties_are_refused(files: Files, text: bytes, reason: str) -> None:
    """The path is named, in one line."""
    files.write_whole("meta.properties", text)
    with pytest.raises(StorageError, match=f"meta.properties: .*{reason}") as caught:
        opened(files)
    assert "\n" not in str(caught.value)


def test_a_missing_directory_id_is_added(files: Files) -> None:
    """Kafka before 3.7 wrote none; unusual cluster ids and comments are read as Java reads them."""
    files.write_whole("meta.properties", b"#\n# a date\nversion=1\ncluster.id=a\\:b\\=c\nnode.id=1\n")
    directory = opened(files, META._replace(cluster_id=""))
    assert directory.meta == Meta("a:b=c", 1, META.directory_id)
    assert read_meta(files) == directory.meta


def test_topics_that_were_being_deleted_are_removed(files: Files) -> None:
    """Kafka renames a directory first and deletes it later; other directories are not looked at."""
    opened(files).close()
    for name in ("t-0.0123456789abcdef0123456789abcdef-delete", "notes"):
        files.make_directory(name)
        files.write_whole(f"{name}/x", b"x")
    assert opened(files).logs == {}
    assert "notes" in files.list("")
    assert not [name for name in files.list("") if name.endswith("-delete")]


def test_the_start_of_a_log_is_kept(files: Files) -> None:
    """log-start-offset-checkpoint: records before it stay deleted."""
    directory = opened(files)
    log = directory.create(("t", 0), LogConfig(), NOW, topic_id=None)
    fill(log, 10)
    log.start_offset = 4
    directory.close()
    assert files.read_whole("log-start-offset-checkpoint") == b"0\n1\nt 0 4\n"
    log = opened(files).logs["t", 0]
    assert (log.start_offset, log.end_offset) == (4, 10)
    assert log.epochs.entries == [(0, 4)]
    found = find_timestamp(log, 0)
    assert found is not None
    assert found.offset == 4
    assert read(log, 4, 1) != b""


def test_an_ephemeral_directory_keeps_nothing(tmp_path: Path) -> None:
    """It has no meta.properties and no lock to find; at the end nothing is left."""
    files = EphemeralFiles(str(tmp_path))
    directory = DataDirectory(files, META, files.remove_all)
    log = directory.create(("t", 0), LogConfig(), NOW, topic_id=TOPIC_ID)
    assert list(tmp_path.iterdir()) == []
    written = fill(log, 3)
    assert read(log, 0) == b"".join(written)
    directory.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"\xff\xfe", b"1\n0\n", b"0\n2\na-b 0 5\n", b"0\n1\na-b 0\n", b"0\n1\na-b x 5\n"])
@pytest.mark.parametrize("name", ["recovery-point", "log-start", "cleaner"])
def test_a_broken_checkpoint_counts_as_empty(files: Files, name: str, data: bytes) -> None:
    """As in Apache Kafka (LogManager.loadLogs): everything is checked, and logs begin with their first segments."""
    directory = opened(files)
    fill(directory.create(("a-b", 0), LogConfig(), NOW, topic_id=TOPIC_ID), 5)
    directory.close(clean=False)
    files.write_whole(f"{name}-offset-checkpoint", data)
    directory = opened(files)
    log = directory.logs["a-b", 0]
    assert (log.start_offset, log.end_offset) == (0, 5)
    assert directory.offsets.unreadable == [f"{name}-offset-checkpoint"]
    assert directory.recovered["a-b", 0].checked_segments == 1

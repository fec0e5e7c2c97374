"""The small text files: Kafka's format both ways, and leader epochs as Kafka counts them."""

from __future__ import annotations

import pytest

from kpybroker.storage.checkpoints import (
    EpochEntry,
    LeaderEpochs,
    read_checkpoint,
    read_topic_id,
    uuid_bytes,
    uuid_text,
    write_checkpoint,
)
from kpybroker.storage.files import Files, RealFiles, StorageError
from tests.storage.logs import KAFKA


def test_kafkas_own_files_are_read() -> None:
    """What Apache Kafka 4.3.1 wrote for its topics."""
    files = RealFiles(str(KAFKA))
    points = read_checkpoint(files, "recovery-point-offset-checkpoint")
    assert ["plain", "0", "60"] in points
    assert read_checkpoint(files, "log-start-offset-checkpoint") == []
    text = (KAFKA / "plain-0" / "partition.metadata").read_text()
    topic_id = read_topic_id(files, "plain-0")
    assert topic_id is not None
    assert text == f"version: 0\ntopic_id: {uuid_text(topic_id)}"
    epochs = LeaderEpochs(files, "plain-0")
    epochs.load()
    assert epochs.entries == [EpochEntry(0, 0)]


def test_a_checkpoint_is_kafkas_bytes(files: Files) -> None:
    """Version, count and lines, each with its newline; an empty or missing file has no entries."""
    write_checkpoint(files, "points", ["a 0 5", "b 1 7"])
    assert files.read_whole("points") == b"0\n2\na 0 5\nb 1 7\n"
    assert read_checkpoint(files, "points") == [["a", "0", "5"], ["b", "1", "7"]]
    files.write_whole("points", b"")
    assert read_checkpoint(files, "points") == read_checkpoint(files, "none") == []


@pytest.mark.parametrize("data", [b"1\n0\n", b"0\n2\na 0 5\n", b"0\n"])
def test_a_broken_checkpoint_is_refused(files: Files, data: bytes) -> None:
    """A version that is not known, and fewer lines than promised."""
    files.write_whole("points", data)
    with pytest.raises(StorageError, match=r"/points: "):
        read_checkpoint(files, "points")


def test_uuids_are_written_as_kafka_writes_them() -> None:
    """URL-safe base64 without padding: Kafka's Uuid.METADATA_TOPIC_ID is 1."""
    assert uuid_text(bytes(15) + b"\x01") == "AAAAAAAAAAAAAAAAAAAAAQ"
    assert uuid_bytes("AAAAAAAAAAAAAAAAAAAAAQ") == bytes(15) + b"\x01"
    with pytest.raises(ValueError, match="not a Uuid"):
        uuid_bytes("short")


@pytest.mark.parametrize("data", [b"", b"version: 1\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ", b"version: 0\ntopic_id: x"])
def test_broken_partition_metadata_is_refused(files: Files, data: bytes) -> None:
    """The path is named."""
    files.make_directory("t-0")
    assert read_topic_id(files, "t-0") is None
    files.write_whole("t-0/partition.metadata", data)
    with pytest.raises(StorageError, match=r"/t-0/partition\.metadata: "):
        read_topic_id(files, "t-0")


@pytest.fixture
def epochs(files: Files) -> LeaderEpochs:
    files.make_directory("t-0")
    found = LeaderEpochs(files, "t-0")
    for epoch, offset in ((2, 10), (4, 20), (7, 20), (8, 30)):
        found.assign(epoch, offset)
    return found


def test_an_epoch_that_wrote_nothing_gives_way(epochs: LeaderEpochs, files: Files) -> None:
    """Epoch 7 begins where 4 did, so 4 has no records; the file has what memory has."""
    assert epochs.entries == [EpochEntry(2, 10), EpochEntry(7, 20), EpochEntry(8, 30)]
    assert files.read_whole("t-0/leader-epoch-checkpoint") == b"0\n3\n2 10\n7 20\n8 30\n"
    epochs.assign(8, 35)
    assert epochs.entries[-1] == EpochEntry(8, 30)
    again = LeaderEpochs(files, "t-0")
    again.load()
    assert (again.entries, again.latest) == (epochs.entries, 8)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(-1, (-1, -1)), (1, (1, 10)), (2, (2, 20)), (3, (2, 20)), (7, (7, 30)), (8, (8, 99)), (9, (-1, -1))],
)
def test_the_end_of_an_epoch_is_where_the_next_begins(epochs: LeaderEpochs, asked: int, expected: object) -> None:
    """As LeaderEpochFileCache answers: the largest epoch up to the one asked for; unknown ones undefined."""
    assert epochs.end_offset_for(asked, 99) == expected


@pytest.mark.parametrize(("offset", "epoch"), [(9, -1), (10, 2), (19, 2), (20, 7), (30, 8), (1000, 8)])
def test_an_offset_knows_its_epoch(epochs: LeaderEpochs, offset: int, epoch: int) -> None:
    """Before the first entry nothing is known."""
    assert epochs.epoch_of(offset) == epoch


def test_epochs_are_cut_with_the_log(epochs: LeaderEpochs, files: Files) -> None:
    """At the end those that begin there or later go; at the start the one that holds it begins there."""
    epochs.cut_end(30)
    assert (epochs.entries, epochs.latest) == ([EpochEntry(2, 10), EpochEntry(7, 20)], 7)
    epochs.cut_start(15)
    assert epochs.entries == [EpochEntry(2, 15), EpochEntry(7, 20)]
    epochs.cut_start(20)
    assert epochs.entries == [EpochEntry(7, 20)]
    epochs.cut_start(5)
    assert files.read_whole("t-0/leader-epoch-checkpoint") == b"0\n1\n7 20\n"
    epochs.cut_end(0)
    assert (epochs.entries, epochs.latest) == ([], -1)

"""A disk that cannot be read: its partitions' trouble is told of them alone."""

from __future__ import annotations

import errno
import logging

import pytest

from kpybroker.storage.files import DiskError, File, Slice
from kpybroker.storage.memory import MemoryFile, MemoryFiles
from tests.core import Bench, CoreClient
from tests.requests import create_topic, fetch, produce

NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR = 6, 56
BROKEN = "t-1/"


class BrokenDisk(MemoryFiles):
    """What is in the second of two directories cannot be read."""

    def open(self, path: str) -> File:
        return _BrokenFile(self, path, new=False)

    def create(self, path: str) -> File:
        return _BrokenFile(self, path, new=True)


class _BrokenFile(MemoryFile):
    def slice(self, position: int, count: int) -> Slice:
        if self.path.startswith(BROKEN):
            raise DiskError(f"{self._files.root}/{self.path}", errno.EIO)
        return super().slice(position, count)


@pytest.fixture
def client() -> CoreClient:
    made = Bench(files=[MemoryFiles("first"), BrokenDisk("second")]).connect()
    made.ask(create_topic("t", 2), 7)
    for index in (0, 1):
        made.ask(produce("t", b"x", index=index), 9)
    return made


@pytest.mark.parametrize(
    ("version", "error"),
    [(4, NOT_LEADER_OR_FOLLOWER), (5, NOT_LEADER_OR_FOLLOWER), (6, KAFKA_STORAGE_ERROR), (12, KAFKA_STORAGE_ERROR)],
)
def test_a_fetch_of_two(client: CoreClient, version: int, error: int, caplog: pytest.LogCaptureFixture) -> None:
    """What can be read is read, at once; clients that do not know the error are told to look for the leader
    (KafkaApis.handleFetchRequest, maybeDownConvertStorageError), and the log says what is wrong."""
    answer = client.ask(fetch(("t", 0, 0), ("t", 1, 0), max_wait_ms=500, min_bytes=10_000), version)
    parts = [part for topic in answer.responses for part in topic.partitions]
    assert [(part.partition_index, part.error_code, len(part.records) > 0) for part in parts] == [
        (0, 0, True),
        (1, error, False),
    ]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "Input/output error" in caplog.text

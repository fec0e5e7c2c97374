"""`quorum-state`: byte for byte what Apache Kafka 4.3.1 leaves."""

from __future__ import annotations

import pytest

from kpybroker.storage.files import RealFiles, StorageError
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.quorum_state import DYNAMIC, QuorumState, read_quorum_state, write_quorum_state
from tests.directories.kafkas import DIRECTORY, METADATA

PATH = f"{METADATA}/quorum-state"
# A directory that was formatted with --standalone, after its first election.
KAFKAS_DYNAMIC = (
    b'{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}'
)


def files_with(data: bytes) -> MemoryFiles:
    files = MemoryFiles()
    files.make_directory(METADATA)
    files.write_whole(PATH, data)
    return files


def test_kafkas_file_is_read_and_written_again() -> None:
    """With voters of the start (kraft.version 0)."""
    state = read_quorum_state(RealFiles(str(DIRECTORY)), METADATA)
    assert state == QuorumState(0, 1, 1, (1,))
    files = MemoryFiles()
    write_quorum_state(files, METADATA, state)
    assert files.read_whole(PATH) == (DIRECTORY / PATH).read_bytes()


def test_voters_may_stand_in_the_log() -> None:
    """Then the file has none (kraft.version 1)."""
    state = read_quorum_state(files_with(KAFKAS_DYNAMIC), METADATA)
    assert state == QuorumState(DYNAMIC, 1, 1)
    files = MemoryFiles()
    write_quorum_state(files, METADATA, state)
    assert files.read_whole(PATH) == KAFKAS_DYNAMIC


def test_no_file_is_no_election() -> None:
    """A new directory has none."""
    assert read_quorum_state(MemoryFiles(), METADATA) is None


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"data_version":0}', b'{"data_version":2}', b'{"leaderId":"x","data_version":1}']
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    """In one line that names it."""
    with pytest.raises(StorageError, match=PATH):
        read_quorum_state(files_with(data), METADATA)

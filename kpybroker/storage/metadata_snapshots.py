"""`*.checkpoint` beside the metadata log: batches between a header and a footer, whole or not there (KIP-630)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kpybroker.machine import Instant
from kpybroker.storage.files import File, Files, StorageError
from kpybroker.wire.compiler import WireError
from kpybroker.wire.internal import ControlType, control_type, decode_control, encode_control
from kpybroker.wire.records import BatchHeader, batches, build, check_crc, records
from kpybroker.wire.schemas.control import SnapshotFooterRecord, SnapshotHeaderRecord

BOOTSTRAP = "bootstrap.checkpoint"  # what a formatted directory begins with (BootstrapDirectory), in the same format
SUFFIX, PARTIAL = ".checkpoint", ".checkpoint.part"
FIRST_BYTES = 64 * 1024  # of a snapshot: more than its first batch has, unless it knows thousands of voters
SNAPSHOT_NAME = re.compile(r"(\d{20})-(\d{10})\.checkpoint")
_UNFINISHED = re.compile(r"\d{20}-\d{10}.*\.checkpoint\.(part|deleted)")
Row = tuple[bytes | None, bytes | None]  # key and value of a record
Batch = tuple[BatchHeader, memoryview]


class SnapshotId(NamedTuple):
    """A snapshot holds what the log said before the offset; the epoch is that of the last record of it."""

    offset: int
    epoch: int

    @property
    def stem(self) -> str:
        return f"{self.offset:020}-{self.epoch:010}"


def path_of(directory: str, snapshot: SnapshotId) -> str:
    return f"{directory}/{snapshot.stem}{SUFFIX}"


def find_snapshots(files: Files, directory: str) -> list[SnapshotId]:
    """Those that are there, the oldest first; what was not finished goes."""
    found = []
    for name in files.list(directory):
        match = SNAPSHOT_NAME.fullmatch(name)
        if match is not None:
            found.append(SnapshotId(int(match[1]), int(match[2])))
        elif _UNFINISHED.fullmatch(name):
            files.remove(f"{directory}/{name}")
    return sorted(found)


def read_snapshot(files: Files, path: str) -> list[Batch]:
    """All batches, header and footer included. StorageError: it is broken, or not whole."""
    data = files.read_whole(path)
    if data is None:
        raise StorageError(f"{files.root}/{path}", "there is no such snapshot")
    try:
        found = batches(memoryview(data))
        for header, batch in found:
            if not check_crc(batch, header):
                raise WireError(f"the batch at offset {header.base_offset} has another CRC")
        ends = [_control(found[0]), _control(found[-1])] if found else []
    except WireError as error:
        raise StorageError(f"{files.root}/{path}", f"a broken snapshot: {error}") from error
    if ends != [ControlType.SNAPSHOT_HEADER, ControlType.SNAPSHOT_FOOTER]:
        raise StorageError(f"{files.root}/{path}", "a broken snapshot: it is not whole")
    return found


def _control(batch: Batch) -> int:
    """What the first record of a control batch marks."""
    header, data = batch
    return control_type(records(data, header)[0].key or b"") if header.is_control else -1


def peek(files: Files, directory: str, snapshot: SnapshotId) -> tuple[Instant, int]:
    """When the last record that the snapshot holds was written, and the size of the file. StorageError: broken."""
    file = files.open(path_of(directory, snapshot))
    try:
        header, batch = batches(memoryview(file.read(0, FIRST_BYTES)))[0]
        row = records(batch, header)[0]
        kind, value = decode_control(row.key or b"", row.value or b"") or (None, None)
    except (WireError, IndexError) as error:
        raise StorageError(f"{files.root}/{file.path}", f"a broken snapshot: {error}") from error
    finally:
        file.close()
    if kind is not ControlType.SNAPSHOT_HEADER or value is None:
        raise StorageError(f"{files.root}/{file.path}", "a broken snapshot: it has no header")
    return value.last_contained_log_timestamp, file.size


class SnapshotWriter:
    """Writes one snapshot, batch by batch; it is there, whole and on the disk, when `finish` has returned."""

    def __init__(self, files: Files, directory: str, snapshot: SnapshotId, now: Instant) -> None:
        self._files = files
        self._directory = directory
        self._snapshot = snapshot
        self._now = now
        self._offset = 0
        self.size = 0
        self._file: File = files.create(f"{directory}/{snapshot.stem}{PARTIAL}")

    def begin(self, last_timestamp: Instant, quorum: Sequence[Row] = ()) -> None:
        """`quorum`: control records about the voters, where the log has them (kraft.version 1)."""
        header = SnapshotHeaderRecord(version=0, last_contained_log_timestamp=last_timestamp)
        self.append([encode_control(ControlType.SNAPSHOT_HEADER, header), *quorum], control=True)

    def append(self, rows: Sequence[Row], *, control: bool = False) -> None:
        """One batch."""
        contents = [(self._now, key, value, ()) for key, value in rows]
        batch = build(contents, base_offset=self._offset, leader_epoch=self._snapshot.epoch, control=control)
        self._file.append(batch)
        self._offset += len(rows)
        self.size += len(batch)

    def finish(self) -> None:
        footer = SnapshotFooterRecord(version=0)
        self.append([encode_control(ControlType.SNAPSHOT_FOOTER, footer)], control=True)
        self._file.sync()
        self._file.close()
        self._files.rename(self._file.path, path_of(self._directory, self._snapshot))
        self._files.sync_directory(self._directory)


def in_batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Lists of so many; the last may have fewer."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

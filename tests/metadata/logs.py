"""The metadata log of a bench: what is in it, what its disk has, and what the cluster has agreed on."""

from __future__ import annotations

from kpybroker.machine import Record
from kpybroker.metadata.recital import recite
from kpybroker.storage.files import Data, File
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFile, MemoryFiles
from kpybroker.storage.metadata_snapshots import SnapshotId, find_snapshots
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.internal import METADATA_TOPIC, decode_metadata, encode_metadata
from kpybroker.wire.records import records
from kpybroker.wire.schemas.cluster_nodes import RegisterBrokerRecord
from tests.core import Bench

DIRECTORY = "__cluster_metadata-0"
HOUR_MS = 3_600_000
SMALL = {
    "internal.metadata.log.segment.bytes": "3000",
    "metadata.log.max.record.bytes.between.snapshots": "4000",
    "metadata.max.retention.bytes": "1",
    "internal.metadata.delete.delay.millis": "10",
}


class Steps(MemoryFiles):
    """A disk in memory of which there is a copy from before every change, as a kill at that instant leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[MemoryFiles] = []
        self.is_watched = False

    def step(self) -> None:
        if self.is_watched:
            self.before.append(self.copy())

    def open(self, path: str) -> File:
        return _Step(self, path, new=False)

    def create(self, path: str) -> File:
        return _Step(self, path, new=True)

    def rename(self, old: str, new: str) -> None:
        self.step()
        super().rename(old, new)

    def remove(self, path: str) -> None:
        self.step()
        super().remove(path)

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        self.step()
        super().write_whole(path, data, sync=sync)


class _Step(MemoryFile):
    def append(self, data: Data) -> None:
        """A kill may also leave a part of it."""
        files = self._files
        assert isinstance(files, Steps)
        files.step()
        if files.is_watched and len(data) > 1:
            torn = files.copy()
            with_part = MemoryFile(torn, self.path, new=self._new)
            with_part.append(bytes(data)[: len(data) // 2])
            files.before.append(torn)
        super().append(data)


def log_of(bench: Bench) -> Log:
    log = bench.state.directories.log((METADATA_TOPIC, 0))
    assert log is not None
    return log


def newest(bench: Bench) -> SnapshotId:
    keeping = bench.state.cluster.keeping
    assert keeping is not None
    return keeping.snapshots.newest


def again(bench: Bench, config: dict[str, str] | None = None) -> Bench:
    """The next run after a kill."""
    return Bench(files=disk(bench).copy(), now=bench.now, config=config)


def disk(bench: Bench) -> MemoryFiles:
    files = bench.state.directory.files
    assert isinstance(files, MemoryFiles)
    return files


def snapshots(files: MemoryFiles) -> list[int]:
    """Up to which offsets there are some."""
    return [snapshot.offset for snapshot in find_snapshots(files, DIRECTORY)]


def told(bench: Bench) -> set[bytes]:
    """What the cluster has agreed on, but for what each start changes."""
    kinds = (RegisterBrokerRecord, type(None))
    rows = [
        encode_metadata(blank_epochs(record), record.version)
        for record in recite(bench.state.image)
        if not isinstance(record.value, kinds)
    ]
    return set(rows)


def blank_epochs(record: Record) -> object:
    value = record.value
    if hasattr(value, "leader_epoch"):
        from kpybroker.wire.fields import changed

        return changed(value, leader_epoch=0, partition_epoch=0)
    return value


def alter(bench: Bench, times: int, topic: str = "t") -> None:
    """As many records of the metadata log."""
    request = request_type(44)
    resource = request.AlterConfigsResource
    client = bench.connect()
    for number in range(times):
        entry = resource.AlterableConfig(name="retention.ms", config_operation=0, value=str(bench.now + number))
        asked = resource(resource_type=2, resource_name=topic, configs=[entry])
        assert client.ask(blank(request, resources=[asked]), 1).responses[0].error_code == 0


def values(files: MemoryFiles, *kinds: type) -> list[object]:
    """The records of these kinds in the log of a fresh look at a disk."""
    bench = Bench(files=files.copy())
    found = []
    for header, data in log_of(bench).batches():
        for row in records(data, header):
            value = None if header.is_control else decode_metadata(row.value or b"")[0]
            if isinstance(value, kinds):
                found.append(value)
    return found

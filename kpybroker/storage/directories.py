"""The data directories of one broker: opened together, filled evenly, and given up one by one when a disk fails."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from kpybroker.machine import Instant, Key
from kpybroker.storage.directory import DataDirectory, Meta, read_meta, set_aside
from kpybroker.storage.files import DiskError, Files, StorageError
from kpybroker.storage.flushing import Calls, one_by_one
from kpybroker.storage.log import Log
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.internal import METADATA_TOPIC

log = logging.getLogger("kpybroker")


class OfflineError(StorageError):
    """What is asked for is in a directory that has failed: it was told already, and is over with the next start."""


class Identity(Struct, frozen=True):
    """Whose the directories are; an empty cluster id is whatever cluster they belong to, or else a new one."""

    node_id: int
    new_cluster_id: Callable[[], str]
    new_directory_id: Callable[[], bytes]


class DataDirectories:
    """All of them. `paths` are those of log.dirs, in their order, online or not; `online` those that are well."""

    def __init__(
        self,
        online: Sequence[DataDirectory],
        metadata: DataDirectory | None = None,
        paths: Sequence[str] = (),
        failures: Sequence[DiskError] = (),
    ) -> None:
        """`metadata` holds the cluster's log; the first unless told otherwise. It may be none of log.dirs."""
        self.metadata = metadata or online[0]
        self.online = list(online)
        self.paths = tuple(paths) or tuple([directory.files.root for directory in online])
        self.failures = tuple(failures)  # why some are offline from the start on

    @classmethod
    def open(
        cls,
        files: Sequence[Files],
        identity: Identity,
        config_of: Callable[[str], LogConfig],
        now: Instant,
        *,
        metadata: Files | None = None,
    ) -> DataDirectories:
        """Directories that are kept. One that cannot be read is offline (LogManager.createAndValidateLogDirs), but for
        that of the metadata, without which there is no broker; one that is not ours is refused.

        StorageError: why nothing can be started.
        """
        metadata = metadata or files[0]
        if len({each.root for each in files}) < len(files):
            raise StorageError(", ".join(each.root for each in files), "log.dirs names a directory twice")
        every = [*files] if metadata in files else [*files, metadata]
        opened: dict[str, DataDirectory] = {}
        failures: list[DiskError] = []
        try:
            for each, fresh in _metas(every, metadata, identity, failures):
                try:
                    opened[each.root] = DataDirectory.open(each, fresh, config_of, now)
                except DiskError as error:
                    failures.append(error)
                    if each is metadata:
                        raise
            _check(opened.values(), opened[metadata.root], now)
        except BaseException:
            for directory in opened.values():
                directory.close(clean=False)
            raise
        paths = [each.root for each in files]
        return cls([opened[path] for path in paths if path in opened], opened[metadata.root], paths, failures)

    @property
    def meta(self) -> Meta:
        return self.metadata.meta

    @property
    def all(self) -> list[DataDirectory]:
        """Those that are well, with that of the metadata."""
        return self.online if self.metadata in self.online or self.metadata.failure else [*self.online, self.metadata]

    @property
    def kept(self) -> bool:
        return self.metadata.kept

    @property
    def ids(self) -> list[bytes]:
        """Of those that are well, in Kafka's order (BrokerLifecycleManager)."""
        return sorted([directory.meta.directory_id for directory in self.online], key=_signed)

    def by_id(self, directory_id: bytes) -> DataDirectory | None:
        return next((each for each in self.online if each.meta.directory_id == directory_id), None)

    def by_path(self, path: str) -> DataDirectory | None:
        return next((each for each in self.online if each.files.root == path), None)

    def holder(self, key: Key) -> DataDirectory | None:
        """The directory with a partition's log, if something was ever written to it."""
        return next((each for each in self.all if key in each.logs), None)

    def log(self, key: Key) -> Log | None:
        holder = self.holder(key)
        return None if holder is None else holder.logs[key]

    def logs(self) -> Iterator[tuple[Key, Log]]:
        """Of every directory that is well. Whoever goes through them by and by finds none that has gone meanwhile."""
        for directory in list(self.all):
            for key, log in list(directory.logs.items()):
                if directory.failure is None and directory.logs.get(key) is log:
                    yield key, log

    def emptiest(self, counts: Mapping[bytes, int]) -> DataDirectory:
        """Where the next partition goes (LogManager.nextLogDirs), by how many each directory id has. OfflineError: no
        directory is left."""
        if not self.online:
            raise OfflineError(", ".join(self.paths), "every log directory is offline")
        return min(self.online, key=lambda each: counts.get(each.meta.directory_id, 0))

    def fail(self, error: DiskError) -> DataDirectory | None:
        """Gives up the directory that it is about; None where that was done before, or it is about none of these."""
        owners = [each for each in self.all if f"{error.path}/".startswith(f"{each.files.root}/")]
        failed = max(owners, key=lambda each: len(each.files.root), default=None)
        if failed is not None:
            failed.fail(error)
            if failed in self.online:
                self.online.remove(failed)
        return failed

    @property
    def is_lost(self) -> bool:
        """Whether the broker cannot go on: without the cluster's metadata, or without any directory at all."""
        return self.metadata.failure is not None or not self.online

    def checkpoint_starts(self) -> None:
        for directory in list(self.online):
            directory.offsets.starts()

    def close(
        self, *, broker_epoch: int = -1, clean: bool = True, carry_out: Callable[[Calls], None] = one_by_one
    ) -> list[DiskError]:
        """The end. Where a disk fails now the next start looks into that directory's logs, and the others are clean."""
        failures = []
        for directory in list(self.all):
            try:
                directory.close(broker_epoch=broker_epoch, clean=clean, carry_out=carry_out)
            except DiskError as error:
                failures.append(error)
        return failures


def _metas(
    every: Sequence[Files], metadata: Files, identity: Identity, failures: list[DiskError]
) -> list[tuple[Files, Meta]]:
    """Each directory with what a new one would be; all of them belong to one cluster."""
    found: dict[str, Meta] = {}
    readable = []
    for each in sorted(every, key=lambda one: one is not metadata):
        try:
            meta = read_meta(each)
        except DiskError as error:
            if each is metadata:
                raise
            failures.append(error)
            continue
        readable.append(each)
        if meta is not None:
            found[each.root] = meta
    cluster_id = next((meta.cluster_id for meta in found.values()), None) or identity.new_cluster_id()
    ids = Counter(meta.directory_id for meta in found.values() if meta.directory_id)
    for each in readable:
        if each.root in found and ids[found[each.root].directory_id] > 1:
            raise StorageError(each.root, "another of the directories has the same directory.id: one is a copy")
    return [(each, Meta(cluster_id, identity.node_id, identity.new_directory_id())) for each in readable]


def _check(opened: Iterable[DataDirectory], metadata: DataDirectory, now: Instant) -> None:
    """A partition is in one directory alone (LogManager.loadLog), and the cluster's log where it is to be."""
    seen: dict[Key, DataDirectory] = {}
    for directory in opened:
        for key in list(directory.logs):
            if key[0] == METADATA_TOPIC and directory is not metadata:
                raise StorageError(
                    directory.files.root,
                    f"holds {METADATA_TOPIC}-0, which is to be in {metadata.files.root}: name this directory first, or "
                    "as metadata.log.dir",
                )
            other = seen.setdefault(key, directory)
            if other is not directory and not _are_of_two_topics(other.logs[key], directory.logs[key]):
                seen[key] = _one_of(key, other, directory, now)


def _are_of_two_topics(*logs: Log) -> bool:
    """Or one is empty, and nobody knows whose it was. Then the cluster knows which is right: the other's directory was
    offline when its topic was deleted."""
    ids = {log.topic_id for log in logs}
    is_of_none = any(log.topic_id is None and log.end_offset == 0 for log in logs)
    return is_of_none or (None not in ids and len(ids) == len(logs))


def _one_of(key: Key, one: DataDirectory, two: DataDirectory, now: Instant) -> DataDirectory:
    """A kill, or the failure of one disk, in the last moment of a move leaves a partition in both directories, and it
    may have gone on in one of them: that has more. The other goes, or if they differ is left to a person.
    StorageError: nobody knows that both are of one topic."""
    first, second = one.logs[key], two.logs[key]
    if first.topic_id is None or first.topic_id != second.topic_id:
        raise StorageError(
            f"{two.files.root}/{key[0]}-{key[1]}",
            f"this partition is in {one.files.root} too: a move between directories was cut short, or one is "
            "a copy; remove the older of the two",
        )
    ends = [(each.end_offset, each.start_offset) for each in (first, second)]  # one may not know yet where it begins
    kept, gone = (two, one) if ends[1] > ends[0] else (one, two)
    if first.end_offset != second.end_offset:
        (path,) = set_aside(gone, key)
        log.warning("%s/%s: set aside, %s has more of this partition", gone.files.root, path, kept.files.root)
        return kept
    from kpybroker.storage.recovery import Recovery  # noqa: PLC0415  here and not at the top: most starts pay for none

    directory = gone.logs[key].directory
    gone.recovered[key] = Recovery(removed_files=(directory,))
    gone.delete(key, now=now)
    return kept


def require_metadata(directories: DataDirectories) -> None:
    """StorageError: there are partitions, and nothing of the cluster's log that says whose they are. A new cluster
    would take them for those of topics that were deleted."""
    key, home = (METADATA_TOPIC, 0), directories.metadata
    found_log, path = home.logs.get(key), f"{METADATA_TOPIC}-0"
    orphans = [found for found, _ in directories.logs() if found != key]
    is_empty = found_log is None or found_log.end_offset == 0
    if orphans and is_empty and not any(name.endswith(".checkpoint") for name in home.files.list(path)):
        raise StorageError(
            f"{home.files.root}/{path}",
            f"the cluster's metadata is not here, and {len(orphans):,} partitions are: bring it back, say by "
            "metadata.log.dir where it is, or start on an empty directory",
        )


def _signed(directory_id: bytes) -> tuple[int, int]:
    """As Java compares them (Uuid.compareTo)."""
    high, low = directory_id[:8], directory_id[8:]
    return int.from_bytes(high, "big", signed=True), int.from_bytes(low, "big", signed=True)

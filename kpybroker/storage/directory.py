"""A data directory: whose it is, that nobody else uses it, and the logs of all its partitions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kpybroker.machine import Instant, Key
from kpybroker.storage.checkpoints import Changed, uuid_bytes, uuid_text
from kpybroker.storage.files import DiskError, Files, Lock, StorageError
from kpybroker.storage.flushing import Calls, flush_all, one_by_one
from kpybroker.storage.log import Log
from kpybroker.storage.log import delete as delete_log
from kpybroker.storage.offset_files import CLEANED_OFFSETS, RECOVERY_POINTS, START_OFFSETS, OffsetFiles
from kpybroker.storage.removals import Removals
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.internal import METADATA_TOPIC

if TYPE_CHECKING:
    from kpybroker.storage.recovery import Recovery

META_PROPERTIES = "meta.properties"
LOCK = ".lock"
NEW_BROKERS = {LOCK, f"{META_PROPERTIES}.tmp", "lost+found"}  # what a first start that was killed may have left
CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
NOT_OURS = "neither empty nor a Kafka data directory (it has no meta.properties)"
IN_USE = "another broker is using this directory (its .lock is held)"

_PARTITION = re.compile(r"(.+)-(\d+)")
_FUTURE = re.compile(r"(.+)-(\d+)\.[0-9a-f]{32}-future")
_DELETED = re.compile(r".*-\d+\.[0-9a-f]{32}-delete")
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r"([\\=:#! ])")


def _escape(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", value)


class Meta(NamedTuple):
    """Whose directory it is: `meta.properties`."""

    cluster_id: str
    node_id: int
    directory_id: bytes  # empty if a Kafka before 3.7 made it

    def encode(self) -> bytes:
        fields = {
            "version": "1",
            "cluster.id": self.cluster_id,
            "node.id": str(self.node_id),
            "directory.id": uuid_text(self.directory_id),
        }
        return "".join([f"{name}={_escape(value)}\n" for name, value in fields.items()]).encode()


def read_meta(files: Files) -> Meta | None:
    data = files.read_whole(META_PROPERTIES)
    if data is None:
        return None
    path = f"{files.root}/{META_PROPERTIES}"
    fields: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith(("#", "!")):
            fields[name.strip()] = _ESCAPED.sub(r"\1", value.strip())
    if not fields:
        raise StorageError(path, "empty or damaged; write it anew: version=1, cluster.id= and node.id=, a line each")
    if fields.get("version") != "1":
        raise StorageError(path, f"version {fields.get('version', '0')} was not written by a KRaft broker")
    try:
        directory_id = fields.get("directory.id")
        return Meta(fields["cluster.id"], int(fields["node.id"]), uuid_bytes(directory_id) if directory_id else b"")
    except KeyError as error:
        raise StorageError(path, f"{error.args[0]} is missing") from error
    except ValueError as error:
        raise StorageError(path, str(error)) from error


def _claim(files: Files, fresh: Meta) -> tuple[Meta, Lock]:
    """Whose the directory is, and that nobody else has it."""
    files.make_directory("")
    found = read_meta(files)
    if found is None and set(files.list("")) - NEW_BROKERS:
        raise StorageError(files.root, NOT_OURS)
    lock = files.lock(LOCK)
    if lock is None:
        raise StorageError(files.root, IN_USE)
    try:
        found = read_meta(files)
        meta = found or fresh
        if not meta.directory_id:
            meta = meta._replace(directory_id=fresh.directory_id)
        if meta.node_id != fresh.node_id:
            raise StorageError(files.root, f"belongs to node {meta.node_id}, not to node {fresh.node_id}")
        if fresh.cluster_id not in ("", meta.cluster_id):
            raise StorageError(files.root, f"belongs to cluster {meta.cluster_id}, not to {fresh.cluster_id}")
        if meta != found:
            files.write_whole(META_PROPERTIES, meta.encode(), sync=True)
    except BaseException:
        lock.release()
        raise
    return meta, lock


def _take_clean_shutdown(files: Files) -> tuple[bool, int | None]:
    """Whether the last stop was a clean one, and the epoch of that broker; its mark counts once."""
    data = files.read_whole(CLEAN_SHUTDOWN)
    if data is None:
        return False, None
    files.remove(CLEAN_SHUTDOWN)
    files.sync_directory("")  # it may not come back, whatever happens from now on
    try:
        return True, int(json.loads(data)["brokerEpoch"])
    except (ValueError, KeyError, TypeError):  # an older Kafka left the file empty
        return True, None


def _tidy(files: Files) -> tuple[list[tuple[str, Key]], list[Key]]:
    """The directories of partitions, and the partitions that were on their way here; what was to be removed goes."""
    partitions: list[tuple[str, Key]] = []
    interrupted: list[Key] = []
    for name in files.list(""):
        moving, found = _FUTURE.fullmatch(name), _PARTITION.fullmatch(name)
        if moving is not None:
            interrupted.append((moving[1], int(moving[2])))
        if moving is not None or _DELETED.fullmatch(name):
            files.remove_tree(name)
        elif found is not None:
            partitions.append((name, (found[1], int(found[2]))))
    return partitions, interrupted


class DataDirectory:
    """The logs of one directory, by topic and partition."""

    def __init__(self, files: Files, meta: Meta, release: Callable[[], None]) -> None:
        """A directory of which nothing is kept; `release` is called at the end."""
        self.files = files
        self.meta = meta
        self.logs: dict[Key, Log] = {}
        self.recovered: dict[Key, Recovery] = {}  # what had to be done to open which log
        self.was_clean = True
        self.broker_epoch: int | None = None  # of the broker that stopped cleanly before
        self.kept = False
        self.offsets = OffsetFiles(files, self.logs, kept=False)
        self.interrupted: list[Key] = []  # partitions that were on their way here
        self.failure: DiskError | None = None  # why it is offline
        self.removals = Removals(files, at_once=True)
        self.appended = Changed()
        self.flushed = Changed()
        self._release = release

    @classmethod
    def open(cls, files: Files, fresh: Meta, config_of: Callable[[str], LogConfig], now: Instant) -> DataDirectory:
        """A directory that is kept, with every log in it. An empty one becomes `fresh`; others must be of that node.

        `fresh.cluster_id` may be empty: whatever cluster the directory belongs to is right then.
        """
        meta, lock = _claim(files, fresh)
        try:
            directory = cls(files, meta, lock.release)
            directory.kept = True
            directory.offsets = OffsetFiles(files, directory.logs, kept=True)
            directory.removals = Removals(files, at_once=False)
            directory.was_clean, directory.broker_epoch = _take_clean_shutdown(files)
            directory._load(config_of, now)
            directory.offsets.make()
        except BaseException:
            lock.release()
            raise
        return directory

    def _load(self, config_of: Callable[[str], LogConfig], now: Instant) -> None:
        # Here and not at the top: a broker of which nothing is kept starts sooner without it.
        from kpybroker.storage.recovery import Recovery, open_log  # noqa: PLC0415

        recovery_points = self.offsets.read(RECOVERY_POINTS)
        start_offsets = self.offsets.read(START_OFFSETS)
        cleaned_offsets = self.offsets.read(CLEANED_OFFSETS)
        partitions, self.interrupted = _tidy(self.files)
        for name, key in partitions:
            log, recovery = open_log(
                self.files,
                name,
                LogConfig() if self.was_clean or key[0] == METADATA_TOPIC else config_of(key[0]),
                now,
                clean=self.was_clean and key[0] != METADATA_TOPIC,
                start_offset=start_offsets.get(key, 0),
                recovery_point=recovery_points.get(key, 0),
                removals=self.removals,
            )
            self.logs[key] = self._noted(log)
            log.cleaned_offset = cleaned_offsets.get(key)
            if recovery != Recovery():
                self.recovered[key] = recovery
            elif self.was_clean:
                log.durable.found_synced()
        if start_offsets.keys() - self.logs.keys():  # or a later topic of the same name would begin there
            self.offsets.starts(sync=True)
        if any(log.recovery_point < recovery_points.get(key, 0) for key, log in self.logs.items()):
            self.offsets.points(sync=True)  # so that what was made anew is not trusted before it is flushed

    def create(self, key: Key, config: LogConfig, now: Instant, *, topic_id: bytes | None) -> Log:
        assert key not in self.logs
        name = f"{key[0]}-{key[1]}"
        made = self.logs[key] = Log(self.files, name, config, now, topic_id=topic_id, removals=self.removals)
        return self._noted(made)

    def _noted(self, log: Log) -> Log:
        log.appended, log.flushed = self.appended, self.flushed
        if self.offsets.is_synced:
            log.durable.write_start = self.offsets.starts
        return log

    def adopt(self, key: Key, log: Log) -> None:
        """A log that was made, or opened, for this partition elsewhere."""
        assert key not in self.logs
        self.logs[key] = self._noted(log)
        self.offsets.starts()

    def delete(self, *keys: Key, now: Instant) -> None:
        remove(self, [self.logs.pop(key) for key in keys], now)

    def write_without(self, gone: Sequence[Log]) -> None:
        """A later log of the same name begins anew, also after a loss of power."""
        if gone and self.kept:
            self.offsets.points(sync=True)
            self.offsets.starts()
            self.offsets.cleaned()

    def sync(self) -> None:
        """What a killed run has left is synced before anybody sees it, and what is written down is from now on."""
        self.offsets.is_synced = True
        for log in self.logs.values():
            self._noted(log)
        flush_all(self.files, self.logs.values())

    def fail(self, error: DiskError) -> None:
        """Nothing here is touched any more; what it holds is taken up again by the next start."""
        self.failure = error
        self.removals.forget()
        for log in self.logs.values():
            log.durable.failure = error
            log.close(clean=False)
        self._release()

    def close(
        self, *, broker_epoch: int = -1, clean: bool = True, carry_out: Callable[[Calls], None] = one_by_one
    ) -> None:
        """The end. After a clean one the next start trusts every file: all are synced before the mark that says so."""
        try:
            if self.kept and clean:
                for log in self.logs.values():
                    log.finish()
                flush_all(self.files, self.logs.values(), carry_out)
            for log in self.logs.values():
                log.close(clean=False)
            if self.kept and clean:
                self.offsets.is_synced = True
                self.offsets.points()
                self.offsets.starts()
                self.offsets.ends()
                mark = json.dumps({"version": 0, "brokerEpoch": broker_epoch}, separators=(",", ":"))
                self.files.write_whole(CLEAN_SHUTDOWN, mark.encode(), sync=True)
                self.files.remove(LOCK)  # FileLock.destroy
        finally:
            self._release()


def remove(directory: DataDirectory, gone: Sequence[Log], now: Instant) -> None:
    """The files of logs that are not among the others any more."""
    for log in gone:
        delete_log(log, now)
    directory.write_without(gone)


def set_aside(directory: DataDirectory, *keys: Key) -> list[str]:
    """These logs are no longer among the others, nor removed; their directories' new names."""
    gone = [directory.logs.pop(key) for key in keys]
    for log in gone:
        log.close(clean=False)
    paths = [directory.removals.set_aside(log.directory, log.topic_id) for log in gone]
    directory.write_without(gone)
    return paths

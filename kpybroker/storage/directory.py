"""A data directory: whose it is, that nobody else uses it, and the logs of all its partitions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from kpybroker.machine import Instant, Key
from kpybroker.storage.checkpoints import read_checkpoint, uuid_bytes, uuid_text, write_checkpoint
from kpybroker.storage.files import Files, Lock, StorageError
from kpybroker.storage.log import Log
from kpybroker.storage.recovery import Recovery, open_log
from kpybroker.storage.segment import LogConfig

META_PROPERTIES = "meta.properties"
LOCK = ".lock"
CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
RECOVERY_POINTS = "recovery-point-offset-checkpoint"
START_OFFSETS = "log-start-offset-checkpoint"
METADATA_TOPIC = "__cluster_metadata"  # Kafka stops without closing it properly
NOT_OURS = "neither empty nor a Kafka data directory (it has no meta.properties)"
IN_USE = "another broker is using this directory (its .lock is held)"

_PARTITION = re.compile(r"(.+)-(\d+)")
_DELETED = re.compile(r".+-\d+\.[0-9a-f]{32}-delete")
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
    if fields.get("version") != "1":
        raise StorageError(path, f"version {fields.get('version', '0')} was not written by a KRaft broker")
    try:
        directory_id = fields.get("directory.id")
        return Meta(fields["cluster.id"], int(fields["node.id"]), uuid_bytes(directory_id) if directory_id else b"")
    except KeyError as error:
        raise StorageError(path, f"{error.args[0]} is missing") from error
    except ValueError as error:
        raise StorageError(path, str(error)) from error


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
        self._release = release

    @classmethod
    def open(cls, files: Files, fresh: Meta, config_of: Callable[[str], LogConfig], now: Instant) -> DataDirectory:
        """A directory that is kept, with every log in it. An empty one becomes `fresh`; others must be of that node.

        `fresh.cluster_id` may be empty: whatever cluster the directory belongs to is right then.
        """
        files.make_directory("")
        meta = read_meta(files)
        if meta is None and set(files.list("")) - {LOCK, "lost+found"}:
            raise StorageError(files.root, NOT_OURS)
        lock = files.lock(LOCK)
        if lock is None:
            raise StorageError(files.root, IN_USE)
        try:
            return cls._open(files, lock, fresh, config_of, now)
        except StorageError:
            lock.release()
            raise

    @classmethod
    def _open(
        cls, files: Files, lock: Lock, fresh: Meta, config_of: Callable[[str], LogConfig], now: Instant
    ) -> DataDirectory:
        found = read_meta(files)
        meta = found or fresh
        if not meta.directory_id:
            meta = meta._replace(directory_id=fresh.directory_id)
        if meta.node_id != fresh.node_id:
            raise StorageError(files.root, f"belongs to node {meta.node_id}, not to node {fresh.node_id}")
        if fresh.cluster_id not in ("", meta.cluster_id):
            raise StorageError(files.root, f"belongs to cluster {meta.cluster_id}, not to {fresh.cluster_id}")
        if meta != found:
            files.write_whole(META_PROPERTIES, meta.encode())
        directory = cls(files, meta, lock.release)
        directory.kept = True
        directory._take_clean_shutdown()
        directory._load(config_of, now)
        return directory

    def _take_clean_shutdown(self) -> None:
        """The mark of a clean stop counts once."""
        data = self.files.read_whole(CLEAN_SHUTDOWN)
        self.was_clean = data is not None
        try:
            self.broker_epoch = int(json.loads(data or b"{}")["brokerEpoch"])
        except (ValueError, KeyError, TypeError):  # an older Kafka left the file empty
            self.broker_epoch = None
        self.files.remove(CLEAN_SHUTDOWN)

    def _load(self, config_of: Callable[[str], LogConfig], now: Instant) -> None:
        recovery_points = self._read_offsets(RECOVERY_POINTS)
        start_offsets = self._read_offsets(START_OFFSETS)
        for name in self.files.list(""):
            if _DELETED.fullmatch(name):
                self.files.remove_tree(name)
                continue
            found = _PARTITION.fullmatch(name)
            if found is None:
                continue
            key = found[1], int(found[2])
            log, recovery = open_log(
                self.files,
                name,
                config_of(key[0]),
                now,
                clean=self.was_clean and key[0] != METADATA_TOPIC,
                start_offset=start_offsets.get(key, 0),
                recovery_point=recovery_points.get(key, 0),
            )
            self.logs[key] = log
            if recovery != Recovery():
                self.recovered[key] = recovery
        if start_offsets.keys() - self.logs.keys():  # or a later topic of the same name would begin there
            self.checkpoint_starts()

    def create(self, key: Key, config: LogConfig, now: Instant, *, topic_id: bytes | None) -> Log:
        assert key not in self.logs
        log = self.logs[key] = Log(self.files, f"{key[0]}-{key[1]}", config, now, topic_id=topic_id)
        return log

    def delete(self, *keys: Key) -> None:
        gone = [self.logs.pop(key) for key in keys]
        for log in gone:
            log.delete()
        if any(log.start_offset > 0 for log in gone):
            self.checkpoint_starts()

    def _read_offsets(self, name: str) -> dict[Key, int]:
        try:
            return {(topic, int(number)): int(offset) for topic, number, offset in read_checkpoint(self.files, name)}
        except ValueError as error:
            raise StorageError(f"{self.files.root}/{name}", str(error)) from error

    def checkpoint(self) -> None:
        """Write down from where each log would have to be checked, and where it begins."""
        points = [f"{topic} {number} {log.recovery_point}" for (topic, number), log in self.logs.items()]
        write_checkpoint(self.files, RECOVERY_POINTS, points)
        self.checkpoint_starts()

    def checkpoint_starts(self) -> None:
        """Write down where the logs begin whose first segment does not tell it: what was deleted stays deleted."""
        if not self.kept:
            return
        starts = [
            f"{topic} {number} {log.start_offset}"
            for (topic, number), log in self.logs.items()
            if log.start_offset > log.segments.first_base_offset
        ]
        write_checkpoint(self.files, START_OFFSETS, starts)

    def close(self, *, broker_epoch: int = -1, clean: bool = True) -> None:
        """The end. After a clean one the next start trusts every file."""
        try:
            for log in self.logs.values():
                log.close(clean=clean and self.kept)
            if self.kept and clean:
                self.checkpoint()
                mark = json.dumps({"version": 0, "brokerEpoch": broker_epoch}, separators=(",", ":"))
                self.files.write_whole(CLEAN_SHUTDOWN, mark.encode())
        finally:
            self._release()

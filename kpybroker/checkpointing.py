"""What is written down of a kept directory beside its logs: from time to time while it is in use, and at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kpybroker.config.settings import Settings
from kpybroker.machine import AT_ONCE, Instant, Key
from kpybroker.metadata.image import Image
from kpybroker.replicas import Replicas
from kpybroker.slices import one_slice
from kpybroker.storage.checkpoints import Changed
from kpybroker.storage.directories import DataDirectories
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.log import Log
from kpybroker.storage.log import make_files as make_log_files
from kpybroker.storage.offset_files import HIGH_WATERMARKS, RECOVERY_POINTS
from kpybroker.wire.internal import METADATA_TOPIC

LOGS_AT_ONCE = 250  # that one wake looks at


class Checkpoint:
    """One file of a directory, written at most once in an interval; a chore. The first change sets its deadline, and
    without a change it has none."""

    def __init__(
        self,
        directory: DataDirectory,
        name: str,
        interval_ms: int,
        changed: Changed,
        offset_of: Callable[[Key, Log], int],
    ) -> None:
        self._directory = directory
        self._name = name
        self._interval_ms = interval_ms
        self._changed = changed
        self._offset_of = offset_of
        self._at: Instant | None = None
        self._under_way: Iterator[None] | None = None

    def due(self) -> Instant | None:
        if self._directory.failure is not None:
            return None
        if self._under_way is not None:
            return AT_ONCE
        return AT_ONCE if self._at is None and self._changed.flag else self._at

    def expire(self, now: Instant) -> None:
        if self._at is None and self._under_way is None:
            self._at = now + self._interval_ms
            return
        work, self._under_way, self._at = self._under_way or self._write(), None, None
        self._under_way = one_slice(work)

    def _write(self) -> Iterator[None]:
        logs, offsets = self._directory.logs, {}
        self._changed.flag = False
        for number, (key, log) in enumerate(list(logs.items()), 1):
            if key[0] != METADATA_TOPIC:
                offsets[key] = log, self._offset_of(key, log)
            if number % LOGS_AT_ONCE == 0:
                yield
        still = {key: offset for key, (log, offset) in offsets.items() if logs.get(key) is log}
        self._directory.offsets.write(self._name, still)


def checkpoints(directory: DataDirectory, replicas: Replicas, settings: Settings) -> list[Checkpoint]:
    """The chores of a directory: none where nothing is kept."""
    if not directory.kept:
        return []
    watermarks_ms = settings.int("replica.high.watermark.checkpoint.interval.ms")
    points_ms = settings.int("log.flush.offset.checkpoint.interval.ms")
    return [
        Checkpoint(directory, HIGH_WATERMARKS, watermarks_ms, directory.appended, replicas.high_watermark),
        Checkpoint(directory, RECOVERY_POINTS, points_ms, directory.flushed, lambda key, log: log.recovery_point),
    ]


def make_files(image: Image, replicas: Replicas, directories: DataDirectories, now: Instant) -> None:
    """Each partition is on the disk then as Kafka would have it, those without records and those that nobody has asked
    for too: with its files and the epoch of its leader."""
    if not directories.kept:
        return
    for topic in image.topics.values():
        for index in topic.partitions:
            partition = None if replicas.is_offline((topic.name, index)) else replicas.get(topic.name, index, now)
            if partition is not None:
                make_log_files(partition.log, now)


def take_snapshots(directories: DataDirectories) -> None:
    """What is known of producers at the ends of the logs, that of the cluster among them."""
    for _, log in directories.logs():
        if log.take_snapshot is not None:
            log.take_snapshot(log.end_offset)

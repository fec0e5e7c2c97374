"""The offsets of all logs of a directory, in files beside them: from where each would have to be checked, where it
begins, how far it can be seen and how far it is compacted."""

from __future__ import annotations

from collections.abc import Mapping

from kpybroker.machine import Key
from kpybroker.storage.checkpoints import read_checkpoint, write_checkpoint
from kpybroker.storage.files import DiskError, Files, StorageError
from kpybroker.storage.log import Log
from kpybroker.wire.internal import METADATA_TOPIC

RECOVERY_POINTS = "recovery-point-offset-checkpoint"
START_OFFSETS = "log-start-offset-checkpoint"
HIGH_WATERMARKS = "replication-offset-checkpoint"
CLEANED_OFFSETS = "cleaner-offset-checkpoint"
CHECKPOINTS = (RECOVERY_POINTS, START_OFFSETS, HIGH_WATERMARKS, CLEANED_OFFSETS)


class OffsetFiles:
    """Those of one directory. Where nothing is kept, nothing is written down."""

    def __init__(self, files: Files, logs: Mapping[Key, Log], *, kept: bool) -> None:
        self.unreadable: list[str] = []  # those that were found broken; the logs themselves were asked instead
        self.is_synced = False  # then what is written down is synced at once
        self._files = files
        self._logs = logs
        self._kept = kept

    def make(self) -> None:
        """CheckpointFile makes them at once."""
        for name in CHECKPOINTS:
            if not self._files.exists(name):
                self._files.write_whole(name, b"")

    def read(self, name: str) -> dict[Key, int]:
        try:
            return {(topic, int(number)): int(offset) for topic, number, offset in read_checkpoint(self._files, name)}
        except DiskError:
            raise
        except (ValueError, StorageError):  # as in Kafka (LogManager.loadLogs) it counts as empty
            self.unreadable.append(name)
            return {}

    def write(self, name: str, offsets: Mapping[Key, int], *, sync: bool = False) -> None:
        if self._kept:
            lines = [f"{topic} {number} {offset}" for (topic, number), offset in offsets.items()]
            write_checkpoint(self._files, name, lines, sync=sync or self.is_synced)

    def points(self, *, sync: bool = False) -> None:
        """Write down from where each log would have to be checked: but for that of the metadata, which always is."""
        points = {key: log.recovery_point for key, log in self._logs.items() if key[0] != METADATA_TOPIC}
        self.write(RECOVERY_POINTS, points, sync=sync)

    def starts(self, *, sync: bool = False) -> None:
        """Write down where the logs begin whose first segment does not tell it: what was deleted stays deleted."""
        starts = {
            key: log.start_offset
            for key, log in self._logs.items()
            if log.start_offset > log.segments.first_base_offset
            or (self.is_synced and log.start_offset > 0 and log.durable.has_unsynced_names)
        }
        self.write(START_OFFSETS, starts, sync=sync)

    def cleaned(self) -> None:
        """Write down up to where logs are compacted."""
        cleaned = {key: log.cleaned_offset for key, log in self._logs.items() if log.cleaned_offset is not None}
        self.write(CLEANED_OFFSETS, cleaned)

    def ends(self) -> None:
        """Write down where the logs end: after a clean stop all of it can be seen."""
        ends = {key: log.end_offset for key, log in self._logs.items() if key[0] != METADATA_TOPIC}
        self.write(HIGH_WATERMARKS, ends)

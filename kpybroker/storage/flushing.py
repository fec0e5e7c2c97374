"""What the disk is known to have of a log: what would survive a loss of power, and the calls that make it more."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import LEADER_EPOCHS
from kpybroker.storage.files import DiskError, StorageError
from kpybroker.storage.segment import Segment

if TYPE_CHECKING:
    from kpybroker.storage.log import Log

ROOT = ""  # of a data directory


class Flush(NamedTuple):
    """One flush of a log: `calls` may be made in any thread, once, and then `Durable.done` is told."""

    end_offset: int  # everything below it survives then
    is_whole: bool  # its indexes and snapshots too: a start need not look at what is below
    segments: tuple[Segment, ...]
    names: int  # how many files there had been in the directory when their names were synced
    calls: tuple[Callable[[], None], ...]

    def carry_out(self) -> None:
        for call in self.calls:
            call()


class Durable:
    """One log's. As POSIX allows it, a file's bytes may be lost until the file is synced, and its name until the
    directory is. What a sync has failed to write may never be written: no later sync is asked about it."""

    __slots__ = (
        "_files_to_write",
        "_log",
        "_names",
        "_synced_names",
        "_unsynced_files",
        "failure",
        "flushed_at",
        "rolled",
        "synced_offset",
        "write_start",
    )

    def __init__(self, log: Log, now: Instant) -> None:
        self._log = log
        self._names = 1  # files that were made: of what was there before nobody knows whether its name was synced
        self._synced_names = 0
        self._files_to_write: dict[str, bytes] | None = None
        self._unsynced_files = [f"{log.directory}/{LEADER_EPOCHS}"]  # of those beside the log
        self.synced_offset = 0  # what is below it was synced, indexes or not
        self.failure: StorageError | None = None  # of a sync: nothing more is appended then
        self.flushed_at = now
        self.rolled: Callable[[int], None] | None = None  # told where a new segment begins that is not the first
        self.write_start: Callable[[], None] | None = None  # where that is not left to whoever shortens the log

    def write_later(self) -> None:
        """From now on the small files beside the log are written with the next flush, synced before they replace what
        was there, and not at once, which would block."""
        if self._files_to_write is None:
            self._files_to_write = {}

    def write(self, path: str, data: bytes) -> None:
        if self._files_to_write is not None:
            self._files_to_write[path] = data
            return
        self._log.files.write_whole(path, data)
        if path not in self._unsynced_files:
            self._unsynced_files.append(path)

    @property
    def has_unsynced_names(self) -> bool:
        """A loss of power could take a file away."""
        return self._synced_names < self._names

    def named(self) -> None:
        """There is a new file in the directory, as soon as what comes now is written."""
        self._names += 1

    def shortened(self) -> None:
        """The log begins later now. That is written down before files go: a loss of power could bring back some of
        them and not others."""
        self._names += 1
        if self.write_start is not None and self._log.segments.below(self._log.start_offset):
            self.write_start()

    def began(self, base_offset: int) -> None:
        """There is a new segment; its files are made when something is first written to them."""
        if self.rolled is not None and base_offset > self._log.recovery_point:
            self.rolled(base_offset)

    def acknowledge(self) -> Flush:
        """The least that lets all records come back after a loss of power: their bytes, and the names that lead there.
        Indexes are made anew then."""
        files, log = self._log.files, self._log
        synced_offset = max(self.synced_offset, log.recovery_point)
        segments = [each for each in log.segments.from_offset(synced_offset) if each.size > 0]
        calls: list[Callable[[], None]] = []
        if self._files_to_write:
            calls += [partial(files.write_whole, path, data, sync=True) for path, data in self._files_to_write.items()]
            self._files_to_write = {}
        calls += [segment.log.sync for segment in segments]
        return self._with_names(log.end_offset, False, segments, calls)

    def flush(self, end_offset: int | None = None) -> Flush:
        """All that lets a start trust what is below the offset: below the end, if there is none."""
        files, log = self._log.files, self._log
        end_offset = log.end_offset if end_offset is None else min(end_offset, log.end_offset)
        if end_offset <= log.recovery_point:
            return Flush(end_offset, True, (), 0, ())
        segments = [
            each
            for each in log.segments.from_offset(log.recovery_point)
            if each.size > 0 and each.base_offset < end_offset
        ]
        calls: list[Callable[[], None]] = []
        for segment in segments:
            segment.indexes.complete()
            calls += [file.sync for file in segment.files if file.size or files.exists(file.path)]
            self._names += 1  # an index is made when it is first saved
        beside, self._unsynced_files = self._unsynced_files, []
        offsets = [segment.base_offset for segment in segments]
        beside += [f"{log.directory}/{offset:020d}.snapshot" for offset in (*offsets, end_offset)]
        calls += [files.open(path).sync for path in beside if files.exists(path)]
        return self._with_names(end_offset, True, segments, calls)

    def flush_now(self) -> None:
        """Everything is on the disk then, for a start that trusts it."""
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        files, self._files_to_write = self._files_to_write or {}, None
        for path, data in files.items():
            self._log.files.write_whole(path, data, sync=True)
        flush = self.flush()
        flush.carry_out()
        self.done(flush, self.flushed_at)
        if self.has_unsynced_names and self._log.segments.last is not None:
            self._log.files.sync_directory(self._log.directory)
            self._log.files.sync_directory(ROOT)
            self._synced_names = self._names

    def _with_names(
        self, end_offset: int, is_whole: bool, segments: Sequence[Segment], calls: Sequence[Callable[[], None]]
    ) -> Flush:
        directories = [self._log.directory] if segments and self._synced_names < self._names else []
        if directories and self._synced_names == 0:
            directories.append(ROOT)
        names = [partial(self._log.files.sync_directory, directory) for directory in directories]
        return Flush(end_offset, is_whole, tuple(segments), self._names if segments else 0, (*calls, *names))

    def done(self, flush: Flush, now: Instant) -> None:
        self._synced_names = max(self._synced_names, flush.names)
        self.synced_offset = max(self.synced_offset, flush.end_offset)
        if flush.is_whole and flush.end_offset > self._log.recovery_point:
            self._log.recovery_point = flush.end_offset
            self._log.flushed.flag = True
            self.flushed_at = now

    def explains(self, flush: Flush, failure: StorageError) -> bool:
        """Whether it failed because what was to be synced is not wanted any more: then there is nothing wrong."""
        is_missing = isinstance(failure, DiskError) and failure.errno == errno.ENOENT
        return is_missing and any(segment not in self._log.segments.all for segment in flush.segments)

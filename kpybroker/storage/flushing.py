"""What the disk is known to have of a log: what would survive a loss of power, and the calls that make it more."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import LEADER_EPOCHS
from kpybroker.storage.files import DiskError, Files, StorageError

if TYPE_CHECKING:
    from kpybroker.storage.log import Log

ROOT = ""  # of a data directory
Calls: TypeAlias = Sequence[Callable[[], None]]


def one_by_one(calls: Calls) -> None:
    """The plain way to make many calls; a server has a faster one."""
    for call in calls:
        call()


class Flush(Struct, frozen=True):
    """One flush of a log: `calls` may be made in any thread, once, and then `Durable.done` is told."""

    end_offset: int  # everything below it survives then
    is_whole: bool  # its indexes and snapshots too: a start need not look at what is below
    losses: int  # how many segments the log had lost by then
    beside: tuple[str, ...]  # files beside the log that it syncs
    names: int  # how many files there had been in the directory when their names were synced
    calls: tuple[Callable[[], None], ...]

    def carry_out(self) -> None:
        one_by_one(self.calls)


class Beside:
    """The small files beside a log: those that are to be written with the next flush, and those that it has to sync."""

    __slots__ = ("_files", "_to_write", "_unsynced")

    def __init__(self, files: Files, *paths: str) -> None:
        """Of these nobody knows yet whether they were synced."""
        self._files = files
        self._to_write: dict[str, bytes] | None = None
        self._unsynced = list(paths)

    def write_later(self) -> None:
        """From now on they are written with the next flush, synced before they replace what was there, and not at once,
        which would block."""
        if self._to_write is None:
            self._to_write = {}

    def is_later(self, path: str, data: bytes) -> bool:
        """Whether it is left to the next flush."""
        if self._to_write is None:
            return False
        self._to_write[path] = data
        return True

    def written(self, path: str) -> None:
        """It has other content now, and is not synced."""
        if path not in self._unsynced:
            self._unsynced.append(path)

    def found_synced(self) -> None:
        self._unsynced = []

    def writes(self, *, last: bool = False) -> list[Callable[[], None]]:
        """What writes all that was left to a flush; `last`: what comes later is written at once."""
        waiting = self._to_write or {}
        if waiting or last:
            self._to_write = None if last else {}
        return [partial(self._files.write_whole, path, data, sync=True) for path, data in waiting.items()]

    def take(self, *paths: str) -> list[str]:
        """Of these, and of all that are not synced, those that are there: they are to be synced now."""
        every, self._unsynced = dict.fromkeys([*self._unsynced, *paths]), []
        return [path for path in every if self._files.exists(path)]


class Durable:
    """One log's. As POSIX allows it, a file's bytes may be lost until the file is synced, and its name until the
    directory is. What a sync has failed to write may never be written: no later sync is asked about it."""

    __slots__ = (
        "_log",
        "_names",
        "_synced_names",
        "beside",
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
        self.beside = Beside(log.files, f"{log.directory}/{LEADER_EPOCHS}")
        self.synced_offset = 0  # what is below it was synced, indexes or not
        self.failure: StorageError | None = None  # of a sync: nothing more is appended then
        self.flushed_at = now
        self.rolled: Callable[[int], None] | None = None  # told where a new segment begins that is not the first
        self.write_start: Callable[[], None] | None = None  # where that is not left to whoever shortens the log

    def found_synced(self) -> None:
        """After a clean stop, all that is there was synced."""
        self._synced_names = self._names
        self.beside.found_synced()

    def write(self, path: str, data: bytes) -> None:
        if not self.beside.is_later(path, data):
            self._log.files.write_whole(path, data)
            self.written(path)

    def written(self, path: str) -> None:
        """A file beside the log has other content now, and is not synced."""
        self._names += 1
        self.beside.written(path)

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
        log = self._log
        synced_offset = max(self.synced_offset, log.recovery_point)
        segments = [each for each in log.segments.from_offset(synced_offset) if each.size > 0]
        # Without any, the log was deleted: there is no such directory.
        calls = self.beside.writes() if log.segments.all else []
        calls += [segment.log.sync for segment in segments]
        return self._with_names(log.end_offset, False, len(segments) > 0, (), calls)

    def flush(self, end_offset: int | None = None) -> Flush:
        """All that lets a start trust what is below the offset: below the end, if there is none."""
        log = self._log
        end_offset = log.end_offset if end_offset is None else min(end_offset, log.end_offset)
        if end_offset <= log.recovery_point:
            return self._flush(end_offset, True, (), 0, ())
        has_segments, beside, calls = self._whole(end_offset)
        return self._with_names(end_offset, True, has_segments, beside, calls)

    def _whole(self, end_offset: int) -> tuple[bool, list[str], list[Callable[[], None]]]:
        """Whether there are records below an offset that are not flushed, the files beside them, and what flushes all
        of it."""
        files, log = self._log.files, self._log
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
        offsets = [segment.base_offset for segment in segments]
        beside = self.beside.take(*[f"{log.directory}/{offset:020d}.snapshot" for offset in (*offsets, end_offset)])
        return len(segments) > 0, beside, calls + [files.open(path).sync for path in beside]

    def everything(self) -> Flush:
        """All that is there, for a start that trusts it; its directory's own name is left to the caller."""
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        log = self._log
        calls = self.beside.writes(last=True)
        if log.end_offset > log.recovery_point:
            _, beside, flushes = self._whole(log.end_offset)
            calls += flushes
        else:
            beside = self.beside.take()
            calls += [log.files.open(path).sync for path in beside]
        has_names = self.has_unsynced_names and log.segments.last is not None
        if has_names:
            calls.append(partial(log.files.sync_directory, log.directory))
        return self._flush(log.end_offset, True, beside, self._names if has_names else 0, calls)

    def _with_names(
        self, end_offset: int, is_whole: bool, has_segments: bool, beside: Sequence[str], calls: Calls
    ) -> Flush:
        directories = [self._log.directory] if has_segments and self._synced_names < self._names else []
        if directories and self._synced_names == 0:
            directories.append(ROOT)
        names = [partial(self._log.files.sync_directory, directory) for directory in directories]
        return self._flush(end_offset, is_whole, beside, self._names if has_segments else 0, (*calls, *names))

    def _flush(self, end_offset: int, is_whole: bool, beside: Sequence[str], names: int, calls: Calls) -> Flush:
        return Flush(end_offset, is_whole, self._log.segments.losses, tuple(beside), names, tuple(calls))

    def done(self, flush: Flush, now: Instant) -> None:
        self._synced_names = max(self._synced_names, flush.names)
        self.synced_offset = max(self.synced_offset, flush.end_offset)
        if flush.is_whole and flush.end_offset > self._log.recovery_point:
            self._log.recovery_point = flush.end_offset
            self._log.flushed.flag = True
            self.flushed_at = now


def is_overtaken(log: Log, flush: Flush, failure: StorageError) -> bool:
    """Whether a flush failed because what it was to sync has gone meanwhile: then there is nothing wrong, and what is
    left of it waits for the next."""
    is_missing = isinstance(failure, DiskError) and failure.errno == errno.ENOENT
    if not is_missing or (log.segments.all and log.segments.losses == flush.losses):
        return False
    for path in flush.beside:
        log.durable.beside.written(path)
    return True


def flush_all(files: Files, logs: Iterable[Log], carry_out: Callable[[Calls], None] = one_by_one) -> None:
    """All of these logs, of one data directory, is on the disk then, with the names that lead there."""
    flushes = [(log.durable, log.durable.everything()) for log in logs]
    carry_out([call for _, flush in flushes for call in flush.calls])
    if any(flush.names for _, flush in flushes):
        files.sync_directory(ROOT)
    for durable, flush in flushes:
        durable.done(flush, durable.flushed_at)

"""Opening a log that is there: what may not have reached the disk is checked, and the torn end cut.

The order of things is that of Apache Kafka's LogLoader.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from kpybroker.machine import Instant, Key
from kpybroker.storage.checking import check_segment
from kpybroker.storage.checkpoints import PARTITION_METADATA, read_topic_id
from kpybroker.storage.files import DiskError, Files, StorageError
from kpybroker.storage.leftovers import clear_left_overs
from kpybroker.storage.log import Log
from kpybroker.storage.producers import NO_SNAPSHOT, Producers
from kpybroker.storage.removals import Removals
from kpybroker.storage.segment import LogConfig, Segment
from kpybroker.storage.snapshots import Snapshots
from kpybroker.wire.internal import METADATA_TOPIC
from kpybroker.wire.records import BatchHeader

MOST_NAMED = 5  # logs that were cut, in one line
MIB = 1024 * 1024
LAST = 2**63 - 1
_SEGMENT = re.compile(r"\d{20}\.log")


class Recovery(NamedTuple):
    """What was done to open a log."""

    checked_segments: int = 0
    checked_bytes: int = 0
    cut_bytes: int = 0  # at the end of the log, segments after a broken one included
    rebuilt_indexes: int = 0  # segments whose indexes were missing, or cannot have been what was written
    removed_files: tuple[str, ...] = ()  # left over from interrupted work
    epochs_lost: bool = False  # leader-epoch-checkpoint could not be read: they were learned from the batches

    @property
    def interrupted(self) -> int:
        """Files of work that was cut short; what had only to wait for its removal is none."""
        return len([name for name in self.removed_files if not name.endswith(".deleted")])

    @property
    def is_repair(self) -> bool:
        """More was done than to look."""
        return bool(self.cut_bytes or self.rebuilt_indexes or self.interrupted or self.epochs_lost)


def open_log(
    files: Files,
    directory: str,
    config: LogConfig,
    now: Instant,
    *,
    clean: bool,
    start_offset: int = 0,
    recovery_point: int | None = None,
    removals: Removals | None = None,
) -> tuple[Log, Recovery]:
    """An existing log. After a clean stop its files are trusted; otherwise what may not have reached the disk is
    checked: from the recovery point on, without one the last segment (enough if only the process died).
    """
    names, removed = clear_left_overs(files, directory, files.list(directory))
    log = Log(files, directory, config, now, removals=removals)
    for name in names:
        if _SEGMENT.fullmatch(name):
            log.segments.add(Segment(files, directory, int(name.removesuffix(".log")), config, now, new=False))
    log.topic_id = _topic_id(log) if PARTITION_METADATA in names else None
    epochs_lost = not _load_epochs(log)
    if epochs_lost:  # every batch has its own
        clean, recovery_point = False, 0
    work = _Work(log, start_offset, now)
    trusted = len(log.segments.all) if clean else _unflushed(log, recovery_point)
    work.rebuild_indexes(trusted, frozenset(names))
    if not clean:
        work.check_from(trusted)
    if log.segments.last is not None:
        log.end_offset, end = log.segments.last.find_end()
        if end < log.segments.last.size:  # in spite of a clean stop: what comes next must not stand behind half a batch
            log.end_offset = work.check(log.segments.last)
    log.start_offset = max(start_offset, log.segments.first_base_offset)
    if log.end_offset < log.start_offset:  # files were lost: go on where the log is known to begin
        log.segments.retire(log.segments.all, now + config.file_delete_delay_ms)
        log.end_offset = log.start_offset
        log.epochs.cut_end(0)
    if log.epochs.unsaved or epochs_lost:
        log.epochs.save()
    log.epochs.cut_end(log.end_offset)
    log.epochs.cut_start(start_offset)
    flushed = log.end_offset if clean and work.cut_bytes == 0 else min(recovery_point or 0, log.end_offset)
    if not clean and log.end_offset == 0:  # what was said of an empty log need not be on the disk: it is said again
        log.topic_id = None
    log.recovery_point = min(flushed, work.first_offset)  # indexes that were made anew were not flushed yet
    checked, rebuilt = (work.checked_segments, work.checked_bytes, work.cut_bytes), work.rebuilt_indexes
    return log, Recovery(*checked, rebuilt, removed, epochs_lost)


def _unflushed(log: Log, recovery_point: int | None) -> int:
    """The first segment that may not have reached the disk."""
    bases = [segment.base_offset for segment in log.segments.all]
    return max(0, (len(bases) if recovery_point is None else bisect_right(bases, recovery_point)) - 1)


def _topic_id(log: Log) -> bytes | None:
    """None where it was lost before anything was written to the log, and it matters to nobody."""
    try:
        return read_topic_id(log.files, log.directory)
    except DiskError:
        raise
    except StorageError:
        if log.size > 0:
            raise
        return None


def _load_epochs(log: Log) -> bool:
    """False where the file is broken, or has none although there are batches."""
    try:
        log.epochs.load()
    except DiskError:
        raise
    except StorageError:
        return False
    return bool(log.epochs.entries) or log.size == 0


class _Work:
    """Checking segments of one log, and what came of it."""

    def __init__(self, log: Log, start_offset: int, now: Instant) -> None:
        self.checked_segments = self.checked_bytes = self.cut_bytes = self.rebuilt_indexes = 0
        self.first_offset = LAST  # of the first segment that was checked
        self._log = log
        self._start_offset = start_offset
        self._now = now

    def check(self, segment: Segment, producers: Producers | None = None) -> int:
        """Returns the end offset of the segment."""
        self.checked_segments += 1
        self.first_offset = min(self.first_offset, segment.base_offset)
        self.checked_bytes += segment.size
        learn = partial(_learn, self._log, producers)
        following = self._log.segments.after(segment)
        limit = None if following is None else following.base_offset
        end_offset, cut = check_segment(segment, self._log.epochs.latest, learn, limit)
        if cut > 0:
            segment.log.sync()  # or it may come back, behind what is written now or after a clean stop
        self.cut_bytes += cut
        return end_offset

    def rebuild_indexes(self, count: int, names: frozenset[str]) -> None:
        """Of so many segments, where they are missing or cannot be right; a damaged batch ends its segment, and only
        that: nobody has looked at what follows."""
        for segment in self._log.segments.all[:count]:
            if not segment.indexes.plausible(names):
                self.rebuilt_indexes += 1
                self.check(segment)

    def check_from(self, first: int) -> None:
        """The segments from one on, with a snapshot of the producers at either end of each; what follows a broken one
        is dropped."""
        segments = self._log.segments
        if first == len(segments.all):
            return
        snapshots, producers, known = self._producers_at(segments.all[first].base_offset)
        for number, segment in enumerate(segments.all[first:], first + 1):
            cut = self.cut_bytes
            end_offset = self.check(segment, producers)
            if end_offset > known:
                snapshots.write(end_offset, producers)
                known = end_offset
            rest = segments.all[number:]
            if self.cut_bytes > cut or (rest and not self._can_follow(end_offset, rest[0].base_offset)):
                self.cut_bytes += sum(following.size for following in rest)
                segments.retire(rest, self._now + self._log.config.file_delete_delay_ms)
                return

    def _can_follow(self, end_offset: int, base_offset: int) -> bool:
        """Whether the next segment is to be read. One that begins too early went once, and has come back. Where records
        are missing before it, other logs go on, as in Kafka; the cluster's log is a story that ends there."""
        is_story = self._log.directory == f"{METADATA_TOPIC}-0"
        return base_offset == end_offset if is_story else base_offset >= end_offset

    def _producers_at(self, offset: int) -> tuple[Snapshots, Producers, int]:
        """Who is known where a segment begins, and the offset of the newest snapshot; later ones are not trusted."""
        snapshots = Snapshots(self._log.files, self._log.directory)
        snapshots.keep_within(self._start_offset, offset)
        producers, known = snapshots.load()
        known = self._start_offset if known == NO_SNAPSHOT else known
        for segment in self._log.segments.from_offset(known):
            place = segment.locate(known) if segment.base_offset < offset else None
            if place is not None:
                for _, header in segment.headers(place.position):
                    producers.replay(header)
        if offset > known:
            snapshots.write(offset, producers)
        return snapshots, producers, max(known, offset)


def _learn(log: Log, producers: Producers | None, header: BatchHeader) -> None:
    if header.partition_leader_epoch > log.epochs.latest:
        log.epochs.lead(header.partition_leader_epoch, header.base_offset)
    if producers is not None:
        producers.replay(header)


def summary(recovered: Mapping[Key, Recovery], unreadable: Sequence[str], seconds: float) -> str:
    """One line of what was done to open these logs; `unreadable` are the checkpoints that were of no help."""
    done = [f"{sum(each.checked_bytes for each in recovered.values()) / MIB:,.0f} MB checked"]
    cut = [(f"{topic}-{index}", each.cut_bytes) for (topic, index), each in recovered.items() if each.cut_bytes]
    done += [f"{count:,} bytes cut from {name}" for name, count in cut[:MOST_NAMED]]
    if len(cut) > MOST_NAMED:
        done.append(f"{sum(count for _, count in cut[MOST_NAMED:]):,} from {len(cut) - MOST_NAMED} others")
    counts = {
        "{} indexes rebuilt": sum(each.rebuilt_indexes for each in recovered.values()),
        "leader epochs of {} logs learned from their batches": sum(each.epochs_lost for each in recovered.values()),
        "{} files of interrupted work removed": sum(each.interrupted for each in recovered.values()),
    }
    done += [text.format(f"{count:,}") for text, count in counts.items() if count]
    done += [f"{name} was broken and not used" for name in unreadable]
    return f"recovered {len(recovered):,} logs in {seconds:.1f} s: {', '.join(done)}"

"""Compaction: which log is cleaned, how much of it and when, as Kafka's cleaner chooses, a slice at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant, Key
from kpybroker.replicas import Replicas
from kpybroker.retention import Removed, newest, retain
from kpybroker.storage.cleaning import Cleaning, Extent
from kpybroker.storage.directories import DataDirectories
from kpybroker.storage.files import DiskError, StorageError
from kpybroker.storage.log import Log
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.syncing import Syncs

log = logging.getLogger("kpybroker")
AT_ONCE: Instant = 0
SEGMENTS_AT_ONCE = 32  # of which a look at one log asks the disk in one slice
LOGS_AT_ONCE = 16  # that one slice looks at
Slices = Generator[None, None, None]


class Dirt(NamedTuple):
    """What of one log could be cleaned (LogToClean)."""

    key: Key
    log: Log
    settings: TopicSettings
    extent: Extent
    clean_bytes: int
    cleanable_bytes: int
    is_overdue: bool  # something is older than max.compaction.lag.ms
    is_reset: bool  # what was known to be clean is no part of the log any more

    @property
    def ratio(self) -> float:
        total = self.clean_bytes + self.cleanable_bytes
        return self.cleanable_bytes / total if total > 0 else 0.0

    @property
    def is_due(self) -> bool:
        is_overdue = self.is_overdue and self.cleanable_bytes > 0
        return is_overdue or self.ratio > self.settings.min_cleanable_dirty_ratio


class Compacted(NamedTuple):
    """What the compaction of one partition came to."""

    topic: str
    partition: int
    bytes_before: int
    bytes_after: int


def look(
    key: Key, found: Log, settings: TopicSettings, stable_offset: int, now: Instant, *, anew: bool = False
) -> Generator[None, None, Dirt | None]:
    """How dirty a log is (LogCleanerManager.cleanableOffsets, maxCompactionDelay); None where nothing was written.
    `anew`: whatever was cleaned before."""
    segments, active = found.segments, found.segments.last
    if active is None:
        return None
    known = None if anew else found.cleaned_offset
    is_reset = known is not None and not found.start_offset <= known <= found.end_offset
    first_dirty = found.start_offset if known is None or is_reset else known
    dirty = segments.between(first_dirty, active.base_offset)
    uncleanable = min(stable_offset, active.base_offset)
    is_overdue, since = False, now - max(settings.max_compaction_lag_ms, 0)
    for number, segment in enumerate(dirty if settings.min_compaction_lag_ms > 0 or since > 0 else (), 1):
        if settings.min_compaction_lag_ms > 0 and newest(found, segment) > now - settings.min_compaction_lag_ms:
            uncleanable = min(uncleanable, segment.base_offset)
        is_overdue |= since > 0 and 0 < segment.first_timestamp < since
        if number % SEGMENTS_AT_ONCE == 0:
            yield
    following = segments.between(max(first_dirty, uncleanable), active.base_offset)
    end = following[0].base_offset if following else active.base_offset
    return Dirt(
        key,
        found,
        settings,
        Extent(first_dirty, end),
        clean_bytes=sum([each.size for each in segments.all if each.base_offset < first_dirty]),
        cleanable_bytes=sum([each.size for each in segments.between(min(first_dirty, end), end)]),
        is_overdue=is_overdue,
        is_reset=is_reset,
    )


class Compaction:
    """Cleans the dirtiest log, and the next, until none is dirty enough; and looks again log.cleaner.backoff.ms later.
    A chore. What is old in logs that are compacted goes here too, as it does in Kafka (LogCleaner.cleanFilthiestLog).
    """

    def __init__(
        self,
        replicas: Replicas,
        directories: DataDirectories,
        settings: Settings,
        syncs: Syncs,
        touch: Callable[[Key], None],
        now: Instant,
    ) -> None:
        """`touch` is told of every partition that begins later now."""
        self._replicas = replicas
        self._directories = directories
        self._settings = settings
        self._syncs = syncs
        self._touch = touch
        self._is_enabled = settings.boolean("log.cleaner.enable")
        self._at = now + settings.int("log.cleaner.backoff.ms")
        self._now = now
        self._work: Slices | None = None
        self._is_asked = False  # somebody has a log cleaned out of turn
        self._uncleanable: dict[Key, Log] = {}  # what is in them cannot be read
        self._is_waiting = False  # for the disk
        self._failure: StorageError | None = None

    def due(self) -> Instant | None:
        if not self._is_enabled or self._is_asked or self._is_waiting:
            return None
        return self._at if self._work is None else AT_ONCE

    def expire(self, now: Instant) -> None:
        self._now = now
        if self._work is None:
            self._at = now + self._settings.int("log.cleaner.backoff.ms")
            self._work = self._round()
        work, self._work = self._work, None  # one that fails is over
        for _ in work:
            self._work = work
            return

    def _round(self) -> Slices:
        chosen = None
        for number, (key, found, settings) in enumerate(self._replicas.written(), 1):
            if settings.compact and self._uncleanable.get(key) is not found:
                dirt = yield from look(key, found, settings, self._replicas.high_watermark(key, found), self._now)
                if dirt is not None and dirt.is_reset:
                    self._note(key, found, dirt.extent.first_dirty)
                if dirt is not None and dirt.is_due and (chosen is None or dirt.ratio > chosen.ratio):
                    chosen = dirt
            if number % LOGS_AT_ONCE == 0:
                yield
        if chosen is not None:
            compacted = yield from self._clean(chosen)
            if compacted is not None:
                self._at = self._now  # there may be another
        yield from self._retain()
        for key, found in list(self._uncleanable.items()):
            if self._directories.log(key) is not found:
                del self._uncleanable[key]

    def _retain(self) -> Slices:
        """Of logs that are compacted, what is before their start, and with `delete` what is old or too much."""
        shortened = False
        for number, (key, found, settings) in enumerate(self._replicas.written(), 1):
            if settings.compact and self._uncleanable.get(key) is not found:
                removed: Removed = yield from retain(self._replicas, key, found, settings, self._now, self._touch)
                shortened |= removed.segments > 0
            if number % LOGS_AT_ONCE == 0:
                yield
        if shortened:
            self._replicas.keep_starts()

    def _clean(self, dirt: Dirt) -> Generator[None, None, Compacted | None]:
        """One pass over one log; None where nothing came of it."""
        key, found = dirt.key, dirt.log
        partition = self._replicas.get(*key, self._now)
        stable = -1 if partition is None or partition.log is not found else partition.last_stable_offset
        if partition is None or stable < dirt.extent.first_uncleanable:  # if it was not open, nobody knew
            return None
        threads = max(1, self._settings.int("log.cleaner.threads"))  # each of Kafka's has its own map
        memory = self._settings.int("log.cleaner.dedupe.buffer.size") // threads
        load = self._settings.value("log.cleaner.io.buffer.load.factor")
        assert isinstance(load, float)
        offsets = OffsetMap(memory, load, dirt.extent.first_uncleanable - dirt.extent.first_dirty)
        kept_ms = dirt.settings.delete_retention_ms
        cleaning = Cleaning(found, dirt.extent, offsets, partition.producers, kept_ms, self._now)
        try:
            for calls in cleaning.steps():
                if calls and self._directories.kept:
                    self._is_waiting = True
                    self._syncs.run(key, found, calls, self._synced)
                    while self._is_waiting:
                        yield
                    if self._failure is not None and self._directories.log(key) is found:
                        raise self._failure
                yield
        except DiskError:
            raise
        except StorageError as error:
            log.warning("%s; its partition is not compacted any more until the next start", error)
            self._uncleanable[key] = found
            return None
        if cleaning.cleaned is None:
            return None
        self._note(key, found, cleaning.cleaned.end_offset)
        return Compacted(*key, cleaning.cleaned.bytes_before, cleaning.cleaned.bytes_after)

    def _note(self, key: Key, found: Log, offset: int) -> None:
        found.cleaned_offset = offset
        if (home := self._directories.holder(key)) is not None:
            home.offsets.cleaned()

    def _synced(self, failure: StorageError | None) -> None:
        self._is_waiting, self._failure = False, failure

    def compact_now(self, topic: str | None, now: Instant) -> Generator[None, None, list[Compacted]]:
        """Cleans a topic's logs, or all that are compacted, out of turn and from their beginnings on, with what is in
        them by now: their active segments are closed before. What min.compaction.lag.ms protects stays."""
        self._is_asked, self._now = True, now
        try:
            if self._work is not None:  # what is under way comes first
                work, self._work = self._work, None
                yield from work
            found = []
            for key, each, settings in self._replicas.written():
                if settings.compact and topic in (None, key[0]) and self._uncleanable.get(key) is not each:
                    each.roll(now)
                    stable = self._replicas.high_watermark(key, each)
                    dirt = yield from look(key, each, settings, stable, now, anew=True)
                    if dirt is not None and dirt.cleanable_bytes > 0:
                        compacted = yield from self._clean(dirt)
                        found += [] if compacted is None else [compacted]
                yield
            return found
        finally:
            self._is_asked = False

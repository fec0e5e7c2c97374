"""Compaction: which log is cleaned, and when, as Kafka's cleaner chooses, a slice at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from kpybroker.config.settings import Settings
from kpybroker.machine import AT_ONCE, Instant, Key
from kpybroker.replicas import Replicas
from kpybroker.retention import Removed, retain
from kpybroker.slices import one_slice
from kpybroker.storage.directories import DataDirectories
from kpybroker.syncing import Syncs

if TYPE_CHECKING:
    from kpybroker.cleaner import Cleaner, Compacted

LOGS_AT_ONCE = 16  # that one slice looks at
Slices = Generator[None, None, None]


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
        self._cleaner: Cleaner | None = None
        self._work: Slices | None = None
        self._is_asked = False  # somebody has a log cleaned out of turn

    def due(self) -> Instant | None:
        if not self._is_enabled or self._is_asked:
            return None
        if self._work is None or self._cleaner is None:
            return self._at if self._work is None else AT_ONCE
        return self._cleaner.due()

    def expire(self, now: Instant) -> None:
        if self._work is None:
            self._at = now + self._settings.int("log.cleaner.backoff.ms")
            self._work = self._round(now)
        if self._cleaner is not None:
            self._cleaner.now = now
        work, self._work = self._work, None  # one that fails is over
        self._work = one_slice(work)

    def stop(self) -> None:
        """The end: a log that is being cleaned is as before then, or as it was to be."""
        work, self._work, self._is_enabled = self._work, None, False
        if work is not None:
            work.close()

    def _load(self, now: Instant) -> Generator[None, None, Cleaner]:
        """What cleans. Not imported at the top: a start pays for none of it, and all of it would be a long slice."""
        if self._cleaner is None:
            from kpybroker.storage import sifting  # noqa: F401, PLC0415

            yield
            from kpybroker.storage import cleaning  # noqa: F401, PLC0415

            yield
            from kpybroker.cleaner import Cleaner  # noqa: PLC0415

            yield
            self._cleaner = Cleaner(self._replicas, self._directories, self._settings, self._syncs, now)
        return self._cleaner

    def _round(self, now: Instant) -> Slices:
        chosen = None
        for number, (key, found, settings) in enumerate(self._replicas.written(), 1):
            if settings.compact:
                cleaner = yield from self._load(now)
                dirt = yield from cleaner.look(key, found, settings)
                if dirt is not None and dirt.is_due and (chosen is None or dirt.ratio > chosen.ratio):
                    chosen = dirt
            if number % LOGS_AT_ONCE == 0:
                yield
        if self._cleaner is None:  # nothing is ever compacted here
            return
        if chosen is not None:
            yield
            compacted = yield from self._cleaner.clean(chosen)
            if compacted is not None:
                self._at = self._cleaner.now  # there may be another
        yield from self._retain(self._cleaner)

    def _retain(self, cleaner: Cleaner) -> Slices:
        """Of logs that are compacted, what is before their start, and with `delete` what is old or too much."""
        shortened = False
        for number, (key, found, settings) in enumerate(self._replicas.written(), 1):
            if settings.compact and cleaner.can_clean(key, found):
                removed: Removed = yield from retain(self._replicas, key, found, settings, cleaner.now, self._touch)
                shortened |= removed.segments > 0
            if number % LOGS_AT_ONCE == 0:
                yield
        if shortened:
            self._replicas.keep_starts()

    def compact_now(self, topic: str | None, now: Instant) -> Generator[None, None, list[Compacted]]:
        """Cleans a topic's logs, or all that are compacted, out of turn and from their beginnings on, with what is in
        them by now: their active segments are closed before. What min.compaction.lag.ms protects stays."""
        self._is_asked = True
        try:
            cleaner = yield from self._load(now)
            cleaner.now = now
            if self._work is not None:  # what is under way comes first
                work, self._work = self._work, None
                yield from work
            found = []
            for key, each, settings in self._replicas.written():
                if settings.compact and topic in (None, key[0]) and cleaner.can_clean(key, each):
                    each.roll(now)
                    dirt = yield from cleaner.look(key, each, settings, anew=True)
                    if dirt is not None and dirt.cleanable_bytes > 0:
                        compacted = yield from cleaner.clean(dirt)
                        found += [] if compacted is None else [compacted]
                yield
            return found
        finally:
            self._is_asked = False

"""How much of a log could be compacted, and whether that is enough to do it, as Kafka's cleaner reckons."""

from __future__ import annotations

from collections.abc import Generator

from msgspec import Struct

from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant, Key
from kpybroker.retention import newest
from kpybroker.storage.log import Log

SEGMENTS_AT_ONCE = 32  # of which a look at one log asks the disk in one slice


class Dirt(Struct, frozen=True):
    """What of one log could be cleaned (LogToClean): offsets below `first_dirty` were, and from `first_uncleanable` on
    none may be."""

    key: Key
    log: Log
    settings: TopicSettings
    first_dirty: int
    first_uncleanable: int
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
        first_dirty,
        end,
        clean_bytes=sum([each.size for each in segments.all if each.base_offset < first_dirty]),
        cleanable_bytes=sum([each.size for each in segments.between(min(first_dirty, end), end)]),
        is_overdue=is_overdue,
        is_reset=is_reset,
    )

"""Retention: from time to time the first segments of logs go that are too old (retention.ms) or too many (.bytes)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings
from kpybroker.machine import AT_ONCE, Instant, Key
from kpybroker.replicas import Replicas
from kpybroker.slices import next_look, one_slice
from kpybroker.storage.log import Log
from kpybroker.storage.segment import Segment

LOGS_AT_ONCE = 32  # that one slice looks at
SEGMENTS_AT_ONCE = 2  # that one slice removes: four files each take another name
AGES_AT_ONCE = 32  # that one slice asks for: each may have to be read from an index


class Removed(NamedTuple):
    """What went of one or all logs."""

    segments: int = 0
    bytes: int = 0


class Retention:
    """Looks at all logs when Kafka does (LogManager.cleanupLogs): a while after the start, then at an interval. A
    chore. Logs that are compacted are left to whoever compacts them."""

    def __init__(self, replicas: Replicas, settings: Settings, touch: Callable[[Key], None], now: Instant) -> None:
        """`touch` is told of every partition that begins later now."""
        self._replicas = replicas
        self._touch = touch
        self._interval_ms = settings.int("log.retention.check.interval.ms")
        self._at = now + settings.int("log.initial.task.delay.ms")
        self._work: Generator[None, None, Removed] | None = None

    def due(self) -> Instant:
        return self._at if self._work is None else AT_ONCE

    def expire(self, now: Instant) -> None:
        """Deletes what may go."""
        if self._work is None:
            self._at = next_look(self._at, self._interval_ms, now)
            self._work = self._round(now, with_compacted=False)
        work, self._work = self._work, None  # one that fails is over
        self._work = one_slice(work)

    def retain_now(self, now: Instant) -> Generator[None, None, Removed]:
        """The same out of turn, for all logs."""
        return self._round(now, with_compacted=True)

    def _round(self, now: Instant, *, with_compacted: bool) -> Generator[None, None, Removed]:
        segments = size = 0
        for number, (key, log, settings) in enumerate(self._replicas.written(), 1):
            if with_compacted or not settings.compact:
                removed = yield from retain(self._replicas, key, log, settings, now, self._touch)
                segments, size = segments + removed.segments, size + removed.bytes
            if number % LOGS_AT_ONCE == 0:
                yield
        if segments > 0:
            self._replicas.keep_starts()
        return Removed(segments, size)


def retain(
    replicas: Replicas, key: Key, log: Log, settings: TopicSettings, now: Instant, touch: Callable[[Key], None]
) -> Generator[None, None, Removed]:
    """Deletes the segments of a log that may go, a few at a time. What comes meanwhile waits for the next look."""
    segments = size = 0
    end_offset = log.end_offset
    while log.segments.first_base_offset < end_offset:
        count = surplus(log, settings, replicas.high_watermark(key, log), now)
        if count == 0:
            break
        if count == len(log.segments.all):
            log.roll(now)  # where all of it goes, the log goes on in a new segment
        offset = log.segments.all[count].base_offset
        while going := log.segments.below(offset)[:SEGMENTS_AT_ONCE]:
            partition = replicas.get(*key, now)
            if partition is None or partition.log is not log:  # its topic was deleted meanwhile
                return Removed(segments, size)
            segments, size = segments + len(going), size + sum([segment.size for segment in going])
            partition.begin_at(log.segments.all[len(going)].base_offset, now)
            touch(key)
            yield
    return Removed(segments, size)


def surplus(log: Log, settings: TopicSettings, high_watermark: int, now: Instant) -> int:
    """How many segments may go, from the first on (UnifiedLog.deleteOldSegments): those before the start of the log,
    and where the policy is `delete`, by size and then by time, of the next few.

    The age of a segment is that of its largest timestamp, or, where it has none, of its file. An empty last one stays,
    and so does what is not below the high watermark.
    """
    segments = log.segments.all
    count, most = len(log.segments.below(log.start_offset)), _most(log, high_watermark)
    if settings.delete and settings.retention_bytes >= 0:
        surplus = sum([segment.size for segment in segments[count:]]) - settings.retention_bytes
        while count < most and surplus >= segments[count].size:
            surplus -= segments[count].size
            count += 1
    if settings.delete and settings.retention_ms >= 0:
        most = min(most, count + AGES_AT_ONCE)
        while count < most and now - newest(log, segments[count]) > settings.retention_ms:
            count += 1
    return count


def _most(log: Log, high_watermark: int) -> int:
    """How many segments there are that may go at all."""
    segments = log.segments.all
    if not segments:
        return 0
    if high_watermark >= log.end_offset:
        return len(segments) if segments[-1].size > 0 else len(segments) - 1
    return len(log.segments.below(high_watermark))


def newest(log: Log, segment: Segment) -> Instant:
    """The largest timestamp of a segment, or where it has none, when its file was last written."""
    largest = segment.indexes.largest.timestamp
    return largest if largest >= 0 else log.files.modified(segment.log.path)

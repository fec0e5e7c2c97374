"""Retention: from time to time the first segments of logs go that are too old (retention.ms) or too many (.bytes)."""

from __future__ import annotations

from collections.abc import Callable

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant, Key
from kpybroker.replicas import Replicas
from kpybroker.storage.log import Log
from kpybroker.storage.segment import Segment


class Retention:
    """Looks at all logs when Kafka does (LogManager.cleanupLogs): a while after the start, then at an interval."""

    def __init__(self, replicas: Replicas, settings: Settings, touch: Callable[[Key], None], now: Instant) -> None:
        """`touch` is told of every partition that begins later now."""
        self._replicas = replicas
        self._touch = touch
        self._interval_ms = settings.int("log.retention.check.interval.ms")
        self._at = now + settings.int("log.initial.task.delay.ms")

    def due(self) -> Instant:
        return self._at

    def expire(self, now: Instant) -> None:
        """Deletes what may go."""
        missed = (now - self._at) // self._interval_ms
        self._at += (missed + 1) * self._interval_ms
        shortened = False
        for key, log, settings in list(self._replicas.written()):
            count = surplus(log, settings, now) if settings.delete else 0
            if count == 0:
                continue
            partition = self._replicas.get(*key, now)
            assert partition is not None
            if count == len(log.segments.all):
                log.roll(now)  # where all of it goes, the log goes on in a new segment
            partition.begin_at(log.segments.all[count].base_offset)
            self._touch(key)
            shortened = True
        if shortened:
            self._replicas.keep_starts()


def surplus(log: Log, settings: TopicSettings, now: Instant) -> int:
    """How many segments may go, from the first on (UnifiedLog.deleteOldSegments): by size, and then by time.

    The age of a segment is that of its largest timestamp, or, where it has none, of its file. An empty last one stays.
    """
    segments = log.segments.all
    count = 0
    if settings.retention_bytes >= 0:
        surplus = log.size - settings.retention_bytes
        while count < len(segments) and segments[count].size and surplus >= segments[count].size:
            surplus -= segments[count].size
            count += 1
    if settings.retention_ms >= 0:
        while (
            count < len(segments)
            and segments[count].size
            and now - _newest(log, segments[count]) > settings.retention_ms
        ):
            count += 1
    return count


def _newest(log: Log, segment: Segment) -> Instant:
    largest = segment.indexes.largest.timestamp
    return largest if largest >= 0 else log.files.modified(segment.log.path)

"""flush.ms: logs that were not flushed for so long are, whenever they are looked for (LogManager.flushDirtyLogs)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant, Key
from kpybroker.replicas import Replicas
from kpybroker.slices import next_look
from kpybroker.storage.log import Log
from kpybroker.syncing import Syncs, Want

LOGS_AT_ONCE = 250  # that one wake looks at
NEVER: Instant = 2**62


class DirtyLogs:
    """A chore: looks at all logs when Kafka does, a while after the start and then at an interval, which by default
    never ends."""

    def __init__(self, replicas: Replicas, syncs: Syncs, settings: Settings, now: Instant) -> None:
        self._replicas = replicas
        self._syncs = syncs
        self._interval_ms = settings.int("log.flush.scheduler.interval.ms")
        self._at = now + settings.int("log.initial.task.delay.ms")
        self._left: Iterator[tuple[Key, Log, TopicSettings]] | None = None

    def due(self) -> Instant | None:
        return self._at if self._at < NEVER else None

    def expire(self, now: Instant) -> None:
        if self._left is None:
            self._left = self._replicas.written()
        some = list(islice(self._left, LOGS_AT_ONCE))
        if len(some) < LOGS_AT_ONCE:
            self._left, self._at = None, self._next(now)
        for key, log, settings in some:
            is_late = now - log.durable.flushed_at >= settings.flush_ms
            if is_late and log.end_offset > log.recovery_point and log.durable.failure is None:
                hold = self._replicas.hold(key, log)
                self._syncs.background.want(hold, Want(whole=True, end_offset=log.end_offset))

    def _next(self, now: Instant) -> Instant:
        if self._interval_ms <= 0:  # KafkaScheduler takes it for no interval at all
            return NEVER
        return next_look(self._at, self._interval_ms, now)

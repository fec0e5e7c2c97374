"""The broker's clock: wall time at start plus monotonic time since. It never goes back."""

from __future__ import annotations

import time

from kpybroker.machine import Instant


class Clock:
    """Reads CLOCK_MONOTONIC through clock_gettime_ns, which libraries that freeze time leave alone."""

    def __init__(self) -> None:
        self._start = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._epoch = time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000_000

    def now(self) -> Instant:
        return self._epoch + (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - self._start) // 1_000_000

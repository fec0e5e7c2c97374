"""Carries out what the core wants synced: in a thread, one job of each lane at a time, so that nothing else waits."""

from __future__ import annotations

from collections.abc import Callable

import trio

from kpybroker.broker import Core
from kpybroker.machine import Instant
from kpybroker.syncing import Lane


class Syncer:
    """One for a lane; `after` is called each time a job has been done.

    A job is taken when the loop comes round to it: whoever is served in the same turn is in it.
    """

    def __init__(self, core: Core, lane: Lane, now: Callable[[], Instant], after: Callable[[], None]) -> None:
        self._core = core
        self._lane = lane
        self._now = now
        self._after = after
        self._wanted = trio.Event()
        self._limiter = trio.CapacityLimiter(1)

    def check(self) -> None:
        """To be called when there are wants."""
        self._wanted.set()

    async def run(self) -> None:
        while True:
            job = self._lane.take()
            if job is None:
                self._wanted = trio.Event()
                await self._wanted.wait()
                continue
            failures = await trio.to_thread.run_sync(job.carry_out, limiter=self._limiter)
            self._core.synced(job, failures, self._now())
            self._after()

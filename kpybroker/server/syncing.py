"""Carries out what the core wants synced: in a thread, one job of each lane at a time, so that nothing else waits; and
in several, at the end."""

from __future__ import annotations

from collections.abc import Callable

import trio

from kpybroker.broker import Core
from kpybroker.machine import Instant
from kpybroker.storage.flushing import Calls, one_by_one
from kpybroker.syncing import Lane

THREADS_AT_END = 8  # more are no faster: a file system does what they ask for together


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
            await trio.lowlevel.checkpoint_if_cancelled()  # a job that is taken has to be carried out
            job = self._lane.take()
            if job is None:
                self._wanted = trio.Event()
                await self._wanted.wait()
                continue
            failures = await trio.to_thread.run_sync(job.carry_out, limiter=self._limiter)
            self._core.synced(job, failures, self._now())
            self._after()


def in_threads(calls: Calls) -> None:
    """Makes these calls, several at a time: many small syncs come to a few large ones. Raises the first failure."""
    # Here and not at the top: nobody needs it before the end.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(THREADS_AT_END) as threads:
        for _ in threads.map(one_by_one, [calls[number::THREADS_AT_END] for number in range(THREADS_AT_END)]):
            pass

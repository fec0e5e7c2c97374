"""Wakes the core whenever something is due, and earlier when an earlier deadline comes up meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from kpybroker.broker import Core
from kpybroker.machine import Instant


class Alarm:
    """One for a core; `after` is called each time the core was woken."""

    def __init__(self, core: Core, now: Callable[[], Instant], after: Callable[[], None]) -> None:
        self._core = core
        self._now = now
        self._after = after
        self._at: Instant | float = math.inf
        self._earlier = trio.Event()

    def check(self) -> None:
        """To be called after whatever may have set a deadline."""
        due = self._core.due()
        if due is not None and due < self._at:
            self._earlier.set()

    async def run(self) -> None:
        while True:
            due = self._core.due()
            self._at = math.inf if due is None else due
            self._earlier = trio.Event()
            with trio.move_on_after(math.inf if due is None else max(0, due - self._now()) / 1000):
                await self._earlier.wait()
            self._core.wake(self._now())
            self._after()

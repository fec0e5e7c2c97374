"""Work that is done in slices, and looks that come at an interval: what chores have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from kpybroker.machine import Instant

Work = TypeVar("Work", bound=Iterator[None])


def one_slice(work: Work) -> Work | None:
    """Does one slice; None when that was the last. Work that fails is over: whoever holds it lets go of it before."""
    for _ in work:
        return work
    return None


def next_look(at: Instant, interval_ms: int, now: Instant) -> Instant:
    """When it is time again, counted from when it was: looks that were missed are not made up for."""
    missed = (now - at) // interval_ms
    return at + (missed + 1) * interval_ms

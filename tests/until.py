"""Waiting for a condition with a deadline: no test sleeps for a time and hopes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 20.0
POLL_S = 0.002
T = TypeVar("T")


def until(condition: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """What the condition gives as soon as that is true; an error if it is not within the time."""
    give_up = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < give_up, f"not within {patience_s} s, it is still {found!r}"
        time.sleep(POLL_S)
    return found

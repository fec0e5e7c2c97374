"""The broker's clock: wall time at the start, and from then on only forward."""

from __future__ import annotations

import time

import pytest

from kpybroker.server.clock import Clock
from tests.until import until


def test_it_says_what_time_it_is() -> None:
    """Milliseconds since 1970, as every timestamp in Kafka."""
    before = time.time_ns() // 1_000_000
    now = Clock().now()
    assert before - 1 <= now <= time.time_ns() // 1_000_000 + 1


def test_it_goes_on_and_never_back() -> None:
    """Each reading is at least the one before, and time passes."""
    clock = Clock()
    start = clock.now()
    readings = [clock.now() for _ in range(10_000)]
    assert readings == sorted(readings)
    assert readings[0] >= start
    until(lambda: clock.now() >= start + 5)


def test_a_test_that_freezes_time_does_not_freeze_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that freeze time replace these functions of the standard library: the broker's time still passes."""

    def frozen() -> float:
        raise AssertionError("a frozen clock was read")

    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"):
        monkeypatch.setattr(time, name, frozen)
    clock = Clock()
    start = clock.now()
    while clock.now() < start + 3:
        pass

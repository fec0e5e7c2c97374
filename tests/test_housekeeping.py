"""What a broker does for itself, and what somebody asks of it out of turn."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from kpybroker.housekeeping import Errands, Housekeeping
from kpybroker.machine import Instant
from tests.core import Bench
from tests.requests import metadata


def counted(seen: list[int], number: int) -> Generator[None, None, str]:
    for _ in range(3):
        seen.append(number)
        yield
    return f"done {number}"


def test_errands_are_done_in_slices() -> None:
    """One wake does one slice; a second errand begins when the first is over, and each is told what it came to."""
    errands = Errands()
    seen: list[int] = []
    told: list[object] = []
    assert errands.due() is None
    errands.ask(counted(seen, 1), told.append)
    errands.ask(counted(seen, 2), told.append)
    wakes = 0
    while errands.due() is not None:
        errands.expire(0)
        wakes += 1
        assert len(seen) <= wakes
    assert seen == [1, 1, 1, 2, 2, 2]
    assert told == ["done 1", "done 2"]


def test_an_errand_that_fails() -> None:
    """Who has asked is told why, the broker notes the bug and goes on serving."""
    bench = Bench()
    told: list[object] = []

    def failing() -> Generator[None, None, None]:
        yield
        raise RuntimeError("no luck")

    bench.state.housekeeping.errands.ask(failing(), told.append)
    bench.advance(0)
    (failure,) = told
    assert isinstance(failure, RuntimeError)
    assert bench.core.bugs == [failure]
    assert bench.connect().ask(metadata(), 9).brokers


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_due_when_all_is_done(number: int) -> None:
    """After the last slice there is no deadline left."""
    errands = Errands()
    for one in range(number):
        errands.ask(counted([], one), lambda answer: None)
    for _ in range(4 * number):
        assert errands.due() is not None
        errands.expire(0)
    assert errands.due() is None


class Alternating:
    """A chore that is due when the other is not."""

    def __init__(self, seen: list[str], name: str) -> None:
        self.is_due = True
        self.other = self
        self._seen = seen
        self._name = name

    def due(self) -> Instant | None:
        return 0 if self.is_due else None

    def expire(self, now: Instant) -> None:
        self._seen.append(self._name)
        self.other.is_due = False


def test_a_chore_may_take_the_place_of_another() -> None:
    """What one has done counts in the same wake: a log that is compacted on demand is not compacted beside that."""
    seen: list[str] = []
    first, second = Alternating(seen, "first"), Alternating(seen, "second")
    first.other = second
    housekeeping = Housekeeping()
    housekeeping.add(first, second)
    for chore in housekeeping.at_hand(0):
        chore.expire(0)
    assert seen == ["first"]

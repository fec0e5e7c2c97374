"""What a broker does for itself in the course of time: chores, each with its next moment, done a slice at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from kpybroker.machine import AT_ONCE, Instant


class Chore(Protocol):
    """Work that nobody has asked for. One that is not through with it is due again at once; one that fails is asked
    again when it says: it moves its deadline before it does anything that may fail."""

    def due(self) -> Instant | None: ...

    def expire(self, now: Instant) -> None: ...  # one slice, of at most a millisecond, of what is due


class Errands:
    """Work that somebody asks for out of turn, piece after piece; a chore. Who asked is told what it came to."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Generator[None, None, object], Callable[[object], None]]] = deque()

    def ask(self, work: Generator[None, None, object], done: Callable[[object], None]) -> None:
        """`done` gets what the work returns, or the exception that it ends with."""
        self._waiting.append((work, done))

    def due(self) -> Instant | None:
        return AT_ONCE if self._waiting else None

    def expire(self, now: Instant) -> None:
        work, done = self._waiting.popleft()
        try:
            next(work)
        except StopIteration as end:
            done(end.value)
        except BaseException as failure:
            done(failure)
            raise
        else:
            self._waiting.appendleft((work, done))

    def stop(self) -> None:
        """The end: what is under way is given up, and leaves nothing half done behind."""
        while self._waiting:
            work, _ = self._waiting.popleft()
            work.close()


class Housekeeping:
    """All chores of one broker, in the order in which they were added."""

    def __init__(self) -> None:
        self.errands = Errands()
        self.nudge: Callable[[], None] = _nothing  # called when a deadline has come up without a request
        self._chores: list[Chore] = [self.errands]

    def add(self, *chores: Chore) -> None:
        self._chores += chores

    def due(self, first: Instant | None = None) -> Instant | None:
        """The first moment that a chore waits for, or `first`, if that is earlier; asked after every answer."""
        for chore in self._chores:
            at = chore.due()
            if at is not None and (first is None or at < first):
                first = at
        return first

    def at_hand(self, now: Instant) -> Iterator[Chore]:
        """Those that are due, each asked when its turn has come: one before it may have changed its mind."""
        return (chore for chore in self._chores if (at := chore.due()) is not None and at <= now)


def _nothing() -> None:
    """Nobody has to be told."""

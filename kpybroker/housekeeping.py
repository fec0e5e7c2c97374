"""What a broker does for itself in the course of time: chores, each with its next moment, done a slice at a time."""

from __future__ import annotations

from typing import Protocol

from kpybroker.machine import Instant


class Chore(Protocol):
    """Work that nobody has asked for. One that is not through with it is due again at once; one that fails is asked
    again when it says: it moves its deadline before it does anything that may fail."""

    def due(self) -> Instant | None: ...

    def expire(self, now: Instant) -> None: ...  # one slice, of at most a millisecond, of what is due


class Housekeeping:
    """All chores of one broker, in the order in which they were added."""

    def __init__(self) -> None:
        self._chores: list[Chore] = []

    def add(self, *chores: Chore) -> None:
        self._chores += chores

    def due(self) -> Instant | None:
        return min((at for chore in self._chores if (at := chore.due()) is not None), default=None)

    def at_hand(self, now: Instant) -> list[Chore]:
        """Those that are due."""
        return [chore for chore in self._chores if (at := chore.due()) is not None and at <= now]

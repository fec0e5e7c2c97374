"""Requests that wait for data or for time: parked handlers, woken by the partitions they watch or by their deadline."""

from __future__ import annotations

from heapq import heappop, heappush

from kpybroker.machine import Instant, Key, Ticket, Wait, Waiting

FEW_DEADLINES = 64  # below that, those of who has gone on are not worth looking for


class Waiters:
    """Parked handlers by ticket. What is touched or due is handed out in ticket order, so every run wakes alike."""

    def __init__(self) -> None:
        self._parked: dict[Ticket, tuple[Waiting, Wait]] = {}
        self._watchers: dict[Key, dict[Ticket, None]] = {}
        self._deadlines: list[tuple[Instant, Ticket]] = []
        self._touched: dict[Ticket, None] = {}

    def __len__(self) -> int:
        return len(self._parked)

    def park(self, ticket: Ticket, handler: Waiting, wait: Wait) -> None:
        self._parked[ticket] = handler, wait
        for key in wait.watch:
            self._watchers.setdefault(key, {})[ticket] = None
        if wait.until is not None:
            if len(self._deadlines) > FEW_DEADLINES + 2 * len(self._parked):
                self._forget_old_deadlines()
            else:
                heappush(self._deadlines, (wait.until, ticket))

    def _forget_old_deadlines(self) -> None:
        """Who was woken before its time has left its deadline behind: were it far off, these would add up."""
        entries = [(wait.until, ticket) for ticket, (_, wait) in self._parked.items() if wait.until is not None]
        self._deadlines = sorted(entries)  # a sorted list is a heap

    def touch(self, key: Key) -> None:
        """Something changed at `key`: whoever watches it is handed out by the next take_touched()."""
        watchers = self._watchers.get(key)
        if watchers:
            self._touched.update(watchers)

    def take_touched(self) -> list[tuple[Ticket, Waiting]]:
        if not self._touched:
            return []
        tickets, self._touched = sorted(self._touched), {}
        return [(ticket, self._unpark(ticket)) for ticket in tickets if ticket in self._parked]

    def due(self) -> Instant | None:
        while self._deadlines:
            until, ticket = self._deadlines[0]
            parked = self._parked.get(ticket)
            if parked is not None and parked[1].until == until:
                return until
            heappop(self._deadlines)
        return None

    def take_due(self, now: Instant) -> list[tuple[Ticket, Waiting]]:
        found = []
        while (until := self.due()) is not None and until <= now:
            _, ticket = heappop(self._deadlines)
            found.append((ticket, self._unpark(ticket)))
        return sorted(found, key=lambda pair: pair[0])

    def drop(self, ticket: Ticket) -> None:
        """The connection is gone: nobody waits for this answer any more."""
        if ticket in self._parked:
            self._unpark(ticket).close()

    def _unpark(self, ticket: Ticket) -> Waiting:
        handler, wait = self._parked.pop(ticket)
        for key in wait.watch:
            watchers = self._watchers[key]
            del watchers[ticket]
            if not watchers:
                del self._watchers[key]
        return handler

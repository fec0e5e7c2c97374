"""The producer ids that this node gives out: blocks of them are taken through the cluster's log."""

from __future__ import annotations

from collections.abc import Callable

from kpybroker.machine import Decision, Instant
from kpybroker.metadata.controller import Controller


class ProducerIds:
    """What is left of a block is lost with the broker, as in Kafka."""

    def __init__(self, controller: Controller, node: int, control: Callable[[Decision, Instant], None]) -> None:
        self._controller = controller
        self._node = node
        self._control = control
        self._next = self._end = 0

    def take(self, now: Instant) -> int:
        """An id that no producer has had."""
        if self._next == self._end:
            first, record = self._controller.next_producer_ids(self._node)
            self._control(Decision((record,)), now)
            self._next, self._end = first, self._controller.image.next_producer_id
        self._next += 1
        return self._next - 1

"""Waiters: who waits for what and until when, and in which order they go on."""

from __future__ import annotations

import inspect

from kpybroker.machine import Wait, Waiting
from kpybroker.waiting import Waiters

A, B, C = ("a", 0), ("a", 1), ("b", 0)


def handler() -> Waiting:
    """What a parked handler is to the waiters: something to hand out, and to close."""
    now = yield Wait((), None)
    return now


def park(waiters: Waiters, ticket: int, *watch: tuple[str, int], until: int | None = None) -> Waiting:
    parked = handler()
    next(parked)
    waiters.park(ticket, parked, Wait(watch, until))
    return parked


def tickets(found: list[tuple[int, Waiting]]) -> list[int]:
    return [ticket for ticket, _ in found]


def test_what_is_touched_goes_on_in_ticket_order() -> None:
    """However they were parked and touched, the request that came first goes on first, each once."""
    waiters = Waiters()
    for ticket, key in [(7, A), (3, B), (5, A), (1, C), (2, B)]:
        park(waiters, ticket, key)
    for key in (B, A, B):
        waiters.touch(key)
    assert tickets(waiters.take_touched()) == [2, 3, 5, 7]
    assert waiters.take_touched() == []
    assert len(waiters) == 1


def test_a_touch_hands_out_the_handler_that_was_parked() -> None:
    """Who is handed out is the one that waits, also if it watches several keys of which two were touched."""
    waiters = Waiters()
    parked = park(waiters, 1, A, B, C)
    waiters.touch(A)
    waiters.touch(C)
    assert waiters.take_touched() == [(1, parked)]
    waiters.touch(B)
    assert waiters.take_touched() == []


def test_nobody_is_woken_by_what_nobody_watches() -> None:
    """A touch of a key without watchers is nothing, and is not remembered for who comes later."""
    waiters = Waiters()
    waiters.touch(A)
    park(waiters, 1, A)
    assert waiters.take_touched() == []


def test_deadlines_are_taken_when_they_are_due_and_in_ticket_order() -> None:
    """All that is due by now is handed out, the request that came first before the deadline that came first."""
    waiters = Waiters()
    for ticket, until in [(1, 300), (2, 100), (3, 200), (4, None), (5, 100)]:
        park(waiters, ticket, A, until=until)
    assert waiters.due() == 100
    assert tickets(waiters.take_due(99)) == []
    assert tickets(waiters.take_due(200)) == [2, 3, 5]
    assert waiters.due() == 300
    assert tickets(waiters.take_due(1000)) == [1]
    assert waiters.due() is None
    assert len(waiters) == 1


def test_what_was_woken_has_no_deadline_any_more() -> None:
    """A handler that data woke is not due later, and one that was due is not woken by data."""
    waiters = Waiters()
    park(waiters, 1, A, until=100)
    park(waiters, 2, B, until=100)
    waiters.touch(A)
    waiters.take_touched()
    assert tickets(waiters.take_due(100)) == [2]
    waiters.touch(B)
    assert waiters.take_touched() == []


def test_parked_again_the_last_wait_counts() -> None:
    """A handler that needs still more may wait for something else, and until another time."""
    waiters = Waiters()
    park(waiters, 1, A, until=100)
    waiters.touch(A)
    waiters.take_touched()
    park(waiters, 1, B, until=250)
    waiters.touch(A)
    assert waiters.take_touched() == []
    assert tickets(waiters.take_due(200)) == []
    assert waiters.due() == 250


def test_a_dropped_waiter_is_closed_and_forgotten() -> None:
    """Its generator ends there, so that what it holds is free; dropping somebody who does not wait is nothing."""
    waiters = Waiters()
    parked = park(waiters, 1, A, until=100)
    waiters.touch(A)
    waiters.drop(1)
    waiters.drop(2)
    assert inspect.getgeneratorstate(parked) == inspect.GEN_CLOSED
    assert waiters.take_touched() == []
    assert waiters.due() is None
    assert len(waiters) == 0


def test_deadlines_of_who_has_gone_on_take_no_room() -> None:
    """A consumer that asks for a wait of weeks and is answered at once, ever again, leaves nothing behind."""
    waiters = Waiters()
    park(waiters, 0, B, until=100)
    for ticket in range(1, 2_000):
        park(waiters, ticket, A, until=10**9 + ticket)
        waiters.touch(A)
        waiters.take_touched()
        assert len(waiters._deadlines) < 200
    assert waiters.due() == 100


def test_a_fetch_that_is_woken_ever_again_has_one_deadline() -> None:
    """A wait for many bytes that each append wakes, and that goes on waiting, costs the same after 2,000 of them."""
    waiters = Waiters()
    for _ in range(2_000):
        park(waiters, 1, A, until=10**9)
        assert waiters.due() == 10**9
        assert len(waiters._deadlines) < 200
        waiters.touch(A)
        assert tickets(waiters.take_touched()) == [1]

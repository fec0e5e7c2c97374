"""What another thread asks of a running broker: done on its loop, a slice at a time between the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import TypeVar, cast

import trio

from kpybroker.machine import Instant
from kpybroker.state import State

LOOK_SECONDS = 1.0  # at whether the broker is still there
Answer = TypeVar("Answer")


def ask(
    token: trio.lowlevel.TrioToken | None,
    thread: threading.Thread | None,
    state: State,
    now: Callable[[], Instant],
    begin: Callable[[State, Instant], Generator[None, None, Answer]],
) -> Answer:
    """What the work comes to. Blocks, so it is not for the broker's own thread."""
    if token is None or thread is None:
        raise RuntimeError("the broker is not running: use it inside its with block")
    answered = threading.Event()
    answers: list[object] = []

    def done(answer: object) -> None:
        answers.append(answer)
        answered.set()

    token.run_sync_soon(partial(_begin, state, now, begin, done))
    while not answered.wait(LOOK_SECONDS):
        if not thread.is_alive():
            raise RuntimeError("the broker has stopped meanwhile")
    (answer,) = answers
    if isinstance(answer, BaseException):
        raise answer
    return cast(Answer, answer)


def _begin(
    state: State,
    now: Callable[[], Instant],
    begin: Callable[[State, Instant], Generator[None, None, object]],
    done: Callable[[object], None],
) -> None:
    state.housekeeping.errands.ask(begin(state, now()), done)
    state.housekeeping.nudge()

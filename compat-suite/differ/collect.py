"""Finds the cases and conversations, and runs one against a broker."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from differ import cases, conversations
from differ.served import LATEST, SERVED, brought_into
from differ.talk import Step, Stopped, Talk
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import Versions


class Case(NamedTuple):
    """One function at one version, against one release. `book` is its golden file, `key` its line there."""

    release: str
    book: str
    key: str
    api: str
    version: int
    play: Callable[[Talk], None]

    @property
    def name(self) -> str:
        return f"{self.book}/{self.key}"


def all_cases(release: str = LATEST) -> list[Case]:
    """Every case at every version that the release answers, in the order in which they are written."""
    found: list[Case] = []
    for package, prefix in ((cases, ""), (conversations, "conversations/")):
        for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
            found += cases_of(import_module(f"{package.__name__}.{name}"), prefix + name, release)
    return found


def cases_of(module: ModuleType, book: str, release: str) -> Iterator[Case]:
    api: str = module.API
    served = SERVED[release].get(api)
    if served is None:
        return
    for name, play in vars(module).items():
        if not inspect.isfunction(play) or play.__module__ != module.__name__ or name.startswith("_"):
            continue
        narrowed: Versions = getattr(play, "versions", getattr(module, "VERSIONS", served))
        first, last = max(narrowed.first, served.first), min(narrowed.last, served.last)
        if first > last and book.startswith("conversations/"):  # it is about more than this API's version
            first = last = brought_into(served, narrowed.last)
        for version in range(first, last + 1):
            yield Case(release, book, f"{name} v{version}", api, version, play)


def run(case: Case, address: tuple[str, int], most: int | None = None) -> list[list[Any]]:
    """The answers that the broker gave, as [label, answer] each; the case ends early after `most` of them."""
    topic_prefix = f"{case.book.replace('/', '-')}-{case.play.__name__}"
    talk = Talk(address, topic_prefix, case.api, case.version, case.release)
    talk.most = most
    try:
        case.play(talk)
    except (Stopped, WireError, OSError, LookupError, AttributeError, AssertionError) as reason:
        talk.steps.append(Step("stopped", f"{type(reason).__name__}: {reason}"))
    return [[step.label, step.answer] for step in talk.finish()]


def prepare(address: tuple[str, int]) -> None:
    """Waits until the broker has both coordinators: their topics exist before the first case asks."""
    talk = Talk(address, "prepare", "FindCoordinator", 6)
    for key_type in (0, 1):
        talk.until_quietly(
            lambda a: a.coordinators[0].error_code != 15,
            "FindCoordinator",
            at=6,
            key_type=key_type,
            coordinator_keys=[talk.name_of("any")],
        )
    group = {"group_id": talk.name_of("group"), "member_id": None, "topics": None}
    talk.until_quietly(lambda a: a.groups[0].error_code == 0, "OffsetFetch", at=9, groups=[group])
    talk.until_quietly(lambda a: a.error_code == 0, "InitProducerId", at=4, transactional_id=None)
    talk.finish()

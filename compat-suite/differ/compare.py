"""Two recordings side by side: where they part, and which of those differences are listed with a reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ALLOWED = Path(__file__).with_name("allowed.toml")
MISSING = "(missing)"
LABELS = ("api_key", "name")


class Difference(NamedTuple):
    case: str
    path: str
    expected: Any
    got: Any


class Allowed(NamedTuple):
    """A difference that stays, from `release` or from all. `wording`: only where both sides are text, not empty."""

    case: str
    path: str
    reason: str
    source: str
    wording: bool = False
    release: str = ""

    def covers(self, found: Difference) -> bool:
        if self.wording and not all(isinstance(v, str) and v for v in (found.expected, found.got)):
            return False
        return bool(re.search(self.case, found.case) and re.search(self.path, found.path))


def load_allowed(path: Path = ALLOWED) -> list[Allowed]:
    return [Allowed(**entry) for entry in tomllib.loads(path.read_text()).get("difference", [])]


def allowed_from(release: str) -> list[Allowed]:
    """The differences that may be from this release of Kafka."""
    return [entry for entry in load_allowed() if entry.release in ("", release)]


def differences(case: str, expected: list[list[Any]], got: list[list[Any]]) -> Iterator[Difference]:
    """Where the answers to one case part. A path begins with the step: `2 Fetch v4: responses[0].error_code`."""
    for i in range(max(len(expected), len(got))):
        wanted = expected[i] if i < len(expected) else [MISSING, MISSING]
        found = got[i] if i < len(got) else [MISSING, MISSING]
        if wanted[0] != found[0]:
            yield Difference(case, f"{i + 1}", wanted, found)
            return
        for path, one, other in _parts(wanted[1], found[1], ""):
            yield Difference(case, f"{i + 1} {wanted[0]}: {path.lstrip('.')}", one, other)


def _parts(expected: Any, got: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in [*expected, *(key for key in got if key not in expected)]:
            yield from _parts(expected.get(key, MISSING), got.get(key, MISSING), f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(got, list):
        one, other = _labelled(expected), _labelled(got)
        if [label for label in one if label in other] != [label for label in other if label in one]:
            yield f"{path}[order]", list(one), list(other)
        for label in [*one, *(label for label in other if label not in one)]:
            yield from _parts(one.get(label, MISSING), other.get(label, MISSING), f"{path}[{label}]")
    elif expected != got or type(expected) is not type(got):
        yield path, expected, got


def _labelled(items: list[Any]) -> dict[Any, Any]:
    """Each element under its name or API key where it has one of its own, else under its position."""
    for field in LABELS:
        labels = [item.get(field) if isinstance(item, dict) else None for item in items]
        if None not in labels and len(set(labels)) == len(labels):
            return dict(zip(labels, items, strict=True))
    return dict(enumerate(items))


def split(found: list[Difference], allowed: list[Allowed]) -> tuple[list[Difference], list[Difference]]:
    """(not listed, listed)"""
    listed = [d for d in found if any(a.covers(d) for a in allowed)]
    return [d for d in found if d not in listed], listed

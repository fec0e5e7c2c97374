"""What a topic may be called (org.apache.kafka.common.internals.Topic)."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_LENGTH = 249
_LEGAL = re.compile(r"[a-zA-Z0-9._-]+")


def refuse_name(name: str) -> str | None:
    """Why `name` is not a topic name; None if it is one."""
    if not name:
        return "a topic name is not empty"
    if name in (".", ".."):
        return "a topic name is not '.' or '..'"
    if len(name) > MAX_LENGTH:
        return f"a topic name has at most {MAX_LENGTH} characters, not {len(name)}"
    if _LEGAL.fullmatch(name) is None:
        return f"a topic name is made of letters, digits, '.', '_' and '-': {name!r}"
    return None


def colliding(name: str, names: Iterable[str]) -> str | None:
    """An existing topic whose metric name would be the same: '.' and '_' are one there."""
    if "." not in name and "_" not in name:
        return None
    flat = name.replace(".", "_")
    return next((other for other in names if other.replace(".", "_") == flat), None)

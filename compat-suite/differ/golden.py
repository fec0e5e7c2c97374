"""The golden files: what each release of Apache Kafka answered, one line for each case and version.

An older release's line says SAME where it answered as the latest one did, which is nearly everywhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from differ.served import LATEST, RELEASES

HOME = Path(__file__).resolve().parents[2] / "tests" / "golden"
Lines = dict[str, list[list[Any]]]  # "case v3": [[label, answer], ...]
SAME = "="


def load(book: str, release: str = LATEST, home: Path = HOME) -> Lines:
    """What a golden file says; nothing where none was recorded."""
    lines = _read(book, release, home)
    if release == LATEST:
        return lines
    latest = _read(book, LATEST, home)
    return {key: latest[key] if steps == SAME else steps for key, steps in lines.items()}


def differing(book: str, release: str, home: Path = HOME) -> set[str]:
    """The lines in which a release answered otherwise than the latest one."""
    return {key for key, steps in _read(book, release, home).items() if steps != SAME}


def has_stopped(steps: list[list[Any]]) -> bool:
    """The case could not go on."""
    return bool(steps) and steps[-1][0] == "stopped"


def save(book: str, lines: Lines, release: str = LATEST, home: Path = HOME) -> None:
    """Writes a golden file. What older releases answered stays what it is when the latest one's answers change."""
    older = {other: load(book, other, home) for other in RELEASES if other != LATEST}
    if release == LATEST:
        _write(book, lines, release, home)
    else:
        older[release] = lines
    latest = _read(book, LATEST, home)
    for other, kept in older.items():
        if kept:
            _write(book, {k: SAME if latest.get(k) == steps else steps for k, steps in kept.items()}, other, home)


def _read(book: str, release: str, home: Path) -> dict[str, Any]:
    path = home / release / f"{book}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _write(book: str, lines: dict[str, Any], release: str, home: Path) -> None:
    path = home / release / f"{book}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    compact = (f"{json.dumps(key)}: {json.dumps(steps, separators=(',', ':'))}" for key, steps in lines.items())
    path.write_text("{\n" + ",\n".join(compact) + "\n}\n")

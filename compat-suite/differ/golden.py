"""The golden files: what Apache Kafka answered, one line for each case and version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RELEASE = "4.3.1"
HOME = Path(__file__).resolve().parents[2] / "tests" / "golden" / RELEASE
Book = dict[str, list[list[Any]]]  # "case v3": [[label, answer], ...]


def load(book: str, home: Path = HOME) -> Book:
    """A golden file; empty where none was recorded."""
    path = home / f"{book}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def save(book: str, lines: Book, home: Path = HOME) -> None:
    path = home / f"{book}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    compact = (f"{json.dumps(key)}: {json.dumps(steps, separators=(',', ':'))}" for key, steps in lines.items())
    path.write_text("{\n" + ",\n".join(compact) + "\n}\n")

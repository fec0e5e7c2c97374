"""What a look at a data directory has found: what is wrong or worth a word, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

TOLD_OF_A_FILE = 20  # problems; a broken index would tell of each of its entries


class Severity(StrEnum):
    PROBLEM = "problem"
    NOTE = "note"  # harmless


class Finding(NamedTuple):
    severity: Severity
    path: str
    where: str  # `at` a position in bytes, or a `line`; empty where it is about all of the file
    what: str
    advice: str

    def __str__(self) -> str:
        place = f"{self.path} {self.where}" if self.where else self.path
        return f"{self.severity}: {place}: {self.what}; {self.advice}"


class Report:
    """Findings as they come, and the counts of what was looked at."""

    def __init__(self, tell: Callable[[Finding], None], looked_at: Callable[[int], None] = lambda _: None) -> None:
        self._tell = tell
        self._looked_at = looked_at
        self._of_file: dict[str, int] = {}
        self.files = self.bytes = self.batches = self.records = self.problems = self.notes = 0

    def problem(self, path: str, where: str, what: str, advice: str) -> None:
        self.problems += 1
        told = self._of_file[path] = self._of_file.get(path, 0) + 1
        if told < TOLD_OF_A_FILE:
            self._tell(Finding(Severity.PROBLEM, path, where, what, advice))
        elif told == TOLD_OF_A_FILE:
            self._tell(Finding(Severity.PROBLEM, path, where, what, "what more there is of this file is counted only"))

    def note(self, path: str, where: str, what: str, advice: str) -> None:
        self.notes += 1
        self._tell(Finding(Severity.NOTE, path, where, what, advice))

    def saw(self, size: int) -> None:
        """So many more bytes were looked at."""
        self.bytes += size
        self._looked_at(size)

    def saw_file(self, size: int = 0) -> None:
        self.files += 1
        if size:
            self.saw(size)

"""What Apache Kafka 3.9.1 answered to Fetch before version 4, and what it had stored (tests/data/legacy)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import NamedTuple

from kpybroker.wire.records import read_header

DATA = Path(__file__).parents[1] / "data/legacy/answers.txt"


class Answer(NamedTuple):
    """One answer, and the bytes of the log that it was made of."""

    log: str
    version: int
    offset: int
    limit: int
    error: int
    data: bytes
    stored: bytes

    @property
    def name(self) -> str:
        return f"{self.log}-v{self.version}-{self.offset}-{self.limit}"

    @property
    def magic(self) -> int:
        return 0 if self.version < 2 else 1


def _load() -> list[Answer]:
    stored: dict[tuple[str, str], bytes] = {}
    found: list[Answer] = []
    for line in DATA.read_text().splitlines():
        kind, log, *rest = line.split(" ")
        if kind == "stored":
            stored[log, rest[0]] = base64.b64decode(rest[1])
            continue
        version, offset, limit, error = map(int, rest[:4])
        whole = stored[log, rest[1]]
        # The first batch comes whole from version 3 on (KIP-74).
        size = max(limit, read_header(whole).size) if whole and version == 3 else limit
        found.append(Answer(log, version, offset, limit, error, base64.b64decode(rest[4]), whole[:size]))
    return found


ANSWERS = _load()

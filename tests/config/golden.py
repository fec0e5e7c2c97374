"""What Apache Kafka 4.3.1 said, recorded: its definitions and descriptions, what it starts with, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "data" / "config"


def golden(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())

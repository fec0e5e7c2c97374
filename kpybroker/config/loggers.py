"""The loggers of a broker that a client may ask for, and their levels (KIP-412); gone with the process, as in Kafka."""

from __future__ import annotations

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
ROOT = "root"


class Loggers:
    """Levels by name. Kafka has one logger for each of its Java classes; here is the root logger alone."""

    def __init__(self) -> None:
        self.levels = {ROOT: "INFO"}

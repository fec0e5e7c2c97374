"""What the tests of the logs share: batches at their offsets, and the directory that Apache Kafka 4.3.1 wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kpybroker.storage.files import Files, Slice
from kpybroker.storage.log import Log
from kpybroker.storage.recovery import Recovery, open_log
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.records import build, read_header

KAFKA = Path(__file__).parent.parent / "data" / "storage"
SMALL = LogConfig(segment_bytes=2000, index_interval_bytes=150)
NOW = 1_700_000_000_000
DIRECTORY = "topic-0"


def batch(base_offset: int, *, count: int = 1, size: int = 20, timestamp: int = NOW, epoch: int = 0) -> bytes:
    values = [(timestamp, None, b"v" * size, ())] * count
    return build(values, base_offset=base_offset, leader_epoch=epoch)


def append(log: Log, *batches: bytes, now: int = NOW) -> None:
    log.append(b"".join(batches), [read_header(one) for one in batches], now)


def fill(log: Log, number: int, **options: int) -> list[bytes]:
    """Append so many batches of one record, each by itself."""
    written = []
    for _ in range(number):
        written.append(batch(log.end_offset, **options))
        append(log, written[-1])
    return written


def reopen(files: Files, *, clean: bool, config: LogConfig = SMALL, **points: Any) -> tuple[Log, Recovery]:
    return open_log(files, DIRECTORY, config, NOW, clean=clean, **points)


def read(log: Log, offset: int, max_bytes: int = 1 << 30, **options: Any) -> bytes:
    options.setdefault("upper_bound", log.end_offset)
    found = log.read(offset, max_bytes, **options)
    if found is None:
        return b""
    assert isinstance(found, Slice), found
    data = found.read()
    assert len(data) == len(found)
    return data


def segment_names(files: Files) -> list[str]:
    return [name for name in files.list(DIRECTORY) if name.endswith(".log")]


def kafka_lookups() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((KAFKA / "lookups.json").read_text())
    return found

"""Directories that Apache Kafka wrote, in tests/data/directories: kafka, of 4.3.1, and kafka-3.9.1; record.py and
record_older.py tell how."""

from __future__ import annotations

import shutil
from pathlib import Path

from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import RealFiles
from kpybroker.storage.segment import LogConfig
from tests.core import META, START, Bench

DIRECTORY = Path(__file__).parent.parent / "data" / "directories" / "kafka"
OLDER = DIRECTORY.parent / "kafka-3.9.1"
METADATA = "__cluster_metadata-0"
SNAPSHOTS = sorted(f"{METADATA}/{path.name}" for path in (DIRECTORY / METADATA).glob("*.checkpoint"))
SNAPSHOT = SNAPSHOTS[-1]
SEGMENT = min(path.name for path in (DIRECTORY / METADATA).glob("*.log"))
CUT_AT = int(SNAPSHOT.rpartition("/")[2][:20])  # where the records begin that are not in the snapshot
BASE = int(SEGMENT[:20])  # where its log begins


def copied(folder: Path, directory: Path = DIRECTORY) -> Path:
    """A copy to start a broker on."""
    return Path(shutil.copytree(directory, folder / "data"))


def started(data: Path, now: int = START) -> Bench:
    files = RealFiles(str(data))
    meta = META._replace(cluster_id="")
    return Bench(directory=DataDirectory.open(files, meta, lambda topic: LogConfig(), now), now=now)

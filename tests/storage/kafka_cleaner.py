"""Apache Kafka's own cleaner over the logs of cleaned.py, and its results for the test that has no Java:
python -m tests.storage.kafka_cleaner KAFKA/libs"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kpybroker.storage.files import RealFiles
from tests.storage.cleaned import DIRECTORY, RECORDED, SEEDS, Compacted, Pass, digest, look, play

PROGRAM = Path(__file__).parent / "Clean.java"


class KafkaCleaner:
    """One Java process; `clean` works on a directory in place."""

    def __init__(self, libraries: str) -> None:
        command = ["java", "-Xmx512m", "-cp", f"{libraries}/*", str(PROGRAM)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def clean(self, directory: str, todo: Pass) -> dict[str, Any]:
        asked = {
            "directory": directory,
            "config": {
                "cleanup.policy": "compact",
                "internal.segment.bytes": todo.config.segment_bytes,
                "index.interval.bytes": todo.config.index_interval_bytes,
                "segment.index.bytes": todo.config.segment_index_bytes,
                "delete.retention.ms": todo.delete_retention_ms,
            },
            "memory": todo.memory,
            "load": todo.load,
            "first_dirty": todo.extent.first_dirty,
            "first_uncleanable": todo.extent.first_uncleanable,
            "now": todo.now,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the cleaner has died of {asked}"
        found: dict[str, Any] = json.loads(answer)
        return found


def judged(seed: int, cleaner: KafkaCleaner) -> tuple[list[Any], list[Any]]:
    """What our passes over the log of a seed leave, and what Kafka's leave of the same logs."""
    theirs: list[Any] = []

    def judge(compacted: Compacted, todo: Pass) -> None:
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(f"{compacted.files.root}/{DIRECTORY}", f"{copy}/{DIRECTORY}")
            answer = cleaner.clean(f"{copy}/{DIRECTORY}", todo)
            end = todo.extent.first_uncleanable
            left = look(RealFiles(copy), end, is_compressed=compacted.codec > 0)
            theirs.append([answer["end_offset"], left])

    with tempfile.TemporaryDirectory() as root:
        ours = play(seed, root, judge)
    return ours, theirs


def main() -> None:
    with KafkaCleaner(sys.argv[1]) as cleaner:
        found = [[[end, digest(files)] for end, files in judged(seed, cleaner)[1]] for seed in range(SEEDS)]
    RECORDED.write_text(",\n".join(map(json.dumps, found)).join(("[\n", "\n]\n")))


if __name__ == "__main__":
    main()

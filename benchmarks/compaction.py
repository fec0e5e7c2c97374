"""One compaction of a log of small keyed records, here and by Apache Kafka's own cleaner: CPU and memory.

python benchmarks/compaction.py --kafka KAFKA/libs [--megabytes 200] [--batch 100] [--codec none]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from kpybroker.storage.cleaning import Cleaning  # noqa: E402
from kpybroker.storage.files import RealFiles  # noqa: E402
from kpybroker.storage.learning import Extent  # noqa: E402
from kpybroker.storage.log import Log  # noqa: E402
from kpybroker.storage.offset_map import OffsetMap  # noqa: E402
from kpybroker.storage.producers import Producers  # noqa: E402
from kpybroker.storage.recovery import open_log  # noqa: E402
from kpybroker.storage.segment import LogConfig  # noqa: E402
from kpybroker.wire.compression import NAMES  # noqa: E402
from kpybroker.wire.records import build, read_header  # noqa: E402

DIRECTORY = "t-0"
NOW = 1_700_000_000_000
RECORD_BYTES = 100
DEDUPE_BYTES, LOAD = 128 * 1024 * 1024, 0.9  # log.cleaner.dedupe.buffer.size, log.cleaner.io.buffer.load.factor
CONFIG = LogConfig(segment_bytes=16 * 1024 * 1024)
RETENTION_MS = 86_400_000


def write(root: str, megabytes: int, batch: int, codec: int) -> int:
    """A log of that size of records with a tenth as many keys; returns where it ends."""
    chance = random.Random(1)
    log = Log(RealFiles(root), DIRECTORY, CONFIG, NOW)
    count = megabytes * 1_000_000 // RECORD_BYTES
    for first in range(0, count, batch):
        records = [
            (NOW + first, b"key-%010d" % chance.randrange(count // 10), chance.randbytes(70), ())
            for _ in range(min(batch, count - first))
        ]
        data = build(records, base_offset=log.end_offset, leader_epoch=0, codec=codec)
        log.append(data, (read_header(data),), NOW + first)
    log.roll(NOW)
    log.close()
    return log.end_offset


def here(root: str) -> None:
    """Cleans the log, and prints what that took."""
    log, _ = open_log(RealFiles(root), DIRECTORY, CONFIG, NOW, clean=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    active = log.segments.last
    assert active is not None
    offsets = OffsetMap(DEDUPE_BYTES, LOAD, log.end_offset)
    cleaning = Cleaning(log, Extent(0, active.base_offset), offsets, Producers(), RETENTION_MS, NOW)
    slices, longest, begun = 0, 0.0, time.thread_time()
    for syncs in cleaning.steps():
        ended = time.thread_time()
        slices, longest = slices + 1, max(longest, ended - begun)
        for sync in syncs:
            sync()
        begun = time.thread_time()
    assert cleaning.cleaned is not None
    found = {
        "cpu_seconds": time.process_time() - cpu,
        "peak_memory_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "slices": slices,
        "longest_slice_cpu_ms": longest * 1000,
        "bytes_before": cleaning.cleaned.bytes_before,
        "bytes_after": cleaning.cleaned.bytes_after,
        "keys": offsets.entries,
    }
    print(json.dumps(found))


def kafka(root: str, libraries: str, end_offset: int) -> dict[str, float]:
    """The same by Apache Kafka, its thread's CPU and that of its whole process, which compiles code meanwhile."""
    program = ROOT / "tests" / "storage" / "Clean.java"
    asked = {
        "directory": f"{root}/{DIRECTORY}",
        "config": {"cleanup.policy": "compact", "internal.segment.bytes": CONFIG.segment_bytes},
        "memory": DEDUPE_BYTES,
        "load": LOAD,
        "first_dirty": 0,
        "first_uncleanable": end_offset,
        "now": NOW,
    }
    command = ["java", "-Xmx1g", "-cp", f"{libraries}/*", str(program)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        input=json.dumps(asked) + "\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_seconds": json.loads(done.stdout)["cpu_ns"] / 1e9,
        "process_cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def same(one: str, other: str) -> bool:
    """Whether both have left the same bytes."""
    names = [name for name in os.listdir(f"{one}/{DIRECTORY}") if name.endswith((".log", "index"))]
    return all(
        Path(one, DIRECTORY, name).read_bytes() == Path(other, DIRECTORY, name).read_bytes() for name in sorted(names)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kafka", help="the folder of Apache Kafka's jars")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--batch", type=int, default=100, help="records in a batch")
    parser.add_argument("--codec", choices=NAMES, default="none")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        here(options.here)
        return
    with tempfile.TemporaryDirectory() as root:
        end_offset = write(f"{root}/ours", options.megabytes, options.batch, NAMES.index(options.codec))
        shutil.copytree(f"{root}/ours", f"{root}/theirs")
        command = [sys.executable, __file__, "--here", f"{root}/ours"]
        ours = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        print("here ", json.dumps(ours))
        if options.kafka:
            theirs = kafka(f"{root}/theirs", options.kafka, end_offset)
            print("kafka", json.dumps(theirs))
            print(f"times Kafka's CPU: {ours['cpu_seconds'] / theirs['cpu_seconds']:.2f}")
            if options.codec == "none":
                print(f"same bytes: {same(f'{root}/ours', f'{root}/theirs')}")


if __name__ == "__main__":
    main()

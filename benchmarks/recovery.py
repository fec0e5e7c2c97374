"""How long a start takes on a directory that a kill has left, or a clean stop, beside Apache Kafka on the same files.

Run: python benchmarks/recovery.py [--mib 1024] [--batch 16384] [--idempotent] [--jars DIR] [--port 9092]. It makes the
directory by way of a kpybroker that is killed, and starts each broker on copies of it. What recovery alone takes both
say themselves; a start of Kafka after a kill also waits for its own old registration to end. Without --jars kpybroker
is measured alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kpybroker.wire.messages.api_versions import ApiVersionsRequest
from kpybroker.wire.records import build
from tests.process import Link
from tests.requests import create_topic, metadata, produce, produced

PATIENCE_S = 600
TIME = 1_700_000_000_000
RECORD_BYTES = 1000


class Started:
    """A broker in a process of its own, and how long it took."""

    def __init__(self, command: list[str], port: int, *, ready_line: bool) -> None:
        begun = time.perf_counter()
        # stdout is read only where it is waited for
        out = subprocess.PIPE if ready_line else subprocess.DEVNULL
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  `end` reads it
        self.process = subprocess.Popen(command, stdout=out, stderr=self._said, text=True)
        if ready_line:
            assert self.process.stdout is not None
            self.process.stdout.readline()
        self.link = _connected(port, self.process)
        self.seconds = time.perf_counter() - begun

    def end(self, number: int) -> str:
        """What it said meanwhile on stderr."""
        self.link.close()
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        with self._said:
            self._said.seek(0)
            return self._said.read()


def _connected(port: int, process: subprocess.Popen[str]) -> Link:
    """As soon as a request is answered, and every partition that there is has its leader."""
    for _ in range(PATIENCE_S * 100):
        assert process.poll() is None, "the broker has ended"
        try:
            link = Link(("127.0.0.1", port))
            link.ask(ApiVersionsRequest(), 0)
            topics = link.ask(metadata(), 9).topics
            if all(part.error_code == 0 for topic in topics for part in topic.partitions):
                return link
        except (OSError, AssertionError):
            pass
        time.sleep(0.01)
    raise TimeoutError


def kpybroker(port: int, directory: Path) -> list[str]:
    where = ["--port", str(port), "--data-dir", str(directory)]
    return [sys.executable, "-m", "kpybroker", "start", *where]


def kafka(jars: str, port: int, directory: Path) -> list[str]:
    settings = directory.with_suffix(".properties")
    settings.write_text(
        "process.roles=broker,controller\nnode.id=1\n"
        f"controller.quorum.voters=1@127.0.0.1:{port + 1}\n"
        f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}\n"
        "controller.listener.names=CONTROLLER\noffsets.topic.replication.factor=1\n"
        f"log.dirs={directory}\n"
    )
    java = ["java", "-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC"]
    quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.log.kafka.log.LogManager=info"]
    return [*java, *quiet, "-cp", f"{jars}/*", "kafka.Kafka", str(settings)]


def fill(link: Link, partitions: int, total_bytes: int, batch_bytes: int, *, idempotent: bool) -> None:
    link.ask(create_topic("filled", partitions), 7)
    count = max(1, batch_bytes // RECORD_BYTES)
    rows = [(TIME, None, os.urandom(RECORD_BYTES), ()) for _ in range(count)]
    sequence = 0
    written = 0
    while written < total_bytes:
        ids = {"producer_id": 5, "producer_epoch": 0, "base_sequence": sequence} if idempotent else {}
        data = build(rows, **ids)
        for index in range(partitions):
            link.send(produce("filled", index=index, data=data), 9)
        for _ in range(partitions):
            assert produced(link.answer())[0] == 0
        sequence += count
        written += len(data) * partitions


@contextmanager
def copied(directory: Path) -> Iterator[Path]:
    copy = directory.with_name("copy")
    shutil.copytree(directory, copy)
    os.sync()
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


def measure(name: str, directory: Path, port: int, command: Callable[[Path], list[str]], runs: int) -> None:
    seconds, said = [], ""
    for _ in range(runs):
        with copied(directory) as copy:
            broker = Started(command(copy), port, ready_line=command(copy)[0] == sys.executable)
            seconds.append(broker.seconds)
            said = broker.end(signal.SIGKILL)
    print(f"{name:48} {statistics.median(seconds):8.2f} {min(seconds):8.2f} {max(seconds):8.2f}", flush=True)
    for line in said.splitlines():
        if "recovered" in line or "LogManager - Loaded" in line:
            print(f"    {line.partition('INFO ')[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="how much there is to recover")
    parser.add_argument("--partitions", type=int, default=100, help="in how many logs")
    parser.add_argument("--batch", type=int, default=16384, help="bytes of a batch, of records of 1 KB")
    parser.add_argument("--idempotent", action="store_true", help="batches of a producer that has an id")
    parser.add_argument("--many", type=int, default=1000, help="partitions of the start after a clean stop")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jars", default="", help="the libs directory of Apache Kafka 4.3.1")
    parser.add_argument("--port", type=int, default=9092)
    told = parser.parse_args()
    port = told.port
    with tempfile.TemporaryDirectory() as folder:
        killed, clean, many = [Path(folder) / name for name in ("killed", "clean", "many")]
        broker = Started(kpybroker(port, killed), port, ready_line=True)
        fill(broker.link, told.partitions, told.mib << 20, told.batch, idempotent=told.idempotent)
        broker.end(signal.SIGKILL)
        shutil.copytree(killed, clean)
        Started(kpybroker(port, clean), port, ready_line=True).end(signal.SIGTERM)
        broker = Started(kpybroker(port, many), port, ready_line=True)
        fill(broker.link, told.many, 1, RECORD_BYTES, idempotent=False)
        broker.end(signal.SIGTERM)
        print(f"{'seconds from the command to ready':48} {'median':>8} {'least':>8} {'most':>8}")
        size = f"{told.mib:,} MiB in {told.partitions} partitions"
        for name, path in (("killed", killed), ("clean", clean)):
            measure(f"kpybroker, {size}, {name}", path, port, lambda copy: kpybroker(port, copy), told.runs)
        measure(
            f"kpybroker, {told.many:,} partitions, clean", many, port, lambda copy: kpybroker(port, copy), told.runs
        )
        for name, path in (("killed", killed), ("clean", clean)) if told.jars else ():
            measure(f"Kafka, {size}, {name}", path, port, lambda copy: kafka(told.jars, port, copy), told.runs)


if __name__ == "__main__":
    main()

"""How long a broker takes to start inside a process that has imported it: the first one, and further ones.

Run: python benchmarks/in_process.py [--brokers N]. Prints milliseconds: median, least and most.
"""

from __future__ import annotations

import argparse
import statistics
import time

from kpybroker.server.face import Broker


def start_and_stop() -> tuple[float, float]:
    """Milliseconds until every listener accepts, and until everything is gone again."""
    begun = time.perf_counter()
    broker = Broker().start()
    started = time.perf_counter()
    broker.stop()
    return (started - begun) * 1000, (time.perf_counter() - started) * 1000


def row(name: str, values: list[float]) -> str:
    return f"{name:16} {statistics.median(values):8.2f} {min(values):8.2f} {max(values):8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", type=int, default=50, help="how many further brokers")
    count = parser.parse_args().brokers
    first = start_and_stop()
    further = [start_and_stop() for _ in range(count)]
    print(f"{'ms':16} {'median':>8} {'least':>8} {'most':>8}")
    print(row("first start", [first[0]]))
    print(row("further start", [start for start, _ in further]))
    print(row("stop", [stop for _, stop in further]))


if __name__ == "__main__":
    main()

"""Acknowledged small produces a second with `--sync`, beside what the disk does alone: appends synced one by one.

Run: python benchmarks/sync.py [--seconds S] [--connections N] [--fsync-ms MS] [--directory DIR]. The broker is in this
process, its clients in another; each client waits for its answer (acks=all) before it sends the next record. A disk
that syncs faster than disks do is slowed down by --fsync-ms, for the broker and for the disk alone alike.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from kpybroker.server.face import Broker
from kpybroker.storage import files
from kpybroker.wire.encode import encode
from kpybroker.wire.messages.produce import ProduceRequest
from kpybroker.wire.records import build

TOPIC, PRODUCE, VERSION = "synced", 0, 8
RECORD_BYTES = 100
WARM_UP_SECONDS = 0.5
ERROR_AT = 4 + 4 + 4 + 2 + len(TOPIC) + 4 + 4  # in an answer of version 8: the one partition's error code


class Disk:
    """Syncs files for the broker: counts that, and takes as long as it is told to."""

    def __init__(self, least_seconds: float) -> None:
        self.syncs = 0
        self._least_seconds = least_seconds
        self._sync = files._sync_data

    def sync(self, descriptor: int) -> None:
        self.syncs += 1
        begun = time.perf_counter()
        self._sync(descriptor)
        time.sleep(max(0.0, self._least_seconds - (time.perf_counter() - begun)))


def frame() -> bytes:
    """One Produce of one record."""
    records = build([(1_700_000_000_000, None, bytes(RECORD_BYTES), ())])
    part = ProduceRequest.TopicProduceData.PartitionProduceData(index=0, records=records)
    topic = ProduceRequest.TopicProduceData(name=TOPIC, partition_data=[part])
    body = encode(ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[topic]), VERSION)
    whole = struct.pack(">hhih", PRODUCE, VERSION, 1, -1) + body
    return struct.pack(">i", len(whole)) + whole


def load(port: int, connections: int, seconds: float) -> float:
    """Acknowledged produces a second."""
    request = frame()
    poll = select.epoll()
    socks: dict[int, socket.socket] = {}
    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        socks[sock.fileno()] = sock
        poll.register(sock.fileno(), select.EPOLLIN)
        sock.sendall(request)
    begun = time.perf_counter()
    counted = count = 0
    started = 0.0
    while (now := time.perf_counter()) < begun + WARM_UP_SECONDS + seconds:
        if not started and now >= begun + WARM_UP_SECONDS:
            started, counted = now, count
        for number, _ in poll.poll(0.1):
            answer = socks[number].recv(4096)
            if len(answer) != 4 + int.from_bytes(answer[:4], "big") or answer[ERROR_AT : ERROR_AT + 2] != b"\0\0":
                raise SystemExit(f"no acknowledgement: {answer!r}")
            count += 1
            socks[number].sendall(request)
    return (count - counted) / (time.perf_counter() - started)


def alone(path: str, sync: Callable[[int], None], seconds: float) -> float:
    """Appends a second, each synced before the next."""
    batch = build([(1_700_000_000_000, None, bytes(RECORD_BYTES), ())])
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begun, count = time.perf_counter(), 0
    while time.perf_counter() < begun + seconds:
        os.write(descriptor, batch)
        sync(descriptor)
        count += 1
    os.close(descriptor)
    return count / (time.perf_counter() - begun)


def measure(directory: str, connections: int, seconds: float, fsync_ms: float) -> None:
    disk = Disk(fsync_ms / 1000)
    by_disk = alone(os.path.join(directory, "alone"), disk.sync, seconds)
    files._sync_data = disk.sync
    with Broker(data_dir=os.path.join(directory, "data"), sync=True, topics=[TOPIC]) as broker:
        port = broker.bootstrap_servers.rpartition(":")[2]
        disk.syncs = 0
        begun, used = time.perf_counter(), time.process_time()
        command = [
            sys.executable,
            __file__,
            "--load",
            port,
            "--connections",
            str(connections),
            "--seconds",
            str(seconds),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        took, used = time.perf_counter() - begun, time.process_time() - used
    if done.returncode:
        raise SystemExit(done.stderr)
    acknowledged = float(done.stdout)
    print(f"{'the disk alone':24} {by_disk:10.0f} appends and syncs a second")
    print(f"{'the broker':24} {acknowledged:10.0f} acknowledged produces a second, {connections} connections")
    print(f"{'':24} {disk.syncs / (WARM_UP_SECONDS + seconds):10.0f} syncs a second")
    print(f"{'':24} {100 * used / took:10.0f} % of a core")
    print(f"{'ratio':24} {acknowledged / by_disk:10.1f} acknowledged for each sync of the disk alone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--fsync-ms", type=float, default=0.0, help="what a sync takes at least")
    parser.add_argument("--directory", help="on which disk; the system's temporary directory unless told otherwise")
    parser.add_argument("--load", type=int, metavar="PORT", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.load is not None:
        print(load(told.load, told.connections, told.seconds))
        return
    with tempfile.TemporaryDirectory(dir=told.directory) as directory:
        measure(directory, told.connections, told.seconds, told.fsync_ms)


if __name__ == "__main__":
    main()

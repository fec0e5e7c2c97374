"""How long a small produce waits while the broker does something large: compaction, retention, deletion, a snapshot of
the metadata, a move between directories.

Run: python benchmarks/stalls.py [--ephemeral] [--sync] [--only WORD] [--megabytes N] [--rounds N] [--directory DIR].
One client sends a record every millisecond and notes when each answer came, first while nothing else is done, then
during each piece of work. Of several rounds the one with the shortest longest wait counts: other programs stall too.
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
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kpybroker.wire.apis import response_type
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from kpybroker.wire.messages.produce import ProduceRequest
from kpybroker.wire.records import build

SETTINGS = (
    "log.cleaner.backoff.ms=100",
    "log.initial.task.delay.ms=100",
    "log.retention.check.interval.ms=200",
    "log.segment.delete.delay.ms=100",
    "metadata.log.max.snapshot.interval.ms=700",
)
SECONDS = 3.0  # of measuring
EVERY_S = 0.001
MIB = 1 << 20
TOPIC_RESOURCE = 2


class Client:
    """One connection; an answer is waited for, unless it is only sent."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: Any, version: int) -> None:
        self.sock.sendall(frame(request, version))

    def ask(self, request: Any, version: int) -> Any:
        self.send(request, version)
        data = self.receive()
        kind = response_type(type_of(type(request)).key)
        return decoder(kind, version)(memoryview(data), 5 if version in type_of(kind).flexible else 4)[0]

    def receive(self) -> bytes:
        data = b""
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
            more = self.sock.recv(65536)
            if not more:
                raise SystemExit("the broker has closed the connection")
            data += more
        return data[4:]


def frame(request: Any, version: int) -> bytes:
    kind = type_of(type(request))
    head = struct.pack(">hhih", kind.key, version, 1, -1) + (b"\0" if version in kind.flexible else b"")
    whole = head + encode(request, version)
    return struct.pack(">i", len(whole)) + whole


def produce(topic: str, records: bytes, index: int = 0) -> ProduceRequest:
    part = ProduceRequest.TopicProduceData.PartitionProduceData(index=index, records=records)
    data = ProduceRequest.TopicProduceData(name=topic, partition_data=[part])
    return ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[data])


def create(client: Client, name: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> None:
    topic = CreateTopicsRequest.CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=-1,
        assignments=[],
        configs=[
            CreateTopicsRequest.CreatableTopic.CreatableTopicConfig(name=key, value=value)
            for key, value in (configs or {}).items()
        ],
    )
    (answer,) = client.ask(CreateTopicsRequest(topics=[topic], timeout_ms=30_000), 7).topics
    if answer.error_code:
        raise SystemExit(answer.error_message)


def alter(client: Client, topic: str, name: str, value: str) -> None:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    config = resource.AlterableConfig(name=name, config_operation=0, value=value)
    asked = resource(resource_type=TOPIC_RESOURCE, resource_name=topic, configs=[config])
    client.send(IncrementalAlterConfigsRequest(resources=[asked], validate_only=False), 1)


def fill(client: Client, topic: str, megabytes: int, *, keys: int = 0, batches: int = 1) -> None:
    """So many megabytes, in so many batches for each; with keys, records that replace one another."""
    now = int(time.time() * 1000)
    for number in range(megabytes * batches):
        rows: list[tuple[int, bytes | None, bytes, tuple[()]]]
        if keys:
            rows = [
                (now, b"%d" % (each * 7919 % keys), os.urandom(50) * 2, ()) for each in range(number, number + 8000)
            ]
        else:
            rows = [(now + number * 10, None, bytes(MIB // batches - 200), ())]
        client.ask(produce(topic, bytes(build(rows))), 9)


# -- what is done meanwhile: each prepares, and its `next` begins the work ---------------------------------------------


def nothing(client: Client, told: argparse.Namespace) -> Iterator[None]:
    yield


def compaction(client: Client, told: argparse.Namespace) -> Iterator[None]:
    configs = {"segment.bytes": str(8 * MIB), "min.cleanable.dirty.ratio": "0.01"}
    create(client, "compacted", configs=configs)
    fill(client, "compacted", told.megabytes, keys=100_000)
    yield
    alter(client, "compacted", "cleanup.policy", "compact")


def retention(client: Client, told: argparse.Namespace) -> Iterator[None]:
    create(client, "old", configs={"segment.ms": "1", "file.delete.delay.ms": "100"})
    fill(client, "old", 100, batches=2)
    yield
    alter(client, "old", "retention.bytes", "1")


def large_segments(client: Client, told: argparse.Namespace) -> Iterator[None]:
    create(client, "large", configs={"segment.bytes": str(256 * MIB), "file.delete.delay.ms": "100"})
    for _ in range(600):
        client.ask(produce("large", bytes(build([(int(time.time() * 1000), None, bytes(MIB - 200), ())]))), 9)
    yield
    alter(client, "large", "retention.bytes", "1")


def deletion(client: Client, told: argparse.Namespace) -> Iterator[None]:
    create(client, "many", 500)
    batch = bytes(build([(int(time.time() * 1000), None, b"x", ())]))
    for index in range(500):
        client.ask(produce("many", batch, index), 9)
    yield
    topic = DeleteTopicsRequest.DeleteTopicState(name="many", topic_id=bytes(16))
    client.send(DeleteTopicsRequest(topics=[topic], timeout_ms=30_000), 6)


def first_writes(client: Client, told: argparse.Namespace) -> Iterator[None]:
    create(client, "first", 200)
    batch = bytes(build([(int(time.time() * 1000), None, b"x", ())]))
    yield
    client.sock.sendall(b"".join(frame(produce("first", batch, index), 9) for index in range(200)))


def snapshot(client: Client, told: argparse.Namespace) -> Iterator[None]:
    create(client, "wide", 1000)
    time.sleep(1.5)
    yield
    alter(client, "wide", "retention.bytes", "1000000000")


def move(client: Client, told: argparse.Namespace) -> Iterator[None]:
    create(client, "moved")
    fill(client, "moved", 100)
    yield
    for path in told.paths:  # it is in one of them
        topic = AlterReplicaLogDirsRequest.AlterReplicaLogDir.AlterReplicaLogDirTopic(name="moved", partitions=[0])
        asked = AlterReplicaLogDirsRequest.AlterReplicaLogDir(path=path, topics=[topic])
        client.send(AlterReplicaLogDirsRequest(dirs=[asked]), 2)
        time.sleep(SECONDS / 3)


WORK: tuple[Callable[[Client, argparse.Namespace], Iterator[None]], ...] = (
    nothing, compaction, retention, large_segments, deletion, first_writes, snapshot, move,
)  # fmt: skip


def measure(port: int, start: Callable[[], object]) -> list[float]:
    """Milliseconds that each small produce took; `start` is called in the middle of it, in another process."""
    client = Client(port)
    batch = bytes(build([(int(time.time() * 1000), None, bytes(100), ())]))
    request = frame(produce("small", batch), 9)
    client.ask(produce("small", batch), 9)
    child = os.fork()
    if child == 0:
        time.sleep(0.1)
        start()
        time.sleep(0.2)
        os._exit(0)
    waits = []
    until = time.perf_counter() + SECONDS
    while (begun := time.perf_counter()) < until:
        client.sock.sendall(request)
        client.receive()
        ended = time.perf_counter()
        waits.append((ended - begun) * 1000)
        select.select([], [], [], max(0.0, begun + EVERY_S - ended))
    os.waitpid(child, 0)
    return sorted(waits)


def one_round(work: Callable[[Client, argparse.Namespace], Iterator[None]], told: argparse.Namespace) -> list[float]:
    """With a broker of its own."""
    with tempfile.TemporaryDirectory(dir=told.directory) as directory:
        port_file = os.path.join(directory, "port")
        told.paths = [os.path.join(directory, name) for name in ("a", "b")]
        command = [sys.executable, "-m", "kpybroker", "start", "--port", "0", "--port-file", port_file]
        for path in [] if told.ephemeral else told.paths:
            command += ["--data-dir", path]
        command += ["--sync"] if told.sync else []
        for setting in SETTINGS:
            command += ["--override", setting]
        broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not os.path.exists(port_file):
                time.sleep(0.02)
            with open(port_file, encoding="ascii") as file:
                client = Client(int(file.read()))
            create(client, "small")
            steps = work(client, told)
            next(steps)
            return measure(client.sock.getpeername()[1], lambda: next(steps, None))
        finally:
            broker.terminate()
            broker.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ephemeral", action="store_true", help="nothing is kept, so nothing is moved or snapshotted")
    parser.add_argument("--sync", action="store_true")
    parser.add_argument("--only", default="", help="the work whose name has this in it")
    parser.add_argument("--megabytes", type=int, default=50, help="that are compacted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", help="on which disk; the system's temporary directory unless told otherwise")
    told = parser.parse_args()
    print(f"{'milliseconds':20} {'median':>8} {'99 %':>8} {'99.9 %':>8} {'longest':>8}")
    for work in WORK:
        if told.only not in work.__name__ or (told.ephemeral and work in (snapshot, move)):
            continue
        waits = min((one_round(work, told) for _ in range(told.rounds)), key=lambda waits: waits[-1])
        points = [waits[int(len(waits) * share)] for share in (0.5, 0.99, 0.999)]
        print(f"{work.__name__:20} " + " ".join(f"{each:8.2f}" for each in (*points, waits[-1])), flush=True)


if __name__ == "__main__":
    main()

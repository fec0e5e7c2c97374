"""What a request and a start may cost, counted in things that do not wobble: calls, bytes and modules, not seconds."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from kpybroker.config.settings import Settings
from kpybroker.server.assembly import assemble
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import RealFiles
from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.messages.fetch import FetchRequest
from kpybroker.wire.messages.metadata import MetadataRequest
from kpybroker.wire.messages.produce import ProduceRequest
from kpybroker.wire.records import build
from tests.core import META, START, Bench, CoreClient, open_directories
from tests.frames import request_frame
from tests.requests import create_topic, end_offset, produced
from tests.requests import produce as produced_batch

FILE_CALLS = ("pwrite", "pread", "open", "fstat", "stat", "lseek", "read", "write", "fsync", "fdatasync")


def count_calls(work: Callable[[], object]) -> tuple[int, Counter[str]]:
    """How many functions, of Python and of C, one run calls, and which of them go to the system's files."""
    total = 0
    system: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal total
        if event in ("call", "c_call"):
            total += 1
        if event == "c_call" and argument.__module__ in ("posix", "_io") and argument.__name__ in FILE_CALLS:
            system[argument.__name__] += 1

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return total, system


def produce(topic: str, records: int, size: int) -> ProduceRequest:
    batch = build([(START, None, b"x" * size, ())] * records)
    part = ProduceRequest.TopicProduceData.PartitionProduceData(index=0, records=batch)
    data = ProduceRequest.TopicProduceData(name=topic, partition_data=[part])
    return ProduceRequest(acks=1, timeout_ms=1000, topic_data=[data])


def fetch(topic: str, offset: int) -> FetchRequest:
    part = FetchRequest.FetchTopic.FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
    asked = FetchRequest.FetchTopic(topic=topic, partitions=[part])
    return FetchRequest(max_wait_ms=0, min_bytes=1, max_bytes=50 << 20, topics=[asked])


def ready_client(bench: Bench) -> CoreClient:
    assert bench.state.create_topic("orders", 1, bench.now) == 0
    client = bench.connect()
    for _ in range(3):  # codecs are compiled, files are made
        client.ask(produce("orders", 1, 100), 9)
        client.ask(fetch("orders", 0), 12)
        client.ask(MetadataRequest(topics=None), 12)
    return client


def cost(bench: Bench, client: CoreClient, request: Any, version: int) -> tuple[int, Counter[str]]:
    """What the core alone calls for one request, from the frame to the parts of the answer."""
    frame = memoryview(bytearray(request_frame(request, version, 1, "test")))
    found = count_calls(lambda: bench.core.receive(client.number, frame, bench.now))
    assert len(bench.core.outbox) == 1
    bench.core.outbox.clear()
    return found


@pytest.mark.parametrize(
    ("request_", "version", "most_calls"),
    [
        (produce("orders", 1, 100), 9, 185),
        (produce("orders", 1000, 1000), 9, 320),
        (fetch("orders", 2), 12, 140),
        (MetadataRequest(topics=None), 12, 110),
    ],
    ids=["produce one record", "produce a thousand records", "fetch the end", "metadata"],
)
def test_a_request_costs_a_bounded_number_of_calls(request_: Any, version: int, most_calls: int) -> None:
    """The calls of one request do not grow unseen, and hardly with the number of records in a batch."""
    bench = Bench()
    client = ready_client(bench)
    calls, _ = cost(bench, client, request_, version)
    assert calls <= most_calls


def test_an_append_is_one_write_and_a_read_at_the_end_none(tmp_path: Path) -> None:
    """A batch goes to the page cache with one write; a consumer at the end of the log looks into no file for it."""
    directory = DataDirectory(RealFiles(str(tmp_path / "data")), META, lambda: None)
    bench = Bench(directory=directory)
    client = ready_client(bench)
    _, written = cost(bench, client, produce("orders", 15, 1000), 9)
    assert written == Counter({"pwrite": 1})
    _, looked = cost(bench, client, fetch("orders", 18), 12)
    assert not looked
    directory.close()


def test_what_is_due_next_costs_little() -> None:
    """It is asked after every request: of a directory that is kept, with all its chores, too."""
    bench = Bench(files=MemoryFiles())
    ready_client(bench)
    bench.core.due()
    calls, system = count_calls(bench.core.due)
    assert calls <= 60
    assert not system


def test_opening_a_partition_costs_little(tmp_path: Path) -> None:
    """After a clean stop a start looks into few files, and only at their ends: so a thousand partitions take well under
    a second."""
    root, count = str(tmp_path / "data"), 50
    bench = Bench(files=RealFiles(root))
    bench.state.create_topic("orders", count, bench.now)
    client = bench.connect()
    for index in range(count):
        assert produced(client.ask(produced_batch("orders", b"x", index=index), 9)) == (0, 0)
    bench.state.close(bench.now)
    open_directories(RealFiles(root)).close()  # what is imported on first use is there then
    calls, system = count_calls(lambda: open_directories(RealFiles(root)))
    assert calls <= 340 * count
    assert system.total() <= 11 * count  # 9 are told of on Python 3.11


def test_what_is_not_kept_is_never_synced() -> None:
    """A broker whose data goes with it waits for no disk: neither its start nor the files of its topics are synced."""
    settings = Settings({"listeners": "PLAINTEXT://127.0.0.1:0"})
    _, system = count_calls(lambda: assemble(settings, [], {"t": 1}).close())
    assert system["pwrite"] > 0
    assert system["fsync"] + system["fdatasync"] == 0


def test_a_search_by_time_stops_where_it_finds() -> None:
    """A batch may hold very many records in very few bytes: who looks for one of them does not make all of them."""
    client = Bench().connect()
    client.ask(create_topic("orders"), 7)
    many = build([(START, None, None, ())] * 100_000, codec=1)
    assert len(many) < 300_000
    assert produced(client.ask(produced_batch("orders", data=many), 9)) == (0, 0)
    tracemalloc.start()
    try:
        (topic,) = client.ask(end_offset("orders", timestamp=START), 7).topics
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert topic.partitions[0].offset == 0
    assert most < 5_000_000


def modules_of(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_imports_little() -> None:
    """A start pays for trio, msgspec, click and our own rooms: no second event loop, no codec, no package lookup."""
    loaded = modules_of("import kpybroker.cli.start")
    assert not loaded & {"asyncio", "cramjam", "importlib.metadata", "crc32c", "crcmod", "http.client", "pytest"}
    assert len([name for name in loaded if name.startswith("kpybroker")]) <= 113


def test_a_start_imports_nothing_for_later() -> None:
    """What cleans, moves, repairs and writes down logs is imported when it is first needed: a broker of which nothing
    is kept starts without it."""
    loaded = modules_of("from kpybroker import Broker; Broker().start().stop()")
    later = ("cleaner", "dirt", "checkpointing", "dirty_logs", "keeping", "kept_configs", "metadata.reader")
    assert not loaded & {f"kpybroker.{name}" for name in later}
    cleaning = ("cleaning", "learning", "sifting", "retained", "replacing", "offset_map", "aborted")
    kept = ("recovery", "checking", "leftovers", "snapshots", "quorum_state")
    assert not loaded & {f"kpybroker.storage.{name}" for name in (*cleaning, *kept)}
    assert not loaded & {"kpybroker.storage.metadata_snapshots", "kpybroker.wire.schemas.control"}


def test_the_plugin_is_light() -> None:
    """A test run that asks for no broker does not load one."""
    loaded = modules_of("import kpybroker.testing.plugin")
    assert not loaded & {"trio", "msgspec", "kpybroker.state", "kpybroker.server.face"}

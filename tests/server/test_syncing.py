"""Syncs beside a server: in threads, so that nobody waits for the disk but who must, and one for all who do."""

from __future__ import annotations

import errno
import random
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import trio

from kpybroker import Broker
from kpybroker.broker import Core
from kpybroker.config.listeners import listeners
from kpybroker.config.settings import Settings
from kpybroker.handlers import offered
from kpybroker.server.assembly import Assembly, StartError
from kpybroker.server.clock import Clock
from kpybroker.server.server import bind
from kpybroker.server.syncing import Syncer, in_threads
from kpybroker.state import State
from kpybroker.storage.files import DiskError, File, RealFile, RealFiles
from kpybroker.storage.memory import MemoryFiles
from tests.core import Bench, open_directories
from tests.process import Link
from tests.requests import create_topic, fetch, fetched, metadata, produce, produced
from tests.server.test_server import Running, address_of
from tests.until import PATIENCE_S, until

KAFKA_STORAGE_ERROR = 56


class GatedFiles(RealFiles):
    """Real files whose logs are synced only while the gate is open; it counts the syncs of each file."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.gate = threading.Event()
        self.gate.set()
        self.syncs: Counter[str] = Counter()
        self.threads: set[int] = set()
        self.fails = False

    def open(self, path: str) -> File:
        return GatedFile(self, path, -1)

    def create(self, path: str) -> File:
        return GatedFile(self, path, 0)


class GatedFile(RealFile):
    def sync(self) -> None:
        files = self._files
        assert isinstance(files, GatedFiles)
        assert files.gate.wait(PATIENCE_S)
        files.syncs[self.path] += 1
        files.threads.add(threading.get_ident())
        if files.fails:
            raise DiskError(files.absolute(self.path), errno.EIO)
        super().sync()


def assembled(files: GatedFiles) -> Assembly:
    settings = Settings({"listeners": "PLAINTEXT://127.0.0.1:0"})
    clock = Clock()
    state = State(
        settings=settings,
        directories=open_directories(files, clock.now()),
        rng=random.Random(1),
        offer=offered(""),
        advertised={},
        now=clock.now(),
        sync=True,
    )
    (listener,) = listeners(settings).opened
    return Assembly(Core(state), clock, [(listener, bind("127.0.0.1", 0))])


def test_only_those_wait_who_must(tmp_path: Path) -> None:
    """While the disk syncs, others are served; all that is written meanwhile needs one sync more, in a thread."""
    files = GatedFiles(str(tmp_path / "data"))
    assembly = assembled(files)
    running = Running(assembly).wait()
    links = [Link(address_of(assembly)) for _ in range(20)]
    assert links[0].ask(create_topic("t"), 7).topics[0].error_code == 0
    assert produced(links[0].ask(produce("t", b"first"), 9)) == (0, 0)
    log = "t-0/00000000000000000000.log"
    files.gate.clear()
    before = files.syncs[log]
    links[0].send(produce("t", b"one"), 9)
    until(lambda: assembly.core.state.syncs.urgent.is_busy)
    for link in links[1:]:
        link.send(produce("t", b"more"), 9)
    with Link(address_of(assembly)) as other:
        until(lambda: assembly.core.state.directory.logs["t", 0].end_offset == 21)
        assert other.ask(metadata("t"), 9).topics[0].error_code == 0
        assert fetched(other.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"first"]}
        assert all(link.is_quiet() for link in links)
        files.gate.set()
        assert sorted(produced(link.answer()) for link in links) == [(0, offset) for offset in range(1, 21)]
        assert len(fetched(other.ask(fetch(("t", 0, 0)), 12))["t", 0]) == 21
    assert files.syncs[log] - before == 2
    assert running.thread.ident not in files.threads
    for link in links:
        link.close()
    running.stop()


def test_a_stop_while_a_sync_is_under_way(tmp_path: Path) -> None:
    """The stop waits for it, and syncs the rest; nobody is told, and the next run has all that was written."""
    files = GatedFiles(str(tmp_path / "data"))
    assembly = assembled(files)
    running = Running(assembly).wait()
    with Link(address_of(assembly)) as link, Link(address_of(assembly)) as second:
        assert link.ask(create_topic("t"), 7).topics[0].error_code == 0
        files.gate.clear()
        link.send(produce("t", b"one"), 9)
        until(lambda: assembly.core.state.syncs.urgent.is_busy)
        second.send(produce("t", b"two"), 9)
        until(lambda: assembly.core.state.directory.logs["t", 0].end_offset == 2)
        threading.Thread(target=lambda: (link.is_closed(), files.gate.set())).start()
        running.stop()
        assert running.error is None
    with Broker(data_dir=tmp_path / "data", sync=True) as broker:
        host, _, port = broker.bootstrap_servers.partition(":")
        with Link((host, int(port))) as link:
            assert fetched(link.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"one", b"two"]}


def test_a_disk_that_cannot_sync(tmp_path: Path) -> None:
    """Nothing is acknowledged any more, and its directory is given up."""
    files = GatedFiles(str(tmp_path / "data"))
    assembly = assembled(files)
    running = Running(assembly).wait()
    with Link(address_of(assembly)) as link:
        assert link.ask(create_topic("t"), 7).topics[0].error_code == 0
        assert produced(link.ask(produce("t", b"one"), 9)) == (0, 0)
        files.fails = True
        for _ in range(3):
            assert produced(link.ask(produce("t", b"two"), 9))[0] == KAFKA_STORAGE_ERROR
    assert files.syncs["t-0/00000000000000000000.log"] == 2
    assert assembly.core.state.directory.failure is not None
    running.stop()


def test_it_is_for_data_that_is_kept() -> None:
    """A promise about data that goes with the broker is refused."""
    with pytest.raises(StartError, match="--data-dir"):
        Broker(sync=True).start()


def test_a_job_that_nobody_would_carry_out_is_not_taken() -> None:
    """At a stop what is wanted stays wanted, and the clean stop writes it: the leader epoch of the first batch too."""
    files = MemoryFiles()
    bench = Bench(files=files, sync=True)
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    bench.holds_syncs = True
    client.send(produce("t", b"a"), 9)
    lane = bench.state.syncs.urgent
    assert lane.wants

    async def stopped() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await Syncer(bench.core, lane, lambda: bench.now, lambda: None).run()

    trio.run(stopped)
    assert lane.wants
    bench.state.close(bench.now)
    assert files.read_whole("t-0/leader-epoch-checkpoint") == b"0\n1\n0 0\n"


def test_many_calls_at_the_end() -> None:
    """All are made, whoever makes them, and a failure of one is told to who has asked."""
    made: list[int] = []
    in_threads([partial(made.append, number) for number in range(50)])
    assert sorted(made) == list(range(50))

    def fail() -> None:
        raise DiskError("disk", errno.EIO)

    with pytest.raises(DiskError):
        in_threads([partial(made.append, 50), fail])
    in_threads([])

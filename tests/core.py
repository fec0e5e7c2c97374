"""A broker's core over a disk in memory, with a seeded random and a clock that is moved by hand, and its clients."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from kpybroker.broker import Core, Outgoing
from kpybroker.config.settings import Settings
from kpybroker.handlers import APIS, offered
from kpybroker.machine import Api, Instant, Peer
from kpybroker.state import State
from kpybroker.storage.directories import DataDirectories, Identity
from kpybroker.storage.directory import DataDirectory, Meta
from kpybroker.storage.files import Data, DiskError, File, Files, Slice, StorageError
from kpybroker.storage.memory import MemoryFile, MemoryFiles
from kpybroker.storage.segment import LogConfig
from kpybroker.syncing import Lane, SyncJob
from kpybroker.wire.declare import type_of
from tests.frames import read_answer, request_frame, sized

START: Instant = 1_700_000_000_000
META = Meta("cluster-under-test-000", 1, bytes(range(16)))
DIALLED = ("127.0.0.1", 9092)
MOST_STEPS = 100_000  # of time: more is a deadline that does not move


class FullDisk(MemoryFiles):
    """A disk in memory that takes nothing while it is full."""

    def __init__(self, root: str = "memory") -> None:
        super().__init__(root)
        self.is_full = False

    def copy(self) -> FullDisk:
        other = FullDisk(self.root)
        self.copy_to(other)
        return other

    def write_whole(self, path: str, data: bytes, *, sync: bool = False) -> None:
        if self.is_full:
            raise DiskError(f"{self.root}/{path}", errno.ENOSPC)
        super().write_whole(path, data, sync=sync)

    def open(self, path: str) -> File:
        return _FullFile(self, path, new=False)

    def create(self, path: str) -> File:
        return _FullFile(self, path, new=True)


class _FullFile(MemoryFile):
    def append(self, data: Data) -> None:
        files = self._files
        assert isinstance(files, FullDisk)
        if files.is_full:
            raise DiskError(f"{files.root}/{self.path}", errno.ENOSPC)
        super().append(data)


def open_directories(files: Files | Sequence[Files], now: Instant = START) -> DataDirectories:
    """One directory or several, the first of which is META's."""
    ids = (bytes(range(number, number + 16)) for number in range(100))
    identity = Identity(META.node_id, lambda: META.cluster_id, lambda: next(ids))
    every = list(files) if isinstance(files, Sequence) else [files]
    return DataDirectories.open(every, identity, lambda topic: LogConfig(), now)


class Bench:
    """One core. `now` is its time; a frame's bytes are overwritten as soon as `receive` is over."""

    def __init__(
        self,
        *,
        seed: int = 1,
        config: Mapping[str, str] | None = None,
        strict: bool = False,
        files: Files | Sequence[Files] | None = None,
        directories: DataDirectories | None = None,
        directory: DataDirectory | None = None,
        apis: Mapping[int, Api] = APIS,
        now: Instant = START,
        release: str = "",
        sync: bool = False,
    ) -> None:
        """`sync`: nothing is acknowledged before it is synced. That is done at once, unless `holds_syncs`."""
        self.now = now
        if files is not None:
            directories = open_directories(files, now=now)
        elif directories is None:
            directories = DataDirectories([directory or DataDirectory(MemoryFiles(), META, lambda: None)])
        state = State(
            settings=Settings(config or {}, strict=strict),
            directories=directories,
            rng=Random(seed),
            offer=offered(release, strict=strict),
            advertised={},
            now=now,
            sync=sync,
        )
        self.core = Core(state, apis)
        self.state = state
        self.clients: dict[int, CoreClient] = {}
        self.sent: list[tuple[int, bytes]] = []  # everything that came out, by connection
        self.holds_syncs = False  # then `take` and `finish`, or `sync`, carry them out

    def connect(self, client_id: str | None = "test") -> CoreClient:
        client = CoreClient(self, len(self.clients) + 1, client_id)
        self.clients[client.number] = client
        self.core.connected(Peer(client.number, "127.0.0.1", "PLAINTEXT", DIALLED))
        return client

    def advance(self, milliseconds: int) -> None:
        """Every deadline on the way has its own moment."""
        until = self.now + milliseconds
        for _ in range(MOST_STEPS):
            due = self.core.due()
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.core.wake(self.now)
            self.deliver()
        else:
            raise AssertionError("a deadline that does not move")
        self.now = until

    def deliver(self) -> None:
        self._hand_out()
        while not self.holds_syncs and (self.sync() or self.sync(self.state.syncs.background)):
            pass

    def _hand_out(self) -> None:
        while self.core.outbox:
            outgoing = self.core.outbox.popleft()
            self.clients[outgoing.connection].take(outgoing)

    def take(self, lane: Lane | None = None) -> SyncJob | None:
        """What is to be synced next, in the lane of those who wait for it unless told otherwise."""
        return (lane or self.state.syncs.urgent).take()

    def finish(self, job: SyncJob, failures: Sequence[StorageError | None] | None = None) -> None:
        """The job is done, as the disk does it or as it is said to have ended."""
        self.core.synced(job, job.carry_out() if failures is None else failures, self.now)
        self._hand_out()

    def sync(self, lane: Lane | None = None) -> bool:
        """One job, from its beginning to its end; whether there was one."""
        job = self.take(lane)
        if job is not None:
            self.finish(job)
        return job is not None


class CoreClient:
    """One connection to a core; `answers` are those that have come and were not looked at."""

    def __init__(self, bench: Bench, number: int, client_id: str | None) -> None:
        self.number = number
        self.answers: deque[Any] = deque()
        self.silences = 0  # requests that were served without an answer
        self.closed_because: str | None = None
        self.is_open = True
        self._bench = bench
        self._client_id = client_id
        self._asked: deque[tuple[int, int, int]] = deque()
        self._correlation_id = 0

    def send(self, request: Any, version: int) -> None:
        self._correlation_id += 1
        self._asked.append((type_of(type(request)).key, version, self._correlation_id))
        self.send_frame(request_frame(request, version, self._correlation_id, self._client_id))

    def send_frame(self, frame: bytes) -> None:
        """One frame, which is overwritten as a connection's buffer is: nobody may have kept a view of it."""
        buffer = bytearray(frame)
        self._bench.core.receive(self.number, memoryview(buffer), self._bench.now)
        buffer[:] = b"?" * len(buffer)
        self._bench.deliver()

    def ask(self, request: Any, version: int) -> Any:
        """The answer, which has to come at once."""
        self.send(request, version)
        (answer,) = self.answers
        self.answers.clear()
        return answer

    def answer(self) -> Any:
        """The one answer that has come."""
        (answer,) = self.answers
        self.answers.clear()
        return answer

    @property
    def is_waiting(self) -> bool:
        """A request is not answered yet."""
        return len(self._asked) > 0

    def close(self) -> None:
        self.is_open = False
        self._bench.core.disconnected(self.number, self._bench.now)
        self._bench.deliver()

    def take(self, outgoing: Outgoing) -> None:
        if outgoing.close:
            self.closed_because = outgoing.reason
            self.close()
            return
        if not outgoing.parts:
            self.silences += 1
            self._asked.popleft()
            return
        data = b"".join([part.read() if isinstance(part, Slice) else bytes(part) for part in outgoing.parts])  # type: ignore[call-overload]
        self._bench.sent.append((self.number, data))
        frame = data[4:]
        assert data == sized(frame), "the length before the frame"
        self.answers.append(read_answer(frame, *self._asked.popleft()))

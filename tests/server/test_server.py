"""The server around a core: connections, buffers and its end."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from kpybroker.broker import Outgoing
from kpybroker.config.settings import Settings
from kpybroker.server.assembly import Assembly, assemble
from kpybroker.server.connection import Connection
from kpybroker.server.readiness import TaskEach
from kpybroker.server.server import serve
from kpybroker.server.unread import SCRATCH, Buffers
from kpybroker.server.unsent import READ_WHOLE, Unsent
from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.memory import MemoryFiles
from tests.process import Link
from tests.requests import fetch, fetched, metadata, produce, produced
from tests.until import PATIENCE_S


@pytest.fixture(params=["one task", "task each"], autouse=True)
def kind_of_readiness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here runs as on Linux, where one task waits for all, and as where each connection has its own."""
    if request.param == "task each":
        monkeypatch.setattr("kpybroker.server.server.readiness", TaskEach)


def assembled(**config: str) -> Assembly:
    overrides = {name.replace("_", "."): value for name, value in config.items()}
    return assemble(Settings({"listeners": "PLAINTEXT://127.0.0.1:0", **overrides}), None, {"t": 1})


def address_of(assembly: Assembly) -> tuple[str, int]:
    host, _, port = assembly.addresses[0].partition(":")
    return host, int(port)


class Running:
    """A server on a thread, until `stop`; `ready` is called as the server itself calls it."""

    def __init__(self, assembly: Assembly, ready: Callable[[], None] = lambda: None) -> None:
        self.error: BaseException | None = None
        self.scope = trio.CancelScope()
        self._assembly = assembly
        self._ready = threading.Event()
        self._then = ready
        self._token: trio.lowlevel.TrioToken | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            self.error = error

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

        def ready() -> None:
            self._then()
            self._ready.set()

        with self.scope:
            await serve(self._assembly.core, self._assembly.clock, self._assembly.listeners, ready)

    def wait(self) -> Running:
        assert self._ready.wait(PATIENCE_S)
        return self

    def stop(self) -> None:
        assert self._token is not None
        self._token.run_sync_soon(self.scope.cancel)
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        self._assembly.close()


def test_an_error_at_the_start_ends_the_server() -> None:
    """Where `ready` cannot be told, nothing is served and nothing hangs: the sockets are closed and the error comes."""

    def no() -> None:
        raise OSError("nobody to tell")

    assembly = assembled()
    running = Running(assembly, no)
    running.thread.join(PATIENCE_S)
    assert not running.thread.is_alive()
    assert isinstance(running.error, BaseExceptionGroup)
    assert running.error.subgroup(OSError) is not None
    assert all(sock.fileno() < 0 for _, sock in assembly.listeners)
    assembly.core.state.close(assembly.clock.now())


def test_requests_after_a_large_one() -> None:
    """A large frame uses a buffer of its own; small requests before and after it are served as ever."""
    assembly = assembled()
    running = Running(assembly).wait()
    with Link(address_of(assembly)) as link:
        link.ask(metadata("t"), 9)
        assert produced(link.ask(produce("t", bytes(900_000)), 9)) == (0, 0)
        link.ask(metadata("t"), 9)
    running.stop()
    assert not assembly.core.bugs


@pytest.mark.parametrize("count", [1, 70, 900])
def test_answers_of_any_size(count: int) -> None:
    """Small answers go in one piece, large ones straight from the file: the same bytes."""
    assembly = assembled()
    running = Running(assembly).wait()
    with Link(address_of(assembly)) as link:
        values = [bytes([number % 256]) * 1000 for number in range(count)]
        assert produced(link.ask(produce("t", *values), 9)) == (0, 0)
        assert fetched(link.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): values}
    running.stop()


def test_requests_right_behind_a_large_one() -> None:
    """What was read together with the end of a large frame is not lost."""
    assembly = assembled()
    running = Running(assembly).wait()
    with Link(address_of(assembly)) as link:
        for size in (SCRATCH - 200, SCRATCH, SCRATCH + 200, 3 * SCRATCH):
            link.send(produce("t", bytes(size)), 9)
            for _ in range(3):
                link.send(metadata("t"), 9)
            assert produced(link.answer())[0] == 0
            for _ in range(3):
                assert link.answer().topics[0].error_code == 0
    running.stop()


# -- connections without a server ----------------------------------------------------------------------------------


class NoHost:
    """What a connection needs of its server; it notes what the connection does."""

    def __init__(self) -> None:
        self.buffers = Buffers()
        self.max_frame_bytes = 10_000_000
        self.frames: list[bytes] = []
        self.reasons: list[str | None] = []

    def now(self) -> int:
        return 0

    def receive(self, connection: Connection, frame: memoryview) -> None:
        self.frames.append(bytes(frame))
        connection.finish_answer()

    def blocked(self, connection: Connection) -> None:
        raise AssertionError("nothing is answered here")

    def closed(self, connection: Connection, reason: str | None) -> None:
        self.reasons.append(reason)


@pytest.mark.parametrize("piece", [1, 3, 7, 1000, 100_000])
def test_frames_in_pieces(piece: int) -> None:
    """However the bytes of frames are cut up on their way, the frames are the same."""
    frames = [bytes([size % 251]) * size for size in (0, 1, 5, 300, 4096)]
    if piece >= 1000:
        frames += [b"x" * size for size in (SCRATCH - 4, SCRATCH - 3, SCRATCH, 3_000_000)]
    data = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
    host = NoHost()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = Connection(1, ours, "test", host)
    for start in range(0, len(data), piece):
        theirs.sendall(data[start : start + piece])
        connection.on_readable()
        while connection.has_frame:
            connection.pump()
    assert [len(frame) for frame in host.frames] == [len(frame) for frame in frames]
    assert host.frames == frames
    theirs.close()
    connection.on_readable()
    assert host.reasons == [None]
    ours.close()


def test_many_requests_at_once_are_served_in_turns() -> None:
    """A client that has sent thousands of requests holds up nobody: a few are served, and the rest waits."""
    frames = [b"%d" % number for number in range(2000)]
    data = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
    host = NoHost()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = Connection(1, ours, "test", host)
    theirs.sendall(data)
    connection.on_readable()
    turns = 1
    while connection.has_frame:
        assert len(host.frames) <= turns * 100
        connection.pump()
        turns += 1
    assert host.frames == frames
    ours.close()
    theirs.close()


def test_an_answer_that_cannot_be_read_ends_its_connection(tmp_path: Path) -> None:
    """A disk that fails between the answer and its sending costs this connection, and nobody else."""
    ours, theirs = socket.socketpair()
    host = NoHost()
    connection = Connection(1, ours, "peer", host)
    file = RealFiles(str(tmp_path)).create("file")
    file.append(b"data")
    stretch = file.slice(0, 4)
    with open(os.devnull, "wb") as unreadable:
        os.dup2(unreadable.fileno(), stretch.fileno())
    connection.deliver(Outgoing(1, (b"before", stretch)))
    assert not connection.is_open
    assert host.reasons == [f"the disk failed: {tmp_path}/file: Bad file descriptor"]
    ours.close()
    theirs.close()


def test_what_is_unsent_goes_out_in_order(tmp_path: Path) -> None:
    """Bytes and stretches of files, in memory or on a disk, small and large, come out as one stream."""
    expected = b""
    unsent = Unsent()
    files: list[Files] = [RealFiles(str(tmp_path)), MemoryFiles()]
    for number, each in enumerate(files):
        file = each.create(f"file{number}")
        file.append(bytes(range(256)) * 1000)
        for size in (10, READ_WHOLE + 1, 200_000):
            unsent.queue([b"before", file.slice(100, size), b"between", memoryview(b"after")])
            expected += b"before" + file.read(100, size) + b"betweenafter"
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    received = bytearray()
    while len(unsent):
        unsent.send(ours)
        received += theirs.recv(1 << 20)
    theirs.setblocking(False)
    while len(received) < len(expected):
        received += theirs.recv(1 << 20)
    assert bytes(received) == expected
    ours.close()
    theirs.close()

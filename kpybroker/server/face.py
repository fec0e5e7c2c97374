"""`Broker`: a broker inside this process, on a thread of its own, for tests that run under any event loop or none."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

import outcome
import trio

from kpybroker.config.listeners import address_text
from kpybroker.config.settings import Settings
from kpybroker.machine import Instant
from kpybroker.releases import release_of
from kpybroker.retention import Removed
from kpybroker.server.asking import Answer, ask
from kpybroker.server.assembly import Assembly, StartError, assemble
from kpybroker.server.server import serve
from kpybroker.state import State

if TYPE_CHECKING:
    from kpybroker.cleaner import Compacted

START_SECONDS = 30  # a start takes milliseconds; this bounds a machine that hangs


class BrokerBug(AssertionError):
    """The broker met an error of its own while it served; the first one is the cause."""


class Broker:
    """A Kafka broker for as long as the block lasts: `with Broker() as broker:` or `async with`, which is the same.

    host, port: where it listens; port 0 lets the system choose. data_dir: kept there, otherwise gone at the end.
    sync: with a data_dir, everything that is acknowledged was synced to the disk before.
    topics: names, or NAME:PARTITIONS. config: Kafka's settings. strict: Kafka's own timing in everything.
    version: the release of Kafka to pass for, as "2.8" or "2.8.1"; otherwise all that is served is offered.
    Raises StartError, StorageError or SettingError, each in one line. Methods may be called from any thread.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data_dir: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
        sync: bool = False,
        topics: Sequence[str] = (),
        config: Mapping[str, object] | None = None,
        strict: bool = False,
        version: str = "",
    ) -> None:
        overrides = {name: _text(value) for name, value in (config or {}).items()}
        overrides.setdefault("listeners", f"PLAINTEXT://{address_text(host, port)}")
        every = [data_dir] if isinstance(data_dir, str | os.PathLike) else data_dir or ()
        self._data_dirs = [os.fspath(each) for each in every]
        if self._data_dirs:
            overrides["log.dirs"] = ",".join(self._data_dirs)  # where they are described
        self._settings = Settings(overrides, strict=strict)
        self._release = release_of(version) if version else ""
        self._topics = parse_topics(topics)
        self._sync = sync
        self._assembly: Assembly | None = None
        self._thread: threading.Thread | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope = trio.CancelScope()
        self._ready = threading.Event()
        self._ended: outcome.Maybe[None] | None = None  # what the thread came to
        self._process = os.getpid()

    @property
    def bootstrap_servers(self) -> str:
        """host:port, as every client takes it."""
        self._check_process()
        if self._assembly is None:
            raise RuntimeError("the broker is not running: use it inside its with block")
        return ",".join(self._assembly.addresses[:1])

    def start(self) -> Self:
        """Returns once every listener accepts."""
        if self._assembly is not None:
            self._check_process()
            raise RuntimeError("the broker is running already")
        self._assembly = assemble(self._settings, self._data_dirs, self._topics, self._release, sync=self._sync)
        self._process = os.getpid()
        self._scope, self._ready, self._token, self._ended = trio.CancelScope(), threading.Event(), None, None
        _running.add(self)
        self._thread = threading.Thread(target=self._run, name="kpybroker", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError(f"the broker did not start within {START_SECONDS} seconds")
        if self._ended is not None:
            self.stop()
        return self

    def stop(self) -> None:
        """Stops at once; BrokerBug if the broker met an error of its own meanwhile."""
        self._check_process()
        assembly, self._assembly = self._assembly, None
        if assembly is None:
            return
        assert self._thread is not None
        if self._token is not None:
            with contextlib.suppress(trio.RunFinishedError):  # the loop has failed: told below
                self._token.run_sync_soon(self._scope.cancel)
        self._thread.join()
        _running.discard(self)
        assembly.close()
        assert self._ended is not None
        self._ended.unwrap()
        if assembly.core.bugs:
            raise BrokerBug("the broker met an error of its own, see its log") from assembly.core.bugs[0]

    def run_retention(self) -> Removed:
        """Deletes at once what is too old or too much, and says how much that was."""
        return self._ask(lambda state, now: state.retention.retain_now(now))

    def run_compaction(self, topic: str | None = None) -> list[Compacted]:
        """Compacts a topic, or all whose cleanup.policy says so, with all that was written by now; says, for each
        partition, how much there was and is. Kafka would do it some time, and leave out the newest records.
        ValueError: there is no such topic."""
        if self._assembly is not None and topic not in (None, *self._assembly.core.state.image.topics):
            raise ValueError(f"there is no topic {topic!r}")
        return self._ask(lambda state, now: state.compaction.compact_now(topic, now))

    def _ask(self, begin: Callable[[State, Instant], Generator[None, None, Answer]]) -> Answer:
        self._check_process()
        if self._assembly is None:
            raise RuntimeError("the broker is not running: use it inside its with block")
        core, clock, _ = self._assembly
        return ask(self._token, self._thread, core.state, clock.now, begin)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._ended = outcome.capture(trio.run, self._serve)
        self._ready.set()

    async def _serve(self) -> None:
        assert self._assembly is not None
        core, clock, listeners = self._assembly
        self._token = trio.lowlevel.current_trio_token()
        with self._scope:
            await serve(core, clock, listeners, partial(self._ready.set))

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("this broker belongs to the process that started it, and this is a fork of it")

    def _leave_to_parent(self) -> None:
        """In a forked child: the sockets are the parent's."""
        if self._assembly is not None:
            for _, sock in self._assembly.listeners:
                sock.close()


_running: weakref.WeakSet[Broker] = weakref.WeakSet()


def _after_fork() -> None:
    for broker in list(_running):
        broker._leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)


def parse_topics(topics: Sequence[str] | str) -> dict[str, int]:
    """NAME or NAME:PARTITIONS; -1 partitions are the default."""
    found = {}
    for topic in [topics] if isinstance(topics, str) else topics:
        name, colon, count = topic.partition(":")
        if colon and not (count.isdecimal() and int(count) > 0):
            raise StartError(f"Topic '{topic}' is not NAME or NAME:PARTITIONS")
        found[name] = int(count) if colon else -1
    return found


def _text(value: object) -> str:
    """A setting as Kafka's own files would say it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

"""Puts a broker together from its settings: directory, listening sockets, state and core."""

from __future__ import annotations

import logging
import os
import random
import secrets
import socket
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kpybroker.broker import Core
from kpybroker.config.listeners import Listener, address_text, listeners
from kpybroker.config.settings import Settings
from kpybroker.handlers import offered
from kpybroker.machine import Instant
from kpybroker.server.clock import Clock
from kpybroker.server.server import bind
from kpybroker.server.syncing import in_threads
from kpybroker.state import State
from kpybroker.storage.checkpoints import uuid_text
from kpybroker.storage.directories import DataDirectories, Identity, require_metadata
from kpybroker.storage.directory import DataDirectory, Meta
from kpybroker.storage.ephemeral import EphemeralFiles
from kpybroker.storage.files import RealFiles
from kpybroker.wire.errors import Error

log = logging.getLogger("kpybroker")
ANY_HOST = {"": "0.0.0.0"}


class StartError(Exception):
    """Why a broker cannot start, in one line."""


class Assembly(NamedTuple):
    core: Core
    clock: Clock
    listeners: Sequence[tuple[Listener, socket.socket]]

    @property
    def addresses(self) -> list[str]:
        """host:port of each listener, with the port that was really bound."""
        return [address_text(listener.host or "127.0.0.1", sock.getsockname()[1]) for listener, sock in self.listeners]

    def close(self) -> None:
        """Everything that was opened is closed, the directories cleanly."""
        for _, sock in self.listeners:
            sock.close()
        self.core.state.close(self.clock.now(), in_threads)


def assemble(
    settings: Settings, data_dirs: Sequence[str], topics: Mapping[str, int], release: str = "", *, sync: bool = False
) -> Assembly:
    """Binds first, then loads what the directories hold; without any, data lives as long as the broker.

    `release` is the one of RELEASES that the broker passes for, "" for none in particular. `sync`: nothing is
    acknowledged before it is synced.

    Raises StartError, StorageError or SettingError: in one line, what is wrong.
    """
    if sync and not data_dirs:
        raise StartError("--sync is for data that is kept: say where, with --data-dir")
    clock = Clock()
    rng = random.Random(secrets.randbits(64))
    described = listeners(settings)
    opened: list[tuple[Listener, socket.socket]] = []
    directories = None
    try:
        for listener in described.opened:
            opened.append((listener, _bind(listener)))
        advertised = {
            name: (listener.host, listener.port or _port(name, opened))
            for name, listener in described.advertised.items()
            if listener.host
        }
        directories = _open_directories(settings, data_dirs, rng, clock)
        if directories.kept:
            require_metadata(directories)
        for path in data_dirs if sync else ():  # a directory that was just made is to be found again, too
            RealFiles(os.path.dirname(os.path.abspath(path))).sync_directory("")
        state = State(
            settings=settings,
            directories=directories,
            rng=rng,
            offer=offered(release, strict=settings.strict),
            advertised=advertised,
            now=clock.now(),
            sync=sync,
        )
        for error in state.cluster.keeping.snapshots.passed_over if state.cluster.keeping is not None else ():
            log.warning("%s: passed over, and what it held read from before it", error)
        if directories.kept and not directories.failures:  # of those each was told already
            _tell_of_absent(state)
        for name, partitions in topics.items():
            _create(state, name, partitions, clock.now())
    except BaseException:
        for _, sock in opened:
            sock.close()
        if directories is not None:
            directories.close(clean=False)
        raise
    return Assembly(Core(state), clock, opened)


def _open_directories(
    settings: Settings, data_dirs: Sequence[str], rng: random.Random, clock: Clock
) -> DataDirectories:
    def new_id() -> bytes:
        return uuid.UUID(int=rng.getrandbits(128), version=4).bytes

    node = settings.int("node.id")
    if not data_dirs:
        files = EphemeralFiles(tempfile.gettempdir())
        return DataDirectories([DataDirectory(files, Meta(uuid_text(new_id()), node, new_id()), files.remove_all)])
    # Here and not at the top: a broker of which nothing is kept starts sooner without it.
    from kpybroker.kept_configs import KeptConfigs  # noqa: PLC0415

    kept = [RealFiles(path) for path in data_dirs]
    told = settings.static.get("metadata.log.dir")
    metadata = None
    if told is not None:
        own = RealFiles(told)
        metadata = next((each for each in kept if each.root == own.root), own)
    started = clock.now()
    identity = Identity(node, lambda: uuid_text(new_id()), new_id)
    configs = KeptConfigs(metadata or kept[0], settings)
    opened = DataDirectories.open(kept, identity, configs, started, metadata=metadata)
    for failure in opened.failures:
        log.error("a log directory is offline until the next start: %s; %s", failure, failure.advice)
    for directory in opened.all:
        _tell_of_recovery(directory, (clock.now() - started) / 1000)
    return opened


def _tell_of_recovery(kept: DataDirectory, seconds: float) -> None:
    repaired = any(each.is_repair for each in kept.recovered.values()) or bool(kept.offsets.unreadable)
    if repaired or (kept.recovered and not kept.was_clean):
        from kpybroker.storage.recovery import summary  # noqa: PLC0415  as above

        line = summary(kept.recovered, kept.offsets.unreadable, seconds)
        log.log(logging.WARNING if repaired else logging.INFO, "%s: %s", kept.files.root, line)


def _tell_of_absent(state: State) -> None:
    """Partitions in a directory that was there once, and was not named now."""
    topics = state.image.topics.values()
    every = [(topic.name, index) for topic in topics for index in topic.partitions]
    absent = [f"{topic}-{index}" for topic, index in every if state.replicas.is_offline((topic, index))]
    if absent:
        more = f" and {len(absent) - 1:,} more partitions" if len(absent) > 1 else ""
        advice = "name it too, by another --data-dir or in log.dirs"
        log.error("offline: %s%s, in a log directory that was not named at this start; %s", absent[0], more, advice)


def _bind(listener: Listener) -> socket.socket:
    host = ANY_HOST.get(listener.host, listener.host)
    try:
        return bind(host, listener.port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(f"Socket server failed to bind to {host}:{listener.port}: {reason}.") from error


def _port(name: str, opened: Sequence[tuple[Listener, socket.socket]]) -> int:
    found: int = next(sock.getsockname()[1] for listener, sock in opened if listener.name == name)
    return found


def _create(state: State, name: str, partitions: int, now: Instant) -> None:
    """A topic that is asked for at start; one that a kept directory already has is left as it is."""
    error = state.create_topic(name, partitions, now)
    if error not in (Error.NONE, Error.TOPIC_ALREADY_EXISTS):
        raise StartError(f"Topic '{name}' cannot be created: {error.name}")

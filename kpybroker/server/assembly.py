"""Puts a broker together from its settings: directory, listening sockets, state and core."""

from __future__ import annotations

import logging
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
from kpybroker.state import State
from kpybroker.storage.checkpoints import uuid_text
from kpybroker.storage.directory import DataDirectory, Meta, read_meta
from kpybroker.storage.ephemeral import EphemeralFiles
from kpybroker.storage.files import RealFiles
from kpybroker.storage.segment import LogConfig
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
        """Everything that was opened is closed, the directory cleanly."""
        for _, sock in self.listeners:
            sock.close()
        self.core.state.close()


def assemble(settings: Settings, data_dir: str | None, topics: Mapping[str, int], release: str = "") -> Assembly:
    """Binds first, then loads what the directory holds; without one, data lives as long as the broker.

    `release` is the one of RELEASES that the broker passes for, "" for none in particular.

    Raises StartError, StorageError or SettingError: in one line, what is wrong.
    """
    clock = Clock()
    rng = random.Random(secrets.randbits(64))
    described = listeners(settings)
    opened: list[tuple[Listener, socket.socket]] = []
    directory = None
    try:
        for listener in described.opened:
            opened.append((listener, _bind(listener)))
        advertised = {
            name: (listener.host, listener.port or _port(name, opened))
            for name, listener in described.advertised.items()
            if listener.host
        }
        directory = _open_directory(settings, data_dir, rng, clock.now())
        state = State(
            settings=settings,
            directory=directory,
            rng=rng,
            offer=offered(release, strict=settings.strict),
            advertised=advertised,
            now=clock.now(),
        )
        for name, partitions in topics.items():
            _create(state, name, partitions, clock.now())
    except BaseException:
        for _, sock in opened:
            sock.close()
        if directory is not None:
            directory.close(clean=False)
        raise
    return Assembly(Core(state), clock, opened)


def _open_directory(settings: Settings, data_dir: str | None, rng: random.Random, now: Instant) -> DataDirectory:
    cluster_id = uuid_text(uuid.UUID(int=rng.getrandbits(128), version=4).bytes)
    fresh = Meta(cluster_id, settings.int("node.id"), uuid.UUID(int=rng.getrandbits(128), version=4).bytes)
    if data_dir is None:
        files = EphemeralFiles(tempfile.gettempdir())
        return DataDirectory(files, fresh, files.remove_all)
    kept_files = RealFiles(data_dir)
    if read_meta(kept_files) is not None:
        fresh = fresh._replace(cluster_id="")  # it says itself which cluster it belongs to
    kept = DataDirectory.open(kept_files, fresh, lambda topic: LogConfig(), now)
    for (topic, index), recovery in kept.recovered.items():
        if recovery.cut_bytes or recovery.removed_files:
            log.warning("%s-%d was recovered: %s", topic, index, recovery)
    return kept


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

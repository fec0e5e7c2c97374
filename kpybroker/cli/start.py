"""`kpybroker start`: one broker until a signal stops it; ready lines on stdout, the log on stderr."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import trio

from kpybroker.config.listeners import address_text
from kpybroker.config.obeyed import OBEYED
from kpybroker.config.properties import read_overrides, read_properties
from kpybroker.config.settings import Settings
from kpybroker.config.values import SettingError
from kpybroker.releases import release_of
from kpybroker.server.assembly import Assembly, StartError, assemble
from kpybroker.server.face import parse_topics
from kpybroker.server.server import serve
from kpybroker.storage.files import DiskError, StorageError

log = logging.getLogger("kpybroker")
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 9092


@click.command()
@click.argument("properties", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--override", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting; beats the file.")
@click.option("--host", help=f"Where to listen; {DEFAULT_HOST} unless told otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), help=f"{DEFAULT_PORT} unless told otherwise; 0: any free port.")
@click.option("--port-file", type=click.Path(dir_okay=False, path_type=Path), help="Written once ready: the port.")
@click.option(
    "--data-dir",
    "data_dirs",
    multiple=True,
    type=click.Path(),
    help="Keep the data there; otherwise it goes at the end.",
)
@click.option("--sync", is_flag=True, help="Acknowledge only what the disk has synced (fsync); needs a data directory.")
@click.option("--topic", "topics", multiple=True, metavar="NAME[:PARTITIONS]", help="A topic to create at start.")
@click.option("--as-version", metavar="X", help="The release of Kafka to pass for, as 0.8.0, 2.8 or 3.9.1.")
@click.option("--strict", is_flag=True, help="Kafka's own timing in everything, for the last bit of likeness.")
def start(
    properties: Path | None,
    overrides: tuple[str, ...],
    host: str | None,
    port: int | None,
    port_file: Path | None,
    data_dirs: tuple[str, ...],
    sync: bool,
    topics: tuple[str, ...],
    as_version: str | None,
    strict: bool,
) -> None:
    """Start a broker and serve until SIGTERM or SIGINT.

    PROPERTIES is a server.properties file, as kafka-server-start.sh takes it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # it ends what is still starting as SIGTERM does, without a word
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="[%(asctime)s] %(levelname)s %(message)s")
    try:
        _check_port_file(port_file)
        told = {} if properties is None else read_properties(properties.read_bytes())
        if host is not None or port is not None:
            told.pop("advertised.listeners", None)  # it speaks of the file's own listeners
        told.update(read_overrides(overrides))
        _listen(told, host, port)
        if "" in data_dirs:
            raise StartError("--data-dir is empty: name a directory, or leave it out to keep nothing")
        if data_dirs:
            told["log.dirs"] = ",".join(data_dirs)  # where they are described
        settings = Settings(told, strict=strict)
        for name in settings.unknown:
            log.warning("setting %s is not known, it is kept and has no effect", name)
        idle = [name for name in told if name not in (*OBEYED["broker"], *settings.unknown)]
        if idle:
            log.info("kept and described, and without an effect here: %s", ", ".join(idle))
        release = "" if as_version is None else release_of(as_version)
        assembly = assemble(settings, _data_dirs(settings, data_dirs), parse_topics(topics), release, sync=sync)
    except (SettingError, StartError, StorageError) as error:
        advice = f"; {error.advice}" if isinstance(error, DiskError) else ""
        click.echo(f"kpybroker: {error}{advice}", err=True)
        sys.exit(1)
    code = trio.run(_serve, assembly, port_file)
    if port_file is not None:
        port_file.unlink(missing_ok=True)
    assembly.close()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)  # nothing is left to do, and an interpreter takes its time to end


def _check_port_file(port_file: Path | None) -> None:
    """That it can be written is known before anything is served; one of an earlier broker is nobody's to read."""
    if port_file is None:
        return
    if not os.access(port_file.parent, os.W_OK):
        raise StartError(f"--port-file {port_file}: this directory is not there or cannot be written")
    port_file.unlink(missing_ok=True)


def _listen(told: dict[str, str], host: str | None, port: int | None) -> None:
    """--host and --port replace the listeners of the file; without both the file, or else the default, counts."""
    if host is None and port is None and "listeners" in told:
        return
    address = address_text(host or DEFAULT_HOST, DEFAULT_PORT if port is None else port)
    told["listeners"] = f"PLAINTEXT://{address}"


def _data_dirs(settings: Settings, data_dirs: Sequence[str]) -> list[str]:
    """--data-dir, once for each, or the log.dirs or log.dir that somebody set."""
    told = settings.static.get("log.dirs") or settings.static.get("log.dir")
    if data_dirs:
        return list(data_dirs)
    return [] if told is None else [part.strip() for part in told.split(",") if part.strip()]


async def _serve(assembly: Assembly, port_file: Path | None) -> int:
    """Serves until a signal comes; the exit code that a shell expects of it."""
    core, clock, listeners = assembly

    def ready() -> None:
        if port_file is not None:
            _write_port(port_file, assembly)
        log.info("serving on %s", ", ".join(assembly.addresses))
        node = core.state.node_id
        print(  # noqa: T201  what other programs wait for, word for word as Kafka has it
            f"[KafkaServer id={node}] started (kpybroker)\n"
            f"[BrokerLifecycleManager id={node}] The broker has been unfenced. "
            "Transitioning from RECOVERY to RUNNING.\n"
            f"[KafkaRaftServer nodeId={node}] Kafka Server started",
            flush=True,
        )

    code = 0
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            core.state.outages.on_loss = nursery.cancel_scope.cancel
            nursery.start_soon(serve, core, clock, listeners, ready)
            async for number in signals:
                code = 128 + number
                nursery.cancel_scope.cancel()
                break
    return 1 if core.state.outages.lost else code  # Kafka halts with 1


def _write_port(port_file: Path, assembly: Assembly) -> None:
    """Whole or not at all: whoever waits for the file may read it at once."""
    temporary = port_file.with_name(port_file.name + ".new")
    temporary.write_text(assembly.addresses[0].rpartition(":")[2] + "\n")
    temporary.replace(port_file)

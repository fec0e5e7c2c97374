"""Starts an Apache Kafka of its own for a recording, and ends it afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from differ.served import LATEST

PEERS = "~/.cache/kafka-peers"
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={directory}/data
num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# the cases' records are years old: the cleaner must not take them away in the middle of a case
log.initial.task.delay.ms=86400000
"""
MORE = {
    "4.3.1": "",
    # the group coordinator that 4.0 has alone, and that kpybroker's follows; 3.9.1 begins with the one before it
    "3.9.1": "group.coordinator.new.enable=true\n",
}
JARS = {"4.3.1": "kafka/libs", "3.9.1": "kafka-3.9.1/libs"}  # in the directory of peers
CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"


@contextmanager
def apache_kafka(
    peers: str = "", release: str = LATEST, patience_s: float = 60.0, told: Mapping[str, str] = {}
) -> Iterator[str]:
    """A fresh broker on a free port; its address. `peers` holds Kafka's jars as JARS says; `told` are more settings."""
    libs = Path(peers or os.environ.get("KAFKA_PEERS") or PEERS).expanduser() / JARS[release]
    if not libs.is_dir():
        raise FileNotFoundError(f"{libs} has no jars of Apache Kafka: set KAFKA_PEERS or --peers")
    directory = Path(tempfile.mkdtemp(prefix="differ-kafka-"))
    port, controller = _free_ports()
    settings = directory / "server.properties"
    settings.write_text(PROPERTIES.format(port=port, controller=controller, directory=directory) + MORE[release])
    with settings.open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in told.items())
    java = ["java", "-Xmx1G", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{libs}/*"]
    with (directory / "kafka.log").open("wb") as log:
        format_command = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)]
        subprocess.run(format_command, check=True, stdout=log, stderr=log)
        process = subprocess.Popen([*java, "kafka.Kafka", str(settings)], stdout=log, stderr=log)
    try:
        _await_port(port, process, directory / "kafka.log", patience_s)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(directory)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path, patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise ChildProcessError(f"Apache Kafka ended:\n{log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError(f"Apache Kafka did not listen within {patience_s} s")

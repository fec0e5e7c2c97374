"""Apache Kafka 4.3.1 itself, from its jars, on a directory that a test gives it.

KAFKA_PEERS (by default ~/.cache/kafka-peers) holds the jars in kafka/libs, and those of 3.9.1 in kafka-3.9.1/libs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.process import Running
from tests.until import PATIENCE_S, until

PEERS = Path(os.environ.get("KAFKA_PEERS") or "~/.cache/kafka-peers").expanduser()
LIBS = PEERS / "kafka" / "libs"
LIBS_OF_3_9 = PEERS / "kafka-3.9.1" / "libs"
STARTED = "Kafka Server started"
# A new leader of the quorum; a topic that is being deleted, whose files are never looked at again.
EVERYDAY = ("Performing controller activation", "-delete/")
SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={directory}
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=1000
"""


def why_missing() -> str | None:
    if shutil.which("java") is None:
        return "there is no java"
    return None if LIBS.is_dir() else f"{LIBS} has no jars of Apache Kafka"


def java(*arguments: str | Path, libs: Path = LIBS) -> list[str]:
    """A command that starts quickly and does not last."""
    log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=info"
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    first = next(libs.glob("slf4j-simple-*.jar"), libs)  # 3.9.1 has another beside it, which would say nothing
    return ["java", "-Xmx384M", *quick, log, "-cp", f"{first}:{libs}/*", *map(str, arguments)]


class KafkaProcess(Running):
    """A combined node 1, the only voter, on this directory, or on several with commas between them. Ports are free
    ones; `sasl`: with a listener for that."""

    def __init__(
        self, folder: Path, directory: Path | str, more: str = "", *, sasl: bool = False, libs: Path = LIBS
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "log"
        self.port, controller, self.sasl_port = _free_ports()
        settings = folder / "server.properties"
        text = SETTINGS.format(port=self.port, controller=controller, directory=directory) + more
        if sasl:
            text = text.replace("\nlisteners=", f"\nlisteners=SASL://127.0.0.1:{self.sasl_port},")
            text = text.replace("PLAINTEXT:PLAINTEXT\n", "PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT\n")
        settings.write_text(text)
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(java("kafka.Kafka", settings, libs=libs), stdout=log, stderr=log)

    def wait_until_ready(self) -> Self:
        until(lambda: STARTED in self.log or self.process.poll() is not None, 3 * PATIENCE_S)
        assert self.process.poll() is None, self.log
        return self

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def complaints(self) -> list[str]:
        """What it says at WARN and above, without what it says of its own directories too."""
        lines = [line for line in self.log.splitlines() if re.search(r"\] (WARN|ERROR) ", line)]
        return [line for line in lines if not any(known in line for known in EVERYDAY)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(3 * PATIENCE_S)


def _free_ports() -> tuple[int, int, int]:
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for each in (one, two, three):
            each.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1], three.getsockname()[1]

"""Records tests/data/storage/stages.json anew: `python -m tests.storage.record_stages JARS PORT`.

It starts, stops and kills an Apache Kafka 4.3.1 from these jars on two ports from PORT on, in a directory of its own,
plays the stages and writes down what is on the disk after each.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.process import Link
from tests.storage.stages import RECORDED, SETTINGS, STAGES, Player, changes, disk, play

CLUSTER = "4L6g3nShT-eMCtK--X86sw"
PATIENCE_S = 60
HIGH_WATERMARKS_S = 6  # one every five seconds is written down


def properties(directory: Path, port: int) -> str:
    told = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{port + 1}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(directory),
        "offsets.topic.replication.factor": "1",
        "group.initial.rebalance.delay.ms": "0",
        **SETTINGS,
    }
    return "".join([f"{name}={value}\n" for name, value in told.items()])


def patience(settled: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            if settled():
                return
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, "Apache Kafka does not settle"
        time.sleep(0.2)


def main(jars: str, port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory, settings = Path(folder) / "data", Path(folder) / "server.properties"
        settings.write_text(properties(directory, port))
        java = ["java", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(settings)], check=True)
        player, found = Player({}), {}
        broker = None
        for stage in STAGES:
            if broker is None:
                broker = subprocess.Popen([*java, "kafka.Kafka", str(settings)])

                def connected() -> bool:
                    player.asker = Link(("127.0.0.1", port))
                    return True

                patience(connected)
            play(stage, player, patience)
            if stage.end:
                broker.send_signal(signal.SIGTERM if stage.end == "stop" else signal.SIGKILL)
                broker.wait(PATIENCE_S)
                broker = None
            else:
                time.sleep(HIGH_WATERMARKS_S)
            found[stage.name] = disk(directory)
    stages = dict(zip(found, changes(found.values()), strict=True))
    RECORDED.write_text(json.dumps({"packed": player.packed, "stages": stages}, indent=1, sort_keys=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

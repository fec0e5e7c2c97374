"""Records tests/data/directories/kafka-3.9.1 anew: `python -m tests.directories.record_older`; needs the jars of 3.9.1.

It is formatted with the metadata of Kafka 3.6, which knows nothing of directories and eligible leaders.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.directories.kafkas import OLDER
from tests.directories.record import CLUSTER_ID, ask, commit
from tests.kafka import LIBS_OF_3_9, KafkaProcess, java
from tests.process import Link
from tests.requests import create_topic, metadata, produce, produced
from tests.until import until

SETTINGS = "offsets.topic.num.partitions=1\n"


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="directory-"))
    data = folder / "data"
    settings = folder / "format.properties"
    settings.write_text(
        f"process.roles=broker,controller\nnode.id=1\nlog.dirs={data}\n"
        "controller.quorum.voters=1@127.0.0.1:1\ncontroller.listener.names=CONTROLLER\n"
        "listeners=PLAINTEXT://:0,CONTROLLER://:1\n"
    )
    how = ["--release-version", "3.6", "-t", CLUSTER_ID, "-c", settings]
    subprocess.run(java("kafka.tools.StorageTool", "format", *how, libs=LIBS_OF_3_9), check=True)
    with KafkaProcess(folder, data, SETTINGS, libs=LIBS_OF_3_9) as kafka, Link(("127.0.0.1", kafka.port)) as link:
        link.ask(create_topic("orders", 3, {"retention.ms": "-1"}), 7)
        until(lambda: all(part.error_code == 0 for part in link.ask(metadata("orders"), 9).topics[0].partitions))
        for index in range(2):
            assert produced(link.ask(produce("orders", b"a%d" % index, b"b", index=index), 9))[0] == 0
        until(lambda: ask(link, 10, 4, coordinator_keys=["x"]).coordinators[0].error_code == 0)
        until(lambda: commit(link, "simple") == 0)
        assert kafka.stop() == 143
    shutil.rmtree(OLDER, ignore_errors=True)
    shutil.copytree(data, OLDER, ignore=shutil.ignore_patterns(".lock"))
    for path in OLDER.rglob("*.checkpoint"):
        path.chmod(0o644)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()

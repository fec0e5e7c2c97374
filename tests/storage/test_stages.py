"""A kept directory has the same files as Apache Kafka's, byte for byte, at each stage of the same story."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpybroker.config.settings import Settings
from kpybroker.kept_configs import KeptConfigs
from kpybroker.storage.directory import DataDirectory, Meta
from kpybroker.storage.files import RealFiles
from tests.core import START, Bench
from tests.storage.stages import RECORDED, SETTINGS, STAGES, Player, disk, every_stage, play

Disk = dict[str, str]
META = Meta("4L6g3nShT-eMCtK--X86sw", 1, bytes(range(16)))
# What differs by its nature: ids, times, and the batches that the cluster and its groups write for themselves.
OWN = re.compile(
    r"meta\.properties|\.kafka_cleanshutdown|__cluster_metadata-0/.*"
    r"|.*/partition\.metadata|__consumer_offsets-\d+/\d+\.(log|index|timeindex)"
)
# What `format` wrote is not looked at again; a deleted topic waits for its removal.
PASSED_OVER = re.compile(r"bootstrap\.checkpoint|.*\.UUID-delete/.*")
CHECKPOINTS = ("recovery-point-offset-checkpoint", "replication-offset-checkpoint", "log-start-offset-checkpoint")


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORDED.read_text())
    found["stages"] = dict(zip(found["stages"], every_stage(found["stages"].values()), strict=True))
    return found


def open_bench(folder: Path) -> Bench:
    files = RealFiles(str(folder))
    directory = DataDirectory.open(files, META, KeptConfigs(files, Settings(SETTINGS)), START)
    return Bench(directory=directory, config=SETTINGS)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Disk]:
    """What kpybroker has on its disk after each stage."""
    folder = tmp_path_factory.mktemp("stages")
    player = Player(recorded()["packed"])
    found: dict[str, Disk] = {}
    bench: Bench | None = None
    for stage in STAGES:
        bench = bench or open_bench(folder)
        player.asker = bench.connect()
        play(stage, player, settled)
        if stage.end == "stop":
            bench.state.close(bench.now)
        elif stage.end == "kill":
            bench.state.directory.close(clean=False)
        found[stage.name] = disk(folder)
        assert not bench.core.bugs
        if stage.end:
            bench = None
    return found


def settled(step: Callable[[], bool]) -> None:
    assert step()


def comparable(files: Disk) -> Disk:
    """Without what differs by nature; checkpoints of the whole directory by their lines, whose order is a hash's."""
    found = {}
    for name, data in files.items():
        text = bytes.fromhex(data).decode() if name.endswith("-checkpoint") else data
        if PASSED_OVER.fullmatch(name):
            continue
        if name in CHECKPOINTS:
            found[name] = "\n".join(sorted(text.splitlines()[2:]))
        elif OWN.fullmatch(name):
            found[re.sub("[1-9]", "0", name) if name.endswith(".snapshot") else name] = "there"
        else:
            found[name] = text
    return found


def differences(expected: Disk, found: Disk) -> dict[str, tuple[str | None, str | None]]:
    names = sorted(expected.keys() | found.keys())
    return {name: (expected.get(name), found.get(name)) for name in names if expected.get(name) != found.get(name)}


@pytest.mark.parametrize("name", [stage.name for stage in STAGES if stage.end == "stop"])
def test_after_a_clean_stop_every_file_is_kafkas(stages: dict[str, Disk], name: str) -> None:
    """The listing and all bytes."""
    assert differences(comparable(recorded()["stages"][name]), comparable(stages[name])) == {}


@pytest.mark.parametrize("name", ["running", "killed"])
def test_what_a_kill_finds_is_kafkas(stages: dict[str, Disk], name: str) -> None:
    """Batches, and snapshots of producers where segments begin. (Indexes and epochs that are not written yet are made
    anew, and what was never written to has no files.)"""

    def lasting(files: Disk) -> Disk:
        kept = (".log", ".snapshot", "-checkpoint")
        return {
            key: data
            for key, data in comparable(files).items()
            if key.endswith(kept) and not re.match("empty-|.*/leader|replication", key)
        }

    assert differences(lasting(recorded()["stages"][name]), lasting(stages[name])) == {}


def test_recovery_makes_the_snapshots_that_kafka_makes(stages: dict[str, Disk]) -> None:
    """After a kill, at either end of each segment that was checked."""
    expected, found = [
        {key: data for key, data in comparable(files).items() if re.match(r"(plain|timed|idempotent)-0/.*\.snap", key)}
        for files in (recorded()["stages"]["recovered"], stages["recovered"])
    ]
    assert len(found) > 5
    assert differences(expected, found) == {}

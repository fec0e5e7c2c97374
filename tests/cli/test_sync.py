"""`kpybroker start --sync`: acknowledged is synced."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import BrokerProcess
from tests.requests import create_topic, fetch, fetched, produce, produced
from tests.until import PATIENCE_S


@pytest.mark.parametrize("acks", [1, -1])
def test_a_killed_broker_has_what_it_acknowledged(tmp_path: Path, acks: int) -> None:
    """Whatever moment it is killed at, and its next run without `--sync` has it too."""
    acknowledged = 0
    for run in range(3):
        options = ["--sync"] if run < 2 else []
        with BrokerProcess(tmp_path / str(run), "--data-dir", str(tmp_path / "data"), *options) as broker:
            links = [broker.link() for _ in range(5)]
            if run == 0:
                assert links[0].ask(create_topic("t"), 7).topics[0].error_code == 0
            found = fetched(links[0].ask(fetch(("t", 0, 0)), 12))["t", 0]
            assert len(found) >= acknowledged
            for _ in range(10):
                for link in links:
                    link.send(produce("t", b"x", acks=acks), 9)
                offsets = [produced(link.answer()) for link in links]
                assert sorted(offsets) == [(0, len(found) + number) for number in range(len(links))]
                found += [b"x"] * len(links)
            acknowledged = len(found)
            assert broker.stop(signal.SIGKILL) == -signal.SIGKILL
            for link in links:
                link.close()


def test_it_is_for_data_that_is_kept(tmp_path: Path) -> None:
    """Without a directory that outlives the broker there is nothing to promise: one line says so."""
    command = [sys.executable, "-m", "kpybroker", "start", "--port", "0", "--sync"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == ["kpybroker: --sync is for data that is kept: say where, with --data-dir"]

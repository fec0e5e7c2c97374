"""The pytest plugin: a broker for each test that asks for one, and no cost for the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.until import PATIENCE_S

USERS_TESTS = """
import socket, sys

SEEN = []

def test_who_asks_for_nothing_pays_for_nothing():
    heavy = ("trio", "msgspec", "crc32c", "cramjam", "click", "kpybroker.server")
    assert [name for name in heavy if name in sys.modules] == []

def test_first(kafka_broker):
    host, _, port = kafka_broker.bootstrap_servers.partition(":")
    socket.create_connection((host, int(port))).close()
    SEEN.append((kafka_broker, int(port)))

def test_second(kafka_broker):
    (first, port), = SEEN
    assert kafka_broker is not first
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return
    assert kafka_broker.bootstrap_servers.endswith(f":{port}")

def test_a_bug_of_the_broker(kafka_broker):
    kafka_broker._assembly.core.bugs.append(RuntimeError("ours"))
"""


def test_a_new_broker_for_each_test(tmp_path: Path) -> None:
    """kafka_broker is new and on a new port for each test; a bug that it met fails the test's teardown."""
    (tmp_path / "test_users.py").write_text(USERS_TESTS)
    environment = {
        **os.environ,
        "PYTHONPATH": ":".join(filter(None, sys.path)),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # whether or not the package is installed: -p loads it
    }
    environment["COLUMNS"] = "200"  # or lines of the summary are cut
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "kpybroker.testing.plugin", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [*command, "-rA", "test_users.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "4 passed, 1 error" in ended.stdout, ended.stdout + ended.stderr
    assert "ERROR test_users.py::test_a_bug_of_the_broker - kpybroker.server.face.BrokerBug" in ended.stdout

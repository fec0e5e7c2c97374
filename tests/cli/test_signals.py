"""A signal stops the broker at once, with the exit code that a shell expects, and leaves a directory in order."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.process import BrokerProcess
from tests.requests import end_offset, fetch, metadata, produce
from tests.scripted import JOIN_VERSION, join

AT_ONCE_S = 1.0


def stop_in_time(broker: BrokerProcess, number: int) -> int:
    started = time.monotonic()
    code = broker.stop(number)
    assert time.monotonic() - started < AT_ONCE_S
    return code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_idle_broker_stops_at_once(tmp_path: Path, number: int, code: int) -> None:
    """SIGTERM is exit 143 and SIGINT 130, without a traceback."""
    with BrokerProcess(tmp_path) as broker:
        assert stop_in_time(broker, number) == code
        assert "Traceback" not in broker.log


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_busy_broker_stops_at_once(tmp_path: Path, number: int, code: int) -> None:
    """Nobody is waited for: neither idle clients, nor a long poll, a rebalance, a half-sent frame or a stuck reader."""
    with BrokerProcess(tmp_path / "broker", "--topic", "t", "--data-dir", str(tmp_path / "data")) as broker:
        idle, poll, member, half, stuck, producer = (broker.link(receive_buffer=4096) for _ in range(6))
        for _ in range(8):
            producer.ask(produce("t", bytes(900_000)), 9)
        idle.ask(metadata("t"), 9)
        poll.send(fetch(("t", 0, 8), max_wait_ms=60_000), 12)
        member.send(join("group"), JOIN_VERSION)
        half.socket.sendall(b"\0\0\1\0half")
        stuck.send(fetch(("t", 0, 0), partition_max_bytes=8_000_000), 12)
        producer.ask(end_offset("t"), 7)
        assert stop_in_time(broker, number) == code
        assert "Traceback" not in broker.log
        for link in (idle, poll, half):
            assert link.is_closed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_broker_that_is_still_starting_stops_at_once(tmp_path: Path, number: int) -> None:
    """Killed by the signal, which a shell reports as 143 and 130 too; without a word."""
    properties = tmp_path / "server.properties"
    os.mkfifo(properties)
    broker = BrokerProcess(tmp_path, str(properties))
    with open(properties, "wb"):  # it has begun to read them
        assert stop_in_time(broker, number) == -number
    assert broker.log == broker.out == ""


def test_a_stop_leaves_the_directory_closed_cleanly(tmp_path: Path) -> None:
    """The mark and the checkpoints that Kafka leaves are there, and the next start has nothing to recover."""
    data = tmp_path / "data"
    arguments = ["--topic", "t", "--data-dir", str(data)]
    with BrokerProcess(tmp_path / "first", *arguments) as broker, broker.link() as link:
        link.ask(produce("t", b"x"), 9)
        broker.stop()
    assert json.loads((data / ".kafka_cleanshutdown").read_text())["version"] == 0
    points = (data / "recovery-point-offset-checkpoint").read_text().splitlines()
    assert [point for point in points if point.startswith("t 0 ")]
    with BrokerProcess(tmp_path / "second", *arguments) as broker:
        assert "recovered" not in broker.log
        assert not (data / ".kafka_cleanshutdown").exists()
        broker.stop(signal.SIGKILL)
    assert not (data / ".kafka_cleanshutdown").exists()

"""`kpybroker start`: what it prints, what it is told, what it refuses, and what a directory keeps."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from tests.process import BrokerProcess, Link
from tests.requests import create_topic, fetch, fetched, init_producer_id, metadata, produce, produced
from tests.scripted import commit
from tests.until import PATIENCE_S

ROOT = Path(__file__).parent.parent.parent
READY = [  # what testcontainers modules and kafka-python's fixture wait for, word for word
    "[KafkaServer id=1] started (kpybroker)",
    "[BrokerLifecycleManager id=1] The broker has been unfenced. Transitioning from RECOVERY to RUNNING.",
    "[KafkaRaftServer nodeId=1] Kafka Server started",
]
ENVIRONMENT = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    command = [sys.executable, "-m", "kpybroker", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def refused(*arguments: str) -> str:
    """The one line with which a start ends that cannot be."""
    ended = run("start", "--port", "0", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    lines = [line for line in ended.stderr.splitlines() if "WARNING" not in line]
    assert len(lines) == 1, ended.stderr
    return lines[0]


def partitions_of(link: Link, topic: str) -> int:
    return len(link.ask(metadata(topic, create=True), 9).topics[0].partitions)


# -- ready ---------------------------------------------------------------------------------------------------------


def test_ready_lines_come_once_and_after_the_listener_accepts(tmp_path: Path) -> None:
    """stdout has the ready lines and nothing else; who has read them connects and is served; the log is on stderr."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "kpybroker", "start", "--port", "0", "--port-file", str(port_file)]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in READY]
        with Link(("127.0.0.1", int(port_file.read_text()))) as link:
            assert link.ask(metadata(), 9).brokers[0].node_id == 1
        process.send_signal(signal.SIGTERM)
        assert lines == READY
        assert process.stdout.read() == ""
        assert "serving on 127.0.0.1:" in process.stderr.read()


def test_the_port_file_is_the_port(tmp_path: Path) -> None:
    """--port-file holds the port that the system chose, whole as soon as it is there, and nothing else."""
    with BrokerProcess(tmp_path) as broker:
        assert broker.port_file.read_text() == f"{broker.address[1]}\n"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "out", "port"]
        with broker.link() as link:
            assert [(each.host, each.port) for each in link.ask(metadata(), 9).brokers] == [broker.address]


def test_a_port_that_is_asked_for(tmp_path: Path) -> None:
    """--port P listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with BrokerProcess(tmp_path, "--port", str(port), port=False), Link(("127.0.0.1", port)) as link:
        assert link.ask(metadata(), 9).brokers[0].port == port


def test_the_module_is_the_command() -> None:
    """`python -m kpybroker` and the console script that pyproject.toml declares are one."""
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["kpybroker"]
    module, _, name = script.partition(":")
    for arguments in (["start", "--help"], ["--help"], [], ["nonsense"]):
        called = f"import sys; sys.argv[1:] = {arguments!r}; from {module} import {name}; {name}()"
        direct = subprocess.run(
            [sys.executable, "-c", called], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        by_module = run(*arguments)
        assert by_module.returncode == direct.returncode
        assert by_module.stdout.replace("python -m kpybroker", "kpybroker") == direct.stdout


# -- what it is told -----------------------------------------------------------------------------------------------


def test_an_override_beats_the_file_and_the_file_the_default(tmp_path: Path) -> None:
    """server.properties as kafka-server-start.sh takes it, and --override KEY=VALUE over it, the last one first."""
    properties = tmp_path / "server.properties"
    properties.write_text("# a file\nnum.partitions=4\nauto.create.topics.enable = true\nnode.id:7\n")
    with BrokerProcess(tmp_path / "file", str(properties)) as broker, broker.link() as link:
        assert partitions_of(link, "new") == 4
        assert link.ask(metadata(), 9).brokers[0].node_id == 7
        assert "[KafkaRaftServer nodeId=7] Kafka Server started" in broker.out
    overrides = ["--override", "num.partitions=2", "--override", "num.partitions=5"]
    with BrokerProcess(tmp_path / "over", str(properties), *overrides) as broker, broker.link() as link:
        assert partitions_of(link, "new") == 5


def test_the_listeners_of_the_file_count_unless_a_port_is_given(tmp_path: Path) -> None:
    """Without --host and --port the file says where to listen; with one of them the command line does."""
    properties = tmp_path / "server.properties"
    properties.write_text("listeners=PLAINTEXT://127.0.0.1:0,OTHER://127.0.0.1:0\n")
    with open(properties, "a") as file:
        file.write("listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT,CONTROLLER:PLAINTEXT\n")
    port_file = tmp_path / "port"
    with BrokerProcess(tmp_path, str(properties), "--port-file", str(port_file), port=False) as broker:
        served = broker.log.splitlines()[-1].partition("serving on ")[2].split(", ")
        ports = [int(address.rpartition(":")[2]) for address in served]
        assert len(set(ports)) == 2
        assert ports[0] == int(port_file.read_text())
        for port in ports:  # each client is told the address that it dialled itself
            with Link(("127.0.0.1", port)) as link:
                assert [each.port for each in link.ask(metadata(), 9).brokers] == [port]
    with BrokerProcess(tmp_path / "second", str(properties)) as broker:
        assert "," not in broker.log.partition("serving on ")[2]


KAFKAS_OWN = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT
num.network.threads=3
socket.send.buffer.bytes=102400
offsets.topic.replication.factor=1
log.retention.hours=168
log.segment.bytes=1073741824
"""


def test_the_file_that_comes_with_kafka(tmp_path: Path) -> None:
    """Kafka's own server.properties starts, without a warning; on another port clients are told that port."""
    properties = tmp_path / "server.properties"
    properties.write_text(KAFKAS_OWN + f"log.dirs={tmp_path / 'data'}\n")
    with BrokerProcess(tmp_path, str(properties)) as broker, broker.link() as link:
        assert [(each.host, each.port) for each in link.ask(metadata(), 9).brokers] == [broker.address]
        assert "WARNING" not in broker.log
        assert (tmp_path / "data" / "meta.properties").exists()
    overrides = ["--override", "advertised.listeners=PLAINTEXT://kafka.example:1234"]
    with BrokerProcess(tmp_path / "second", str(properties), *overrides) as broker, broker.link() as link:
        assert [each.host for each in link.ask(metadata(), 9).brokers] == ["kafka.example"]


def test_advertised_listeners_are_what_clients_are_told(tmp_path: Path) -> None:
    """A broker behind a port mapping says where it is reached from outside."""
    with (
        BrokerProcess(tmp_path, "--override", "advertised.listeners=PLAINTEXT://kafka.example:1234") as broker,
        broker.link() as link,
    ):
        assert [(each.host, each.port) for each in link.ask(metadata(), 9).brokers] == [("kafka.example", 1234)]


def test_unknown_settings_are_warned_of(tmp_path: Path) -> None:
    """A setting that nobody knows is kept, has no effect, and is named in the log."""
    with BrokerProcess(tmp_path, "--override", "zookeeper.connect=z:2181", "--override", "my.own=1") as broker:
        warnings = [line for line in broker.log.splitlines() if "WARNING" in line]
        assert [name for name in ("zookeeper.connect", "my.own") if any(name in line for line in warnings)] == [
            "zookeeper.connect",
            "my.own",
        ]
        with broker.link() as link:
            assert link.ask(metadata(), 9).brokers[0].node_id == 1


def test_settings_without_an_effect_are_named(tmp_path: Path) -> None:
    """Of Kafka's settings that were told those are named in the log, in one line, that change nothing here."""
    told = ("num.io.threads=4", "message.max.bytes=2000", "background.threads=2", "my.own=1")
    with BrokerProcess(tmp_path, *(word for each in told for word in ("--override", each))) as broker:
        (line,) = (line for line in broker.log.splitlines() if "without an effect" in line)
        assert line.endswith(": num.io.threads, background.threads")


def test_topics_of_the_command_line_exist(tmp_path: Path) -> None:
    """--topic NAME and NAME:PARTITIONS are there when the broker is ready, whatever auto-creation says."""
    arguments = ["--topic", "one", "--topic", "three:3", "--override", "auto.create.topics.enable=false"]
    with BrokerProcess(tmp_path, *arguments) as broker, broker.link() as link:
        topics = {topic.name: len(topic.partitions) for topic in link.ask(metadata(), 9).topics}
        assert topics == {"one": 1, "three": 3}


# -- what it refuses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--override", "num.partitions=many"], "num.partitions"),
        (["--override", "num.partitions=0"], "num.partitions"),
        (["--override", "auto.create.topics.enable=perhaps"], "auto.create.topics.enable"),
        (["--override", "num.partitions"], "num.partitions"),
        (["--topic", "t:0"], "t:0"),
        (["--topic", "t:x"], "t:x"),
        (["--topic", "a/b"], "a/b"),
        (["--topic", "a.b", "--topic", "a_b"], "a_b"),
        (["--host", "256.1.1.1"], "256.1.1.1"),
        (["--override", "advertised.listeners=PLAINTEXT://0.0.0.0:1"], "advertised.listeners"),
        (["--port-file", "/nonexistent/port"], "/nonexistent"),
        (["--data-dir", ""], "--data-dir is empty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_start_that_cannot_be_says_why_in_one_line(arguments: list[str], words: str) -> None:
    """A known setting of the wrong type, a topic or an address that cannot be: one line on stderr, exit 1."""
    assert words in refused(*arguments)


def test_a_port_in_use() -> None:
    """The line says which port it is, in Kafka's words, which people and tools look for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused("--port", str(port))
    assert f"Socket server failed to bind to 127.0.0.1:{port}: Address already in use." in line


def test_a_directory_of_somebody_else(tmp_path: Path) -> None:
    """A directory that is neither empty nor a broker's is not touched; nor is a file."""
    (tmp_path / "precious.txt").write_text("mine")
    assert str(tmp_path) in refused("--data-dir", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
    assert "precious.txt" in refused("--data-dir", str(tmp_path / "precious.txt"))
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_directory_in_use(tmp_path: Path) -> None:
    """Two brokers do not share a directory; the first goes on undisturbed."""
    data = str(tmp_path / "data")
    with BrokerProcess(tmp_path / "first", "--data-dir", data, "--topic", "t") as broker, broker.link() as link:
        assert data in refused("--data-dir", data)
        assert produced(link.ask(produce("t", b"x"), 9)) == (0, 0)


def test_the_lock_of_another_program(tmp_path: Path) -> None:
    """A directory whose .lock anybody holds, as Apache Kafka does, is in use."""
    data = tmp_path / "data"
    with BrokerProcess(tmp_path / "first", "--data-dir", str(data)) as broker:
        broker.stop()
    with open(data / ".lock", "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        assert "lock" in refused("--data-dir", str(data))
    with BrokerProcess(tmp_path / "second", "--data-dir", str(data)):
        pass


def test_a_directory_of_another_node(tmp_path: Path) -> None:
    """A directory remembers whose it is."""
    data = str(tmp_path / "data")
    with BrokerProcess(tmp_path / "first", "--data-dir", data) as broker:
        broker.stop()
    assert "node 1" in refused("--data-dir", data, "--override", "node.id=2")


def test_a_release_that_there_is_not() -> None:
    """--as-version with no release of Kafka is refused in one line with those there are."""
    line = refused("--as-version", "5.0")
    assert "5.0" in line
    assert all(release in line for release in ("0.8.0", "2.8", "4.3"))


def test_what_was_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    """A start that failed holds no lock: the next one with the same directory goes well."""
    data = str(tmp_path / "data")
    refused("--data-dir", data, "--topic", "a/b")
    with BrokerProcess(tmp_path / "next", "--data-dir", data):
        pass


# -- what is kept --------------------------------------------------------------------------------------------------


def committed(link: Link, group: str) -> dict[str, int]:
    request = OffsetFetchRequest(groups=[OffsetFetchRequest.OffsetFetchRequestGroup(group_id=group, topics=None)])
    (answer,) = link.ask(request, 8).groups
    assert answer.error_code == 0
    return {topic.name: topic.partitions[0].committed_offset for topic in answer.topics}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_directory_keeps_everything(tmp_path: Path, number: int) -> None:
    """Topics with their ids and settings, records, committed offsets and the cluster's id outlive a stop and a kill."""
    arguments = ["--data-dir", str(tmp_path / "data"), "--topic", "kept:2"]
    with BrokerProcess(tmp_path / "first", *arguments) as broker, broker.link() as link:
        link.ask(create_topic("made", 3, {"retention.ms": "12345"}), 7)
        for value in (b"a", b"b", b"c"):
            link.ask(produce("kept", value, index=1), 9)
        assert link.ask(commit("group", -1, "", "kept", 2), 8).topics[0].partitions[0].error_code == 0
        before = link.ask(metadata(), 12)
        broker.stop(number)
    with BrokerProcess(tmp_path / "second", *arguments) as broker, broker.link() as link:
        after = link.ask(metadata(), 12)
        assert after.cluster_id == before.cluster_id
        assert {topic.name: topic.topic_id for topic in after.topics} == {
            topic.name: topic.topic_id for topic in before.topics
        }
        assert fetched(link.ask(fetch(("kept", 1, 0)), 12)) == {("kept", 1): [b"a", b"b", b"c"]}
        assert produced(link.ask(produce("kept", b"d", index=1), 9)) == (0, 3)
        assert committed(link, "group") == {"kept": 2}
        assert "Traceback" not in broker.log


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where brokers without a directory keep their data, for this test alone."""
    made = tmp_path / "tmp"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    return made


def test_without_a_directory_nothing_is_kept(tmp_path: Path, temporary: Path) -> None:
    """The default is a broker whose data goes with it, after a stop at once."""
    with BrokerProcess(tmp_path / "first", "--topic", "t") as broker, broker.link() as link:
        link.ask(produce("t", b"x"), 9)
        assert list(temporary.rglob("*.log"))
        broker.stop()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_broker_has_left_goes_with_the_next(tmp_path: Path, temporary: Path) -> None:
    """A broker that was killed cannot clean up: the next one does, and leaves alone what is in use."""
    with (
        BrokerProcess(tmp_path / "living", "--topic", "t") as living,
        BrokerProcess(tmp_path / "killed", "--topic", "t") as killed,
        living.link() as link,
        killed.link() as doomed,
    ):
        link.ask(produce("t", b"x"), 9)
        doomed.ask(produce("t", b"y"), 9)
        assert len(list(temporary.rglob("t-0"))) == 2
        killed.stop(signal.SIGKILL)
        with BrokerProcess(tmp_path / "next", "--topic", "u") as after, after.link() as other:
            other.ask(produce("u", b"z"), 9)
            assert len(list(temporary.rglob("t-0"))) == 1
        assert fetched(link.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"x"]}
        living.stop()


@pytest.mark.parametrize("acks", [1, -1])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, acks: int) -> None:
    """kill -9 in the middle of a stream of produces: each that was answered is there, in order, and whole."""
    arguments = ["--data-dir", str(tmp_path / "data"), "--topic", "t"]
    answered = 0
    with BrokerProcess(tmp_path / "first", *arguments) as broker, broker.link() as link:
        for number in range(400):
            link.send(produce("t", b"%d" % number * 50, acks=acks), 9)
            if number >= 200:
                assert produced(link.answer()) == (0, answered)
                answered += 1
        broker.process.kill()
        while True:
            try:
                assert produced(link.answer()) == (0, answered)
            except (EOFError, ConnectionError):
                break
            answered += 1
    assert answered >= 200
    with BrokerProcess(tmp_path / "second", *arguments) as broker, broker.link() as link:
        values = fetched(link.ask(fetch(("t", 0, 0)), 12))["t", 0]
        assert len(values) >= answered
        assert values == [b"%d" % number * 50 for number in range(len(values))]
        assert produced(link.ask(produce("t", b"x"), 9)) == (0, len(values))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_segments_are_joined_again(tmp_path: Path, number: int) -> None:
    """A log of several segments is one log after a restart, stop or kill, and goes on where it was."""
    data = tmp_path / "data"
    arguments = ["--data-dir", str(data), "--topic", "t", "--override", f"log.segment.bytes={1024 * 1024}"]
    values = [bytes([each]) * 300_000 for each in range(10)]
    for start in ("first", "second", "third"):
        with BrokerProcess(tmp_path / start, *arguments) as broker, broker.link() as link:
            done = 0 if start == "first" else 5
            for offset, value in enumerate(values[done : done + 5], done):
                if start != "third":
                    assert produced(link.ask(produce("t", value), 9)) == (0, offset)
            found: list[bytes | None] = []
            while more := fetched(link.ask(fetch(("t", 0, len(found))), 12))["t", 0]:
                found += more
            assert found == values[: done + 5]
            broker.stop(number)
    assert len(list((data / "t-0").glob("*.log"))) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_producer_ids_are_never_given_twice(tmp_path: Path, number: int) -> None:
    """After a restart nobody gets the id of a producer that may still be there."""
    arguments = ["--data-dir", str(tmp_path / "data")]
    ids = []
    for start in ("first", "second", "third"):
        with BrokerProcess(tmp_path / start, *arguments) as broker, broker.link() as link:
            ids += [link.ask(init_producer_id(), 4).producer_id for _ in range(3)]
            broker.stop(number)
    assert len(set(ids)) == len(ids)
    assert min(ids) >= 0


@pytest.mark.parametrize("words", [["missing.properties"], ["--port", "99999"], ["--what"]], ids=" ".join)
def test_a_wrong_command_line_is_one_line(words: list[str]) -> None:
    """What cannot be understood is told like any other bad start: one line on stderr, exit 1."""
    assert refused(*words).startswith("kpybroker: ")


def test_a_port_file_speaks_of_this_broker_only(tmp_path: Path) -> None:
    """One that an earlier broker left is gone even if the start fails, and a broker that stops takes its own."""
    port_file = tmp_path / "port"
    port_file.write_text("1\n")
    refused("--port-file", str(port_file), "--topic", "..")
    assert not port_file.exists()
    with BrokerProcess(tmp_path) as broker:
        assert port_file.exists()
        assert broker.stop(signal.SIGTERM) == 143
    assert not port_file.exists()

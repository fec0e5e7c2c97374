"""Settings that a client can feel: what each does, as Apache Kafka 4.3.1 does it; and that each of them has a test."""

from __future__ import annotations

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpybroker import Broker
from kpybroker.config.obeyed import OBEYED
from kpybroker.wire.apis import request_type
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from tests.config.effects import client_of, created
from tests.core import Bench, CoreClient
from tests.process import BrokerProcess, Link
from tests.requests import (
    batch,
    create_topic,
    fetch,
    metadata,
    parts_of,
    produce,
    produced,
)
from tests.scripted import COMMIT_VERSION, JOIN_VERSION, join

HOUR_MS = 3_600_000
TESTS = Path(__file__).parent.parent


# -- topics --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "errors"), [("true", [0, 0]), ("false", [3, 3])])
def test_auto_creation(text: str, errors: list[int]) -> None:
    """auto.create.topics.enable: whoever asks for a topic that is not there has it made, or is told that it is not."""
    client = client_of({"auto.create.topics.enable": text})
    assert [client.ask(metadata("t", create=True), 9).topics[0].error_code for _ in range(2)] == errors


def test_partitions_of_a_new_topic() -> None:
    """num.partitions is what a topic gets when nobody says how many: by -1, and by being asked for."""
    client = client_of({"num.partitions": "3"})
    assert created(client, create_topic("by-hand", -1)).num_partitions == 3
    assert len(client.ask(metadata("by-itself", create=True), 9).topics[0].partitions) == 3


def test_more_replicas_than_brokers() -> None:
    """default.replication.factor above the number of brokers: INVALID_REPLICATION_FACTOR to who creates a topic by
    hand; who asks for one is told each time that it is not there; a factor that is given counts instead."""
    client = client_of({"default.replication.factor": "2"})
    assert created(client, create_topic("t")).error_code == Error.INVALID_REPLICATION_FACTOR
    for _ in range(2):
        answer = client.ask(metadata("t", create=True), 9).topics[0]
        assert (answer.error_code, answer.partitions) == (Error.UNKNOWN_TOPIC_OR_PARTITION, [])
    topic = CreateTopicsRequest.CreatableTopic(
        name="t", num_partitions=1, replication_factor=1, assignments=[], configs=[]
    )
    assert created(client, CreateTopicsRequest(topics=[topic], timeout_ms=1000)).error_code == 0


@pytest.mark.parametrize("version", [2, 3, 5, 6])
def test_no_topic_is_deleted(version: int) -> None:
    """delete.topic.enable=false: an error for every topic, there or not, which version 2 cannot name, and no text."""
    client = client_of({"delete.topic.enable": "false"})
    created(client, create_topic("t"))
    deletion = request_type(20)
    by_name = {"topics": [deletion.DeleteTopicState(name=name, topic_id=NO_ID) for name in ("t", "u")]}  # type: ignore[attr-defined]
    asked = by_name if version >= 6 else {"topic_names": ["t", "u"]}
    answer = client.ask(blank(deletion, timeout_ms=1000, **asked), version)
    error = Error.TOPIC_DELETION_DISABLED if version >= 3 else Error.INVALID_REQUEST
    assert [(each.error_code, each.error_message) for each in answer.responses] == [(error, None)] * 2


@pytest.mark.parametrize(
    ("kind", "name", "partitions"),
    [(0, "__consumer_offsets", "offsets.topic.num.partitions"),
     (1, "__transaction_state", "transaction.state.log.num.partitions"),
     (2, "__share_group_state", "share.coordinator.state.topic.num.partitions")],
)  # fmt: skip
def test_internal_topics(kind: int, name: str, partitions: str) -> None:
    """offsets.topic.num.partitions, offsets.topic.segment.bytes, transaction.state.log.num.partitions,
    transaction.state.log.segment.bytes, transaction.state.log.min.isr, share.coordinator.state.topic.num.partitions,
    share.coordinator.state.topic.segment.bytes and share.coordinator.state.topic.min.isr are what the topics of the
    coordinators are made with."""
    start = partitions.removesuffix("num.partitions")
    config = {partitions: "7", f"{start}segment.bytes": "2000000"}
    if kind:
        config[f"{start}min.isr"] = "1"
    bench = Bench(config=config)
    client = bench.connect()
    keys = ["group:AAAAAAAAAAAAAAAAAAAAAQ:0" if kind == 2 else "any"]
    client.ask(blank(request_type(10), key_type=kind, coordinator_keys=keys), 6)
    assert len(client.ask(metadata(name), 9).topics[0].partitions) == 7
    own = bench.state.image.topic_configs(name)
    assert own["segment.bytes"] == "2000000"
    assert own.get("min.insync.replicas") == ("1" if kind else None)


# -- reading -------------------------------------------------------------------------------------------------------


def test_largest_answer() -> None:
    """fetch.max.bytes bounds an answer whatever the client allows; the first batch comes whole above it too."""
    client = client_of({"fetch.max.bytes": "1024"})
    created(client, create_topic("t", 2))
    for index in (0, 1):
        for _ in range(3):
            client.ask(produce("t", bytes(500), index=index), 9)
        client.ask(produce("t", bytes(2000), index=index), 9)

    def sizes(first: int) -> list[int]:
        answer = client.ask(fetch(("t", 0, first), ("t", 1, 0)), 12)
        return [len(part.records or b"") for part in parts_of(answer).values()]

    assert sizes(0) == [1024, 0]
    assert sizes(2) == [1024, 0]
    assert sizes(3) == [len(batch(bytes(2000))), 0]


# -- who the broker is ---------------------------------------------------------------------------------------------


def test_rack() -> None:
    """broker.rack is told with the broker, and null without."""
    racks = [client_of(config).ask(metadata("t"), 9).brokers[0].rack for config in ({"broker.rack": "r1"}, {})]
    assert racks == ["r1", None]


def test_addresses_told() -> None:
    """advertised.listeners is what clients are told, by the listener that they dialled; listener.security.protocol.map
    names the listeners; inter.broker.listener.name and node.id do not change whom they reach."""
    config = {
        "listeners": "ONE://127.0.0.1:0,TWO://127.0.0.1:0",
        "listener.security.protocol.map": "ONE:PLAINTEXT,TWO:PLAINTEXT",
        "advertised.listeners": "ONE://one.example:1111,TWO://two.example:2222",
        "inter.broker.listener.name": "TWO",
        "node.id": "7",
    }
    with Broker(config=config) as broker:
        assert broker._assembly is not None
        for address, told in zip(
            broker._assembly.addresses, [("one.example", 1111), ("two.example", 2222)], strict=True
        ):
            host, _, port = address.rpartition(":")
            with Link((host, int(port))) as link:
                (node,) = link.ask(metadata("t"), 9).brokers
                assert (node.node_id, node.host, node.port) == (7, *told)


def test_controllers_are_not_for_clients() -> None:
    """A listener of controller.listener.names is not opened: the controller is in the broker's own process."""
    config = {
        "listeners": "PLAINTEXT://127.0.0.1:0,INSIDE://127.0.0.1:0",
        "controller.listener.names": "INSIDE",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT",
    }
    with Broker(config=config) as broker:
        assert broker._assembly is not None
        assert len(broker._assembly.addresses) == 1


@pytest.fixture
def told_sockets() -> Iterator[socket.socket]:
    config = {"listeners": "PLAINTEXT://127.0.0.1:0", "socket.receive.buffer.bytes": "20000"}
    with Broker(config=config | {"socket.listen.backlog.size": "3"}) as broker:
        assert broker._assembly is not None
        yield broker._assembly.listeners[0][1]


def test_listening_sockets(told_sockets: socket.socket) -> None:
    """socket.receive.buffer.bytes (Linux doubles it) and socket.listen.backlog.size hold for the listening socket, if
    they are given: otherwise the system finds better ones."""
    assert told_sockets.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 40_000
    info = told_sockets.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 92)
    assert int.from_bytes(info[28:32], "little") == 3  # tcpi_sacked: of a listening socket its backlog


@pytest.mark.parametrize("name", ["log.dir", "log.dirs"])
def test_where_the_data_is(tmp_path: Path, name: str) -> None:
    """The command keeps its data in the directory of log.dirs, or else of log.dir."""
    kept = tmp_path / "kept"
    with BrokerProcess(tmp_path, "--override", f"{name}={kept}") as broker, broker.link() as link:
        link.ask(create_topic("t"), 7)
        assert produced(link.ask(produce("t", b"x"), 9)) == (0, 0)
        assert (kept / "t-0" / "00000000000000000000.log").stat().st_size > 0


def test_topics_are_described_in_portions() -> None:
    """max.request.partition.size.limit is the most that DescribeTopicPartitions tells at once, whatever is asked."""
    client = client_of({"max.request.partition.size.limit": "3"})
    created(client, create_topic("t", 5))
    request = request_type(75)
    topics = [request.TopicRequest(name="t")]  # type: ignore[attr-defined]
    answer = client.ask(blank(request, topics=topics, response_partition_limit=1000), 0)
    assert len(answer.topics[0].partitions) == 3
    assert (answer.next_cursor.topic_name, answer.next_cursor.partition_index) == ("t", 3)


# -- groups and transactions ---------------------------------------------------------------------------------------


def test_session_timeouts_in_bounds() -> None:
    """group.min.session.timeout.ms and group.max.session.timeout.ms bound what a member may ask for."""
    least, most = "group.min.session.timeout.ms", "group.max.session.timeout.ms"
    for config, error in (
        ({least: "10000", most: "10000"}, Error.MEMBER_ID_REQUIRED),
        ({least: "10001"}, Error.INVALID_SESSION_TIMEOUT),
        ({most: "9999"}, Error.INVALID_SESSION_TIMEOUT),
    ):
        assert client_of(config).ask(join("g"), JOIN_VERSION).error_code == error


def test_a_new_group_waits_for_others() -> None:
    """group.initial.rebalance.delay.ms after the first member came a new group begins, and not before."""
    bench = Bench(config={"group.initial.rebalance.delay.ms": "1500"})
    client = bench.connect()
    member_id = client.ask(join("g"), JOIN_VERSION).member_id
    client.send(join("g", member_id), JOIN_VERSION)
    bench.advance(1499)
    assert not client.answers
    bench.advance(1)
    assert client.answer().error_code == 0


def committed(client: CoreClient, topic: str, metadata_text: str = "") -> int:
    partitions = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition
    part = partitions(partition_index=0, committed_offset=5, committed_metadata=metadata_text)
    topics = [OffsetCommitRequest.OffsetCommitRequestTopic(name=topic, partitions=[part])]
    request = OffsetCommitRequest(group_id="g", generation_id_or_member_epoch=-1, member_id="", topics=topics)
    error: int = client.ask(request, COMMIT_VERSION).topics[0].partitions[0].error_code
    return error


def test_notes_beside_an_offset() -> None:
    """offset.metadata.max.bytes bounds the text that is committed with an offset."""
    client = client_of({"offset.metadata.max.bytes": "4"})
    created(client, create_topic("t"))
    assert [committed(client, "t", text) for text in ("four", "fives")] == [0, Error.OFFSET_METADATA_TOO_LARGE]


def test_offsets_of_nobody_are_forgotten() -> None:
    """offsets.retention.minutes after its last commit a group without members is forgotten, when the broker looks for
    such: every offsets.retention.check.interval.ms."""
    bench = Bench(config={"offsets.retention.minutes": "1", "offsets.retention.check.interval.ms": "45000"})
    client = bench.connect()
    created(client, create_topic("t"))
    assert committed(client, "t") == 0

    def groups() -> int:
        return len(client.ask(blank(request_type(16)), 4).groups)

    bench.advance(60_000)
    assert groups() == 1
    bench.advance(45_000)
    assert groups() == 0


def test_longest_transaction() -> None:
    """transaction.max.timeout.ms bounds the timeout that a transactional producer may ask for."""
    client = client_of({"transaction.max.timeout.ms": "1000"})
    request = blank(request_type(22), transactional_id="t", transaction_timeout_ms=1001)
    assert client.ask(request, 4).error_code == Error.INVALID_TRANSACTION_TIMEOUT


# -- all of them ---------------------------------------------------------------------------------------------------


def test_each_setting_that_has_an_effect_has_a_test_of_it() -> None:
    """Whatever is called obeyed is named in the docstring of a test, which says what the setting does."""
    promises = []
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                promises.append(" ".join((ast.get_docstring(node) or "").split()))
    text = "\n".join(promises)
    names = [name for kind in OBEYED.values() for name in kind]
    untold = [name for name in names if not re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\w)", text)]
    assert untold == []

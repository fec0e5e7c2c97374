"""Limits that a user sets for clients: what each costs whom, as tried with Apache Kafka 4.3.1."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

import pytest

from kpybroker.server.connection_quotas import plain_address
from kpybroker.wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from tests.frames import request_frame, sized
from tests.process import Address, BrokerProcess, Link
from tests.requests import fetch, metadata, produce, produced
from tests.until import until

LISTENERS = "listeners=PLAINTEXT://127.0.0.1:0,OTHER://127.0.0.1:0"
ESTABLISHED = "01"  # a state in /proc/net/tcp
NAMES = "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT"


def limited(folder: Path, *settings: str) -> BrokerProcess:
    return BrokerProcess(folder, "--topic", "t", *[word for each in settings for word in ("--override", each)])


def test_socket_request_max_bytes(tmp_path: Path) -> None:
    """The largest frame that is taken is as large as the setting says, and not a byte larger."""
    with limited(tmp_path, "socket.request.max.bytes=1000") as broker, broker.link() as link:
        frame = request_frame(produce("t", b"x"), 9, 1)
        filler = 1000 - len(frame)
        exact = request_frame(produce("t", bytes(filler)), 9, 2)
        exact = request_frame(produce("t", bytes(filler - (len(exact) - 1000))), 9, 2)
        assert len(exact) == 1000
        link.expect(0, 9, 2)
        link.socket.sendall(sized(exact))
        assert produced(link.answer()) == (0, 0)
        with broker.link() as larger:
            larger.socket.sendall(sized(bytes(1001)))
            assert larger.is_closed()
        assert "a frame of 1001 bytes is outside 0 to 1000" in broker.log


def test_max_connections_per_ip(tmp_path: Path) -> None:
    """One connection too many from an address is closed; when another has gone, a new one is welcome."""
    with limited(tmp_path, "max.connections.per.ip=3") as broker:
        links = [broker.link() for _ in range(3)]
        for link in links:
            link.ask(metadata("t"), 9)
        with broker.link() as fourth:
            assert fourth.is_closed()
        assert "max.connections.per.ip" in broker.log
        links.pop().close()
        until(lambda: is_served(broker))
        for link in links:
            link.close()


def is_served(broker: BrokerProcess) -> bool:
    with broker.link() as link:
        try:
            link.send(metadata("t"), 9)
            return link.answer().topics[0].error_code == 0  # type: ignore[no-any-return]
        except (EOFError, ConnectionError):
            return False


def test_max_connections(tmp_path: Path) -> None:
    """Who comes when the broker is full waits until somebody goes, and is served then (KIP-612's max.connections)."""
    with limited(tmp_path, "max.connections=2") as broker:
        first, second = broker.link(), broker.link()
        first.ask(metadata("t"), 9)
        second.ask(metadata("t"), 9)
        with broker.link() as third:
            third.send(metadata("t"), 9)
            first.ask(metadata("t"), 9)
            assert third.is_quiet()
            second.close()
            assert third.answer().topics[0].error_code == 0
        first.close()


def test_a_client_that_never_reads_is_idle(tmp_path: Path) -> None:
    """An answer that nobody takes does not hold a connection for ever: it is closed when nothing moves any more."""
    with limited(tmp_path, "connections.max.idle.ms=300") as broker:
        with broker.link() as producer:
            for _ in range(9):
                producer.ask(produce("t", bytes(900_000)), 9)
        stuck = broker.link(receive_buffer=4096)
        stuck.send(fetch(("t", 0, 0), partition_max_bytes=9_000_000), 12)
        until(lambda: connections_of(broker) == 0)
        stuck.close()


def sockets_of(broker: BrokerProcess, state: str) -> list[list[str]]:
    """The broker's side of its connections, of any client, as /proc/net/tcp shows them."""
    port = f":{broker.address[1]:04X}"
    rows = [line.split() for line in Path(f"/proc/{broker.process.pid}/net/tcp").read_text().splitlines()[1:]]
    return [row for row in rows if row[1].endswith(port) and row[3] == state]


def connections_of(broker: BrokerProcess) -> int:
    return len(sockets_of(broker, ESTABLISHED))


def test_no_descriptors_left(tmp_path: Path) -> None:
    """Where the process may open no more files, who is connected is served, and others wait for room."""
    with limited(tmp_path, "num.partitions=3") as broker, broker.link() as first:
        first.ask(metadata("t"), 9)
        resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        links = [broker.link() for _ in range(60)]
        for link in links:
            link.send(metadata("t"), 9)
        until(lambda: "no connection can be accepted" in broker.log)
        assert first.ask(metadata("t"), 9).topics[0].error_code == 0
        for link in links[:40]:
            link.close()
        for link in links[40:]:
            assert link.answer().topics[0].error_code == 0
            link.close()
        assert produced(first.ask(produce("t", b"x"), 9)) == (0, 0)
        assert "Traceback" not in broker.log


def test_idle_may_be_for_ever(tmp_path: Path) -> None:
    """connections.max.idle.ms=-1 turns it off (org.apache.kafka.common.network.Selector)."""
    with limited(tmp_path, "connections.max.idle.ms=-1") as broker, broker.link() as link:
        assert link.ask(metadata("t"), 9).topics[0].error_code == 0
        with broker.link() as other:
            for _ in range(200):  # longer than it takes until the broker looks for the idle again
                other.ask(metadata("t"), 9)
        assert link.ask(metadata("t"), 9).topics[0].error_code == 0
        assert "Traceback" not in broker.log


def two_listeners(folder: Path, *settings: str) -> BrokerProcess:
    words = [word for each in (LISTENERS, NAMES, *settings) for word in ("--override", each)]
    return BrokerProcess(folder, "--topic", "t", *words, port=False)


def addresses_of(broker: BrokerProcess) -> tuple[Address, Address]:
    served = broker.log.splitlines()[-1].partition("serving on ")[2].split(", ")
    one, other = [("127.0.0.1", int(address.rpartition(":")[2])) for address in served]
    return one, other


def opened(address: Address) -> Link:
    """A connection that has been served."""
    link = Link(address)
    assert link.ask(metadata("t"), 9).topics[0].error_code == 0
    return link


def test_max_connections_of_two_listeners(tmp_path: Path) -> None:
    """Who comes by an ordinary listener waits for room, whoever takes it; then it is served."""
    with two_listeners(tmp_path, "max.connections=2") as broker:
        inner, outer = addresses_of(broker)
        for first in (inner, outer):
            links = [opened(first), opened(first)]
            with Link(outer) as waiting:
                waiting.send(metadata("t"), 9)
                links[0].ask(metadata("t"), 9)
                assert waiting.is_quiet()
                links[0].close()
                assert waiting.answer().topics[0].error_code == 0
            links[1].close()


def test_brokers_among_themselves_do_not_wait(tmp_path: Path) -> None:
    """The listener of inter.broker.listener.name is let in above max.connections, as long as it keeps to it itself; of
    the others whoever was used least lately has to go."""
    with two_listeners(tmp_path, "max.connections=3", "inter.broker.listener.name=PLAINTEXT") as broker:
        inner, outer = addresses_of(broker)
        early, late, last = opened(outer), opened(outer), opened(outer)
        for _ in range(20):  # some milliseconds
            early.ask(metadata("t"), 9)
            last.ask(metadata("t"), 9)
        links = [opened(inner)]
        assert late.is_closed()
        assert early.is_quiet() and last.is_quiet()
        for _ in range(20):  # the broker's own is now the one that was used least lately, and stays
            early.ask(metadata("t"), 9)
            last.ask(metadata("t"), 9)
        links += [opened(inner), opened(inner)]
        assert last.is_closed() and early.is_closed()
        with Link(inner) as fourth:
            fourth.send(metadata("t"), 9)
            links[0].ask(metadata("t"), 9)
            assert fourth.is_quiet()
        for link in links:
            link.close()


def test_a_listener_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """listener.name.<name>.max.connections bounds one listener, in small letters whatever its name; others do not
    wait for it."""
    with two_listeners(tmp_path, "listener.name.other.max.connections=1") as broker:
        inner, outer = addresses_of(broker)
        with opened(outer) as first, Link(outer) as second, opened(inner), opened(inner) as other:
            second.send(metadata("t"), 9)
            other.ask(metadata("t"), 9)
            assert second.is_quiet()
            first.close()
            assert second.answer().topics[0].error_code == 0


def altered(name: str, value: str) -> IncrementalAlterConfigsRequest:
    """Sets something for all brokers."""
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    config = resource.AlterableConfig(name=name, config_operation=0, value=value)
    return IncrementalAlterConfigsRequest(
        resources=[resource(resource_type=4, resource_name="", configs=[config])], validate_only=False
    )


def test_max_connections_is_altered(tmp_path: Path) -> None:
    """max.connections may be altered: with more room who waits is served at once, with less who was used least goes."""
    with limited(tmp_path, "max.connections=3") as broker:
        links = [opened(broker.address) for _ in range(3)]
        with broker.link() as fourth:
            fourth.send(metadata("t"), 9)
            links[0].ask(metadata("t"), 9)
            assert fourth.is_quiet()
            assert links[0].ask(altered("max.connections", "4"), 1).responses[0].error_code == 0
            assert fourth.answer().topics[0].error_code == 0
            for _ in range(20):  # some milliseconds
                fourth.ask(metadata("t"), 9)
            links[0].ask(altered("max.connections", "2"), 1)
            assert links[1].is_closed() and links[2].is_closed()
            assert fourth.ask(metadata("t"), 9).topics[0].error_code == 0
        links[0].close()


def test_max_connections_per_ip_is_altered(tmp_path: Path) -> None:
    """max.connections.per.ip and its exceptions may be altered: what they say counts for who comes next."""
    with limited(tmp_path, "max.connections.per.ip=1") as broker, broker.link() as first:
        for name, value in (("max.connections.per.ip", "2"), ("max.connections.per.ip.overrides", "127.0.0.1:3")):
            with broker.link() as refused:
                assert refused.is_closed()
            assert first.ask(altered(name, value), 1).responses[0].error_code == 0
            second = opened(broker.address)
        second.close()


class From(Link):
    """A connection from another of this machine's own addresses."""

    def __init__(self, source: str, address: Address) -> None:
        self.source = source
        super().__init__(address)

    def _connect(self, address: Address) -> None:
        self.socket.bind((self.source, 0))
        super()._connect(address)


def test_max_connections_per_ip_overrides(tmp_path: Path) -> None:
    """An address that is named has its own limit, above or below the others'; names are looked up."""
    settings = "max.connections.per.ip=2", "max.connections.per.ip.overrides=127.0.0.2:1, localhost:3,127.0.0.4:0"
    with limited(tmp_path, *settings) as broker:
        for source, most in (("127.0.0.2", 1), ("127.0.0.1", 3), ("127.0.0.3", 2), ("127.0.0.4", 0)):
            links = [From(source, broker.address) for _ in range(most)]
            for link in links:
                assert link.ask(metadata("t"), 9).topics[0].error_code == 0
            with From(source, broker.address) as refused:
                assert refused.is_closed()
            for link in links:
                link.close()


def test_no_connection_but_those_named(tmp_path: Path) -> None:
    """max.connections.per.ip=0 lets in only the addresses of max.connections.per.ip.overrides."""
    with (
        limited(tmp_path, "max.connections.per.ip=0", "max.connections.per.ip.overrides=127.0.0.2:5") as broker,
        Link(broker.address) as refused,
        From("127.0.0.2", broker.address) as welcome,
    ):
        assert refused.is_closed()
        assert welcome.ask(metadata("t"), 9).topics[0].error_code == 0


@pytest.mark.parametrize("what", ["nothing", "an answer", "half a frame", "a long poll"])
def test_idle_connections_are_closed(tmp_path: Path, what: str) -> None:
    """Where no byte has moved for connections.max.idle.ms the connection ends, whatever it waits for: for its first
    request, its next, the rest of one, or (Kafka 4.3.1 does not spare it) an answer. One that is used stays."""
    with limited(tmp_path, "connections.max.idle.ms=400") as broker, broker.link() as idle, broker.link() as used:
        if what == "an answer":
            idle.ask(metadata("t"), 9)
        elif what == "half a frame":
            idle.socket.sendall(struct.pack(">i", 100) + b"half")
        elif what == "a long poll":
            idle.send(fetch(("t", 0, 0), max_wait_ms=30_000), 12)
        while idle.is_quiet():
            used.ask(metadata("t"), 9)
        assert idle.is_closed()
        assert used.ask(metadata("t"), 9).topics[0].error_code == 0


def test_socket_send_buffer_bytes(tmp_path: Path) -> None:
    """What is on its way to a client that reads nothing is bounded by socket.send.buffer.bytes (Linux doubles it)."""
    with limited(tmp_path, "socket.send.buffer.bytes=16384") as broker:
        with broker.link() as producer:
            for _ in range(9):
                producer.ask(produce("t", bytes(900_000)), 9)
        with broker.link(receive_buffer=4096) as stuck:
            stuck.send(fetch(("t", 0, 0), partition_max_bytes=9_000_000), 12)
            until(lambda: queued_by(broker) > 0)
            with broker.link() as other:
                for _ in range(10):
                    other.ask(metadata("t"), 9)
            assert queued_by(broker) <= 2 * 16384 + 65536


def queued_by(broker: BrokerProcess) -> int:
    """Bytes that the broker has written to its clients and none of them has taken (tx_queue in /proc/net/tcp)."""
    return sum(int(row[4].partition(":")[0], 16) for row in sockets_of(broker, ESTABLISHED))


@pytest.mark.parametrize(
    ("seen", "host"),
    [("::ffff:127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::ffff:1", "::ffff:1")],
)
def test_addresses_of_a_socket_for_both_kinds(seen: str, host: str) -> None:
    """An IPv4 client counts, and is shown, as such also where it came by a listener for IPv6 (java.net.InetAddress)."""
    assert plain_address(seen) == host

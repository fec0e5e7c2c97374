"""`Broker`: the same block under every event loop and none, from any thread, and nothing of it in a fork."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import trio

import kpybroker
from kpybroker import Broker, BrokerBug
from kpybroker.broker import Router
from kpybroker.config.values import SettingError
from kpybroker.handlers import APIS, offered
from kpybroker.machine import Api, Call
from kpybroker.server.assembly import StartError
from kpybroker.state import State
from kpybroker.storage.files import StorageError
from kpybroker.wire.messages.list_groups import ListGroupsRequest
from tests.process import Address, Link
from tests.requests import create_topic, fetch, fetched, metadata, produce, produced
from tests.until import until


def address_of(broker: Broker) -> Address:
    host, _, port = broker.bootstrap_servers.rpartition(":")
    return host.strip("[]"), int(port)


def link_to(broker: Broker) -> Link:
    return Link(address_of(broker))


def answers(broker: Broker) -> bool:
    with link_to(broker) as link:
        return link.ask(metadata(), 9).brokers[0].node_id == 1  # type: ignore[no-any-return]


def is_free(address: Address) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


# -- the block -----------------------------------------------------------------------------------------------------


def test_without_a_loop() -> None:
    """`with Broker()` is served when the block begins, and gone when it ends."""
    with Broker() as broker:
        address = address_of(broker)
        assert address[0] == "127.0.0.1"
        assert answers(broker)
    with pytest.raises(ConnectionRefusedError):
        Link(address)
    assert is_free(address)


def test_under_trio() -> None:
    """`async with` under trio, and `with` there too."""

    async def main() -> None:
        async with Broker() as broker:
            assert await trio.to_thread.run_sync(answers, broker)
        with Broker() as broker:
            assert await trio.to_thread.run_sync(answers, broker)

    trio.run(main)


def test_under_asyncio() -> None:
    """`async with` under asyncio, and `with` there too."""

    async def main() -> None:
        async with Broker() as broker:
            assert await asyncio.to_thread(answers, broker)
        with Broker() as broker:
            assert await asyncio.to_thread(answers, broker)

    asyncio.run(main())


def test_two_brokers_at_once() -> None:
    """Each has its own port, cluster and topics; the end of one is nothing to the other."""
    with Broker(topics=["mine"]) as first:
        with Broker(topics=["yours"]) as second, link_to(first) as one, link_to(second) as two:
            found = [link.ask(metadata(), 9) for link in (one, two)]
        assert [[topic.name for topic in answer.topics] for answer in found] == [["mine"], ["yours"]]
        assert found[0].cluster_id != found[1].cluster_id
        assert answers(first)


def test_a_broker_that_runs_is_not_started_twice() -> None:
    """The second start is an error, and the broker goes on."""
    with Broker() as broker:
        with pytest.raises(RuntimeError, match="running already"):
            broker.start()
        assert answers(broker)


def test_a_stopped_broker_is_stopped() -> None:
    """Stopping again, or before the start, is nothing; asking it for its address says what is wrong."""
    broker = Broker()
    broker.stop()
    broker.start()
    broker.stop()
    broker.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = broker.bootstrap_servers


def test_a_stopped_broker_starts_again(tmp_path: Path) -> None:
    """A test of a restart needs one object: what was kept is there again."""
    broker = Broker(data_dir=tmp_path / "data", topics=["t"])
    for expected in range(3):
        with broker, link_to(broker) as link:
            assert produced(link.ask(produce("t", b"x"), 9)) == (0, expected)


def test_methods_from_any_thread() -> None:
    """Whoever started it, anybody may ask for its address and stop it."""
    broker = Broker()
    seen: list[str] = []
    for step in (broker.start, lambda: seen.append(broker.bootstrap_servers), broker.stop):
        worker = threading.Thread(target=step)
        worker.start()
        worker.join()
    assert len(seen) == 1
    host, _, port = seen[0].partition(":")
    assert is_free((host, int(port)))


def rush(address: Address) -> None:
    """Connects again and again until nobody listens."""
    with contextlib.suppress(OSError):
        while True:
            socket.create_connection(address).close()


def test_a_stop_is_at_once_whatever_comes_in() -> None:
    """Connections that arrive in the very moment of the stop do not hold it up."""
    for _ in range(4):
        with Broker() as broker:
            worker = threading.Thread(target=rush, args=(address_of(broker),))
            worker.start()
            assert answers(broker)
        worker.join()


def test_nothing_stays_behind() -> None:
    """A stopped broker leaves no thread and no descriptor."""
    with Broker(topics=["t"]) as broker, link_to(broker) as link:
        link.ask(produce("t", b"x"), 9)
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with Broker(topics=["t"]) as broker, link_to(broker) as link:
            link.ask(produce("t", b"x"), 9)
    # Clients of earlier tests may still be letting go of theirs: less is fine, and more is gone in a moment.
    until(lambda: threading.active_count() <= threads)
    until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)


# -- what it is told -----------------------------------------------------------------------------------------------


def test_config_in_pythons_own_values() -> None:
    """Settings by Kafka's names: text, numbers and truth values alike."""
    config: dict[str, Any] = {"auto.create.topics.enable": False, "num.partitions": 3, "broker.rack": "r1"}
    with Broker(config=config) as broker, link_to(broker) as link:
        assert link.ask(metadata("new", create=True), 9).topics[0].error_code == 3
        assert link.ask(metadata(), 9).brokers[0].rack == "r1"
        link.ask(create_topic("default", -1), 7)
        assert len(link.ask(metadata("default"), 9).topics[0].partitions) == 3


def test_topics_are_there_from_the_start() -> None:
    """NAME and NAME:PARTITIONS, as on the command line."""
    with Broker(topics=["one", "three:3"]) as broker, link_to(broker) as link:
        topics = {topic.name: len(topic.partitions) for topic in link.ask(metadata(), 9).topics}
        assert topics == {"one": 1, "three": 3}


def test_host_and_port() -> None:
    """A port that is asked for is the one; IPv6 addresses are written as clients take them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Broker(port=port) as broker:
        assert broker.bootstrap_servers == f"127.0.0.1:{port}"
    with Broker(host="localhost") as broker:
        assert broker.bootstrap_servers.startswith("localhost:")
        assert answers(broker)


def has_ipv6() -> bool:
    """Some containers have none."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["0.0.0.0", *(["::1", "::"] if has_ipv6() else [])])
def test_other_hosts(host: str) -> None:
    """IPv6 addresses are written as clients take them; every address of the machine is reached by its own."""
    with Broker(host=host) as broker:
        assert broker.bootstrap_servers.startswith(f"[{host}]:" if ":" in host else f"{host}:")
        port = address_of(broker)[1]
        reached = "::1" if ":" in host else "127.0.0.1"
        with Link((reached, port)) as link:
            assert [(each.host, each.port) for each in link.ask(metadata(), 9).brokers] == [(reached, port)]


def test_what_cannot_be_started() -> None:
    """Wrong settings, topics and ports are errors of one line, before there is a broker."""
    with pytest.raises(SettingError, match=r"num\.partitions"):
        Broker(config={"num.partitions": "many"})
    with pytest.raises(StartError, match="t:x"):
        Broker(topics=["t:x"])
    with Broker() as running:
        broker = Broker(port=address_of(running)[1])
        with pytest.raises(StartError, match="Address already in use"):
            broker.start()
        assert answers(running)
    with broker:
        assert answers(broker)


def test_a_directory_in_use(tmp_path: Path) -> None:
    """Two brokers of one process do not share a directory either."""
    with Broker(data_dir=tmp_path / "data"), pytest.raises(StorageError, match="another broker"):
        Broker(data_dir=tmp_path / "data").start()
    with Broker(data_dir=tmp_path / "data"):
        pass


def test_partitions_without_their_metadata(tmp_path: Path) -> None:
    """Where the cluster's log is missing or somewhere else, nothing starts that would take the partitions for those of
    deleted topics: one line says so, and when it is back, all is there."""
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    with Broker(data_dir=data, topics=["a"]) as broker, link_to(broker) as link:
        assert produced(link.ask(produce("a", b"kept"), 9)) == (0, 0)
    (data / "__cluster_metadata-0").rename(elsewhere)
    words = (
        r"/data/__cluster_metadata-0: the cluster's metadata is not here, and 1 partitions are: .+ metadata\.log\.dir"
    )
    with pytest.raises(StorageError, match=words):
        Broker(data_dir=data).start()
    assert not (data / "__cluster_metadata-0").exists()
    elsewhere.rename(data / "__cluster_metadata-0")
    with Broker(data_dir=data) as broker, link_to(broker) as link:
        assert fetched(link.ask(fetch(("a", 0, 0)), 12)) == {("a", 0): [b"kept"]}


def test_a_directory_that_is_not_named_any_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its partitions are offline, one line says so, and named again it has everything."""
    both = [tmp_path / "a", tmp_path / "b"]
    with Broker(data_dir=both, topics=["t:4"]) as broker, link_to(broker) as link:
        for index in range(4):
            assert produced(link.ask(produce("t", b"kept", index=index), 9)) == (0, 0)
    with Broker(data_dir=both[:1]) as broker, link_to(broker) as link:
        assert sorted(part.leader_id for part in link.ask(metadata("t"), 9).topics[0].partitions) == [-1, -1, 1, 1]
    (line,) = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert re.fullmatch(
        r"offline: t-\d and 1 more partitions, in a log directory that was not named .+; name it.+", line
    )
    caplog.clear()
    with Broker(data_dir=both) as broker, link_to(broker) as link:
        assert fetched(link.ask(fetch(*[("t", index, 0) for index in range(4)]), 12)) == {
            ("t", index): [b"kept"] for index in range(4)
        }
    assert [record for record in caplog.records if record.levelno == logging.ERROR] == []


def test_small_files_that_are_made_anew(tmp_path: Path) -> None:
    """partition.metadata and quorum-state that cannot be read: one line says to move them away, and nothing is missed
    when that was done."""
    with Broker(data_dir=tmp_path, topics=["a"]) as broker, link_to(broker) as link:
        assert produced(link.ask(produce("a", b"kept"), 9)) == (0, 0)
    for name in ("a-0/partition.metadata", "__cluster_metadata-0/quorum-state"):
        written = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(StorageError, match=f"/{name}: not a .+ file; move it away: it is made anew"):
            Broker(data_dir=tmp_path).start()
        (tmp_path / name).unlink()
        with Broker(data_dir=tmp_path) as broker, link_to(broker) as link:
            assert fetched(link.ask(fetch(("a", 0, 0)), 12)) == {("a", 0): [b"kept"]}
        if name.startswith("a-0"):
            assert (tmp_path / name).read_bytes() == written


def test_the_face_is_lazy() -> None:
    """What the package offers is what `__all__` says; other names are errors as everywhere."""
    assert kpybroker.__all__ == ["Broker", "BrokerBug"]
    with pytest.raises(AttributeError, match="nonsense"):
        _ = kpybroker.nonsense


# -- a fork --------------------------------------------------------------------------------------------------------


def in_a_fork(step: Any) -> str:
    """What the step says in a child of this process; the child ends there."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(step()).encode())
        except BaseException as error:
            os.write(write, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_fork_is_told() -> None:
    """In a forked child the broker's methods say that it is another process's; the parent's goes on."""
    with Broker() as broker:
        assert "fork" in in_a_fork(lambda: broker.bootstrap_servers)
        assert "fork" in in_a_fork(broker.stop)
        assert "fork" in in_a_fork(broker.start)
        assert answers(broker)


def test_a_fork_may_have_a_broker_of_its_own() -> None:
    """A child starts its own broker, and the parent's data stays where it is."""

    def own() -> str:
        with Broker(topics=["child"]) as broker, link_to(broker) as link:
            return ",".join(topic.name for topic in link.ask(metadata(), 9).topics)

    with Broker(topics=["parent"]) as broker, link_to(broker) as link:
        link.ask(produce("parent", b"x"), 9)
        assert in_a_fork(own) == "child"
        assert fetched(link.ask(fetch(("parent", 0, 0)), 12)) == {("parent", 0): [b"x"]}


def test_a_fork_holds_no_port_and_no_connection() -> None:
    """A child that lives on keeps neither the listening port nor the clients of its parent's broker."""
    go_on, told = os.pipe()
    there, here = os.pipe()
    with Broker() as broker:
        address = address_of(broker)
        link = link_to(broker)
        link.ask(metadata(), 9)
        child = os.fork()
        if child == 0:
            os.close(told)
            os.write(here, b"!")
            os.read(go_on, 1)
            os._exit(0)
        assert os.read(there, 1) == b"!"  # the child lives, and has let go of what is its parent's
    try:
        assert link.is_closed()
        link.close()
        with Broker(port=address[1]) as again:
            assert answers(again)
    finally:
        os.close(told)
        os.waitpid(child, 0)
        for end in (go_on, there, here):
            os.close(end)


# -- a bug of ours -------------------------------------------------------------------------------------------------


class OurBug(Exception):
    """What a broken handler raises."""


def test_a_bug_fails_the_test_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that raises answers UNKNOWN_SERVER_ERROR, and stop() raises BrokerBug with the error as its cause."""

    def broken(state: State, call: Call) -> Any:
        raise OurBug("in a handler")

    broker = Broker()
    broker.start()
    address = address_of(broker)
    assert broker._assembly is not None
    broker._assembly.core._router = Router({**APIS, 16: Api(16, 0, 5, broken)}, offered().answered)
    with link_to(broker) as link:
        assert link.ask(ListGroupsRequest(), 4).error_code == -1
        assert link.ask(metadata(), 9).brokers[0].node_id == 1
    with pytest.raises(BrokerBug) as caught:
        broker.stop()
    assert isinstance(caught.value.__cause__, OurBug)
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)
    assert is_free(address)


def test_a_brokers_data_goes_with_it() -> None:
    """Without a data_dir nothing is left for the next broker, nor in the temporary directory."""
    with Broker(topics=["t"]) as broker, link_to(broker) as link:
        link.ask(produce("t", b"x"), 9)
        assert broker._assembly is not None
        root = Path(broker._assembly.core.state.directory.files.root)
        assert list(root.rglob("*.log"))
    assert not root.exists()
    with Broker() as broker, link_to(broker) as link:
        assert link.ask(metadata(), 9).topics == []

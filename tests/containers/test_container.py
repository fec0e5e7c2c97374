"""The image and KpybrokerContainer: built here and run, with clients on the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from tests.process import Link
from tests.requests import metadata

if TYPE_CHECKING:
    from docker.models.containers import Container

    from kpybroker.testing import KpybrokerContainer

pytestmark = pytest.mark.needs("containers")
PORT = "9092/tcp"
WAIT_S = 30.0


@pytest.fixture
def container(image: str) -> Iterator[KpybrokerContainer]:
    """One broker with a topic, as a user of testcontainers starts it."""
    from kpybroker.testing import KpybrokerContainer

    with KpybrokerContainer(image, topics=["orders:3", "usual"], config={"num.partitions": 2}) as started:
        yield started


@pytest.fixture
def plain(image: str) -> Iterator[Container]:
    """The image run as it is, save that the host chooses the port."""
    import docker

    started = docker.from_env().containers.run(image, detach=True, ports={PORT: ("127.0.0.1", None)})
    yield started
    started.remove(force=True)


def wait_until_ready(container: Container) -> None:
    """Reads the log as it comes; it ends without the line if the container ends."""
    log = b""
    for piece in container.logs(stream=True, follow=True):
        log += piece
        if b"Kafka Server started" in log:
            return
    raise AssertionError(log)


def told(port: int) -> Any:
    """What a client is told of the cluster that dials this port of the host."""
    with Link(("127.0.0.1", port)) as link:
        return link.ask(metadata(), 9)


def test_clients_on_the_host(container: KpybrokerContainer) -> None:
    """A stock client on the host produces and reads back through a group, at whatever port was mapped."""
    bootstrap = container.get_bootstrap_server()
    with KafkaProducer(bootstrap_servers=bootstrap) as producer:
        producer.send("orders", b"one", partition=2).get(timeout=WAIT_S)
    with KafkaConsumer(
        "orders",
        bootstrap_servers=bootstrap,
        group_id="packers",
        auto_offset_reset="earliest",
        consumer_timeout_ms=int(WAIT_S * 1000),
    ) as consumer:
        assert next(consumer).value == b"one"


def test_topics_and_settings(container: KpybrokerContainer) -> None:
    """Topics that are asked for are there at start, and settings reach the broker."""
    topics = told(container.get_exposed_port(9092)).topics
    assert {topic.name: len(topic.partitions) for topic in topics} == {"orders": 3, "usual": 2}


def test_two_at_once(image: str, container: KpybrokerContainer) -> None:
    """Two containers are two clusters, each found at its own port."""
    from kpybroker.testing import KpybrokerContainer

    with KpybrokerContainer(image, topics=["elsewhere"]) as second:
        first_port, second_port = (int(each.get_bootstrap_server().rpartition(":")[2]) for each in (container, second))
        found = [[topic.name for topic in told(port).topics] for port in (first_port, second_port)]
        ports = [told(port).brokers[0].port for port in (first_port, second_port)]
    assert found == [["orders", "usual"], ["elsewhere"]]
    assert ports == [first_port, second_port]


def test_image_without_options(plain: Container) -> None:
    """`docker run -p 9092:9092 kpybroker` serves every address of the container and tells clients localhost:9092."""
    wait_until_ready(plain)
    plain.reload()
    port = int(plain.ports[PORT][0]["HostPort"])
    assert [(broker.host, broker.port) for broker in told(port).brokers] == [("localhost", 9092)]


def test_image_is_not_root_and_stops_at_once(plain: Container) -> None:
    """The broker runs as a user without rights, and SIGTERM ends it with 143 as it ends Kafka."""
    wait_until_ready(plain)
    assert plain.exec_run(["id", "-u"]).output.strip() != b"0"
    plain.kill(signal="SIGTERM")
    assert plain.wait(timeout=WAIT_S)["StatusCode"] == 143


def test_more_options(image: str) -> None:
    """Options of `kpybroker start` follow the image's name; of two overrides the later one counts."""
    import docker

    options = ["--topic", "orders:4", "--override", "advertised.listeners=PLAINTEXT://kafka.example:19092"]
    started = docker.from_env().containers.run(image, options, detach=True, ports={PORT: ("127.0.0.1", None)})
    try:
        wait_until_ready(started)
        started.reload()
        answer = told(int(started.ports[PORT][0]["HostPort"]))
    finally:
        started.remove(force=True)
    assert [(broker.host, broker.port) for broker in answer.brokers] == [("kafka.example", 19092)]
    assert [(topic.name, len(topic.partitions)) for topic in answer.topics] == [("orders", 4)]

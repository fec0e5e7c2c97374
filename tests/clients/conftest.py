"""The broker, the clients, and fresh topics and groups for the tests with real clients.

KPYBROKER_TEST_BOOTSTRAP=HOST:PORT runs the same tests against a broker that is already there, such as Apache Kafka.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient
from kafka.admin import KafkaAdminClient

from tests.clients.drivers import Client, Consumer, wait_for
from tests.clients.with_aiokafka import AioKafka
from tests.clients.with_confluent import Confluent
from tests.clients.with_kafka_python import KafkaPython

CLIENTS: dict[str, Callable[[str], Client]] = {
    "kafka-python": KafkaPython,
    "confluent-kafka": Confluent,
    "aiokafka": AioKafka,
}
CODECS = {"kafka-python": KafkaPython.codecs, "confluent-kafka": Confluent.codecs, "aiokafka": AioKafka.codecs}

GetClient = Callable[[str], Client]
NewTopic = Callable[..., str]
OpenConsumer = Callable[..., Consumer]


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    """The broker that this run is about."""
    running = os.environ.get("KPYBROKER_TEST_BOOTSTRAP")
    if running:
        yield running
        return
    from kpybroker import Broker

    with Broker() as broker:
        yield broker.bootstrap_servers


@pytest.fixture(scope="session")
def get_client(bootstrap: str) -> Iterator[GetClient]:
    """Each client by its name, started when it is first asked for."""
    started: dict[str, Client] = {}

    def get(name: str) -> Client:
        if name not in started:
            started[name] = CLIENTS[name](bootstrap)
        return started[name]

    yield get
    for client in started.values():
        client.close()


@pytest.fixture(params=list(CLIENTS))
def client(request: pytest.FixtureRequest, get_client: GetClient) -> Client:
    """One client after the other."""
    return get_client(request.param)


@pytest.fixture(scope="module")
def kafka_python(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """kafka-python's own administration, for what only it has."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    yield admin
    admin.close()


@pytest.fixture(scope="module")
def confluent(bootstrap: str) -> AdminClient:
    """confluent-kafka's own administration, for what only it has."""
    return AdminClient({"bootstrap.servers": bootstrap})


@pytest.fixture
def name() -> str:
    """A name for a topic or a group that nobody else uses."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def new_topic(get_client: GetClient) -> NewTopic:
    """new_topic(partitions) creates a topic and answers its name."""

    def create(partitions: int = 1) -> str:
        topic = f"topic-{uuid.uuid4().hex}"
        admin = get_client("confluent-kafka")
        assert admin.create_topic(topic, partitions) == 0
        wait_for(lambda: topic in admin.list_topics())  # Kafka answers before every client can see it
        return topic

    return create


@pytest.fixture
def topic(new_topic: NewTopic) -> str:
    """A topic of one partition."""
    return new_topic()


@pytest.fixture
def group() -> str:
    """The id of a group that is not there yet."""
    return f"group-{uuid.uuid4().hex}"


@pytest.fixture
def open_consumer() -> Iterator[OpenConsumer]:
    """open_consumer(client, topic, group) opens a consumer, which is closed at the test's end."""
    opened: list[Consumer] = []

    def open_one(client: Client, topic: str, group: str | None = None, *, instance: str | None = None) -> Consumer:
        opened.append(client.consumer(topic, group, instance=instance))
        return opened[-1]

    yield open_one
    for consumer in reversed(opened):
        consumer.close()

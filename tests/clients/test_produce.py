"""What stock clients produce is what they read back."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pytest

from tests.clients.conftest import CLIENTS, CODECS, GetClient, NewTopic, OpenConsumer
from tests.clients.drivers import Client, Consumer, Message, Record, wait_for

CLIENTS_WITH_CODECS = [(name, codec) for name, codecs in CODECS.items() for codec in codecs]
PAIRS = [(producer, consumer) for producer in CLIENTS for consumer in CLIENTS if producer != consumer]
NUMBERED = [Message(b"value-%d" % i, b"key-%d" % i, (("n", b"%d" % i),)) for i in range(100)]


def read(consumer: Consumer, count: int) -> Sequence[Record]:
    """The first `count` records of partition 0, which must be all that came."""
    consumer.assign(0)
    wait_for(lambda: len(consumer.received) >= count, consumer)
    assert [record.offset for record in consumer.received] == list(range(count))
    return consumer.received


def contents(records: Sequence[Record | Message]) -> list[tuple[object, ...]]:
    return [(record.key, record.value, record.headers) for record in records]


@pytest.mark.parametrize(("client", "codec"), CLIENTS_WITH_CODECS, indirect=["client"])
def test_each_codec(client: Client, codec: str, topic: str, open_consumer: OpenConsumer) -> None:
    """Records come back unchanged with every codec that the client has."""
    assert client.produce(topic, NUMBERED, codec=codec) == list(range(100))
    assert contents(read(open_consumer(client, topic), 100)) == contents(NUMBERED)


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_acks(client: Client, acks: str, topic: str, open_consumer: OpenConsumer) -> None:
    """Records arrive whether or not the client waits for answers, and the answers carry the offsets."""
    offsets = client.produce(topic, NUMBERED, acks=acks)
    assert contents(read(open_consumer(client, topic), 100)) == contents(NUMBERED)
    if acks != "0":
        assert offsets == list(range(100))


def test_headers(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """Headers keep their order; a name may repeat, a value may be empty."""
    headers = (("a", b"1"), ("b", b"\x00\xff"), ("a", b"2"), ("empty", b""))
    client.produce(topic, [Message(b"value", None, headers)])
    [record] = read(open_consumer(client, topic), 1)
    assert record.headers == headers


@pytest.mark.parametrize("client", ["confluent-kafka", "aiokafka"], indirect=True)  # kafka-python refuses to send one
def test_null_header(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """A header's value may be null, which is not empty."""
    headers = (("empty", b""), ("null", None))
    client.produce(topic, [Message(b"value", None, headers)])
    [record] = read(open_consumer(client, topic), 1)
    assert record.headers == headers


def test_null_and_empty(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """A null key or value is not an empty one."""
    messages = [Message(b"value", None), Message(None, b"key"), Message(b"", b""), Message(None, b"")]
    client.produce(topic, messages)
    assert contents(read(open_consumer(client, topic), 4)) == contents(messages)


@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_large(client: Client, codec: str, topic: str, open_consumer: OpenConsumer) -> None:
    """Records of 900 KB, three to a topic, come back whole."""
    messages = [Message(random.Random(seed).randbytes(900_000)) for seed in range(3)]
    client.produce(topic, messages, codec=codec)
    assert contents(read(open_consumer(client, topic), 3)) == contents(messages)


def test_idempotent_producer(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """An idempotent producer's batches are taken in sequence, over many requests."""
    for start in range(0, 100, 10):
        assert client.produce(topic, NUMBERED[start : start + 10], idempotent=True) == list(range(start, start + 10))
    assert contents(read(open_consumer(client, topic), 100)) == contents(NUMBERED)


def test_partitions_are_separate(client: Client, new_topic: NewTopic, open_consumer: OpenConsumer) -> None:
    """Each partition counts its own offsets."""
    topic = new_topic(3)
    client.produce(topic, [Message(b"%d" % i, partition=i % 3) for i in range(30)])
    consumer = open_consumer(client, topic)
    consumer.assign(0, 1, 2)
    wait_for(lambda: len(consumer.received) == 30, consumer)
    for partition in range(3):
        of_partition = [record for record in consumer.received if record.partition == partition]
        assert [(r.offset, r.value) for r in of_partition] == [(i, b"%d" % (3 * i + partition)) for i in range(10)]


def test_timestamps(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """A record keeps the time its producer gave it."""
    now_ms = int(time.time() * 1000)
    times_ms = [now_ms - 1000, now_ms - 3000, now_ms]
    client.produce(topic, [Message(b"value", timestamp_ms=timestamp_ms) for timestamp_ms in times_ms])
    assert [record.timestamp_ms for record in read(open_consumer(client, topic), 3)] == times_ms


def test_topic_is_made_on_first_use(client: Client, name: str, open_consumer: OpenConsumer) -> None:
    """A topic that nobody created is there when a producer first sends to it."""
    assert client.produce(name, NUMBERED[:1]) == [0]
    assert contents(read(open_consumer(client, name), 1)) == contents(NUMBERED[:1])


@pytest.mark.parametrize(("producer", "consumer"), PAIRS)
def test_clients_read_each_other(
    producer: str, consumer: str, topic: str, get_client: GetClient, open_consumer: OpenConsumer
) -> None:
    """What one client wrote, another reads."""
    get_client(producer).produce(topic, NUMBERED, codec="gzip")
    assert contents(read(open_consumer(get_client(consumer), topic), 100)) == contents(NUMBERED)

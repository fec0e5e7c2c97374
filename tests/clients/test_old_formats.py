"""Clients that speak as before Kafka 0.11: their message sets go in, and come out, beside what new clients write."""

from __future__ import annotations

from collections.abc import Iterator

import confluent_kafka
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

RECORDS = 100
TIMEOUT_S = 20.0
ROWS = [(b"key-%d" % i if i % 3 else None, b"value %d " % i * 10 if i % 7 else None) for i in range(RECORDS) if i % 21]
Release = tuple[int, ...]
Row = tuple[bytes | None, bytes | None]


def as_of(fallback: str) -> dict[str, str | int]:
    """What makes librdkafka speak to a broker of then."""
    return {"api.version.request": "false", "broker.version.fallback": fallback, "log_level": 0}


def read_by_kafka_python(bootstrap: str, topic: str, release: Release | None) -> Iterator[tuple[int, Row]]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, api_version=release, group_id=None, enable_auto_commit=False)
    try:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek_to_beginning()
        for _ in ROWS:
            record = next(consumer)
            yield record.offset, (record.key, record.value)
    finally:
        consumer.close()


def read_by_librdkafka(bootstrap: str, topic: str, settings: dict[str, str | int]) -> Iterator[tuple[int, Row]]:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": topic, **settings})
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        for _ in ROWS:
            message = consumer.poll(TIMEOUT_S)
            assert message is not None
            assert message.error() is None, message.error()
            yield message.offset(), (message.key(), message.value())
    finally:
        consumer.close()


@pytest.mark.parametrize("codec", [None, "gzip"])
@pytest.mark.parametrize(
    "release", [(0, 8, 2), (0, 9), (0, 10), (0, 10, 1)], ids=lambda release: ".".join(map(str, release))
)
def test_kafka_python_of_old(bootstrap: str, topic: str, release: Release, codec: str | None) -> None:
    """What it sends as of a release before 0.11 it reads as of then, and as of now."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, api_version=release, compression_type=codec, acks="all")
    try:
        sent = [producer.send(topic, key=key, value=value) for key, value in ROWS]
        assert [future.get(TIMEOUT_S).offset for future in sent] == list(range(len(ROWS)))
    finally:
        producer.close()
    for reader in (release, None):
        assert list(read_by_kafka_python(bootstrap, topic, reader)) == list(enumerate(ROWS))


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4"])
@pytest.mark.parametrize("fallback", ["0.8.2", "0.9.0"])
def test_librdkafka_of_old(bootstrap: str, topic: str, fallback: str, codec: str) -> None:
    """The same of librdkafka, with every codec: it writes lz4 with the header of KAFKA-3160."""
    errors: list[object] = []
    settings = {"bootstrap.servers": bootstrap, "compression.codec": codec, "linger.ms": 20, **as_of(fallback)}
    producer = confluent_kafka.Producer(settings)
    for key, value in ROWS:
        producer.produce(topic, key=key, value=value, on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(TIMEOUT_S) == 0
    assert errors == [None] * len(ROWS)
    for reader in (as_of(fallback), {}):
        assert list(read_by_librdkafka(bootstrap, topic, reader)) == list(enumerate(ROWS))


def test_formats_side_by_side(bootstrap: str, topic: str) -> None:
    """A log that an old and a new producer have written is one log to an old and to a new consumer."""
    for number, release in enumerate(((0, 9), None, (0, 10))):
        producer = KafkaProducer(bootstrap_servers=bootstrap, api_version=release)
        for key, value in ROWS[number::3]:
            producer.send(topic, key=key, value=value).get(TIMEOUT_S)
        producer.close()
    expected = list(enumerate([row for number in range(3) for row in ROWS[number::3]]))
    for reader in ((0, 9), (0, 10), None):
        assert list(read_by_kafka_python(bootstrap, topic, reader)) == expected

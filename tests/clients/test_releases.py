"""Clients against a broker that passes for a release: kafka-python takes it for that release, and all work with it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiokafka
import confluent_kafka
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from kpybroker import Broker
from kpybroker.releases import RELEASES
from tests.until import PATIENCE_S

HERE = TopicPartition("t", 0)
SINCE_API_VERSIONS = (0, 10, 0)
SINCE_COMMITS = (0, 8, 1)
LONG_NAME = "a-topic-of-some-length"  # librdkafka takes too little memory to read a Metadata 0 answer of 62 bytes


@pytest.mark.parametrize("release", RELEASES)
def test_takes_it_for_that_release_and_works_with_it(release: str) -> None:
    """Produces, reads back and commits, by the versions of that release; before 0.10 it has to be told which it is."""
    version = tuple(map(int, release.split(".")))
    with Broker(version=release, topics=["t"]) as broker:
        told = {"bootstrap_servers": broker.bootstrap_servers}
        if version < SINCE_API_VERSIONS:
            told["api_version"] = version
        consumer = KafkaConsumer(
            group_id="g" if version >= SINCE_COMMITS else None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            **told,
        )
        assert consumer.config["api_version"] == version
        producer = KafkaProducer(compression_type="gzip", **told)
        sent = [producer.send("t", value) for value in (b"1", b"2", b"3")]
        assert [each.get(PATIENCE_S).offset for each in sent] == [0, 1, 2]
        producer.close()
        consumer.assign([HERE])
        values: list[bytes] = []
        while len(values) < len(sent):
            found = consumer.poll(timeout_ms=PATIENCE_S * 1000)
            assert found
            values += [record.value for record in found[HERE]]
        assert values == [b"1", b"2", b"3"]
        if version >= SINCE_COMMITS:
            assert consumer.committed(HERE) is None
            consumer.commit()
            assert consumer.committed(HERE) == len(sent)
        consumer.close()


@pytest.mark.parametrize("release", ["0.9", "0.10.0", "0.11", "2.8"])
def test_librdkafka_works_with_it(release: str) -> None:
    """librdkafka too; before 0.10 it is told not to ask for versions and which broker it has."""
    version = tuple(map(int, release.split(".")))
    with Broker(version=release, topics=[LONG_NAME]) as broker:
        told: dict[str, Any] = {"bootstrap.servers": broker.bootstrap_servers}
        if version < SINCE_API_VERSIONS:
            told |= {"api.version.request": False, "broker.version.fallback": "0.9.0"}
        producer = confluent_kafka.Producer({**told, "compression.type": "lz4"})
        producer.produce(LONG_NAME, b"1" * 1000)
        assert producer.flush(PATIENCE_S) == 0
        consumer = confluent_kafka.Consumer({**told, "group.id": "g", "auto.offset.reset": "earliest"})
        consumer.subscribe([LONG_NAME])
        message = consumer.poll(PATIENCE_S)
        assert message is not None
        assert message.error() is None
        assert message.value() == b"1" * 1000
        consumer.commit(asynchronous=False)
        (committed,) = consumer.committed([confluent_kafka.TopicPartition(LONG_NAME, 0)], timeout=PATIENCE_S)
        assert committed.offset == 1
        consumer.close()


@pytest.mark.parametrize("release", ["0.11", "2.8"])
def test_aiokafka_works_with_it(release: str) -> None:
    """aiokafka too, from the oldest release that it knows on."""

    async def main(bootstrap: str) -> None:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
            await producer.send_and_wait("t", b"1")
        settings = {"bootstrap_servers": bootstrap, "group_id": "g", "auto_offset_reset": "earliest"}
        async with aiokafka.AIOKafkaConsumer("t", enable_auto_commit=False, **settings) as consumer:
            assert (await consumer.getone()).value == b"1"
            await consumer.commit()
            assert await consumer.committed(aiokafka.TopicPartition("t", 0)) == 1

    with Broker(version=release, topics=["t"]) as broker:
        asyncio.run(asyncio.wait_for(main(broker.bootstrap_servers), PATIENCE_S))

"""What clients' codecs leave in the log: a client that silently drops its compression is seen here."""

from __future__ import annotations

from pathlib import Path

import confluent_kafka
import kafka
import pytest

from kpybroker import Broker
from kpybroker.wire.records import batches, records

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
VALUES = [b"value %d " % number * 20 for number in range(10)]


def stored_codecs(data_dir: Path, topic: str) -> set[int]:
    """The codecs of all batches in the log, after a look at what is in them."""
    (log,) = (data_dir / f"{topic}-0").glob("*.log")
    found = batches(memoryview(bytearray(log.read_bytes())))
    values = [record.value for header, batch in found for record in records(batch, header)]
    assert values == VALUES
    return {header.codec for header, _ in found}


@pytest.mark.parametrize("codec", CODECS)
def test_librdkafka_compresses(tmp_path: Path, codec: str) -> None:
    """librdkafka sends gzip, snappy and lz4 only to a broker that lists Produce 0 (KAFKA-18659): ours does."""
    with Broker(data_dir=tmp_path / "data") as broker:
        config = {"bootstrap.servers": broker.bootstrap_servers, "compression.type": codec, "linger.ms": 500}
        producer = confluent_kafka.Producer(config)
        for value in VALUES:
            producer.produce("orders", value)
        assert producer.flush(20) == 0
    assert stored_codecs(tmp_path / "data", "orders") == {CODECS[codec]}


@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_kafka_python_compresses(tmp_path: Path, codec: str) -> None:
    """kafka-python's batches are stored as they were sent."""
    with Broker(data_dir=tmp_path / "data") as broker:
        producer = kafka.KafkaProducer(
            bootstrap_servers=broker.bootstrap_servers,
            compression_type=None if codec == "none" else codec,
            linger_ms=500,
        )
        for value in VALUES:
            producer.send("orders", value)
        producer.flush(20)
        producer.close()
    assert stored_codecs(tmp_path / "data", "orders") == {CODECS[codec]}

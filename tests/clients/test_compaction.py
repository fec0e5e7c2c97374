"""Stock clients on topics that a test has compacted, or cut to what retention leaves, at the moment of its choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as Place

from kpybroker import Broker
from tests.clients.drivers import WAIT_S

CONFIG = {"log.cleanup.policy": "compact", "log.cleaner.delete.retention.ms": 0, "log.cleaner.backoff.ms": 10**9}
Found = list[tuple[bytes | None, bytes | None]]


def read_by_confluent(broker: Broker) -> Found:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g", "enable.partition.eof": True})
    consumer.assign([TopicPartition("t", 0, OFFSET_BEGINNING)])
    found: Found = []
    while True:
        message = consumer.poll(WAIT_S)
        assert message is not None
        error = message.error()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            consumer.close()
            return found
        found.append((message.key(), message.value()))


def read_by_kafka_python(broker: Broker) -> Found:
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
    place = Place("t", 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    found: Found = []
    while consumer.position(place) < end:
        for messages in consumer.poll(timeout_ms=int(WAIT_S * 1000)).values():
            found += [(message.key, message.value) for message in messages]
    consumer.close()
    return found


@pytest.mark.parametrize("kept", [True, False])
def test_a_compacted_topic(tmp_path: Path, kept: bool) -> None:
    """Both clients see the last value of each key and nothing else; a deleted key is seen as deleted once, and after
    delete.retention.ms not at all. Another producer writes on meanwhile."""
    with Broker(data_dir=tmp_path if kept else None, topics=["t", "u"], config=CONFIG) as broker:
        old = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, compression_type="gzip")
        for number in range(300):
            old.send("t", key=b"key-%d" % (number % 3), value=b"%d" % number)
        old.send("t", key=b"key-1", value=None)
        old.flush(WAIT_S)
        (compacted,) = broker.run_compaction("t")
        assert (compacted.topic, compacted.partition) == ("t", 0)
        assert compacted.bytes_after < compacted.bytes_before
        new = Producer({"bootstrap.servers": broker.bootstrap_servers, "enable.idempotence": True})
        new.produce("t", key=b"key-2", value=b"last")
        assert new.flush(WAIT_S) == 0
        expected = [(b"key-0", b"297"), (b"key-2", b"299"), (b"key-1", None), (b"key-2", b"last")]
        assert read_by_confluent(broker) == read_by_kafka_python(broker) == expected
        broker.run_compaction()
        expected = [(b"key-0", b"297"), (b"key-2", b"last")]
        assert read_by_confluent(broker) == read_by_kafka_python(broker) == expected
        old.send("t", key=b"key-0", value=b"more").get(WAIT_S)
        assert read_by_confluent(broker) == [*expected, (b"key-0", b"more")]
        old.close()


def test_retention_when_a_test_wants_it() -> None:
    """What is too old goes at once when it is asked for, whenever retention would look next; the answer says how much
    that was, and the log goes on where it was."""
    with Broker(topics=["t", "kept"], config={"log.retention.ms": 1}) as broker:
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers)
        sent = [producer.send("t", value=b"x" * 100, timestamp_ms=1000) for _ in range(10)]
        producer.flush(WAIT_S)
        assert [one.get(WAIT_S).offset for one in sent] == list(range(10))
        removed = broker.run_retention()
        assert removed.segments == 1
        assert removed.bytes > 1000
        assert broker.run_retention() == (0, 0)
        consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
        assert consumer.beginning_offsets([Place("t", 0)]) == {Place("t", 0): 10}
        assert producer.send("t", value=b"y").get(WAIT_S).offset == 10
        producer.close()
        consumer.close()


def test_a_broker_that_does_not_run() -> None:
    """Outside its block a broker says so."""
    with pytest.raises(RuntimeError, match="not running"):
        Broker().run_compaction()

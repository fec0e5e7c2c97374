"""Stock administration clients delete records, list offsets and look at logs, disks and producers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from kafka import TopicPartition as Place
from kafka import TopicPartitionReplica
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import OffsetOutOfRangeError

from tests.clients.conftest import GetClient
from tests.clients.drivers import WAIT_S, Client, Message

TIME_MS = 1_700_000_000_000
LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5
OUT_OF_RANGE = 1
Spec: Any = OffsetSpec


@pytest.fixture
def written(get_client: GetClient, kafka_python: KafkaAdminClient, topic: str) -> str:
    """A topic with six records, a second apart, which are years old: no retention may come in between."""
    kept = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "-1"})
    kafka_python.alter_configs([kept])
    messages = [Message(b"%d" % number, timestamp_ms=TIME_MS + 1000 * number) for number in range(6)]
    assert get_client("confluent-kafka").produce(topic, messages) == list(range(6))
    return topic


def bounds(client: Client, topic: str) -> tuple[int, int]:
    consumer = client.consumer(topic)
    try:
        return consumer.bounds(0)
    finally:
        consumer.close()


def test_kafka_python_deletes_records(kafka_python: KafkaAdminClient, written: str, get_client: GetClient) -> None:
    """The low watermark is where the log begins from then on; beyond the end there is nothing to delete."""
    place = Place(written, 0)
    deleted = kafka_python.delete_records({place: 4})
    assert deleted[place]["low_watermark"] == 4
    assert bounds(get_client("kafka-python"), written) == (4, 6)
    with pytest.raises(OffsetOutOfRangeError):
        kafka_python.delete_records({place: 7})
    assert kafka_python.delete_records({place: -1})[place]["low_watermark"] == 6
    assert bounds(get_client("kafka-python"), written) == (6, 6)


def test_confluent_deletes_records(confluent: AdminClient, written: str, get_client: GetClient) -> None:
    """The same with librdkafka."""

    def delete(offset: int) -> Any:
        (future,) = confluent.delete_records([TopicPartition(written, 0, offset)]).values()
        return future.result(WAIT_S)

    assert delete(4).low_watermark == 4
    assert bounds(get_client("confluent-kafka"), written) == (4, 6)
    with pytest.raises(KafkaException) as refused:
        delete(7)
    assert refused.value.args[0].code() == OUT_OF_RANGE
    assert delete(2).low_watermark == 4


def test_kafka_python_lists_offsets(kafka_python: KafkaAdminClient, written: str) -> None:
    """By all special timestamps that the client knows, and by a time."""
    place = Place(written, 0)
    kafka_python.delete_records({place: 1})
    found = {}
    for spec in (LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, TIME_MS + 1500):
        listed = kafka_python.list_partition_offsets({place: spec})[place]
        found[spec] = listed.offset
    assert found == {
        LATEST: 6,
        EARLIEST: 1,
        MAX_TIMESTAMP: 5,
        EARLIEST_LOCAL: 1,
        LATEST_TIERED: -1,
        TIME_MS + 1500: 2,
    }


def test_confluent_lists_offsets(confluent: AdminClient, written: str) -> None:
    """By the specs of librdkafka; the largest timestamp comes with its offset."""

    def listed(spec: Any) -> Any:
        (future,) = confluent.list_offsets({TopicPartition(written, 0): spec}).values()
        return future.result(WAIT_S)

    assert [listed(spec()).offset for spec in (Spec.earliest, Spec.latest)] == [0, 6]
    largest = listed(Spec.max_timestamp())
    assert (largest.offset, largest.timestamp) == (5, TIME_MS + 5000)
    assert listed(Spec.for_timestamp(TIME_MS + 1500)).offset == 2
    assert listed(Spec.for_timestamp(TIME_MS + 10_000)).offset == -1


def test_kafka_python_looks_at_disks(kafka_python: KafkaAdminClient, written: str) -> None:
    """One directory with the partition and its bytes; a move to where it is is done, elsewhere there is no disk."""
    (broker,) = kafka_python.describe_log_dirs({written: [0]})
    (directory,) = broker["log_dirs"]
    (described,) = directory["topics"]
    (partition,) = described["partitions"]
    assert (described["name"], partition["partition_index"]) == (written, 0)
    assert partition["partition_size"] > 6 * 10
    assert directory["total_bytes"] > directory["usable_bytes"] > 0
    replica = TopicPartitionReplica(written, 0, 1)
    path = directory["log_dir"]
    assert Path(path).is_absolute()
    moved = [kafka_python.alter_replica_log_dirs({replica: each})[replica] for each in (path, "/no/such/directory")]
    assert [error.errno for error in moved] == [0, 57]


def test_kafka_python_looks_at_producers(kafka_python: KafkaAdminClient, topic: str, get_client: GetClient) -> None:
    """Nobody before an idempotent producer has written; then its id and its last sequence."""
    place = Place(topic, 0)
    assert kafka_python.describe_producers([place])[place].active_producers == []
    get_client("kafka-python").produce(topic, [Message(b"a")], idempotent=True)
    get_client("kafka-python").produce(topic, [Message(b"b"), Message(b"c")], idempotent=True)
    (known,) = kafka_python.describe_producers([place])[place].active_producers
    assert (known.last_sequence, known.current_transaction_start_offset) == (2, -1)
    assert known.producer_id >= 0

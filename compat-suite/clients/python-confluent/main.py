"""confluent-kafka: a topic by its admin client, ten records by an idempotent producer, read in a group, committed.

KAFKA_RELEASE says what the broker is, where it is an old one: before 0.10 it has to be told so, and before 0.11 there
are no idempotent producers and no headers; the broker makes the topic then.
"""

# ruff: noqa: T201

import os
import sys
import time
import uuid

import confluent_kafka
from confluent_kafka.admin import AdminClient, NewTopic

RECORDS = 10
TIMEOUT_S = 30
RELEASE = tuple(map(int, os.environ.get("KAFKA_RELEASE", "4.3").split(".")))
IS_TOLD, IS_OLD = RELEASE < (0, 10), RELEASE < (0, 11)
TOLD = {"api.version.request": False, "broker.version.fallback": "0.9.0"} if IS_TOLD else {}


def main(bootstrap: str) -> None:
    topic = f"python-confluent-{uuid.uuid4().hex}"
    if not IS_OLD:
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(TIMEOUT_S)
    produce(bootstrap, topic)
    consume_and_commit(bootstrap, topic)
    versions = f"{confluent_kafka.__version__} librdkafka {confluent_kafka.libversion()[0]}"
    print(f"OK confluent-kafka {versions} {RECORDS}")


def produce(bootstrap: str, topic: str) -> None:
    errors: list[object] = []
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": not IS_OLD, **TOLD})
    for i in range(RECORDS):
        producer.produce(
            topic,
            key=b"key-%d" % i,
            value=b"value-%d" % i,
            headers=None if IS_OLD else [("n", b"%d" % i)],
            on_delivery=lambda error, _: errors.append(error),
        )
    assert producer.flush(TIMEOUT_S) == 0
    assert errors == [None] * RECORDS, errors


def consume_and_commit(bootstrap: str, topic: str) -> None:
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": f"group-{topic}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        **TOLD,
    }
    consumer = confluent_kafka.Consumer(settings)
    consumer.subscribe([topic])
    received = 0
    deadline = time.monotonic() + TIMEOUT_S
    while received < RECORDS:
        assert time.monotonic() < deadline, f"{received} records received"
        message = consumer.poll(0.5)
        if message is None:
            continue
        assert message.error() is None, message.error()
        assert (message.key(), message.value()) == (b"key-%d" % received, b"value-%d" % received)
        assert message.headers() == (None if IS_OLD else [("n", b"%d" % received)])
        received += 1
    consumer.commit(asynchronous=False)
    [committed] = consumer.committed([confluent_kafka.TopicPartition(topic, 0)], timeout=TIMEOUT_S)
    assert committed.offset == RECORDS, committed
    consumer.close()


main(sys.argv[1])

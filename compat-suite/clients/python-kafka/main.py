"""kafka-python, 1.4.7 to 3.0: a topic by the admin client, ten records, read back in a group and committed.

KAFKA_RELEASE says what the broker is, where it is an old one: no admin client before 0.10.1, no headers before 0.11,
no groups before 0.9, no offsets of any kind before 0.8.1.
"""

# ruff: noqa: T201

import os
import sys
import uuid

import kafka
from kafka.admin import KafkaAdminClient, NewTopic

RECORDS = 10
TIMEOUT_S = 30
RELEASE = tuple(map(int, os.environ.get("KAFKA_RELEASE", "4.3").split(".")))
HAS_ADMIN, HAS_HEADERS = RELEASE >= (0, 10, 1), RELEASE >= (0, 11)
HAS_GROUPS, HAS_OFFSETS = RELEASE >= (0, 9), RELEASE >= (0, 8, 1)


def main(bootstrap: str) -> None:
    topic = f"python-kafka-{kafka.__version__}-{uuid.uuid4().hex}"
    if HAS_ADMIN:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
        admin.close()
    produce(bootstrap, topic)
    consume_and_commit(bootstrap, topic)
    print(f"OK kafka-python {kafka.__version__} {RECORDS}")


def produce(bootstrap: str, topic: str) -> None:
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap)
    for i in range(RECORDS):
        more = {"headers": [("n", b"%d" % i)]} if HAS_HEADERS else {}
        sent = producer.send(topic, key=b"key-%d" % i, value=b"value-%d" % i, **more)
        assert sent.get(TIMEOUT_S).offset == i
    producer.close()


def consume_and_commit(bootstrap: str, topic: str) -> None:
    partition = kafka.TopicPartition(topic, 0)
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=f"group-{topic}" if HAS_OFFSETS else None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=TIMEOUT_S * 1000,
    )
    if HAS_GROUPS:
        consumer.subscribe([topic])
    else:
        consumer.assign([partition])
    for i in range(RECORDS):
        record = next(consumer)
        assert (record.key, record.value) == (b"key-%d" % i, b"value-%d" % i), record
        assert list(record.headers) == ([("n", b"%d" % i)] if HAS_HEADERS else []), record
    if HAS_OFFSETS:
        consumer.commit()
        assert consumer.committed(partition) == RECORDS
    consumer.close()


main(sys.argv[1])

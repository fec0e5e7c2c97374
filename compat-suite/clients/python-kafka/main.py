"""kafka-python, 1.4.7 to 3.0: a topic by the admin client, ten records, read back in a group and committed."""

# ruff: noqa: T201

import sys
import uuid

import kafka
from kafka.admin import KafkaAdminClient, NewTopic

RECORDS = 10
TIMEOUT_S = 30


def main(bootstrap: str) -> None:
    topic = f"python-kafka-{kafka.__version__}-{uuid.uuid4().hex}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()
    produce(bootstrap, topic)
    consume_and_commit(bootstrap, topic)
    print(f"OK kafka-python {kafka.__version__} {RECORDS}")


def produce(bootstrap: str, topic: str) -> None:
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap)
    for i in range(RECORDS):
        headers = [("n", b"%d" % i)]
        sent = producer.send(topic, key=b"key-%d" % i, value=b"value-%d" % i, headers=headers)
        assert sent.get(TIMEOUT_S).offset == i
    producer.close()


def consume_and_commit(bootstrap: str, topic: str) -> None:
    consumer = kafka.KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"group-{topic}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=TIMEOUT_S * 1000,
    )
    for i in range(RECORDS):
        record = next(consumer)
        assert (record.key, record.value) == (b"key-%d" % i, b"value-%d" % i), record
        assert list(record.headers) == [("n", b"%d" % i)], record
    consumer.commit()
    assert consumer.committed(kafka.TopicPartition(topic, 0)) == RECORDS
    consumer.close()


main(sys.argv[1])

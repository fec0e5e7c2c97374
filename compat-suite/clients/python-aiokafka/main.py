"""aiokafka: a topic by the admin client, ten records by an idempotent producer, read back in a group and committed.

It asks for nothing that a broker of 0.11 does not have.
"""

# ruff: noqa: T201

import asyncio
import sys
import uuid

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

RECORDS = 10
TIMEOUT_S = 60


async def main(bootstrap: str) -> None:
    topic = f"python-aiokafka-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    await produce(bootstrap, topic)
    await consume_and_commit(bootstrap, topic)
    print(f"OK aiokafka {aiokafka.__version__} {RECORDS}")


async def produce(bootstrap: str, topic: str) -> None:
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
        for i in range(RECORDS):
            headers = [("n", b"%d" % i)]
            sent = await producer.send_and_wait(topic, key=b"key-%d" % i, value=b"value-%d" % i, headers=headers)
            assert sent.offset == i


async def consume_and_commit(bootstrap: str, topic: str) -> None:
    consumer = aiokafka.AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"group-{topic}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        for i in range(RECORDS):
            record = await consumer.getone()
            assert (record.key, record.value) == (b"key-%d" % i, b"value-%d" % i), record
            assert list(record.headers) == [("n", b"%d" % i)], record
        await consumer.commit()
        assert await consumer.committed(aiokafka.TopicPartition(topic, 0)) == RECORDS


asyncio.run(asyncio.wait_for(main(sys.argv[1]), TIMEOUT_S))

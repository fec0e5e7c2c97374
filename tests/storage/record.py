"""Records tests/data/storage anew: `python -m tests.storage.record HOST:PORT` on an empty Apache Kafka 4.3.1.

It makes three topics and asks Kafka for offsets by time; the answers go to lookups.json. Then stop Kafka with
SIGTERM and copy from its log.dirs: plain-0, timed-0, packed-0, __cluster_metadata-0, meta.properties,
.kafka_cleanshutdown and the checkpoint files. Needs confluent-kafka.
"""

from __future__ import annotations

import json
import random
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from tests.storage.logs import KAFKA, NOW

CONFIGS = {
    "plain": {"index.interval.bytes": "300"},
    "timed": {"index.interval.bytes": "100", "segment.ms": "1000"},
    "packed": {"index.interval.bytes": "300"},
}
Batches = list[list[tuple[int, bytes]]]


def send(address: str, topic: str, batches: Batches, **options: object) -> None:
    """Each list of records is a batch, from a producer of its own."""
    for records in batches:
        producer = Producer({"bootstrap.servers": address, "linger.ms": 200, "batch.num.messages": 100, **options})
        for timestamp, value in records:
            producer.produce(topic, value=value, key=b"k", timestamp=timestamp)
        producer.flush()


def packed(chance: random.Random, start: int) -> Batches:
    return [
        [
            (start + number * 10 + chance.randrange(30), b"abc" * chance.randrange(50))
            for _ in range(chance.randrange(1, 6))
        ]
        for number in range(12)
    ]


def main(address: str) -> None:
    chance = random.Random(4)

    def noise(size: int) -> bytes:
        return bytes(chance.randrange(97, 123) for _ in range(size))

    admin = AdminClient({"bootstrap.servers": address})
    for created in admin.create_topics(
        [NewTopic(name, 1, 1, config=config) for name, config in CONFIGS.items()]
    ).values():
        created.result()
    send(address, "plain", [[(NOW + chance.randrange(1000), noise(chance.randrange(120)))] for _ in range(60)])
    timed = [
        [(NOW + n * 90 + chance.randrange(400), noise(chance.randrange(60))) for _ in range(chance.randrange(1, 4))]
        for n in range(60)
    ]
    send(address, "timed", timed)
    send(address, "packed", packed(chance, NOW), **{"compression.type": "lz4", "enable.idempotence": True})
    send(address, "packed", packed(chance, NOW + 200), **{"compression.type": "zstd"})
    answers = {}
    for name in CONFIGS:
        partition = TopicPartition(name, 0)

        def ask(spec: OffsetSpec, partition: TopicPartition = partition) -> list[int | None]:
            answer = next(iter(admin.list_offsets({partition: spec}).values())).result()
            return [answer.timestamp, answer.offset, answer.leader_epoch]

        asked = sorted({0, NOW - 1, NOW, *[NOW + chance.randrange(7000) for _ in range(60)], NOW + 100_000})
        consumer = Consumer({"bootstrap.servers": address, "group.id": "g"})
        answers[name] = {
            "end": consumer.get_watermark_offsets(partition)[1],
            "by_timestamp": [[timestamp, *ask(OffsetSpec.for_timestamp(timestamp))] for timestamp in asked],
            "max_timestamp": ask(OffsetSpec.max_timestamp()),  # type: ignore[no-untyped-call]
        }
    (KAFKA / "lookups.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])

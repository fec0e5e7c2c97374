"""What clients do with a cluster before its directories change hands, and all that they see of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic
from kafka import KafkaConsumer
from kafka.structs import OffsetAndMetadata
from kafka.structs import TopicPartition as Partition

from tests.until import until

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
MIB = 1 << 20
TIME = 1_700_000_000_000
COMPACTED = {"cleanup.policy": "compact", "segment.ms": "1000"}
TOPICS = {
    "codecs": (2, {}),
    "segments": (1, {"segment.bytes": str(MIB), "retention.ms": "-1"}),
    "cut": (1, {}),
    "gone": (1, {}),
    "keyed": (1, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.9"}),
    "cleaned": (1, {**COMPACTED, "min.cleanable.dirty.ratio": "0"}),
    "deals": (1, {"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "1"}),  # not yet
}
DEALS = ("deals", 0)
Row = tuple[
    int, int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]
]  # offset, timestamp, key, value, headers
Pair = tuple[bytes | None, bytes | None]


class Seen(NamedTuple):
    """What clients see of a cluster. Of topics that are cleaned at whatever time, what each key has last."""

    records: dict[tuple[str, int], list[Row]]
    latest: dict[bytes | None, Row]
    offsets: dict[str, dict[tuple[str, int], tuple[int, str]]]
    groups: set[str]
    configs: dict[str, dict[str, str]]


def write(address: str) -> None:
    """Of everything something."""
    chance = random.Random(8)
    admin = AdminClient({"bootstrap.servers": address})
    topics = [NewTopic(name, count, config=configs) for name, (count, configs) in TOPICS.items()]
    for made in admin.create_topics(topics).values():
        made.result()
    for codec in CODECS:
        send(address, "codecs", [(b"k%d" % n, b"v" * chance.randrange(300)) for n in range(40)], codec=codec)
    send(address, "segments", [(None, chance.randbytes(5000)) for _ in range(600)], idempotent=True)
    send(address, "cut", [(b"%d" % n, b"value") for n in range(20)])
    send(address, "gone", [(None, b"value")])
    send(address, "keyed", [(b"%d" % (n % 3), None if n == 7 else b"%d" % n) for n in range(12)])
    send(address, "cleaned", [(b"once", b"replaced below")], idempotent=True, time=TIME - 60_000)
    overwrite(address, 0)
    for cut in admin.delete_records([TopicPartition("cut", 0, 7)]).values():
        cut.result()
    admin.delete_topics(["gone"])["gone"].result()
    consume(address, "by-kafka-python")
    commit(
        address, "by-confluent", [TopicPartition("codecs", index, 17 + index, metadata="so far") for index in (0, 1)]
    )


def overwrite(address: str, start: int) -> None:
    """What is to be cleaned: several segments, keys again and again, some of them deleted at last."""
    send(address, "cleaned", [(b"once", b"%d" % start), (b"none", None)], time=TIME + start)
    for number in range(6):
        rows = [(b"%d" % (n % 7), None if number == 3 and n == 2 else b"%d %d" % (start, n)) for n in range(20)]
        send(address, "cleaned", rows, time=TIME + start + 5000 * (number + 1))


def add(address: str, what: str) -> None:
    """Some more, and a group goes on."""
    send(address, "codecs", [(what.encode(), b"more")] * 3, codec="zstd")
    send(address, "cut", [(what.encode(), b"more")], idempotent=True)
    commit(address, "by-confluent", [TopicPartition("cut", 0, 20, metadata=what)])


class Deals:
    """Transactions on a topic that is compacted: some committed, one aborted, one that stays open."""

    def __init__(self, address: str) -> None:
        self._producer = Producer(
            {"bootstrap.servers": address, "transactional.id": "dealer", "transaction.timeout.ms": 600_000}
        )
        self._producer.init_transactions()  # what another of this id has left open is aborted

    def make(self) -> None:
        """The last one overwrites what was committed, and has not ended."""
        self._transaction([(b"a", b"1"), (b"b", b"1"), (b"c", b"1")], self._producer.commit_transaction)
        self._transaction([(b"a", b"aborted"), (b"d", b"aborted")], self._producer.abort_transaction)
        self._transaction([(b"b", b"2"), (b"e", None)], self._producer.commit_transaction)
        self._transaction([(b"a", b"open"), (b"b", b"open")], self._producer.flush)

    def _transaction(self, rows: list[Pair], end: Callable[[], object]) -> None:
        self._producer.begin_transaction()
        for key, value in rows:
            self._producer.produce(DEALS[0], key=key, value=value)
        self._producer.flush()
        end()


def send(
    address: str, topic: str, rows: list[Pair], codec: str = "none", *, idempotent: bool = False, time: int = TIME
) -> None:
    producer = Producer(
        {"bootstrap.servers": address, "compression.type": codec, "linger.ms": 5, "enable.idempotence": idempotent}
    )
    errors: list[KafkaError] = []
    for number, (key, value) in enumerate(rows):
        headers: list[Any] = [("number", b"%d" % number)] if number % 2 else []
        producer.produce(
            topic,
            key=key,
            value=value,
            partition=number % 2 if topic == "codecs" else 0,
            timestamp=time + number,
            headers=headers,
            on_delivery=lambda error, _: errors.append(error) if error else None,
        )
        producer.poll(0)
    producer.flush()
    assert not errors


def alter(address: str, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": address})
    admin.incremental_alter_configs([resource])[resource].result()


def create(address: str, topic: str, partitions: int) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, partitions)])[topic].result()


def consume(address: str, group: str) -> None:
    """A member of a group reads all of a topic and commits."""
    consumer = KafkaConsumer(
        "keyed", bootstrap_servers=address, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    count = 0
    while count < 12:
        count += sum(len(rows) for rows in consumer.poll(timeout_ms=1000).values())
    consumer.commit({Partition("keyed", 0): OffsetAndMetadata(11, "a note", -1)})
    consumer.close(autocommit=False)


def commit(address: str, group: str, offsets: list[TopicPartition]) -> None:
    consumer = Consumer({"bootstrap.servers": address, "group.id": group})
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()


def read_deals(address: str, isolation: str = "read_uncommitted") -> list[Pair]:
    return [(key, value) for _, _, key, value, _ in read(address, [DEALS], isolation)[DEALS]]


def look(address: str) -> Seen:
    """Every record of every topic, the groups with their offsets, and what is set of topics."""
    admin = AdminClient({"bootstrap.servers": address})
    found = until(lambda: leaders(admin))
    assert found is not None
    topics = {name: count for name, count in found.items() if not name.startswith("__")}
    groups = until(lambda: known_groups(admin))
    assert groups is not None
    offsets = {}
    for group in sorted(groups):
        asked = ConsumerGroupTopicPartitions(group)
        answer = until(lambda asked=asked: next(iter(admin.list_consumer_group_offsets([asked]).values())).result())  # type: ignore[misc]
        offsets[group] = {
            (each.topic, each.partition): (each.offset, each.metadata or "") for each in answer.topic_partitions
        }
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
    configs = {
        resource.name: {name: entry.value for name, entry in answer.result().items() if entry.source == 1}
        for resource, answer in admin.describe_configs(resources).items()
    }
    places = [(name, index) for name, count in topics.items() if name != DEALS[0] for index in range(count)]
    records = read(address, places)
    latest = {row[2]: row for row in records.pop(("cleaned", 0))}
    return Seen(records, latest, offsets, groups, configs)


def known_groups(admin: AdminClient) -> set[str] | None:
    """As soon as every coordinator has loaded its own."""
    found = admin.list_consumer_groups().result()
    return None if found.errors or not found.valid else {group.group_id for group in found.valid}


def leaders(admin: AdminClient) -> dict[str, int] | None:
    """Topics with their numbers of partitions, as soon as each has a leader."""
    topics = admin.list_topics(timeout=20).topics
    if any(part.leader < 0 for topic in topics.values() for part in topic.partitions.values()):
        return None
    return {name: len(topic.partitions) for name, topic in topics.items()}


def read(
    address: str, places: Sequence[tuple[str, int]], isolation: str = "read_uncommitted"
) -> dict[tuple[str, int], list[Row]]:
    """All that is there; of a transaction that is open nothing, if it is to be committed."""
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "reader",
            "enable.auto.commit": False,
            "check.crcs": True,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,
            "isolation.level": isolation,
        }
    )
    partitions, ends = [], {}
    for place in places:
        partition = TopicPartition(*place)
        partition.offset, end = until(lambda partition=partition: watermarks(consumer, partition))  # type: ignore[misc]
        partitions.append(partition)
        ends[place] = end if isolation == "read_uncommitted" else 0
    consumer.assign(partitions)
    rows: dict[tuple[str, int], list[Row]] = {place: [] for place in places}
    left = set(places)
    while left:
        for message in consumer.consume(100, timeout=0.05):
            error, place = message.error(), (message.topic(), message.partition())
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF, error
                if message.offset() >= ends[place]:  # or else it has not come as far as was told yet
                    left.discard(place)
                continue
            headers = tuple(message.headers() or ())
            rows[place].append((message.offset(), message.timestamp()[1], message.key(), message.value(), headers))
    consumer.close()
    return rows


def watermarks(consumer: Consumer, partition: TopicPartition) -> tuple[int, int] | None:
    """Where a partition begins and ends; None while Kafka has elected a leader that does not know of it yet."""
    try:
        return consumer.get_watermark_offsets(partition, timeout=20)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
            raise
        return None

"""One directory, used in turn by kpybroker and Apache Kafka 4.3.1: neither misses what the other's clients wrote.

The story is told once; each test looks at what it is about.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from confluent_kafka.cimpl import NewTopic
from kafka import KafkaConsumer
from kafka.structs import OffsetAndMetadata
from kafka.structs import TopicPartition as Partition

from tests.kafka import KafkaProcess, dump
from tests.process import BrokerProcess
from tests.until import until

pytestmark = pytest.mark.needs("kafka")
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
MIB = 1 << 20
TIME = 1_700_000_000_000
Row = tuple[
    int, int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]
]  # offset, timestamp, key, value, headers


class Seen(NamedTuple):
    """What clients see of a cluster."""

    records: dict[tuple[str, int], list[Row]]
    offsets: dict[str, dict[tuple[str, int], tuple[int, str]]]
    groups: set[str]
    configs: dict[str, dict[str, str]]


class Story(NamedTuple):
    """What was seen at each station, and what was said there."""

    written: Seen  # before kpybroker's clean stop
    by_kafka: Seen
    more: Seen  # what Kafka's clients had added before its stop
    by_kpybroker: Seen
    killed: Seen  # before kpybroker was killed
    after_kill: Seen
    at_last: Seen  # kpybroker, after Kafka was killed
    refused: tuple[int, str]
    complaints: list[str]
    dumps: dict[str, str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("directories")
    data = folder / "data"
    arguments = ["--data-dir", str(data)]
    soon = ["--override", "metadata.log.max.record.bytes.between.snapshots=5000"]
    with BrokerProcess(folder / "first", *arguments, *soon) as broker:
        write(bootstrap(broker))
        written = look(bootstrap(broker))
        assert broker.stop() == 143
    dumps = dump_all(data)
    with KafkaProcess(folder / "kafka", data) as kafka:
        by_kafka = look(kafka.bootstrap)
        other = BrokerProcess(folder / "other", *arguments)
        refused = other.process.wait(60), other.log
        add(kafka.bootstrap, "by Kafka")
        more = look(kafka.bootstrap)
        complaints = kafka.complaints
        assert kafka.stop() == 143
    with BrokerProcess(folder / "second", *arguments) as broker:
        by_kpybroker = look(bootstrap(broker))
        add(bootstrap(broker), "before the kill")
        killed = look(bootstrap(broker))
        broker.stop(signal.SIGKILL)
    with KafkaProcess(folder / "kafka again", data) as kafka:
        after_kill = look(kafka.bootstrap)
        kafka.stop(signal.SIGKILL)
    with BrokerProcess(folder / "third", *arguments) as broker:
        at_last = look(bootstrap(broker))
    yield Story(
        written,
        by_kafka,
        more,
        by_kpybroker,
        killed,
        after_kill,
        at_last,
        refused,
        complaints,
        dumps,
    )


def bootstrap(broker: BrokerProcess) -> str:
    host, port = broker.address
    return f"{host}:{port}"


def write(address: str) -> None:
    """Of everything something."""
    chance = random.Random(8)
    admin = AdminClient({"bootstrap.servers": address})
    topics = [
        NewTopic("codecs", 2),
        NewTopic("segments", 1, config={"segment.bytes": str(MIB), "retention.ms": "-1"}),
        NewTopic("cut", 1),
        NewTopic("gone", 1),
        NewTopic("keyed", 1, config={"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.9"}),
    ]
    for made in admin.create_topics(topics).values():
        made.result()
    for codec in CODECS:
        send(address, "codecs", [(b"k%d" % n, b"v" * chance.randrange(300)) for n in range(40)], codec=codec)
    send(address, "segments", [(None, chance.randbytes(5000)) for _ in range(600)], idempotent=True)
    send(address, "cut", [(b"%d" % n, b"value") for n in range(20)])
    send(address, "gone", [(None, b"value")])
    send(address, "keyed", [(b"%d" % (n % 3), None if n == 7 else b"%d" % n) for n in range(12)])
    for cut in admin.delete_records([TopicPartition("cut", 0, 7)]).values():
        cut.result()
    admin.delete_topics(["gone"])["gone"].result()
    consume(address, "by-kafka-python")
    commit(
        address, "by-confluent", [TopicPartition("codecs", index, 17 + index, metadata="so far") for index in (0, 1)]
    )


def add(address: str, what: str) -> None:
    """Some more, and a group goes on."""
    send(address, "codecs", [(what.encode(), b"more")] * 3, codec="zstd")
    send(address, "cut", [(what.encode(), b"more")], idempotent=True)
    commit(address, "by-confluent", [TopicPartition("cut", 0, 20, metadata=what)])


def send(
    address: str,
    topic: str,
    rows: list[tuple[bytes | None, bytes | None]],
    codec: str = "none",
    *,
    idempotent: bool = False,
) -> None:
    producer = Producer(
        {"bootstrap.servers": address, "compression.type": codec, "linger.ms": 20, "enable.idempotence": idempotent}
    )
    errors: list[KafkaError] = []
    for number, (key, value) in enumerate(rows):
        headers: list[Any] = [("number", b"%d" % number)] if number % 2 else []
        producer.produce(
            topic,
            key=key,
            value=value,
            partition=number % 2 if topic == "codecs" else 0,
            timestamp=TIME + number,
            headers=headers,
            on_delivery=lambda error, _: errors.append(error) if error else None,
        )
        producer.poll(0)
    producer.flush()
    assert not errors


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
    records = {(name, index): read(address, name, index) for name, count in topics.items() for index in range(count)}
    return Seen(records, offsets, groups, configs)


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


def read(address: str, topic: str, index: int) -> list[Row]:
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "reader", "enable.auto.commit": False, "check.crcs": True}
    )
    partition = TopicPartition(topic, index)
    ends = until(lambda: watermarks(consumer, partition))
    assert ends is not None
    first, end = ends
    consumer.assign([TopicPartition(topic, index, first)])
    rows: list[Row] = []
    while first < end and (not rows or rows[-1][0] < end - 1):
        for message in consumer.consume(min(500, end - first), timeout=0.2):
            assert message.error() is None, message.error()
            headers = tuple(message.headers() or ())
            rows.append((message.offset(), message.timestamp()[1], message.key(), message.value(), headers))
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


def dump_all(data: Path) -> dict[str, str]:
    """What Kafka's tool says of each kind of file."""
    metadata = data / "__cluster_metadata-0"
    offsets = [path for path in data.glob("__consumer_offsets-*/*.log") if path.stat().st_size]
    logs = [path for path in data.glob("[a-z]*-[0-9]/*.log") if path.stat().st_size]
    indexes = [path.with_suffix(suffix) for path in logs for suffix in (".index", ".timeindex")]
    assert list(metadata.glob("*.checkpoint")), "a snapshot of the metadata log is among what is read"
    others = [path for path in (*indexes, *data.glob("*-[0-9]/*.snapshot")) if path.exists()]
    return {
        "logs": dump(*logs, *others),
        "metadata": dump(*metadata.glob("*.log"), *metadata.glob("*.checkpoint"), decoder="--cluster-metadata-decoder"),
        "offsets": dump(*offsets, decoder="--offsets-decoder"),
        "indexes": dump(*indexes, decoder="--index-sanity-check"),
    }


def test_kafka_reads_what_kpybroker_wrote(story: Story) -> None:
    """Every record, in all codecs and over segments, every group, offset and config, after a clean stop."""
    assert story.written.offsets.keys() >= {"by-kafka-python", "by-confluent"}
    assert story.written.records.keys() == {("codecs", 0), ("codecs", 1), ("segments", 0), ("cut", 0), ("keyed", 0)}
    assert [row[0] for row in story.written.records["cut", 0]] == list(range(7, 20))
    assert story.by_kafka == story.written


def test_kpybroker_reads_what_kafka_added(story: Story) -> None:
    """And all that was there before."""
    assert len(story.more.records["cut", 0]) == len(story.written.records["cut", 0]) + 1
    assert story.more.offsets["by-confluent"]["cut", 0] == (20, "by Kafka")
    assert story.by_kpybroker == story.more


def test_a_kill_of_kpybroker_loses_nothing_for_kafka(story: Story) -> None:
    """What was acknowledged before a SIGKILL is there when Kafka starts next."""
    assert len(story.killed.records["cut", 0]) == len(story.more.records["cut", 0]) + 1
    assert story.after_kill == story.killed


def test_a_kill_of_kafka_loses_nothing_for_kpybroker(story: Story) -> None:
    """The other way round."""
    assert story.at_last == story.after_kill


def test_kpybroker_does_not_come_in_while_kafka_runs(story: Story) -> None:
    """It says in one line that the directory is in use, and ends with 1."""
    code, said = story.refused
    (line,) = said.splitlines()
    assert "another broker is using this directory (its .lock is held)" in line
    assert code == 1


def test_kafka_does_not_come_in_while_kpybroker_runs(tmp_path: Path) -> None:
    """It fails at the lock. A combined node has written to the metadata log by then, as it does to that of another
    Kafka: whatever this broker decides before, after and in its next run is there all the same."""
    arguments = ["--data-dir", str(tmp_path / "data")]
    with BrokerProcess(tmp_path / "ours", *arguments) as broker:
        admin = AdminClient({"bootstrap.servers": bootstrap(broker)})
        admin.create_topics([NewTopic("before", 1)])["before"].result()
        intruder = KafkaProcess(tmp_path / "intruder", tmp_path / "data")
        assert intruder.process.wait(60) == 1
        assert "Failed to acquire lock on file .lock" in intruder.log
        admin.create_topics([NewTopic("after", 1)])["after"].result()
        assert broker.stop() == 143
    with BrokerProcess(tmp_path / "again", *arguments) as broker:
        admin = AdminClient({"bootstrap.servers": bootstrap(broker)})
        assert set(admin.list_topics(timeout=20).topics) == {"before", "after"}
        send(bootstrap(broker), "after", [(None, b"value")])


def test_kafka_has_nothing_to_complain_of(story: Story) -> None:
    """After a clean stop it opens our files without a warning: no index to be rebuilt, nothing that it cannot read."""
    assert story.complaints == []


def test_kafkas_own_tool_reads_every_kind_of_file(story: Story) -> None:
    """DumpLogSegments: logs, indexes, snapshots of producers, the metadata log, offsets."""
    for what, said in story.dumps.items():
        found = [
            line for line in said.splitlines() if "isvalid: false" in line or "ismatch" in line or "orrupt" in line
        ]
        assert not found, f"{what}: {found[:5]}"
        assert "Exception" not in said, said
    assert "compresscodec: zstd" in story.dumps["logs"]
    assert "producerId: 0" in story.dumps["logs"]
    assert '"type":"REGISTER_BROKER_RECORD"' in story.dumps["metadata"]
    assert '"type":"FENCE_BROKER_RECORD"' not in story.dumps["metadata"]
    assert "by-confluent" in story.dumps["offsets"]
    assert "passed sanity check" in story.dumps["indexes"]

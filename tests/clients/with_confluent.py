"""Drive confluent-kafka with the verbs of these tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)

from tests.clients.drivers import (
    FETCH_WAIT_MS,
    HEARTBEAT_INTERVAL_MS,
    POLL_S,
    SESSION_TIMEOUT_MS,
    WAIT_S,
    Group,
    Message,
    Record,
    requests_in_flight,
)


class Confluent:
    """confluent-kafka: librdkafka for Python."""

    codecs = ("none", "gzip", "snappy", "lz4", "zstd")

    def __init__(self, bootstrap: str) -> None:
        self._settings: dict[str, Any] = {"bootstrap.servers": bootstrap}
        self._admin = AdminClient(self._settings)
        self._producers: dict[Any, confluent_kafka.Producer] = {}

    def produce(
        self,
        topic: str,
        messages: Iterable[Message],
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
    ) -> list[int]:
        if (acks, codec, idempotent) not in self._producers:
            settings = {
                "acks": acks,
                "compression.type": codec,
                "enable.idempotence": idempotent,
                "max.in.flight": requests_in_flight(idempotent),
            }
            self._producers[acks, codec, idempotent] = confluent_kafka.Producer({**self._settings, **settings})
        producer = self._producers[acks, codec, idempotent]
        reports: list[tuple[Any, Any]] = []
        for message in messages:
            producer.produce(
                topic,
                message.value,
                message.key,
                headers=list(message.headers),
                partition=message.partition,
                timestamp=message.timestamp_ms or 0,
                on_delivery=lambda error, delivered: reports.append((error, delivered.offset())),
            )
        assert producer.flush(WAIT_S) == 0
        errors = [error for error, _ in reports if error is not None]
        assert errors == []
        return sorted(-1 if offset is None else offset for _, offset in reports)

    def consumer(self, topic: str, group: str | None = None, *, instance: str | None = None) -> ConfluentConsumer:
        settings: dict[str, Any] = {**self._settings, "group.id": group or f"no-group-{topic}"}
        if instance is not None:
            settings["group.instance.id"] = instance
        return ConfluentConsumer(settings, topic)

    def create_topic(self, topic: str, partitions: int = 1, settings: Mapping[str, str] = {}) -> int:
        wanted = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=dict(settings))
        return error_code(self._admin.create_topics([wanted])[topic])

    def grow_topic(self, topic: str, partitions: int) -> int:
        return error_code(self._admin.create_partitions([NewPartitions(topic, partitions)])[topic])

    def delete_topic(self, topic: str) -> int:
        return error_code(self._admin.delete_topics([topic])[topic])

    def list_topics(self) -> Sequence[str]:
        return list(self._admin.list_topics(timeout=WAIT_S).topics)

    def partitions_of(self, topic: str) -> list[int]:
        described = self._admin.describe_topics(confluent_kafka.TopicCollection([topic]))[topic].result(WAIT_S)
        return [partition.id for partition in described.partitions]

    def topic_settings(self, topic: str) -> Mapping[str, str]:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        described = self._admin.describe_configs([resource])[resource].result(WAIT_S)
        return {name: entry.value for name, entry in described.items()}

    def alter_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        changes = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=changes)
        return error_code(self._admin.incremental_alter_configs([resource])[resource])

    def replace_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=dict(settings))
        return error_code(self._admin.alter_configs([resource])[resource])

    def describe_cluster(self) -> tuple[str, int]:
        described = self._admin.describe_cluster().result(WAIT_S)
        return described.cluster_id, len(described.nodes)

    def list_groups(self) -> Sequence[str]:
        return [group.group_id for group in self._admin.list_consumer_groups().result(WAIT_S).valid]

    def describe_group(self, group: str) -> Group:
        described = self._admin.describe_consumer_groups([group])[group].result(WAIT_S)
        return Group(described.state.name, len(described.members))

    def delete_group(self, group: str) -> int:
        return error_code(self._admin.delete_consumer_groups([group])[group])

    def close(self) -> None:
        """A producer and an admin client end when nobody holds them."""
        self._producers.clear()


class ConfluentConsumer:
    """confluent-kafka's consumer of one topic."""

    def __init__(self, settings: Mapping[str, Any], topic: str) -> None:
        self.received: list[Record] = []
        self._topic = topic
        self._consumer = confluent_kafka.Consumer(
            {
                **settings,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "heartbeat.interval.ms": HEARTBEAT_INTERVAL_MS,
                "session.timeout.ms": SESSION_TIMEOUT_MS,
            }
        )

    def assign(self, *partitions: int) -> None:
        self._consumer.assign([self._at(partition) for partition in partitions])

    def subscribe(self) -> None:
        self._consumer.subscribe([self._topic])

    def assignment(self) -> set[int]:
        return {at.partition for at in self._consumer.assignment()}

    def poll(self) -> None:
        for message in self._consumer.consume(500, POLL_S):
            assert message.error() is None, message.error()
            partition, offset, timestamp_ms = message.partition(), message.offset(), message.timestamp()[1]
            assert partition is not None
            assert offset is not None
            headers: Any = tuple(message.headers() or ())
            self.received.append(Record(partition, offset, message.key(), message.value(), headers, timestamp_ms))

    def seek(self, partition: int, offset: int) -> None:
        self._consumer.seek(self._at(partition, offset))

    def position(self, partition: int) -> int:
        [at] = self._consumer.position([self._at(partition)])
        return at.offset

    def commit(self, offsets: Mapping[int, int] | None = None) -> None:
        if offsets is None:
            self._consumer.commit(asynchronous=False)
        else:
            self._consumer.commit(offsets=[self._at(p, n) for p, n in offsets.items()], asynchronous=False)

    def committed(self, partition: int) -> int | None:
        [at] = self._consumer.committed([self._at(partition)], WAIT_S)
        return None if at.offset == confluent_kafka.OFFSET_INVALID else at.offset

    def offset_for_time(self, partition: int, timestamp_ms: int) -> int | None:
        [found] = self._consumer.offsets_for_times([self._at(partition, timestamp_ms)], WAIT_S)
        return None if found.offset == confluent_kafka.OFFSET_END else found.offset

    def bounds(self, partition: int) -> tuple[int, int]:
        return self._consumer.get_watermark_offsets(self._at(partition), WAIT_S)

    def close(self) -> None:
        self._consumer.close()

    def _at(self, partition: int, offset: int = confluent_kafka.OFFSET_INVALID) -> TopicPartition:
        return TopicPartition(self._topic, partition, offset)


def error_code(future: Future[None]) -> int:
    """What an admin operation came to."""
    try:
        future.result(WAIT_S)
    except KafkaException as failed:
        return int(failed.args[0].code())
    return 0

"""Drive kafka-python with the verbs of these tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import kafka
from kafka import codec as codecs
from kafka.admin import ConfigResource, KafkaAdminClient

from tests.clients.drivers import (
    HEARTBEAT_INTERVAL_MS,
    POLL_S,
    SESSION_TIMEOUT_MS,
    WAIT_S,
    Group,
    Message,
    Record,
    wait_for,
)


class KafkaPython:
    """kafka-python: the client that this broker wants to serve first."""

    codecs = ("none", *(codec for codec in ("gzip", "snappy", "lz4", "zstd") if getattr(codecs, f"has_{codec}")()))

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._producers: dict[Any, kafka.KafkaProducer] = {}

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
            self._producers[acks, codec, idempotent] = kafka.KafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks=acks if acks == "all" else int(acks),
                compression_type=None if codec == "none" else codec,
                enable_idempotence=idempotent,
            )
        producer = self._producers[acks, codec, idempotent]
        sent = [
            producer.send(
                topic,
                message.value,
                message.key,
                list(message.headers),
                partition=message.partition,
                timestamp_ms=message.timestamp_ms,
            )
            for message in messages
        ]
        return [future.get(WAIT_S).offset for future in sent]

    def consumer(self, topic: str, group: str | None = None, *, instance: str | None = None) -> KafkaPythonConsumer:
        return KafkaPythonConsumer(self._bootstrap, topic, group, instance)

    def create_topic(self, topic: str, partitions: int = 1, settings: Mapping[str, str] = {}) -> int:
        wanted = {topic: {"num_partitions": partitions, "replication_factor": 1, "configs": dict(settings)}}
        return error_code(self._admin.create_topics(wanted, raise_errors=False)["topics"])

    def delete_topic(self, topic: str) -> int:
        return error_code(self._admin.delete_topics([topic], raise_errors=False)["topics"])

    def list_topics(self) -> Sequence[str]:
        return list(self._admin.list_topics())

    def partitions_of(self, topic: str) -> list[int]:
        [described] = self._admin.describe_topics([topic])
        return sorted(partition["partition_index"] for partition in described["partitions"])

    def topic_settings(self, topic: str) -> Mapping[str, str]:
        described = self._admin.describe_configs([ConfigResource("TOPIC", topic)], config_filter="all")
        return {name: setting["value"] for name, setting in described["topic"][topic].items()}

    def describe_cluster(self) -> tuple[str, int]:
        described = self._admin.describe_cluster()
        return described["cluster_id"], len(described["brokers"])

    def list_groups(self) -> Sequence[str]:
        return [group["group_id"] for group in self._admin.list_groups()]

    def describe_group(self, group: str) -> Group:
        described = self._admin.describe_groups([group])[group]
        return Group(str(described["group_state"]).upper(), len(described["members"]))

    def delete_group(self, group: str) -> int:
        answer = self._admin.delete_groups([group])[group]
        return 0 if answer == "OK" else getattr(kafka.errors, answer).errno

    def close(self) -> None:
        for producer in self._producers.values():
            producer.close()
        self._admin.close()


class KafkaPythonConsumer:
    """kafka-python's consumer of one topic."""

    def __init__(self, bootstrap: str, topic: str, group: str | None, instance: str | None) -> None:
        self.received: list[Record] = []
        self._topic = topic
        self._consumer = kafka.KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            group_instance_id=instance,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
        )

    def assign(self, *partitions: int) -> None:
        self._consumer.assign([self._at(partition) for partition in partitions])

    def subscribe(self) -> None:
        # Without the topic's partitions, the leader of a group assigns nothing and joins again when it learns of them;
        # if a poll times out meanwhile, kafka-python 3.0.12 forgets that second join and is without partitions for good.
        wait_for(lambda: bool(self._consumer.partitions_for_topic(self._topic)))
        self._consumer.subscribe([self._topic])

    def assignment(self) -> set[int]:
        return {at.partition for at in self._consumer.assignment()}

    def poll(self) -> None:
        for records in self._consumer.poll(timeout_ms=int(POLL_S * 1000)).values():
            self.received += [
                Record(r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in records
            ]

    def seek(self, partition: int, offset: int) -> None:
        self._consumer.seek(self._at(partition), offset)

    def position(self, partition: int) -> int:
        return int(self._consumer.position(self._at(partition)))

    def commit(self, offsets: Mapping[int, int] | None = None) -> None:
        if offsets is None:
            self._consumer.commit()
        else:
            self._consumer.commit({self._at(p): kafka.OffsetAndMetadata(n, "", -1) for p, n in offsets.items()})

    def committed(self, partition: int) -> int | None:
        offset: int | None = self._consumer.committed(self._at(partition))
        return offset

    def offset_for_time(self, partition: int, timestamp_ms: int) -> int | None:
        found = self._consumer.offsets_for_times({self._at(partition): timestamp_ms})[self._at(partition)]
        return None if found is None else int(found.offset)

    def bounds(self, partition: int) -> tuple[int, int]:
        at = self._at(partition)
        return self._consumer.beginning_offsets([at])[at], self._consumer.end_offsets([at])[at]

    def close(self) -> None:
        self._consumer.close()

    def _at(self, partition: int) -> kafka.TopicPartition:
        return kafka.TopicPartition(self._topic, partition)


def error_code(answers: list[dict[str, Any]]) -> int:
    """The error code of an answer that has one entry."""
    [answer] = answers
    return int(answer["error_code"])

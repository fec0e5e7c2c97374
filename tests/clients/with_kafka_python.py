"""Drive kafka-python with the verbs of these tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import kafka
from kafka import codec as codecs
from kafka.admin import ConfigResource, KafkaAdminClient

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
    wait_for,
)

LONG_POLL_MS = 1000


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
                max_in_flight_requests_per_connection=requests_in_flight(idempotent),
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

    def grow_topic(self, topic: str, partitions: int) -> int:
        return error_code(self._admin.create_partitions({topic: partitions}, raise_errors=False).to_dict()["results"])

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

    def alter_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        return self._alter(topic, settings, incremental=True)

    def replace_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        return self._alter(topic, settings, incremental=False)

    def _alter(self, topic: str, settings: Mapping[str, str], *, incremental: bool) -> int:
        resource = ConfigResource("TOPIC", topic, dict(settings))
        answers = self._admin.alter_configs([resource], raise_on_unknown=False, incremental=incremental)
        answer = answers["topic"][topic]
        return 0 if answer == "OK" else int(answer.removeprefix("[Error ").partition("]")[0])

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
    """kafka-python's consumer of one topic, polled in a thread of its own.

    A poll that times out while its member joins leaves the join unfinished until the next poll. With many members and
    short polls in one thread the members then go on disturbing each other, so polls are long here, as in applications.
    """

    def __init__(self, bootstrap: str, topic: str, group: str | None, instance: str | None) -> None:
        self.received: list[Record] = []
        self._topic = topic
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-python")
        self._open = True
        self._polling: Future[dict[Any, Any]] | None = None
        self._consumer = kafka.KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            group_instance_id=instance,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
        )

    def assign(self, *partitions: int) -> None:
        self._in_thread(self._consumer.assign, [self._at(partition) for partition in partitions])

    def subscribe(self) -> None:
        self._consumer.subscribe([self._topic])
        # A leader that does not know the topic yet assigns nothing, and joins again when it learns of its partitions;
        # if a poll times out meanwhile, kafka-python 3.0.12 loses that second join and never gets its partitions.
        wait_for(lambda: bool(self._consumer.partitions_for_topic(self._topic)))

    def assignment(self) -> set[int]:
        return {at.partition for at in self._consumer.assignment()}

    def poll(self) -> None:
        if self._polling is None:
            self._polling = self._thread.submit(self._consumer.poll, timeout_ms=LONG_POLL_MS)
        wait([self._polling], POLL_S)
        if self._polling.done():
            polled, self._polling = self._polling.result(), None
            self._receive(polled)

    def _receive(self, polled: dict[Any, Any]) -> None:
        for records in polled.values():
            self.received += [
                Record(r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in records
            ]

    def seek(self, partition: int, offset: int) -> None:
        self._in_thread(self._consumer.seek, self._at(partition), offset)

    def position(self, partition: int) -> int:
        return int(self._in_thread(self._consumer.position, self._at(partition)))

    def commit(self, offsets: Mapping[int, int] | None = None) -> None:
        chosen = offsets and {self._at(p): kafka.OffsetAndMetadata(n, "", -1) for p, n in offsets.items()}
        self._in_thread(self._consumer.commit, chosen)

    def committed(self, partition: int) -> int | None:
        offset: int | None = self._in_thread(self._consumer.committed, self._at(partition))
        return offset

    def offset_for_time(self, partition: int, timestamp_ms: int) -> int | None:
        at = self._at(partition)
        found = self._in_thread(self._consumer.offsets_for_times, {at: timestamp_ms})[at]
        return None if found is None else int(found.offset)

    def bounds(self, partition: int) -> tuple[int, int]:
        at = self._at(partition)
        begin = self._in_thread(self._consumer.beginning_offsets, [at])[at]
        return begin, self._in_thread(self._consumer.end_offsets, [at])[at]

    def close(self) -> None:
        if self._open:
            self._open = False
            self._in_thread(self._consumer.close)
            self._thread.shutdown()

    def _in_thread(self, function: Any, *arguments: Any) -> Any:
        """The consumer may be used from one thread at a time: after the poll that is under way."""
        return self._thread.submit(function, *arguments).result(WAIT_S)

    def _at(self, partition: int) -> kafka.TopicPartition:
        return kafka.TopicPartition(self._topic, partition)


def error_code(answers: list[dict[str, Any]]) -> int:
    """The error code of an answer that has one entry."""
    [answer] = answers
    return int(answer["error_code"])

"""Drive aiokafka with the verbs of these tests: its event loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from tests.clients.drivers import (
    FETCH_WAIT_MS,
    HEARTBEAT_INTERVAL_MS,
    POLL_S,
    SESSION_TIMEOUT_MS,
    WAIT_S,
    Group,
    Message,
    Record,
)

T = TypeVar("T")


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aiokafka", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(2 * WAIT_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)


class AioKafka:
    """aiokafka: the asyncio client."""

    codecs = ("none", "gzip", "snappy", "lz4", "zstd")

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._loop = Loop()
        self._producers: dict[Any, aiokafka.AIOKafkaProducer] = {}
        self._admin = self._loop.run(self._started(AIOKafkaAdminClient))

    async def _started(self, kind: Any, **settings: Any) -> Any:
        started = kind(bootstrap_servers=self._bootstrap, **settings)
        await started.start()
        return started

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
            settings: dict[str, Any] = {
                "acks": acks if acks == "all" else int(acks),
                "compression_type": None if codec == "none" else codec,
                "enable_idempotence": idempotent,
            }
            self._producers[acks, codec, idempotent] = self._loop.run(
                self._started(aiokafka.AIOKafkaProducer, **settings)
            )
        return self._loop.run(self._produce(self._producers[acks, codec, idempotent], topic, messages))

    async def _produce(self, producer: aiokafka.AIOKafkaProducer, topic: str, messages: Iterable[Message]) -> list[int]:
        sent = [
            await producer.send(
                topic,
                message.value,
                message.key,
                message.partition,
                message.timestamp_ms,
                headers=list(message.headers),
            )
            for message in messages
        ]
        answers = await asyncio.wait_for(asyncio.gather(*sent), WAIT_S)
        return [-1 if answer is None else answer.offset for answer in answers]

    def consumer(self, topic: str, group: str | None = None, *, instance: str | None = None) -> AioKafkaConsumer:
        started = self._started(
            aiokafka.AIOKafkaConsumer,
            group_id=group,
            group_instance_id=instance,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
        )
        return AioKafkaConsumer(self._loop, self._loop.run(started), topic)

    def create_topic(self, topic: str, partitions: int = 1, settings: Mapping[str, str] = {}) -> int:
        wanted = NewTopic(topic, num_partitions=partitions, replication_factor=1, topic_configs=dict(settings))
        return int(self._loop.run(self._admin.create_topics([wanted])).topic_errors[0][1])

    def grow_topic(self, topic: str, partitions: int) -> int:
        try:
            self._loop.run(self._admin.create_partitions({topic: NewPartitions(partitions)}))
        except aiokafka.errors.KafkaError as refused:
            return int(refused.errno)
        return 0

    def delete_topic(self, topic: str) -> int:
        return int(self._loop.run(self._admin.delete_topics([topic])).topic_error_codes[0][1])

    def list_topics(self) -> Sequence[str]:
        return self._loop.run(self._admin.list_topics())

    def partitions_of(self, topic: str) -> list[int]:
        [described] = self._loop.run(self._admin.describe_topics([topic]))
        return sorted(partition["partition"] for partition in described["partitions"])

    def topic_settings(self, topic: str) -> Mapping[str, str]:
        [answer] = self._loop.run(self._admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))
        [(_, _, _, _, entries)] = answer.resources
        return {entry[0]: entry[1] for entry in entries}

    def alter_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        return self.replace_topic(topic, settings)  # aiokafka has no other way

    def replace_topic(self, topic: str, settings: Mapping[str, str]) -> int:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, dict(settings))
        [answer] = self._loop.run(self._admin.alter_configs([resource]))
        [(code, *_)] = answer.resources
        return int(code)

    def describe_cluster(self) -> tuple[str, int]:
        described = self._loop.run(self._admin.describe_cluster())
        return described["cluster_id"], len(described["brokers"])

    def list_groups(self) -> Sequence[str]:
        return [group for group, *_ in self._loop.run(self._admin.list_consumer_groups())]

    def describe_group(self, group: str) -> Group:
        [answer] = self._loop.run(self._admin.describe_consumer_groups([group]))
        [(_, _, state, _, _, members, *_)] = answer.groups
        return Group(state.upper(), len(members))

    def delete_group(self, group: str) -> int:
        raise NotImplementedError("aiokafka cannot delete groups")

    def close(self) -> None:
        for producer in self._producers.values():
            self._loop.run(producer.stop())
        self._loop.run(self._admin.close())
        self._loop.close()


class AioKafkaConsumer:
    """aiokafka's consumer of one topic."""

    def __init__(self, loop: Loop, consumer: aiokafka.AIOKafkaConsumer, topic: str) -> None:
        self.received: list[Record] = []
        self._loop = loop
        self._consumer = consumer
        self._topic = topic
        self._getting: asyncio.Task[dict[Any, Any]] | None = None

    def assign(self, *partitions: int) -> None:
        self._in_loop(self._consumer.assign, [self._at(partition) for partition in partitions])

    def subscribe(self) -> None:
        self._in_loop(self._consumer.subscribe, [self._topic])

    def assignment(self) -> set[int]:
        return {at.partition for at in self._consumer.assignment()}

    def poll(self) -> None:
        for records in self._loop.run(self._poll()).values():
            self.received += [
                Record(r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in records
            ]

    async def _poll(self) -> dict[Any, Any]:
        # A getmany that meets a rebalance returns only after it, whatever its timeout: the next poll asks it again.
        if self._getting is None:
            self._getting = asyncio.create_task(self._consumer.getmany(timeout_ms=int(POLL_S * 1000)))
        await asyncio.wait([self._getting], timeout=2 * POLL_S)
        if not self._getting.done():
            return {}
        got, self._getting = self._getting.result(), None
        return got

    def seek(self, partition: int, offset: int) -> None:
        self._in_loop(self._consumer.seek, self._at(partition), offset)

    def position(self, partition: int) -> int:
        return int(self._loop.run(self._consumer.position(self._at(partition))))

    def commit(self, offsets: Mapping[int, int] | None = None) -> None:
        chosen = offsets and {self._at(p): OffsetAndMetadata(n, "") for p, n in offsets.items()}
        self._loop.run(self._consumer.commit(chosen))

    def committed(self, partition: int) -> int | None:
        offset: int | None = self._loop.run(self._consumer.committed(self._at(partition)))
        return offset

    def offset_for_time(self, partition: int, timestamp_ms: int) -> int | None:
        at = self._at(partition)
        found = self._loop.run(self._consumer.offsets_for_times({at: timestamp_ms}))[at]
        return None if found is None else int(found.offset)

    def bounds(self, partition: int) -> tuple[int, int]:
        at = self._at(partition)
        begin = self._loop.run(self._consumer.beginning_offsets([at]))[at]
        return begin, self._loop.run(self._consumer.end_offsets([at]))[at]

    def close(self) -> None:
        self._loop.run(self._close())

    async def _close(self) -> None:
        if self._getting is not None:
            self._getting.cancel()
        await self._consumer.stop()

    def _in_loop(self, function: Any, *arguments: Any) -> None:
        async def call() -> None:
            function(*arguments)

        self._loop.run(call())

    def _at(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)

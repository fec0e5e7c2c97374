"""A cluster of several brokers as its controller knows it, of which only the first is there."""

from __future__ import annotations

from typing import Any

from kpybroker.machine import Decision, Record
from kpybroker.metadata.image import PartitionImage
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.schemas.cluster_nodes import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord, PartitionRecord, TopicRecord
from tests.core import Bench, CoreClient

TOPIC_ID = b"\5" * 16
CREATE_PARTITIONS, ELECT_LEADERS, ALTER_REASSIGNMENTS, LIST_REASSIGNMENTS = 37, 43, 45, 46


def write(bench: Bench, *values: tuple[Any, int]) -> None:
    """Records of the metadata log, as (value, version), that no request of these tests leads to."""
    rows = tuple(Record(None, value, version) for value, version in values)
    bench.state.control(Decision(rows), bench.now)


def with_brokers(*others: int, fenced: tuple[int, ...] = ()) -> Bench:
    """Broker 1 is ours; the others are registered, and some of them fenced."""
    bench = Bench()
    for number in others:
        listener = RegisterBrokerRecord.BrokerEndpoint(
            name="PLAINTEXT", host=f"host{number}", port=9092, security_protocol=0
        )
        node = blank(RegisterBrokerRecord, broker_id=number, end_points=[listener], fenced=True, broker_epoch=number)
        write(bench, (node, 3))
        if number not in fenced:
            write(bench, (BrokerRegistrationChangeRecord(broker_id=number, broker_epoch=number, fenced=-1), 2))
    return bench


def with_topic(bench: Bench, *partitions: tuple[list[int], list[int]]) -> CoreClient:
    """A topic `t` whose partitions have these replicas, and these in sync; the first in sync leads."""
    write(bench, (TopicRecord(name="t", topic_id=TOPIC_ID), 0))
    for index, (replicas, isr) in enumerate(partitions):
        partition = blank(
            PartitionRecord,
            partition_id=index,
            topic_id=TOPIC_ID,
            replicas=replicas,
            isr=isr,
            leader=isr[0],
            leader_epoch=0,
            partition_epoch=0,
            directories=[bytes(16)] * len(replicas),
        )
        write(bench, (partition, 2))
    return bench.connect()


def change(bench: Bench, index: int = 0, **fields: Any) -> None:
    """A change of a partition that its leader has told, of those in sync."""
    write(bench, (blank(PartitionChangeRecord, partition_id=index, topic_id=TOPIC_ID, **fields), 2))


def partition(bench: Bench, index: int = 0) -> PartitionImage:
    found = bench.state.image.partition("t", index)
    assert found is not None
    return found


def ask(client: CoreClient, key: int, version: int, **fields: Any) -> Any:
    return client.ask(blank(request_type(key), **fields), version)

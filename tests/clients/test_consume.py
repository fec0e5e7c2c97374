"""Stock clients find their place in a topic: by offset, by time, at either end."""

from __future__ import annotations

import time
from functools import partial

from tests.clients.conftest import NewTopic, OpenConsumer
from tests.clients.drivers import Client, Consumer, Message, wait_for

TEN = [Message(b"value-%d" % i) for i in range(10)]


def has_received(consumer: Consumer, count: int) -> bool:
    return len(consumer.received) == count


def test_seek(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """After a seek the next record is the one at that offset, backwards and forwards."""
    client.produce(topic, TEN)
    consumer = open_consumer(client, topic)
    consumer.assign(0)
    wait_for(partial(has_received, consumer, 10), consumer)
    for offset in (3, 0, 9):
        consumer.received.clear()
        consumer.seek(0, offset)
        wait_for(partial(has_received, consumer, 10 - offset), consumer)
        assert [record.offset for record in consumer.received] == list(range(offset, 10))
        assert consumer.position(0) == 10


def test_waiting_consumer_gets_new_records(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """A consumer at the end of a partition receives what is produced next."""
    client.produce(topic, TEN)
    consumer = open_consumer(client, topic)
    consumer.assign(0)
    wait_for(partial(has_received, consumer, 10), consumer)
    client.produce(topic, [Message(b"new")])
    wait_for(partial(has_received, consumer, 11), consumer)
    assert consumer.received[-1].value == b"new"


def test_offset_out_of_range_starts_over(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """A consumer that asks for an offset beyond the end is told so, and starts where its reset policy says."""
    client.produce(topic, TEN)
    consumer = open_consumer(client, topic)
    consumer.assign(0)
    wait_for(partial(has_received, consumer, 10), consumer)
    consumer.received.clear()
    consumer.seek(0, 1000)
    wait_for(partial(has_received, consumer, 10), consumer)
    assert [record.offset for record in consumer.received] == list(range(10))


def test_offsets_by_time(client: Client, topic: str, open_consumer: OpenConsumer) -> None:
    """The offset of a time is the first record's at or after it; there is none after the last."""
    start_ms = int(time.time() * 1000) - 100_000
    client.produce(topic, [Message(b"value", timestamp_ms=start_ms + 1000 * i) for i in range(10)])
    consumer = open_consumer(client, topic)
    consumer.assign(0)
    wanted = {0: 0, start_ms: 0, start_ms + 1: 1, start_ms + 5000: 5, start_ms + 9000: 9, start_ms + 9001: None}
    assert {time_ms: consumer.offset_for_time(0, time_ms) for time_ms in wanted} == wanted


def test_begin_and_end_offsets(client: Client, new_topic: NewTopic, open_consumer: OpenConsumer) -> None:
    """A partition's bounds are zero and the number of its records, also when it has none."""
    topic = new_topic(2)
    client.produce(topic, TEN)
    consumer = open_consumer(client, topic)
    consumer.assign(0, 1)
    assert consumer.bounds(0) == (0, 10)
    assert consumer.bounds(1) == (0, 0)

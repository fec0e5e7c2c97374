"""Asks Apache Kafka 3.9.1 at HOST:PORT for what it stores, and how it gives that to old consumers (README.md here)."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[0:0] = [str(ROOT / "compat-suite"), str(ROOT)]

from differ.batches import LONG_AGO, Row, batch, message_set  # noqa: E402 - the path above makes them importable
from differ.talk import Talk, Topic  # noqa: E402

MUCH = 2**20
ROWS = (Row(b"a"), Row(None, b"k"), Row(b"", b""), Row(b"v" * 30, b"k", (("h", b"1"), ("h", None))))
Log = tuple[str, Topic, Sequence[tuple[int, int]]]  # its name, and the (offset, limit) pairs to ask for


def read(talk: Talk, topic: Topic, version: int, offset: int, limit: int) -> Any:
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": limit}
    request: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH}
    answer = talk.ask_quietly("Fetch", at=version, **request, topics=[{"topic": topic.name, "partitions": [partition]}])
    return answer.responses[0].partitions[0]


def transact(talk: Talk, topic: Topic, producer: Any, sequence: int, *, commit: bool) -> None:
    """Two records and a marker."""
    who = {"transactional_id": talk.name_of("writer"), "producer_id": producer.producer_id}
    who["producer_epoch"] = producer.producer_epoch
    joined = {"v3_and_below_topics": [{"name": topic.name, "partitions": [0]}]}
    joined |= {f"v3_and_below_{name}": value for name, value in who.items()}
    talk.until_quietly(_all_joined, "AddPartitionsToTxn", at=3, **joined)
    data = batch(b"a", b"b", producer=(producer.producer_id, producer.producer_epoch, sequence), attributes=16)
    part = {"index": 0, "records": data}
    written = [{"name": topic.name, "partition_data": [part]}]
    talk.ask_quietly(
        "Produce", at=9, acks=-1, timeout_ms=5000, transactional_id=who["transactional_id"], topic_data=written
    )
    talk.until_quietly(lambda a: a.error_code == 0, "EndTxn", at=3, **who, committed=commit)


def _all_joined(answer: Any) -> bool:
    """The transaction before may still be ending."""
    return all(
        p.partition_error_code == 0 for t in answer.results_by_topic_v3_and_below for p in t.results_by_partition
    )


def _await_end(talk: Talk, topic: Topic, offset: int) -> None:
    """A marker is written after EndTxn was answered."""
    asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    reached = {"replica_id": -1, "topics": asked}
    talk.until_quietly(lambda a: a.topics[0].partitions[0].offset == offset, "ListOffsets", at=7, **reached)


def logs(talk: Talk) -> Iterator[Log]:
    everywhere = [(offset, MUCH) for offset in range(8)]
    topic = talk.topic("plain")
    talk.produce(topic, *ROWS)
    talk.produce(topic, *ROWS, producer=(77, 0, 0))
    yield "plain", topic, [*everywhere, *((0, limit) for limit in (0, 1, 17, 60, 100, 120, 180, 230, 250, 280))]
    for codec in ("gzip", "snappy", "lz4"):
        topic = talk.topic(codec)
        talk.produce(topic, data=batch(*ROWS, codec=codec))
        talk.produce(topic, data=batch(*ROWS, codec=codec))
        yield codec, topic, everywhere
    topic = talk.topic("stamped", configs={"message.timestamp.type": "LogAppendTime"})
    talk.produce(topic, *ROWS)
    talk.produce(topic, data=batch(*ROWS, codec="gzip"))
    yield "stamped", topic, [(0, MUCH), (5, MUCH)]
    topic = talk.topic("times")
    for codec in ("none", "gzip"):
        for times in ((LONG_AGO + 9, LONG_AGO, LONG_AGO + 5), (-1, -1, -1)):
            talk.produce(topic, data=batch(b"a", b"b", b"c", times=times, codec=codec))
    yield "times", topic, [(0, MUCH), (1, MUCH), (3, MUCH), (7, MUCH), (9, MUCH)]
    topic = talk.topic("zstd")
    for codec in ("none", "zstd", "none"):
        talk.produce(topic, data=batch(b"a", b"b", codec=codec))
    yield "zstd", topic, [(0, MUCH), (1, MUCH), (2, MUCH), (3, MUCH), (4, MUCH)]
    topic = talk.topic("headers")
    talk.produce(topic, Row(b"v", None, (("header", b"h" * 300),)))
    talk.produce(topic, *[b"%d" % i for i in range(40)])
    talk.produce(topic, *[b"%d" % i for i in range(40)])
    yield "headers", topic, [(0, MUCH), (1, MUCH), (20, MUCH), (41, MUCH), (80, MUCH)]
    topic = talk.topic("transactions")
    producer = talk.until_quietly(
        lambda a: a.error_code == 0,
        "InitProducerId",
        at=4,
        transactional_id=talk.name_of("writer"),
        transaction_timeout_ms=9000,
    )
    for number, commit in enumerate((True, False, True)):
        transact(talk, topic, producer, 2 * number, commit=commit)
    _await_end(talk, topic, 9)
    yield "transactions", topic, [(offset, MUCH) for offset in range(9)]
    topic = talk.topic("markers")
    transact(talk, topic, producer, 0, commit=True)
    _await_end(talk, topic, 3)
    yield "markers", topic, [(2, MUCH)]
    for magic in (0, 1):
        for codec in ("none", "gzip", "snappy", "lz4"):
            topic = talk.topic(f"from-{magic}-{codec}")
            part = {"index": 0, "records": message_set(*ROWS, magic=magic, codec=codec)}
            written = [{"name": topic.name, "partition_data": [part]}]
            talk.ask_quietly("Produce", at=2, acks=-1, timeout_ms=5000, topic_data=written)
            yield f"from-{magic}-{codec}", topic, [(0, MUCH), (2, MUCH)]


def main() -> None:
    host, _, port = sys.argv[1].rpartition(":")
    talk = Talk((host, int(port)), f"old-consumers-{os.getpid()}", "Fetch", 4, "3.9.1")
    for name, topic, asked in logs(talk):
        for offset in dict.fromkeys(offset for offset, _ in asked):
            said = base64.b64encode(bytes(read(talk, topic, 4, offset, MUCH).records)).decode()
            print("stored", name, offset, said)  # noqa: T201
        for version in (0, 1, 2, 3):
            for offset, limit in asked:
                answer = read(talk, topic, version, offset, limit)
                said = base64.b64encode(bytes(answer.records or b"")).decode()
                print("answer", name, version, offset, limit, answer.error_code, said)  # noqa: T201


main()

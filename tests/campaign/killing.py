"""A real broker is killed again and again while real clients write and a consumer group commits.

    python -m tests.campaign.killing --rounds 300            prints the counts; --write adds them to RESULTS-KILLS.md

Each round ends with SIGKILL, when a number of further records that the seed has drawn is acknowledged; the next broker
is started on the same directory and port. Nobody tells the clients. In the end all that was acknowledged is there, in
the order of its producer: from the idempotent producers (confluent-kafka, aiokafka) exactly once, from kafka-python,
which is asked to be no such thing, at least once. What the consumer has once read at an offset stays there, and the
group's offsets are at least those whose commit was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import aiokafka
import confluent_kafka
import kafka

from kpybroker.wire.records import records
from tests.campaign import asking
from tests.process import BrokerProcess, Link
from tests.requests import create_topic, fetch, parts_of
from tests.until import until

RESULTS = Path(__file__).parent / "RESULTS-KILLS.md"
TOPIC, GROUP, PARTITIONS = "killed", "readers", 2
EXACTLY_ONCE, AT_LEAST_ONCE = ("confluent-kafka", "aiokafka"), ("kafka-python",)
IN_FLIGHT = 60  # records that a producer has sent and not heard of
BACK_MS = 20  # how long clients wait before they try again
PATIENCE_MS = 60_000
STREAM = "%s %d %d"  # a record's value: producer, partition, number


class Account:
    """What clients were told; each of them writes here from a thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.sent: dict[tuple[str, int], int] = {}
        self.acknowledged: dict[tuple[str, int], set[int]] = {}
        self.total = 0
        self.errors: list[str] = []
        self.read: dict[tuple[int, int], bytes] = {}  # by partition and offset
        self.committed: dict[int, int] = {}
        self.commits = 0
        self.is_over = False

    def next(self, producer: str, partition: int) -> tuple[int, bytes]:
        number = self.sent.setdefault((producer, partition), 0)
        self.sent[producer, partition] += 1
        return number, (STREAM % (producer, partition, number)).encode()

    def acknowledge(self, producer: str, partition: int, number: int, error: object = None) -> None:
        with self._changed:
            if error is not None:
                self.errors.append(f"{producer}: {error!r}")
            else:
                self.acknowledged.setdefault((producer, partition), set()).add(number)
                self.total += 1
            self._changed.notify_all()

    def of(self, producer: str) -> int:
        return sum(len(found) for (name, _), found in self.acknowledged.items() if name == producer)

    def wait_for(self, condition: Callable[..., bool]) -> None:
        """Until it holds, or all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_over or condition())

    def end(self) -> None:
        with self._changed:
            self.is_over = True
            self._changed.notify_all()


def write_with_confluent(bootstrap: str, account: Account) -> None:
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 1,
            "reconnect.backoff.ms": BACK_MS,
            "reconnect.backoff.max.ms": BACK_MS,
            "retry.backoff.ms": BACK_MS,
            "message.timeout.ms": PATIENCE_MS,
            "log_level": 0,
        }
    )
    name, waiting, turn = EXACTLY_ONCE[0], 0, 0

    def told(partition: int, number: int) -> Callable[[Any, Any], None]:
        def tell(error: Any, _: Any) -> None:
            nonlocal waiting
            waiting -= 1
            account.acknowledge(name, partition, number, error)

        return tell

    while not account.is_over:
        if waiting < IN_FLIGHT:
            turn += 1
            number, value = account.next(name, turn % PARTITIONS)
            waiting += 1
            producer.produce(TOPIC, value, partition=turn % PARTITIONS, on_delivery=told(turn % PARTITIONS, number))
        producer.poll(0.01 if waiting >= IN_FLIGHT else 0)
    producer.flush(PATIENCE_MS / 1000)


def write_with_kafka_python(bootstrap: str, account: Account) -> None:
    producer = kafka.KafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=False,
        acks="all",
        retries=1_000_000,
        max_in_flight_requests_per_connection=1,
        reconnect_backoff_ms=BACK_MS,
        reconnect_backoff_max_ms=BACK_MS,
        retry_backoff_ms=BACK_MS,
        delivery_timeout_ms=PATIENCE_MS,
    )
    name, turn = AT_LEAST_ONCE[0], 0
    while not account.is_over:
        turn += 1
        partition = turn % PARTITIONS
        number, value = account.next(name, partition)
        sent = producer.send(TOPIC, value, partition=partition)
        sent.add_callback(lambda _, at=partition, which=number: account.acknowledge(name, at, which))
        sent.add_errback(lambda error, at=partition, which=number: account.acknowledge(name, at, which, error))
        account.wait_for(lambda sent=turn: sent - account.of(name) < IN_FLIGHT)
    producer.flush(PATIENCE_MS / 1000)
    producer.close()


def write_with_aiokafka(bootstrap: str, account: Account) -> None:
    asyncio.run(_write_with_aiokafka(bootstrap, account))


async def _write_with_aiokafka(bootstrap: str, account: Account) -> None:
    name, waiting = EXACTLY_ONCE[1], asyncio.Semaphore(IN_FLIGHT)
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, retry_backoff_ms=BACK_MS, request_timeout_ms=PATIENCE_MS
    )
    await producer.start()
    turn = 0
    sent: set[asyncio.Task[None]] = set()

    async def hear(delivery: Any, partition: int, number: int) -> None:
        error = None
        try:
            await delivery
        except aiokafka.errors.KafkaError as failure:
            error = failure
        waiting.release()
        account.acknowledge(name, partition, number, error)

    while not account.is_over:
        await waiting.acquire()
        turn += 1
        partition = turn % PARTITIONS
        number, value = account.next(name, partition)
        task = asyncio.create_task(hear(await producer.send(TOPIC, value, partition=partition), partition, number))
        sent.add(task)
        task.add_done_callback(sent.discard)
    await producer.stop()
    if sent:
        await asyncio.wait(sent)


def read_and_commit(bootstrap: str, account: Account) -> None:
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": BACK_MS,
            "heartbeat.interval.ms": 200,
            "session.timeout.ms": 6000,
            "reconnect.backoff.ms": BACK_MS,
            "reconnect.backoff.max.ms": BACK_MS,
            "retry.backoff.ms": BACK_MS,
            "log_level": 0,
        }
    )
    consumer.subscribe([TOPIC])
    while not account.is_over:
        found = [message for message in consumer.consume(100, 0.05) if message.error() is None]
        for message in found:
            place = message.partition(), message.offset()
            if account.read.setdefault(place, message.value()) != message.value():
                account.errors.append(f"another record at {place}")
        try:
            told = consumer.commit(asynchronous=False) if found else []
        except confluent_kafka.KafkaException:  # no broker, or no longer a member: it tries again with the next records
            continue
        account.commits += 1
        for each in told:
            if each.error is None and each.offset >= 0:
                account.committed[each.partition] = max(each.offset, account.committed.get(each.partition, 0))
    consumer.close()


WORKERS = (write_with_confluent, write_with_kafka_python, write_with_aiokafka, read_and_commit)


class Loop:
    """The broker and its clients; `round` kills the one and lets the others be."""

    def __init__(self, folder: Path, *, seed: int, options: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._rng = Random(seed)
        self._options = ("--data-dir", str(folder / "data"), *options)
        self.account = Account()
        self.kills = 0
        self._broker = BrokerProcess(folder / "broker", *self._options).wait_until_ready()
        self.address = self._broker.address
        with self._broker.link() as link:
            link.ask(create_topic(TOPIC, PARTITIONS), 7)
        bootstrap = f"{self.address[0]}:{self.address[1]}"
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every attempt to reach a broker
        self._threads = [threading.Thread(target=work, args=(bootstrap, self.account), daemon=True) for work in WORKERS]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.account.end()
        for thread in self._threads:
            thread.join(PATIENCE_MS / 1000)
        self._broker.__exit__(kind, error, trace)

    def round(self) -> None:
        """Every producer has got through since the last kill, and then some more; then the next."""
        account = self.account
        before = {name: account.of(name) for name in (*EXACTLY_ONCE, *AT_LEAST_ONCE)}
        until(lambda: account.errors or all(account.of(name) > count for name, count in before.items()), 60.0)
        target = account.total + self._rng.randrange(300)
        until(lambda: account.errors or account.total >= target, 60.0)
        assert not account.errors, account.errors[:3]
        self._broker.process.kill()
        self._broker.process.wait()
        self.kills += 1
        self._broker = BrokerProcess(
            self._folder / "broker", *self._options, "--port", str(self.address[1]), port=False
        ).wait_until_ready()

    def judge(self) -> dict[str, int]:
        """After the last round: everything that was acknowledged is there. Returns what was counted."""
        account = self.account
        account.end()
        for thread in self._threads:
            thread.join(PATIENCE_MS / 1000)
            assert not thread.is_alive(), "a client has not come to its end"
        assert not account.errors, account.errors[:3]
        with Link(self.address) as link:
            found = [_values(link, partition) for partition in range(PARTITIONS)]
            error, committed = asking.committed(link, GROUP)
        assert error == 0
        for (partition, offset), value in account.read.items():
            assert found[partition][offset] == value, (partition, offset)
        for partition, offset in account.committed.items():
            assert committed[TOPIC, partition][0] >= offset, (partition, committed, offset)
        for (producer, partition), acknowledged in account.acknowledged.items():
            prefix = (STREAM % (producer, partition, 0))[:-1].encode()
            numbers = [int(value.rpartition(b" ")[2]) for value in found[partition] if value.startswith(prefix)]
            first_times = list(dict.fromkeys(numbers))
            assert first_times == sorted(first_times), f"{producer} is out of order"
            assert acknowledged <= set(numbers), f"{producer} has lost {sorted(acknowledged - set(numbers))[:5]}"
            if producer in EXACTLY_ONCE:
                assert numbers == first_times, f"{producer} has records twice"
        return {
            "kills": self.kills,
            "records acknowledged": account.total,
            "records read by the group": len(account.read),
            "commits answered": account.commits,
            "records in the end": sum(map(len, found)),
        }


def _values(link: Link, partition: int) -> list[bytes]:
    """All values of a partition; each stands at its offset."""
    values: list[bytes] = []
    while True:
        answer = link.ask(fetch((TOPIC, partition, len(values))), 12)
        (part,) = parts_of(answer).values()
        data, before = bytes(part.records or b""), len(values)
        while len(data) >= 12 and 12 + int.from_bytes(data[8:12], "big") <= len(data):
            size = 12 + int.from_bytes(data[8:12], "big")
            for record in records(data[:size]):
                if record.offset >= before:
                    assert record.offset == len(values)
                    assert record.value is not None
                    values.append(record.value)
            data = data[size:]
        if len(values) == before:
            assert before == part.high_watermark
            return values


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--option", action="append", default=[], help="of `kpybroker start`, such as --option=--sync")
    parser.add_argument("--write", action="store_true", help=f"add the counts to {RESULTS.name}")
    told = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Loop(Path(folder), seed=told.seed, options=tuple(told.option)) as loop,
    ):
        for number in range(told.rounds):
            loop.round()
            if number % 10 == 9:
                sys.stdout.write(f"{number + 1} kills, {loop.account.total:,} records acknowledged\n")
                sys.stdout.flush()
        counts = loop.judge()
    options = f" with {' '.join(told.option)}" if told.option else ""
    counted = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    line = f"Seed {told.seed}{options}, {time.monotonic() - began:.0f} s: {counted}; nothing lost, nothing twice.\n"
    sys.stdout.write(line)
    if told.write:
        head = "# Brokers killed under real clients\n\nWhat is done and checked is told in `killing.py`.\n\n"
        RESULTS.write_text((RESULTS.read_text() if RESULTS.exists() else head) + f"- {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

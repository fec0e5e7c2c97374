"""One seed of the storage campaign: a broker on a faulty disk that is used, killed and reopened, again and again."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from kpybroker.storage.faulty import AFTER, BEFORE, WITHIN, Crash, Disk, Fault, FaultyFiles, Plan
from kpybroker.storage.files import StorageError
from tests.campaign import asking
from tests.campaign.asking import Key
from tests.campaign.compacted import TOPIC as COMPACTED
from tests.campaign.compacted import Compacted
from tests.campaign.promises import GroupPromise, PartitionPromise, Sent, TopicPromise, Violation, sent
from tests.core import START, Bench, CoreClient
from tests.requests import create_topic

EIO, ENOSPC, EROFS = 5, 28, 30
TOPICS, GROUPS, PRODUCERS = ("t", "u", "v-1"), ("g", "h"), (1001, 1002, 1003)
MOST_PARTITIONS = 3
SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (  # together they make a segment of a few batches
    ("index.interval.bytes", ("0", "0", "120", "4096")),
    ("segment.index.bytes", ("36", "48", "96", "1048576")),
    ("segment.ms", ("2000", "10000", "604800000")),
    ("retention.bytes", ("-1", "-1", "900")),
    ("retention.ms", ("-1", "-1", "30000")),
    ("flush.messages", ("1", "4", "9223372036854775807")),
    ("file.delete.delay.ms", ("0", "3000", "60000")),
)
BROKER = {
    "offsets.topic.num.partitions": "2",
    "log.initial.task.delay.ms": "5000",
    "log.retention.check.interval.ms": "5000",
    "log.cleaner.dedupe.buffer.size": "2097152",
}
SHORT_METADATA = {  # a snapshot now and then, and the log before it goes
    "metadata.log.max.record.bytes.between.snapshots": "1500",
    "internal.metadata.log.segment.bytes": "2000",
    "metadata.max.retention.bytes": "3000",
}
# What a client may be told of a disk that fails: NOT_COORDINATOR, KAFKA_STORAGE_ERROR and, of old, NOT_LEADER; a
# coordinator that cannot be loaded is not available.
DISK_ERRORS = (6, 15, 16, 56)


class Mode(NamedTuple):
    """How the broker is told to keep its promises, and what is done to it."""

    name: str
    power: bool = False
    faults: bool = False
    disks: int = 1  # log directories, each on a disk of its own
    sync: bool = False  # nothing is acknowledged before it is synced: then a loss of power is no worse than a kill


MODES = (
    Mode("kills"),
    Mode("power", power=True),
    Mode("faults", faults=True),
    Mode("everything", power=True, faults=True),
    Mode("sync, power", power=True, sync=True),
    Mode("sync, everything", power=True, faults=True, sync=True),
    Mode("two disks", power=True, faults=True, disks=2, sync=True),
)


class Life:
    """A broker, from its first start on an empty disk to the last check; all of it follows from the seed."""

    def __init__(self, seed: int, mode: Mode) -> None:
        self.mode = mode
        self.rng = Random(seed)
        self.disks = [Disk() for _ in range(mode.disks)]
        self.now = START
        self.counts: Counter[str] = Counter()
        self.topics: dict[str, TopicPromise] = {}
        self.ever_topics: dict[bytes, TopicPromise] = {}
        self.maybe_topics: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.groups = {name: GroupPromise(name) for name in GROUPS}
        self.producer_ids: set[int] = set()
        self.compacted = Compacted(self)
        self.config = {**BROKER, **(SHORT_METADATA if seed % 2 else {})}
        self.has_lost_power = False  # since the last check
        self.number = 0
        self.plans = self._plans()
        self.bench: Bench
        self.client: CoreClient

    def run(self, restarts: int) -> Counter[str]:
        logging.getLogger("kpybroker").addFilter(_quiet)
        try:
            for _ in range(restarts):
                self._start()
                self._use()
                self._end()
            self._open(self._plans())
            self._check(reopened=True)
        finally:
            logging.getLogger("kpybroker").removeFilter(_quiet)
        return self.counts

    def digest(self) -> str:
        """Of all that there is in the end."""
        found = hashlib.sha256(repr(sorted(self.counts.items())).encode())
        for disk in self.disks:
            files = FaultyFiles(disk)
            for path in _paths(files, ""):
                found.update(path.encode() + b"\0" + (files.read_whole(path) or b""))
        return found.hexdigest()

    # -- starts and ends -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Until the broker is up, it may be killed, and its disk may fail."""
        while True:
            self.plans = self._plans()
            if self.rng.random() < 0.3:
                self._plan_crash(60)
            if self.mode.faults and self.rng.random() < 0.1:
                self.rng.choice(self.plans).arm(self._fault())
            try:
                self._open(self.plans)
            except Crash:
                self._crashed("start")
            except StorageError as error:
                self._expect(self._has_failed, f"it does not start: {error}")
                self.counts["starts refused by the disk"] += 1
                self._crashed("start")
            else:
                if not self._has_failed:
                    break
                self._crashed("start")  # it has met an error, and gives nothing that could be checked
        for plan in self.plans:
            plan.repair()
        self._check(reopened=True)

    def _plans(self) -> list[Plan]:
        """Of what is to happen to each disk; the first has the cluster's metadata."""
        plans = [Plan()]
        for number in range(1, self.mode.disks):
            plans.append(Plan(f"disk-{number}", beside=plans[0]))
        return plans

    @property
    def _has_failed(self) -> bool:
        return any(plan.raised for plan in self.plans)

    def _open(self, plans: list[Plan]) -> None:
        self.plans = plans
        self.bench = Bench(
            seed=self.rng.randrange(1 << 30),
            config=self.config,
            files=[FaultyFiles(disk, plan) for disk, plan in zip(self.disks, plans, strict=True)],
            now=self.now,
            sync=self.mode.sync,
        )
        self.bench.holds_syncs = True
        self.client = self.bench.connect()
        while self.bench.sync():  # what the last run may have left unsynced
            pass
        self.counts["reopenings"] += 1

    def _plan_crash(self, within: int) -> None:
        self.rng.choice(self.plans).crash_at(
            self.rng.randrange(1, within), self.rng.choice((BEFORE, WITHIN, WITHIN, AFTER)), self.rng.random()
        )

    def _fault(self) -> Fault:
        operations = self.rng.choice(
            (
                ("append",),
                ("append",),
                ("sync",),
                ("read",),
                ("rename", "remove"),
                ("create", "make_directory"),
                ("truncate",),
                ("list", "open"),
                ("sync_directory",),
            )
        )
        number = self.rng.choice((EIO, EIO, ENOSPC, EROFS))
        times = self.rng.choice((1, 1, 2, 1000))
        return Fault(operations, number, after=self.rng.randrange(12), times=times, part=self.rng.choice((0, 0.3, 0.9)))

    def _crashed(self, where: str) -> None:
        """The process has ended; and perhaps the machine with it. After a sync that failed it has to be started again
        too: nobody can tell what of the data that can still be read is on the disk."""
        self.plans[0].kill()  # what it has not finished it never will
        must = any(kind.startswith("sync") for plan in self.plans for kind in plan.raised)
        self._count_faults()
        if self.mode.power and (must or self.rng.random() < 0.5):
            self._lose_power()
            self.counts[f"power losses in a {where}"] += 1
        else:
            self.counts[f"kills in a {where}"] += 1

    def _lose_power(self) -> None:
        for disk in self.disks:
            disk.lose_power(self.rng)
        if self.mode.sync:
            return
        self.has_lost_power = True
        for topic in self.ever_topics.values():
            for partition in topic.partitions:
                partition.is_unsure = True

    def _count_faults(self) -> None:
        for plan in self.plans:
            for what, count in plan.raised.items():
                self.counts[f"fault: {what}"] += count
                self.counts["faults"] += count
            plan.raised.clear()

    def _note_synced(self) -> None:
        for key, log in self.bench.state.directories.logs():
            topic = self.topics.get(key[0])
            if topic is not None and topic.id == log.topic_id and key[1] < len(topic.partitions):
                topic.partitions[key[1]].synced(log.recovery_point, log.start_offset)
        self.compacted.synced()

    def _end(self) -> None:
        """A clean stop, in which it may be killed too; or it has been killed already."""
        self.now = self.bench.now + self.rng.choice((0, 50, 5000))
        if self.plans[0].is_dead:
            self._crashed("run")
            return
        if self.rng.random() < 0.4:
            if self.rng.random() < 0.4:
                self._plan_crash(30)
            try:
                self.bench.state.close(self.bench.now)
                self.counts["clean stops"] += 1
            except Crash:
                pass
            except StorageError as error:
                self._expect(self._has_failed, f"it does not stop: {error}")
            self._note_synced()
            if self.plans[0].is_dead:
                self._crashed("stop")
                return
        self._crashed("pause")

    # -- use -----------------------------------------------------------------------------------------------------------

    def _use(self) -> None:
        crashes = self.rng.random() < 0.6
        if crashes:
            self._plan_crash(self.rng.choice((8, 40, 150)))
        if self.mode.faults and self.rng.random() < 0.6:
            if self.rng.random() < 0.3:
                self.rng.choice(self.plans).room = self.rng.randrange(3000)
            else:
                self.rng.choice(self.plans).arm(self._fault())
        deeds: list[Callable[[], None]] = [
            *[self._produce] * 12,
            *[self._produce_again] * 3,
            *[self._commit] * 4,
            *[self._produce_keys] * 5,
            self._compact,
            *[self._move] * (self.mode.disks - 1),
            self._create,
            self._create,
            self._delete,
            self._grow,
            self._alter,
            self._delete_records,
            self._take_producer_id,
            self._pass_time,
            self._look,
        ]
        try:
            for _ in range(self.rng.randrange(4, 30)):
                self.rng.choice(deeds)()
                self.counts["requests"] += 1
        except Crash:
            pass
        self._note_synced()
        self._expect(not self.bench.core.bugs, f"an error of its own: {self.bench.core.bugs}")

    def ask(self, request: Any, version: int) -> Any:
        """The answer, for which the disk may have to be synced first."""
        self.client.send(request, version)
        while not self.client.answers:
            self._expect(self.bench.sync(), f"no answer to {type(request).__name__}")
        while self.bench.sync():  # where a log was opened that the last run had left unsynced
            pass
        if self.rng.random() < 0.5:
            self.bench.sync(self.bench.state.syncs.background)
        return self.client.answer()

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Violation(otherwise)

    def refused(self, error: int) -> bool:
        """An error is for a disk that fails; then, whether the request was carried out is not known."""
        if error == 0:
            return False
        self._expect(self._has_failed, f"error {error} of a disk that is well")
        self._expect(error in DISK_ERRORS, f"error {error} of a disk that fails")
        self.counts["requests refused by the disk"] += 1
        return True

    def _sure_topics(self) -> list[TopicPromise]:
        return [topic for topic in self.topics.values() if topic.is_sure and topic.name not in self.maybe_topics]

    def _some_partition(self) -> tuple[Key, PartitionPromise] | None:
        sure = self._sure_topics()
        if not sure:
            return None
        topic = self.rng.choice(sure)
        index = self.rng.randrange(topic.count)
        return (topic.name, index), topic.partitions[index]

    def _batch(self, partition: PartitionPromise) -> Sent:
        """A new one, or the one of a producer that has not heard of it."""
        producer = self.rng.choice((-1, -1, *PRODUCERS))
        sequence = -1
        if producer >= 0:
            while producer in partition.retired:
                producer += 1000
            last = partition.lasts.get(producer)
            if last is not None and last.offset is None:
                return last.batch
            sequence = 0 if last is None else last.batch.next_sequence
        count = self.rng.choice((1, 1, 2, 5))
        values = []
        for _ in range(count):
            self.number += 1
            values.append(
                b"%08d" % self.number + self.rng.choice((b"", b"x" * 30, self.rng.randbytes(200), bytes(700)))
            )
        timestamps = [self.bench.now - self.rng.choice((0, 0, 3, 2500, 15000)) for _ in range(count)]
        return sent(values, timestamps, codec=self.rng.randrange(5), producer=producer, sequence=sequence)

    def _produce(self) -> None:
        chosen: dict[Key, tuple[PartitionPromise, Sent]] = {}
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            found = self._some_partition()
            if found is not None:
                key, partition = found
                chosen[key] = partition, self._batch(partition)
        if not chosen:
            return
        for partition, batch in chosen.values():
            partition.send(batch)
        answer = self.ask(asking.produce_to({key: batch.data for key, (_, batch) in chosen.items()}), 9)
        for topic in answer.responses:
            for part in topic.partition_responses:
                partition, batch = chosen[topic.name, part.index]
                if not self.refused(part.error_code):
                    partition.acknowledge(batch, part.base_offset)
                    self.counts["records acknowledged"] += batch.count

    def _produce_again(self) -> None:
        """What was acknowledged already is acknowledged again, at its offset, and not written twice."""
        found = self._some_partition()
        if found is None:
            return
        key, partition = found
        lasts = [
            last
            for producer, last in partition.lasts.items()
            if last.offset is not None and producer not in partition.retired
        ]
        if lasts:
            batch, offset = self.rng.choice(lasts)
            answer = self.ask(asking.produce_to({key: batch.data}), 9)
            part = answer.responses[0].partition_responses[0]
            if not self.refused(part.error_code):
                self._expect(part.base_offset == offset, f"{key}: a duplicate of {offset} is at {part.base_offset}")
                self.counts["duplicates"] += 1

    def _commit(self) -> None:
        found = self._some_partition()
        if found is None:
            return
        key, partition = found
        group = self.groups[self.rng.choice(GROUPS)]
        self.number += 1
        value = self.rng.randint(partition.start, partition.end), f"note {self.number}"
        group.send(key, value)
        answer = self.ask(asking.commit(group.name, key, *value), 8)
        if not self.refused(answer.topics[0].partitions[0].error_code):
            group.acknowledge(key, value)
            self.counts["commits acknowledged"] += 1

    def _produce_keys(self) -> None:
        self.counts["records acknowledged"] += self.compacted.produce()

    def _compact(self) -> None:
        self.counts["logs compacted"] += self.compacted.compact()

    def _create(self) -> None:
        names = [name for name in TOPICS if name not in self.topics and name not in self.maybe_topics]
        if not names:
            return
        name, count = self.rng.choice(names), self.rng.randint(1, MOST_PARTITIONS)
        configs = {setting: self.rng.choice(values) for setting, values in SETTINGS if self.rng.random() < 0.6}
        self.maybe_topics.setdefault(name, []).append((count, configs))
        (answer,) = self.ask(create_topic(name, count, configs), 7).topics
        if not self.refused(answer.error_code):
            del self.maybe_topics[name]
            self._know(TopicPromise(name, bytes(answer.topic_id), count, configs))
            self.counts["topics created"] += 1

    def _know(self, topic: TopicPromise) -> TopicPromise:
        self.topics[topic.name] = self.ever_topics[topic.id] = topic
        return topic

    def _delete(self) -> None:
        sure = self._sure_topics()
        if not sure:
            return
        topic = self.rng.choice(sure)
        topic.maybe_deleted = True
        keys = [(topic.name, index) for index in range(MOST_PARTITIONS)]
        for group in self.groups.values():
            for key in keys:
                group.send(key, None)
        (answer,) = self.ask(asking.delete_topic(topic.name), 5).responses
        if not self.refused(answer.error_code):
            del self.topics[topic.name]
            for group in self.groups.values():
                for key in keys:
                    group.acknowledge(key, None, surely=not self._has_failed)
            self.counts["topics deleted"] += 1

    def _grow(self) -> None:
        sure = [topic for topic in self._sure_topics() if topic.count < MOST_PARTITIONS]
        if sure:
            topic = self.rng.choice(sure)
            count = topic.count + 1
            topic.counts.add(count)
            (answer,) = self.ask(asking.grow_topic(topic.name, count), 2).results
            if not self.refused(answer.error_code):
                topic.grow(count)
                if topic.partitions[count - 1].is_unsure:  # it was there before a loss of power, which had forgotten it
                    self._observe((topic.name, count - 1), topic.partitions[count - 1], reopened=True)

    def _alter(self) -> None:
        sure = self._sure_topics()
        if sure:
            topic = self.rng.choice(sure)
            setting, values = self.rng.choice(SETTINGS)
            value = self.rng.choice(values)
            topic.try_configs({**topic.configs[-1], setting: value})
            (answer,) = self.ask(asking.alter_topic(topic.name, setting, value), 1).responses
            if not self.refused(answer.error_code):
                topic.settle_configs()

    def _delete_records(self) -> None:
        found = self._some_partition()
        if found is None:
            return
        key, partition = found
        if partition.shrinks:
            self._observe(key, partition)
        offset = self.rng.randint(partition.start, partition.end)
        partition.maybe_start = max(partition.maybe_start, offset)
        answer = self.ask(asking.delete_records(key, offset), 2).topics[0].partitions[0]
        if not self.refused(answer.error_code):
            self._expect(answer.low_watermark == offset, f"{key} begins at {answer.low_watermark}, not at {offset}")
            partition.start = partition.maybe_start = offset
            self.counts["deletions of records"] += 1

    def _move(self) -> None:
        """To another disk, or back."""
        found = self._some_partition()
        if found is None or self.mode.disks == 1:
            return
        path = self.rng.choice(self.plans).root
        error = self.ask(asking.move(found[0], path), 2).results[0].partitions[0].error_code
        if not self.refused(error):
            self.counts["moves"] += 1

    def _take_producer_id(self) -> None:
        error, producer_id = asking.new_producer_id(self)
        if not self.refused(error):
            self._expect(producer_id not in self.producer_ids, f"producer id {producer_id} for the second time")
            self.producer_ids.add(producer_id)

    def _pass_time(self) -> None:
        self.bench.advance(self.rng.choice((100, 3000, 20000)))

    def _look(self) -> None:
        """Reads one partition in between."""
        found = self._some_partition()
        if found is not None and not self._has_failed:
            self._observe(*found)

    # -- checks --------------------------------------------------------------------------------------------------------

    def _observe(self, key: Key, partition: PartitionPromise, *, reopened: bool = False) -> None:
        """Reads all of a partition, and judges it."""
        asking.listed(self, key, asking.LATEST)  # opens it, and syncs it
        earliest, latest = (asking.listed(self, key, each) for each in (asking.EARLIEST, asking.LATEST))
        if self._has_failed and (self.refused(earliest.error) or self.refused(latest.error)):
            return
        self._expect((earliest.error, latest.error) == (0, 0), f"{key}: {earliest}, {latest}")
        found: list[asking.Batch] = []
        offset = earliest.offset
        while offset < latest.offset:
            error, high_watermark, batches = asking.fetched(self, key, offset)
            if self._has_failed and self.refused(error):
                return
            self._expect((error, high_watermark) == (0, latest.offset), f"{key} at {offset}: {error}, {high_watermark}")
            if not batches and (partition.is_hole(offset) or partition.is_unsure):
                break
            self._expect(bool(batches), f"{key}: nothing at {offset} of {latest.offset}")
            found += batches
            offset = batches[-1].last_offset + 1
        partition.settle(found, earliest.offset, latest.offset, reopened=reopened)
        self.counts["records checked"] += latest.offset - earliest.offset

    def _search(self, key: Key, partition: PartitionPromise) -> None:
        """By offset and by time everything is found where it is."""
        partition.check_time(0, asking.listed(self, key, 0))
        for _ in range(3):
            timestamp = self.now - self.rng.randrange(40_000)
            partition.check_time(timestamp, asking.listed(self, key, timestamp))
        for _ in range(4):
            offset = self.rng.randrange(partition.start, partition.end) if partition.start < partition.end else 0
            if partition.start <= offset < partition.end and not partition.is_hole(offset):
                _, _, batches = asking.fetched(self, key, offset, 1)
                self._expect(
                    bool(batches) and batches[0].base_offset <= offset <= batches[0].last_offset, f"{key} at {offset}"
                )

    def _check(self, *, reopened: bool) -> None:
        """Everything that was promised."""
        lossy, self.has_lost_power = self.has_lost_power, False
        if lossy:
            self.producer_ids.clear()
        self._check_topics(lossy)
        for topic in self.topics.values():
            for index in range(topic.count):
                key = topic.name, index
                self._observe(key, topic.partitions[index], reopened=reopened)
                self._search(key, topic.partitions[index])
        for group in self.groups.values():
            error, values = asking.committed(self, group.name)
            self._expect(error == 0, f"{group.name}: error {error}")
            group.found(values, self.topics, lossy=lossy)
        self._expect(not self.bench.core.bugs, f"an error of its own: {self.bench.core.bugs}")

    def _check_topics(self, lossy: bool) -> None:
        found = asking.topics_of(self)
        self.counts["records checked"] += self.compacted.check(found.pop(COMPACTED, None), lossy=lossy)
        configs = asking.configs_of(self, list(found))
        for name, topic in self.topics.items():
            gone = name not in found or found[name].id != topic.id
            self._expect(not gone or topic.maybe_deleted or lossy, f"topic {name} is gone")
        before, self.topics = self.topics, {}
        for name, (topic_id, leader_epochs) in found.items():
            known = self.ever_topics.get(topic_id)
            if known is None:
                tried = [
                    each for each in self.maybe_topics.get(name, []) if each == (len(leader_epochs), configs[name])
                ]
                self._expect(bool(tried), f"topic {name} was never made so: {len(leader_epochs)}, {configs[name]}")
                known = TopicPromise(name, topic_id, *tried[0])
            self._expect(lossy or known is before.get(name) or name not in before, f"topic {name} has come back")
            self._know(known).found(len(leader_epochs), configs[name], leader_epochs, lossy=lossy)
        self.maybe_topics = {}


def _paths(files: FaultyFiles, directory: str) -> Iterator[str]:
    for name in files.list(directory):
        path = f"{directory}/{name}" if directory else name
        yield path
        yield from _paths(files, path)


def _pass_over_crashes(
    unraisable: sys.UnraisableHookArgs, tell: Callable[[sys.UnraisableHookArgs], Any] = sys.unraisablehook
) -> None:
    """What a killed broker was about to tidy up is no matter."""
    if not isinstance(unraisable.exc_value, Crash):
        tell(unraisable)


sys.unraisablehook = _pass_over_crashes


def _quiet(record: logging.LogRecord) -> bool:
    """What a broker says of its failing disk is not for the terminal."""
    return False

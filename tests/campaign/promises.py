"""What a broker has promised to its clients, and whether what is found later keeps it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from kpybroker.wire.records import build
from tests.campaign.asking import Batch, Listed

NO_PRODUCER = -1


class Violation(AssertionError):
    """A promise was broken."""


class Sent(NamedTuple):
    """A batch that a client has sent."""

    data: bytes
    timestamps: tuple[int, ...]
    producer: int = NO_PRODUCER
    sequence: int = -1

    @property
    def count(self) -> int:
        return len(self.timestamps)

    @property
    def body(self) -> bytes:
        return self.data[16:]

    @property
    def next_sequence(self) -> int:
        return self.sequence + self.count


def sent(
    values: Sequence[bytes],
    timestamps: Sequence[int],
    *,
    codec: int = 0,
    producer: int = NO_PRODUCER,
    sequence: int = -1,
) -> Sent:
    rows = [(timestamp, value[:8], value, ()) for timestamp, value in zip(timestamps, values, strict=True)]
    epoch = 0 if producer >= 0 else -1
    data = build(rows, producer_id=producer, producer_epoch=epoch, base_sequence=sequence, codec=codec)
    return Sent(data, tuple(timestamps), producer, sequence)


class Last(NamedTuple):
    """The last batch of a producer on a partition; no offset while it is not known whether it was written."""

    batch: Sent
    offset: int | None


class PartitionPromise:
    """One partition: what was acknowledged at which offset, and what may have been written without that."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.written: dict[int, Sent] = {}
        self.maybe: list[Sent] = []  # sent, and never acknowledged
        self.ever: dict[int, list[Sent]] = {}  # all that was ever found or acknowledged at an offset
        self.lasts: dict[int, Last] = {}  # by producer id
        self.retired: set[int] = set()  # producers of which the log may know something else than they do
        self.start = 0
        self.maybe_start = 0  # a deletion of records that was not answered
        self.shrinks = False  # retention takes away its beginning
        self.floor = 0  # what is before it was synced
        self.is_unsure = False  # power was lost, and nobody has looked since
        self.found_end = 0
        # By where they begin, where they end: a file lost its bytes with the power and one that follows it did not, and
        # nobody looks at whether segments follow one another, no more than Kafka does (LogLoader.recoverLog).
        self.holes: dict[int, int] = {}

    @property
    def end(self) -> int:
        return max([self.start, self.found_end, *[base + batch.count for base, batch in self.written.items()]])

    def send(self, batch: Sent) -> None:
        if batch not in self.maybe:
            self.maybe.append(batch)
        if batch.producer >= 0:
            self.lasts[batch.producer] = Last(batch, None)

    def acknowledge(self, batch: Sent, offset: int) -> None:
        """Not for a batch that was acknowledged before."""
        self.maybe.remove(batch)
        end = self.end
        if offset < end or (offset > end and not self.maybe):
            raise Violation(f"{self.name}: acknowledged at {offset}, and the log ends at {end}")
        self._write(offset, batch)
        if batch.producer >= 0:
            self.lasts[batch.producer] = Last(batch, offset)

    def _write(self, offset: int, batch: Sent) -> None:
        self.written[offset] = batch
        ever = self.ever.setdefault(offset, [])
        if batch not in ever:
            ever.append(batch)

    def synced(self, offset: int, start: int) -> None:
        """What is before the offset was, but for what retention has taken from before the start."""
        self.floor = max(self.floor, offset)
        if self.shrinks:
            self.maybe_start = max(self.maybe_start, start)

    # -- what is found -----------------------------------------------------------------------------------------------

    def settle(self, found: Sequence[Batch], start: int, end: int, *, reopened: bool) -> None:
        """`found` is the whole log. Once reopened, what was not written never will be."""
        lossy, self.is_unsure = self.is_unsure, False
        begins = max(start, self.maybe_start)  # what is before it may be there again, and need not
        self._settle_start(start, lossy)
        seen: dict[int, Sent] = {}
        unused = list(self.maybe)
        known, self.holes = self.holes, {}
        offset, epoch = min(start, found[0].base_offset) if found else start, -1
        for batch in found:
            if batch.base_offset < offset or batch.last_offset < start:
                raise Violation(f"{self.name}: a batch at {batch.base_offset}, after {offset}, from {start} on")
            self._pass_over(offset, batch.base_offset, None if lossy else known)
            if batch.leader_epoch < epoch:
                raise Violation(f"{self.name}: leader epoch {batch.leader_epoch} after {epoch} at {offset}")
            seen[batch.base_offset] = self._which(batch, unused, lossy)
            offset, epoch = batch.last_offset + 1, batch.leader_epoch
        if offset > end:
            raise Violation(f"{self.name}: {start} to {end} is told, and batches end at {offset}")
        self._pass_over(offset, end, None if lossy else known)
        lost = [base + batch.count for base, batch in self.written.items() if base not in seen]
        if any(begins < after and (not lossy or after <= self.floor) for after in lost):
            raise Violation(f"{self.name}: lost are the batches that end at {lost}; {self.floor} were synced")
        if not lossy:
            self._check_order(seen)
        self.found_end = end
        self.written = {}
        for base, which in seen.items():
            self._write(base, which)
        if reopened:
            self.maybe = []
            self.floor = min(self.floor, end)
            self._settle_producers(lossy)
        else:
            self.maybe = unused

    def _pass_over(self, offset: int, following: int, known: Mapping[int, int] | None) -> None:
        """From one offset to another there is nothing: only a loss of power makes that so."""
        if offset == following:
            return
        if known is not None and not any(
            begins <= offset and (following <= ends or ends == self.found_end) for begins, ends in known.items()
        ):
            raise Violation(f"{self.name}: nothing from {offset} to {following}")
        self.holes[offset] = following

    def is_hole(self, offset: int) -> bool:
        return any(begins <= offset < ends for begins, ends in self.holes.items())

    def _settle_start(self, start: int, lossy: bool) -> None:
        if not lossy and not self.start <= start <= self.maybe_start and not (self.shrinks and start >= self.start):
            raise Violation(f"{self.name}: begins at {start}, and {self.start} to {self.maybe_start} was told")
        self.start = self.maybe_start = start

    def _which(self, found: Batch, unused: list[Sent], lossy: bool) -> Sent:
        """The batch that was sent and found here."""
        candidates = [*unused, *(self.ever.get(found.base_offset, []) if lossy else [])]
        known = self.written.get(found.base_offset)
        if known is not None:
            if known.body == found.body:
                return known
            if not lossy:
                raise Violation(f"{self.name}: another batch at {found.base_offset} than was acknowledged")
        for candidate in candidates:
            if candidate.body == found.body:
                if candidate in unused:
                    unused.remove(candidate)
                return candidate
        raise Violation(f"{self.name}: the batch at {found.base_offset} was never sent, or is there twice")

    def _check_order(self, seen: dict[int, Sent]) -> None:
        """A producer's batches follow one another, each once."""
        following: dict[int, int] = {}
        for base, batch in seen.items():
            if batch.producer < 0:
                continue
            if following.get(batch.producer, batch.sequence) != batch.sequence:
                raise Violation(f"{self.name}: sequence {batch.sequence} of producer {batch.producer} at {base}")
            following[batch.producer] = batch.next_sequence

    def _settle_producers(self, lossy: bool) -> None:
        where = {batch: base for base, batch in self.written.items()}
        for producer, last in list(self.lasts.items()):
            offset = where.get(last.batch)
            before_start = last.offset is not None and last.offset < self.start  # a log is not read from before it
            if before_start or lossy:  # what is lost with the power takes with it who wrote it
                self.retired.add(producer)
            elif last.offset is None and offset is not None:
                self.lasts[producer] = Last(last.batch, offset)

    # -- what is listed ----------------------------------------------------------------------------------------------

    def check_time(self, timestamp: int, found: Listed) -> None:
        """The first record of that time or later; as in Kafka none, where the first segment has it only among deleted
        records (UnifiedLog.searchOffsetInLocalLog)."""
        rows = [
            (offset, time)
            for base, batch in sorted(self.written.items())
            for offset, time in enumerate(batch.timestamps, base)
            if offset >= self.start and time >= timestamp
        ]
        wanted = rows[0] if rows else (-1, -1)
        allowed = [wanted, (-1, -1)] if self.start > 0 else [wanted]
        if found.error or (found.offset, found.timestamp) not in allowed:
            raise Violation(f"{self.name}: {found} is listed for {timestamp} instead of {wanted}")


class TopicPromise:
    """One topic: its partitions and settings, and what may have been done to it without an answer."""

    def __init__(self, name: str, topic_id: bytes, partitions: int, configs: dict[str, str]) -> None:
        self.name = name
        self.id = topic_id
        self.partitions: list[PartitionPromise] = []
        self.count = 0
        self.counts: set[int] = set()  # that it may have; after a loss of power, all that it ever may have had
        self.configs: list[dict[str, str]] = [configs]  # the last is in force, unless a change was not answered
        self.ever_configs: list[dict[str, str]] = [configs]
        self.maybe_deleted = False
        self.leader_epochs: tuple[int, ...] = ()
        self.grow(partitions)

    def grow(self, count: int) -> None:
        self.partitions += [PartitionPromise(f"{self.name}-{index}") for index in range(len(self.partitions), count)]
        self.count = count
        self.counts = {count}
        self._note_retention()

    def try_configs(self, configs: dict[str, str]) -> None:
        self.configs.append(configs)
        self.ever_configs.append(configs)
        self._note_retention()

    def settle_configs(self) -> None:
        del self.configs[:-1]
        self._note_retention()

    def _note_retention(self) -> None:
        for each in self.partitions:
            each.shrinks |= any("retention.ms" in configs or "retention.bytes" in configs for configs in self.configs)

    @property
    def is_sure(self) -> bool:
        return not self.maybe_deleted and len(self.configs) == 1 and self.counts == {self.count}

    def found(self, count: int, configs: dict[str, str], leader_epochs: tuple[int, ...], *, lossy: bool) -> None:
        if count not in self.counts and not (lossy and count <= len(self.partitions)):
            raise Violation(f"{self.name} has {count} partitions, and {self.counts} was told")
        if configs not in (self.ever_configs if lossy else self.configs):
            raise Violation(f"{self.name} has the settings {configs}, and {self.configs} was told")
        rising = all(now > before for now, before in zip(leader_epochs, self.leader_epochs, strict=False))
        if not lossy and not rising:
            raise Violation(f"{self.name}: leader epochs {leader_epochs} after {self.leader_epochs}")
        self.leader_epochs = leader_epochs
        self.configs = [configs]
        self.grow(count)
        self.maybe_deleted = False


Value = tuple[int, str]  # offset, note


class GroupPromise:
    """What one group has committed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.committed: dict[tuple[str, int], Value] = {}
        self.maybe: dict[tuple[str, int], list[Value | None]] = {}  # since the last answer
        self.ever: dict[tuple[str, int], list[Value]] = {}
        self.orphans: dict[
            tuple[str, int], list[Value]
        ] = {}  # of topics that went when the coordinator could not hear of it
        self.was_lossy = False  # then what it knows may be of a topic that nobody else knows any more

    def send(self, key: tuple[str, int], value: Value | None) -> None:
        self.maybe.setdefault(key, []).append(value)
        if value is not None:
            self.ever.setdefault(key, []).append(value)

    def acknowledge(self, key: tuple[str, int], value: Value | None, *, surely: bool = True) -> None:
        """No value: its topic is gone. Whoever deletes a topic is answered whatever becomes of what was committed for
        it, and nobody tries again (OffsetMetadataManager.onTopicsDeleted, GroupCoordinatorService)."""
        tried = self.maybe.pop(key, [])
        if value is not None:
            self.committed[key] = value
            self.orphans.pop(key, None)
            return
        left = [self.committed.pop(key, None), *tried] if not surely else []
        orphans = [*self.orphans.get(key, []), *[each for each in left if each is not None]]
        if orphans:
            self.orphans[key], self.maybe[key] = orphans, [*orphans]
        if self.was_lossy:
            self.maybe[key] = [*self.ever.get(key, [])]
        self.committed.pop(key, None)

    def found(self, values: dict[tuple[str, int], Value], topics: Container[str], *, lossy: bool) -> None:
        self.was_lossy |= lossy
        for key in sorted({*values, *self.committed, *self.maybe}):
            value = values.get(key)
            allowed = [self.committed.get(key), *self.maybe.get(key, [])]
            if lossy:
                allowed += [None, *self.ever.get(key, [])]
            if value not in allowed:
                raise Violation(f"{self.name} has {value} for {key}, and {allowed} was told")
        self.orphans = {
            key: [value]
            for key, value in values.items()
            if lossy or key[0] not in topics or value in self.orphans.get(key, [])
        }
        self.committed = dict(values)
        self.maybe = {}

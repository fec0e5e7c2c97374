"""A topic of a campaign that is compacted: of each key the last value that was acknowledged, or a later one."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple, Protocol

from kpybroker.wire.records import Record, batches, build, records
from tests.campaign import asking
from tests.campaign.asking import Asker
from tests.campaign.promises import Violation
from tests.core import Bench
from tests.requests import create_topic, fetch, parts_of

TOPIC = "compacted"
KEY = TOPIC, 0
KEYS = (b"a", b"b", b"c", b"d", b"e")
SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("index.interval.bytes", ("0", "120", "4096")),
    ("segment.index.bytes", ("36", "96", "1048576")),
    ("segment.ms", ("2000", "604800000")),
    ("flush.messages", ("1", "4", "9223372036854775807")),
    ("file.delete.delay.ms", ("0", "3000")),
    ("min.cleanable.dirty.ratio", ("0.01", "0.5")),
    ("delete.retention.ms", ("0", "3000", "86400000")),
)


class Written(NamedTuple):
    """A record that was sent; its offset is known where that was acknowledged, or where it was found."""

    key: bytes
    value: bytes | None
    offset: int | None


class User(Asker, Protocol):
    """Whoever uses the broker and knows what is done to its disk."""

    rng: Random
    bench: Bench
    number: int

    def refused(self, error: int) -> bool: ...


class Compacted:
    """The topic, and all that was promised of it. While a loss of power may have taken what was not synced with it,
    only what was flushed counts."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._id: bytes | None = None
        self._maybe_made = False
        self._sent: list[Written] = []  # all that may be in the log, in the order in which it was sent
        self.floor = 0

    def produce(self) -> int:
        """Returns how many records were acknowledged."""
        user = self._user
        if self._id is None:
            self._create()
            return 0
        rng, rows = user.rng, []
        for _ in range(rng.choice((1, 2, 5))):
            user.number += 1
            value = None if rng.random() < 0.15 else b"%08d" % user.number + rng.choice((b"", bytes(300)))
            rows.append((user.bench.now - rng.choice((0, 0, 2500)), rng.choice(KEYS), value, ()))
        data = build(rows, codec=rng.randrange(5))
        self._sent += [Written(key, value, None) for _, key, value, _ in rows]
        answer = user.ask(asking.produce_to({KEY: data}), 9)
        part = answer.responses[0].partition_responses[0]
        if user.refused(part.error_code):
            return 0
        first = len(self._sent) - len(rows)
        for place in range(len(rows)):
            self._sent[first + place] = self._sent[first + place]._replace(offset=part.base_offset + place)
        return len(rows)

    def _create(self) -> None:
        rng = self._user.rng
        configs = {setting: rng.choice(values) for setting, values in SETTINGS if rng.random() < 0.7}
        configs["cleanup.policy"] = rng.choice(("compact", "compact", "compact,delete"))
        self._maybe_made = True
        (answer,) = self._user.ask(create_topic(TOPIC, 1, configs), 7).topics
        if not self._user.refused(answer.error_code):
            self._id = bytes(answer.topic_id)

    def compact(self) -> int:
        """Has everything compacted that is, the groups' offsets too; returns how many logs were."""
        bench, found = self._user.bench, list[Any]()
        state = bench.state
        state.housekeeping.errands.ask(state.compaction.compact_now(None, bench.now), found.append)
        while not found:
            bench.core.wake(bench.now)
            bench.deliver()
            bench.sync(state.syncs.background)
        return len(found[0]) if isinstance(found[0], list) else 0

    def synced(self) -> None:
        log = self._user.bench.state.directories.log(KEY)
        if log is not None and log.topic_id == self._id:
            self.floor = max(self.floor, log.recovery_point)

    # -- what is found -----------------------------------------------------------------------------------------------

    def check(self, topic: asking.Topic | None, *, lossy: bool) -> int:
        """All of it is read and judged; returns how many records there are."""
        found_id = None if topic is None else topic.id
        if found_id != self._id:
            if not lossy and not (self._id is None and self._maybe_made):
                raise Violation(f"{TOPIC} is {found_id!r}, and {self._id!r} was told")
            self._id, self.floor, self._sent = found_id, 0, []
        self._maybe_made = False
        if topic is None:
            return 0
        found = self._read()
        if found is None:
            return 0
        known = [self._known(record, lossy) for record in found]
        if [each.offset for each in known] != sorted({record.offset for record in found}):
            raise Violation(f"{TOPIC}: offsets {[each.offset for each in known]}")
        self._judge(known, lossy)
        if lossy:  # what is there now counts from now on
            self._sent = known
            self.floor = min(self.floor, known[-1].offset or 0) if known else 0
        else:  # what was not written never will be
            sure = [each for each in self._sent if each.offset is not None]
            self._sent = sure + [each for each in known if each not in sure]
        return len(found)

    def _read(self) -> list[Record] | None:
        user = self._user
        user.ask(fetch((*KEY, 0)), 12)  # opens it, and syncs it
        earliest, latest = (asking.listed(user, KEY, each) for each in (asking.EARLIEST, asking.LATEST))
        if user.refused(earliest.error) or user.refused(latest.error):
            return None
        offset, found = earliest.offset, list[Record]()
        while offset < latest.offset:
            (part,) = parts_of(user.ask(fetch((*KEY, offset), partition_max_bytes=1 << 20), 12)).values()
            if user.refused(part.error_code):
                return None
            data = memoryview(bytes(part.records or b""))  # type: ignore[arg-type]
            if not data:
                break  # what was there is compacted away
            while data:
                ((header, batch),) = batches(data[: 12 + int.from_bytes(data[8:12], "big")])
                found += [record for record in records(batch) if record.offset >= offset]
                offset = header.base_offset + header.last_offset_delta + 1
                data = data[len(batch) :]
        return found

    def _known(self, record: Record, lossy: bool) -> Written:
        """As which it was sent."""
        for each in self._sent:
            if (each.key, each.value) == (record.key, record.value) and (
                each.offset in (None, record.offset) or (lossy and record.value is None)
            ):
                return each._replace(offset=record.offset)
        raise Violation(f"{TOPIC}: nobody has sent {record.key!r} {record.value!r} that is at {record.offset}")

    def _judge(self, found: list[Written], lossy: bool) -> None:
        """Each key has the last value that was acknowledged, or a later one; or none, where that is what it said."""
        newest = {each.key: each for each in found}
        for key in KEYS:
            promised = [
                each
                for each in self._sent
                if each.key == key and each.offset is not None and (not lossy or each.offset < self.floor)
            ]
            if not promised:
                continue
            last = max(promised, key=lambda each: each.offset or 0)
            there = newest.get(key)
            if there is not None and (there.offset or 0) >= (last.offset or 0):
                continue
            if there is None and (
                last.value is None
                or any(each.value is None for each in self._sent if each.key == key and self._is_later(each, last))
            ):
                continue
            raise Violation(f"{TOPIC}: {key!r} is {there}, and {last} was told; {self.floor} were synced")

    @staticmethod
    def _is_later(each: Written, last: Written) -> bool:
        return each.offset is None or each.offset > (last.offset or 0)

"""Logs to be cleaned, made from a seed, and what a cleaning leaves of them in a form that can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from struct import pack
from typing import Any, NamedTuple

from kpybroker.storage.aborted import AbortedTransaction
from kpybroker.storage.cleaning import Cleaned, Cleaning
from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.learning import Extent
from kpybroker.storage.log import Log
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import LogConfig, headers
from kpybroker.wire.compression import decompress
from kpybroker.wire.records import HEADER_SIZE, build, read_header

RECORDED = Path(__file__).parent.parent / "data" / "storage" / "cleaned.json"
SEEDS = 300
PASSES = 4
NOW = 1_700_000_000_000
DIRECTORY = "t-0"
ABORT, COMMIT = 0, 1


class Pass(NamedTuple):
    """What is cleaned, and how."""

    extent: Extent
    config: LogConfig
    delete_retention_ms: int
    memory: int
    load: float
    now: int


class Writer:
    """Batches of every kind, appended to a log as its leader would."""

    def __init__(self, random: Random, log: Log, codec: int) -> None:
        self.producers = Producers()
        self.now = NOW
        self._random = random
        self._log = log
        self._codec = codec
        self._keys = [self._key(number) for number in range(random.choice((3, 20, 60)))]
        self._sequences: dict[int, int] = {}
        self._open: dict[int, int] = {}  # producer: where its transaction begins
        self._aborted: list[AbortedTransaction] = []

    def _key(self, number: int) -> bytes:
        size = self._random.choice((3, 8, 8, 20, 150))
        return b"%0*d" % (size, number)

    def write(self) -> None:
        random = self._random
        self.now += random.randrange(50)
        kind = random.random()
        if self._open and kind < 0.15:
            self._end(random.choice(list(self._open)), random.choice((ABORT, COMMIT)))
        elif kind < 0.3:
            self._append(self._records(), producer_id=random.choice((7, 8)), transactional=True)
        elif kind < 0.5:
            self._append(self._records(), producer_id=random.choice((1, 2, 3)))
        else:
            self._append(self._records())

    def finish(self) -> None:
        for producer_id in list(self._open):
            self._end(producer_id, self._random.choice((ABORT, COMMIT)))

    def _records(self) -> list[tuple[int, bytes | None, bytes | None, Any]]:
        random = self._random
        untimed = random.random() < 0.04
        found = []
        for _ in range(random.choice((1, 1, 2, 3, 12, 40))):
            key = None if random.random() < 0.02 else random.choice(self._keys)
            value = None if random.random() < 0.15 else random.randbytes(random.choice((0, 5, 60, 200)))
            extra = [("h", b"x"), ("é", None)] if random.random() < 0.1 else []
            found.append((-1 if untimed else self.now + random.randrange(-200, 200), key, value, extra))
        return found

    def _append(self, records: Any, *, producer_id: int = -1, transactional: bool = False, **more: Any) -> None:
        sequence = self._sequences.get(producer_id, 0)
        batch = build(
            records,
            base_offset=self._log.end_offset,
            leader_epoch=0,
            codec=self._codec,
            producer_id=producer_id,
            producer_epoch=-1 if producer_id < 0 else 0,
            base_sequence=-1 if producer_id < 0 or "control" in more else sequence,
            transactional=transactional,
            log_append_time=self._random.random() < 0.1 and "control" not in more,
            **more,
        )
        header = read_header(batch)
        if transactional and "control" not in more:
            self._open.setdefault(producer_id, header.base_offset)
        if "control" not in more:
            self._sequences[producer_id] = sequence + len(records)
        self._log.append(batch, (header,), self.now)
        self.producers.replay(header)

    def _end(self, producer_id: int, kind: int) -> None:
        codec, self._codec = self._codec, 0
        first, marker = self._open.pop(producer_id), self._log.end_offset
        key, value = pack(">hh", 0, kind), pack(">hi", 0, 0)
        self._append([(self.now, key, value, ())], producer_id=producer_id, transactional=True, control=True)
        self._codec = codec
        if kind == ABORT:
            stable = min(self._open.values(), default=marker + 1)
            entry = AbortedTransaction(producer_id, first, marker, stable)
            active = self._log.segments.last
            assert active is not None
            path = active.log.path.removesuffix(".log") + ".txnindex"
            known = self._log.files.read_whole(path) or b""
            self._log.files.write_whole(path, known + entry.encode())


class Compacted:
    """One log of a seed, through several passes; each is the log as it is before, and how it is cleaned then."""

    def __init__(self, seed: int, root: str) -> None:
        self.random = random = Random(seed)
        self.codec = random.choice((0, 0, 0, 0, 0, 0, 1, 2, 3, 4))
        self.config = LogConfig(
            segment_bytes=random.choice((1500, 4000, 9000)),
            index_interval_bytes=random.choice((1, 150, 1000)),
        )
        self.files = RealFiles(root)
        self.log = Log(self.files, DIRECTORY, self.config, NOW)
        self.writer = Writer(random, self.log, self.codec)
        self._dirty = 0

    def passes(self) -> Iterator[Pass]:
        random, log = self.random, self.log
        for _ in range(PASSES):
            log.config = self.config
            for _ in range(random.choice((10, 60))):
                self.writer.write()
            self.writer.finish()
            bases = [segment.base_offset for segment in log.segments.all if segment.base_offset > self._dirty]
            if not bases:
                continue
            end = bases[-1] if random.random() < 0.8 else random.choice(bases)
            for segment in log.segments.all:
                segment.indexes.save()
            # where compressed bytes are ours, sizes are too: whether two segments fit into one may not hang on them
            size = random.choice((1, 10**6)) if self.codec else random.choice((1, 3000, 10_000, 10**6))
            index_bytes = random.choice((10**6, 10**6, 400))
            log.config = self.config._replace(
                segment_bytes=size, segment_index_bytes=10**6 if self.codec else index_bytes
            )
            memory = random.choice((10**5, 10**5, 10**5, 24 * random.randrange(3, 30)))
            now = self.writer.now + random.choice((0, 1000, 10**6))
            retention = random.choice((0, 500, 10**5, 86_400_000))
            yield Pass(Extent(self._dirty, end), log.config, retention, memory, 0.9, now)

    def clean(self, todo: Pass) -> Cleaned:
        offsets = OffsetMap(todo.memory, todo.load, self.log.end_offset)
        cleaning = Cleaning(self.log, todo.extent, offsets, self.writer.producers, todo.delete_retention_ms, todo.now)
        for _ in cleaning.steps():
            pass
        assert cleaned_of(cleaning) is not None
        self._dirty = cleaned_of(cleaning).end_offset
        return cleaned_of(cleaning)


def cleaned_of(cleaning: Cleaning) -> Cleaned:
    assert cleaning.cleaned is not None
    return cleaning.cleaned


def look(files: Files, end_offset: int, *, is_compressed: bool) -> dict[str, str]:
    """The files of segments below an offset, each with a digest; of what is compressed that of what it says."""
    found = {}
    for name in files.list(DIRECTORY):
        base, _, kind = name.partition(".")
        if kind not in ("log", "index", "timeindex", "txnindex") or int(base) >= end_offset:
            continue
        data = files.read_whole(f"{DIRECTORY}/{name}") or b""
        if is_compressed:
            if kind in ("index", "timeindex"):
                continue
            if kind == "log":
                data = _plain(files, f"{DIRECTORY}/{name}", data)
        found[name] = hashlib.sha256(data).hexdigest()[:16]
    return found


def _plain(files: Files, path: str, data: bytes) -> bytes:
    parts = []
    for position, header in headers(files.open(path), 0, len(data)):
        payload = data[position + HEADER_SIZE : position + header.size]
        plain = decompress(header.codec, payload, 1 << 30) if header.codec and payload else payload
        parts.append(repr(header._replace(batch_length=0, crc=0)).encode() + plain)
    return b"".join(parts)


def digest(found: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]


def play(seed: int, root: str, judge: Callable[[Compacted, Pass], None] = lambda log, todo: None) -> list[Any]:
    """What each pass over the log of a seed leaves; `judge` sees each before it is cleaned."""
    compacted = Compacted(seed, root)
    found = []
    for todo in compacted.passes():
        judge(compacted, todo)
        cleaned = compacted.clean(todo)
        end = todo.extent.first_uncleanable
        found.append([cleaned.end_offset, look(compacted.files, end, is_compressed=compacted.codec > 0)])
    compacted.log.close()
    return found

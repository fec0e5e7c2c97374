"""What is played against Apache Kafka and kpybroker alike, stage by stage, to compare what either has on its disk then.

Timestamps lie in the year 2096: nobody who wrote then is silent for too long today. Batches that are compressed are
made once, and kept with the recording: another release of a codec may compress otherwise.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from kpybroker.wire.messages.delete_records import DeleteRecordsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.records import build
from tests.requests import create_topic, metadata, produce, produced

RECORDED = Path(__file__).parent.parent / "data" / "storage" / "stages.json"
TIME = 4_000_000_000_000
FOREVER = {"retention.ms": "-1", "message.timestamp.after.max.ms": str(2**63 - 1)}
ROLLING = {**FOREVER, "segment.ms": "1000", "index.interval.bytes": "200"}
TOPICS = {
    "plain": {**FOREVER, "index.interval.bytes": "300"},
    "timed": ROLLING,
    "sized": {**FOREVER, "segment.bytes": "1048576"},
    "counted": {**FOREVER, "segment.index.bytes": "200", "index.interval.bytes": "100"},
    "idempotent": ROLLING,
    "trimmed": ROLLING,
    "emptied": ROLLING,
    "gone": FOREVER,
    "empty": FOREVER,
}
SETTINGS = {"offsets.topic.num.partitions": "3"}
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
SMALL = 400  # bytes that are kept in whole, so that a difference can be read
Row = tuple[int, bytes | None, bytes, tuple[()]]


class Asker(Protocol):
    def ask(self, request: Any, version: int) -> Any: ...


class Player:
    """Asks the same questions each time; `packed` has the batches that were compressed when this was recorded."""

    def __init__(self, packed: dict[str, str]) -> None:
        self.asker: Asker | None = None
        self.packed = packed
        self._sequences: dict[tuple[str, int], int] = {}

    def ask(self, request: Any, version: int) -> Any:
        assert self.asker is not None
        return self.asker.ask(request, version)

    def send(self, topic: str, data: bytes, index: int = 0) -> None:
        assert produced(self.ask(produce(topic, index=index, data=data), 9))[0] == 0, topic

    def rows(self, chance: random.Random, start: int, count: int, size: int) -> list[Row]:
        return [(TIME + start + chance.randrange(90), b"k", chance.randbytes(size), ()) for _ in range(count)]

    def pack(self, name: str, rows: list[Row]) -> bytes:
        if name not in self.packed:
            self.packed[name] = build(rows, codec=CODECS[name.partition(" ")[0]]).hex()
        return bytes.fromhex(self.packed[name])

    def idempotent(self, topic: str, producer_id: int, epoch: int, rows: list[Row]) -> None:
        """The next batch of a producer; in a new epoch it counts from 0 again."""
        sequence = self._sequences.get((f"{topic} {epoch}", producer_id), 0)
        self._sequences[f"{topic} {epoch}", producer_id] = sequence + len(rows)
        self.send(topic, build(rows, producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence))


def _create(player: Player) -> None:
    for name, configs in TOPICS.items():
        player.ask(create_topic(name, 2 if name == "empty" else 1, configs), 7)


def _led(player: Player) -> bool:
    """Whether every topic there is has its leader."""
    topics = player.ask(metadata(), 9).topics
    return bool(topics) and all(part.error_code == 0 for topic in topics for part in topic.partitions)


def _write(player: Player) -> None:
    chance = random.Random(5)
    for number in range(40):
        player.send("plain", build(player.rows(chance, number * 7, 1 + number % 3, chance.randrange(80))))
    for number, codec in enumerate(CODECS):
        player.send("plain", player.pack(codec, player.rows(chance, 1000 + number, 4, 60)))
    for topic in ("timed", "trimmed", "emptied"):
        for number in range(18):
            player.send(topic, build(player.rows(chance, number * 300, 1 + number % 2, 50)))
    for number in range(150):
        player.send("sized", build(player.rows(chance, number, 16, 1000)))
    for number in range(60):
        player.send("counted", build(player.rows(chance, number * 100, 2, 60)))
    for number in range(16):
        rows = player.rows(chance, number * 250, 1 + number % 3, 40)
        player.idempotent("idempotent", 7000 + number % 3, 0 if number < 8 else 1, rows)
    player.send("gone", build(player.rows(chance, 0, 3, 50)))


def _delete(player: Player) -> None:
    for topic, offset in (("trimmed", 11), ("emptied", -1)):
        part = DeleteRecordsRequest.DeleteRecordsTopic.DeleteRecordsPartition(partition_index=0, offset=offset)
        asked = DeleteRecordsRequest.DeleteRecordsTopic(name=topic, partitions=[part])
        answer = player.ask(DeleteRecordsRequest(topics=[asked], timeout_ms=5000), 2)
        assert answer.topics[0].partitions[0].error_code == 0
    answer = player.ask(DeleteTopicsRequest(topic_names=["gone"], timeout_ms=5000), 5)
    assert answer.responses[0].error_code == 0


def _commit(player: Player) -> None:
    """One group, of a consumer without a membership."""
    topic = OffsetCommitRequest.OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(partition_index=0, committed_offset=3, committed_metadata="")
    request = OffsetCommitRequest(group_id="readers", topics=[topic(name="plain", partitions=[part])])
    answer = player.ask(request, 7)
    assert answer.topics[0].partitions[0].error_code == 0


def _coordinated(player: Player) -> bool:
    answer = player.ask(FindCoordinatorRequest(key="readers"), 3)
    return bool(answer.error_code == 0)


def _write_more(player: Player) -> None:
    chance = random.Random(6)
    for topic in TOPICS:
        if topic not in ("gone", "empty"):
            player.send(topic, build(player.rows(chance, 8000, 2, 50)))
    player.idempotent("idempotent", 7001, 1, player.rows(chance, 8100, 2, 40))
    player.idempotent("idempotent", 7009, 0, player.rows(chance, 8200, 1, 40))


def _write_last(player: Player) -> None:
    chance = random.Random(7)
    for number in range(8):
        player.send("timed", build(player.rows(chance, 9000 + 300 * number, 1, 30)))
    player.idempotent("idempotent", 7001, 1, player.rows(chance, 12_000, 2, 40))
    player.send("plain", build(player.rows(chance, 9000, 2, 30)))


class Stage(NamedTuple):
    """What is asked, each as soon as what stands before it is so, and how the broker ends; then the disk is looked at.

    A broker that was ended is started again for the next stage.
    """

    name: str
    steps: tuple[Callable[[Player], object], ...]
    end: str = ""  # or "stop", "kill"


STAGES = (
    Stage("running", (_create, _led, _write)),
    Stage("stopped", (_delete, _coordinated, _commit), "stop"),
    Stage("started", (_led,)),
    Stage("stopped again", (_write_more,), "stop"),
    Stage("stopped idle", (_led,), "stop"),
    Stage("killed", (_led, _write_last), "kill"),
    Stage("recovered", (_led,)),
    Stage("stopped at last", (), "stop"),
)
WAITED_FOR = (_led, _coordinated)  # what Apache Kafka does in its own time


def play(stage: Stage, player: Player, patience: Callable[[Callable[[], bool]], None]) -> None:
    for step in stage.steps:
        if step in WAITED_FOR:
            patience(lambda step=step: bool(step(player)))  # type: ignore[misc]
        else:
            step(player)


def disk(root: Path) -> dict[str, str]:
    """Every file below a directory: small ones in hex, others by size and hash; a deleted topic's uuid is left out."""
    return dict(_files(root))


def changes(stages: Iterable[dict[str, str]]) -> Iterator[dict[str, str | None]]:
    """What each stage has that the one before had not; None for what is gone."""
    before: dict[str, str] = {}
    for files in stages:
        changed: dict[str, str | None] = {name: data for name, data in files.items() if before.get(name) != data}
        yield changed | dict.fromkeys(before.keys() - files.keys())
        before = files


def every_stage(changed: Iterable[dict[str, str | None]]) -> Iterator[dict[str, str]]:
    """All files of each stage again."""
    files: dict[str, str] = {}
    for changes in changed:
        merged = files | changes
        files = {name: data for name, data in merged.items() if data is not None}
        yield files


def _files(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*")):
        name = re.sub(r"\.[0-9a-f]{32}-delete", ".UUID-delete", str(path.relative_to(root)))
        if path.is_file():
            data = path.read_bytes()
            whole = len(data) <= SMALL
            yield name, data.hex() if whole else f"{len(data)} {hashlib.sha256(data).hexdigest()[:32]}"

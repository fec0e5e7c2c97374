"""Corners of the data path that random scripts have found: odd times, epochs, offsets and codecs; unknown isolation."""

from typing import Any

import crc32c

from differ.batches import LONG_AGO, batch
from differ.talk import Connection, Talk, Topic
from kpybroker.wire.declare import Versions

API = "Produce"
VERSIONS = Versions(13, 13)
MUCH = 2**20
LATER = 9_000_000_000_000
NO_LIMIT = {"message.timestamp.after.max.ms": str(2**63 - 1)}


def _write(talk: Connection, topic: Topic, *records: bytes, at: int = 9) -> Any:
    """One batch for each partition, from 0 on."""
    data = [{"index": index, "records": each} for index, each in enumerate(records)]
    topics = [{"name": topic.name, "topic_id": topic.id, "partition_data": data}]
    return talk.ask("Produce", at=at, acks=-1, timeout_ms=10_000, topic_data=topics)


def _asked(*parts: tuple[Topic, int, int, int], **more: Any) -> dict[str, Any]:
    """A Fetch of (topic, partition, offset, limit)."""
    topics = [
        {
            "topic": topic.name,
            "topic_id": topic.id,
            "partitions": [{"partition": index, "fetch_offset": offset, "partition_max_bytes": limit}],
        }
        for topic, index, offset, limit in parts
    ]
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": topics} | more


def _read(talk: Connection, topic: Topic, offset: int = 0, at: int = 12) -> None:
    talk.ask("Fetch", at=at, **_asked((topic, 0, offset, MUCH)))


def _find(talk: Connection, topic: Topic, *times: int, at: int = 7, **more: Any) -> None:
    for time in times:
        asked = [{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": time}]}]
        talk.ask("ListOffsets", at=at, topics=asked, **{"replica_id": -1} | more)


def _changed(data: bytes, at: int, value: int) -> bytes:
    """One byte behind the checksum has another value, and the checksum is right."""
    changed = bytearray(data)
    changed[at] = value
    changed[17:21] = crc32c.crc32c(bytes(changed[21:])).to_bytes(4, "big")
    return bytes(changed)


def times_before_any(talk: Talk) -> None:
    """A time below -1 is no time, but it is kept; the largest of a batch is never below -1."""
    topic = talk.topic(configs=NO_LIMIT)
    for times in ([-2], [-2, -1], [-5, LONG_AGO], [-2, -3]):
        _write(talk, topic, batch(*[b"a"] * len(times), times=times))
    _write(talk, topic, batch(b"a", times=[-2], codec="gzip"))
    _read(talk, topic)
    _find(talk, topic, -3, 0, LONG_AGO)


def too_old_beside_none(talk: Talk) -> None:
    """Where old times are refused a record without a time does not hide one that is too old; -2 is too old, -1 none."""
    topic = talk.topic(configs={"message.timestamp.before.max.ms": "1000"} | NO_LIMIT)
    for times in ([-1], [-2], [-1, LONG_AGO], [LONG_AGO, -1, -1], [-1, -1]):
        _write(talk, topic, batch(*[b"a"] * len(times), times=times))


def what_cannot_be_rewritten(talk: Talk) -> None:
    """A batch for another codec is made anew: that takes a producer's epoch, and times that are times."""
    talk.leave_open("batch_length", because="compressors of one codec need not write the same bytes")
    topic = talk.topic(configs={"compression.type": "gzip"} | NO_LIMIT)
    for codec in ("none", "gzip"):
        _write(talk, topic, batch(b"a", producer=(4_000_011, -1, 0), codec=codec))
        _write(talk, topic, batch(b"a", times=[-2], codec=codec))
        _write(talk, topic, batch(b"a", b"b", times=[LONG_AGO, -2], codec=codec))
        _write(talk, topic, batch(b"a", b"b", times=[-1, -1], codec=codec))
    _read(talk, topic)


def rewritten_and_repeated(talk: Talk) -> None:
    """A repeated batch is looked at as any other, before it is known again: here it grows too large."""
    topic = talk.topic(configs={"compression.type": "uncompressed", "max.message.bytes": "500"})
    _write(talk, topic, batch(b"x", producer=(4_000_012, 0, 0), codec="gzip"))
    _write(talk, topic, batch(b"x" * 2000, producer=(4_000_012, 0, 0), codec="gzip"))
    _write(talk, topic, batch(b"x" * 2000, producer=(4_000_012, 0, 7), codec="gzip"))
    _write(talk, topic, batch(b"y", producer=(4_000_012, 0, 0), codec="gzip"))


def after_no_epoch(talk: Talk) -> None:
    """Behind a batch of epoch -1 any sequence will do, of any epoch."""
    topic = talk.topic()
    for epoch, sequence in ((-1, 2**31 - 1), (-1, 7), (1, 4), (1, 9), (1, 5), (-1, 6)):
        _write(talk, topic, batch(b"a", producer=(4_000_013, epoch, sequence)))
    talk.ask("DescribeProducers", at=0, topics=[{"name": topic.name, "partition_indexes": [0]}])


def offsets_within(talk: Talk) -> None:
    """An uncompressed record may claim any offset within its batch, and is stored so; a compressed one not."""
    topic = talk.topic()
    _write(talk, topic, _changed(batch(b"a"), 64, 8))
    _write(talk, topic, _changed(batch(b"a", b"b", time=LONG_AGO + 10), 64, 2))
    _read(talk, topic)
    _find(talk, topic, LONG_AGO, LONG_AGO + 10, LONG_AGO + 11, -3)


def codecs_nobody_knows(talk: Talk) -> None:
    """Where zstd is still looked for, a codec that nobody knows fails the whole request; later its partition alone."""
    topic = talk.topic(partitions=2)
    for at in (6, 7):
        for attributes in (4, 5, 7):
            _write(talk, topic, batch(b"a"), batch(b"b", attributes=attributes), at=at)
    nowhere = Topic(talk.name_of("nowhere"), bytes(16))
    _write(talk, nowhere, batch(b"a", attributes=7), at=6)
    _write(talk, topic, batch(b"a", codec="zstd") + b"behind it", at=6)
    _write(talk, topic, batch(b"a", codec="zstd", length=50), at=6)
    _read(talk, topic)


def refused_after_making_room(talk: Talk) -> None:
    """A batch that does not fit into the segment begins another, also if its sequence is then refused or repeated."""
    late, large = talk.topic("late", configs=NO_LIMIT), talk.topic("large", configs={"segment.bytes": str(MUCH)})
    _write(talk, late, batch(b"a", producer=(4_000_014, 0, 0)))
    _write(talk, late, batch(b"b", producer=(4_000_014, 0, 9), time=LATER))
    _write(talk, late, batch(b"b", producer=(4_000_014, 0, 1)))
    whole = batch(b"x" * 600_000, producer=(4_000_014, 0, 0))
    _write(talk, large, whole)
    _write(talk, large, whole)
    _write(talk, large, batch(b"b"))
    for topic in (late, large):
        _read(talk, topic)
        _read(talk, topic, 1)


def no_look_at_transactions(talk: Talk) -> None:
    """Readers of committed records: null in place of aborted transactions where a first batch does not fit, or the
    reader's epoch is another; none where no bytes are left."""
    topic, other = talk.topic(), talk.topic("other")
    talk.produce(topic, b"a")
    talk.produce(other, b"b" * 500)
    for limit in (300, 69, 1, 0):
        talk.ask("Fetch", at=12, **_asked((topic, 0, 0, MUCH), (other, 0, 0, limit), isolation_level=1))
    talk.ask("Fetch", at=12, **_asked((topic, 0, 0, MUCH), (other, 0, 1, 300), isolation_level=1))
    for epoch in (0, 1):
        asked = _asked((topic, 0, 1, MUCH), isolation_level=1)
        asked["topics"][0]["partitions"][0]["last_fetched_epoch"] = epoch
        talk.ask("Fetch", at=12, **asked)


def isolation_nobody_knows(talk: Talk) -> None:
    """An unknown isolation level is found when there is something to read: errors of sessions and topics go before."""
    topic, nowhere = talk.topic(), Topic(talk.name_of("nowhere"), b"unknown topic id")
    for at in (10, 16):
        talk.ask("Fetch", at=at, **_asked((nowhere, 0, 0, MUCH), isolation_level=2))
        talk.ask("Fetch", at=at, **_asked((topic, 7, 0, MUCH), isolation_level=-1, session_epoch=0))
        talk.ask("Fetch", at=at, **_asked((topic, 0, 0, MUCH), isolation_level=2, session_id=77, session_epoch=1))
        talk.ask("Fetch", at=at, **_asked((topic, 0, 0, MUCH), isolation_level=2, session_epoch=0))
        talk.ask("Fetch", at=at, **_asked((nowhere, 0, 0, MUCH), (topic, 0, 0, MUCH), isolation_level=2))


def isolation_in_a_session(talk: Talk) -> None:
    """A request that fails so has gone on with its session."""
    topic = talk.topic()
    number = talk.ask("Fetch", at=12, **_asked((topic, 0, 0, MUCH), session_epoch=0)).session_id
    talk.ask("Fetch", at=12, **_asked(session_id=number, session_epoch=1, isolation_level=2))
    talk.ask("Fetch", at=12, **_asked(session_id=number, session_epoch=1))
    talk.ask("Fetch", at=12, **_asked(session_id=number, session_epoch=2))
    talk.ask_quietly("Fetch", at=12, **_asked(session_id=number, session_epoch=-1))


def isolation_of_offsets(talk: Talk) -> None:
    """An unknown isolation level in ListOffsets, with a timestamp of later versions, of a replica, asked for twice."""
    topic = talk.topic()
    _find(talk, topic, -1, -3, -9, at=5, isolation_level=2)
    _find(talk, topic, -1, -3, at=5, isolation_level=2, replica_id=-2)
    asked = [{"name": topic.name, "partitions": [{"partition_index": i, "timestamp": -1} for i in (0, 7)]}]
    talk.ask("ListOffsets", at=9, replica_id=-1, isolation_level=3, topics=asked)
    talk.ask("ListOffsets", at=9, replica_id=-1, isolation_level=3, topics=[])


def waits_for_what_a_partition_may_give(talk: Talk) -> None:
    """While a reader waits, a partition counts for what it may give: a first batch beyond that does not end it."""
    topic = talk.topic()
    reader = talk.connect("reader")
    reader.send("Fetch", at=12, **_asked((topic, 0, 0, 10), max_wait_ms=400, min_bytes=50))
    talk.let_others_go_first()
    for _ in range(2):
        talk.produce(topic, b"a")
        talk.let_others_go_first()
    reader.answer()


def unknown_to_a_follower(talk: Talk) -> None:
    """A follower is told of what nobody knows in the order of its request, a consumer of ids first."""
    topic, nowhere = talk.topic(), Topic("", b"unknown topic id")
    for replica in (-1, 5):
        who = {"replica_state": {"replica_id": replica, "replica_epoch": -1}}
        talk.ask("Fetch", at=16, **_asked((topic, 7, 0, MUCH), (nowhere, 0, 0, MUCH), **who))


def old_readers_of_odd_times(talk: Talk) -> None:
    """A time below -1 cannot be told to a reader of before Kafka 0.11, and fails its whole request."""
    topic, other = talk.topic(configs=NO_LIMIT), talk.topic("other")
    _write(talk, topic, batch(b"a", times=[-2]))
    talk.produce(other, b"b")
    for at in (2, 3):
        talk.ask("Fetch", at=at, **_asked((other, 0, 0, MUCH), (topic, 0, 0, MUCH)))


def no_id_before_another(talk: Talk) -> None:
    """A topic id of zeros fails the whole request if another topic stands behind it in the answer."""
    topic, no_id = talk.topic(), Topic("", bytes(16))
    talk.produce(topic, b"a")
    for parts in (
        ((no_id, 0, 0, MUCH),),
        ((topic, 0, 0, MUCH), (no_id, 0, 0, MUCH)),
        ((no_id, 0, 0, MUCH), (no_id, 1, 0, MUCH)),
        ((no_id, 0, 0, MUCH), (Topic("", b"unknown topic id"), 0, 0, MUCH)),
    ):
        for epoch in (-1, 0):
            answer = talk.ask("Fetch", at=13, **_asked(*parts, session_epoch=epoch))
            if answer.session_id:
                end = _asked(session_id=answer.session_id, session_epoch=-1)
                talk.ask_quietly("Fetch", at=13, **end)

"""Produce before version 3: message sets of magic 0 and 1, right and broken, and what is stored of them."""

from typing import Any

from differ.batches import LONG_AGO, Row, batch, message, message_set
from differ.talk import Talk, Topic
from kpybroker.wire.declare import Versions

API = "Produce"
VERSIONS = Versions(0, 2)
ROWS = (Row(b"a"), Row(None, b"k"), Row(b"", b""), Row(b"v" * 40, b"key"))
MUCH = 2**20
HOUR = {"message.timestamp.after.max.ms": "3600000"}  # what is the default from 4.0 on


def _ask(talk: Talk, topic: Topic, *records: bytes, acks: int = -1) -> None:
    for each in records:
        data = {"name": topic.name, "partition_data": [{"index": 0, "records": each}]}
        talk.ask(acks=acks, timeout_ms=10_000, topic_data=[data])


def _read(talk: Talk, topic: Topic, *ats: int) -> None:
    """What was stored."""
    partition = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": MUCH}
    request: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH}
    for at in ats or (4,):
        talk.ask("Fetch", at=at, **request, topics=[{"topic": topic.name, "partitions": [partition]}])


def _packed(inner: bytes, *, magic: int = 1, **outer: int) -> bytes:
    """One message around these bytes, which are not compressed whatever its attributes say."""
    return message(inner, magic=magic, **outer)


def plain(talk: Talk) -> None:
    """Several messages without compression are one batch."""
    topic = talk.topic()
    for magic in (0, 1):
        _ask(talk, topic, message_set(*ROWS, magic=magic), message_set(b"one", magic=magic))
    _read(talk, topic)


def compressed(talk: Talk) -> None:
    """Each codec; zstd is younger than message sets."""
    topic = talk.topic()
    for magic in (0, 1):
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            _ask(talk, topic, message_set(*ROWS, magic=magic, codec=codec))
    _read(talk, topic)


def several_sets(talk: Talk) -> None:
    """One set after the other in one field: only where none is compressed."""
    topic = talk.topic()
    for magic in (0, 1):
        one, packed = message_set(b"a", b"b", magic=magic), message_set(b"c", b"d", magic=magic, codec="gzip")
        _ask(talk, topic, one + one, packed + packed, one + packed, packed + one)
    _read(talk, topic)


def mixed_formats(talk: Talk) -> None:
    """Formats in one field are all the same."""
    topic = talk.topic()
    old, newer, batched = message_set(b"a", magic=0), message_set(b"a", magic=1), batch(b"a")
    _ask(talk, topic, old + newer, newer + old, old + batched, newer + batched, batched + old, batched + newer)
    _read(talk, topic)


def batches(talk: Talk) -> None:
    """A batch in an old request: one is taken, of any codec, two are not."""
    topic = talk.topic()
    one = batch(b"a", b"b")
    _ask(talk, topic, one, one + one, batch(b"c", codec="zstd"), batch(b"d", codec="gzip"), one + one[:-1])
    _ask(talk, topic, batch(b"a", base_offset=7), batch(b"a", attributes=32), batch(b"a", crc=1), batch(b"a", count=2))
    _read(talk, topic)


def transactional_batch(talk: Talk) -> None:
    """An old request has no transactional id."""
    topic = talk.topic()
    _ask(talk, topic, batch(b"a", producer=(5_000_000, 0, 0), attributes=16))


def nothing_whole(talk: Talk) -> None:
    """No bytes, or fewer than a message has, are no error; a torn message at the end is left out."""
    topic = talk.topic()
    for magic in (0, 1):
        one = message(b"a", magic=magic)
        _ask(talk, topic, b"", one[:5], one[:12], one[:16], one[:17], one[:-1], one + one[:10], one + one[:-1])
    _read(talk, topic)


def broken_messages(talk: Talk) -> None:
    """Wrong checksums, lengths that lie, magic that nobody knows."""
    topic = talk.topic()
    for magic in (0, 1):
        _ask(talk, topic, message(b"a", magic=magic, crc=1))
        for length in (-1, 0, 13, 14, 1000):
            _ask(talk, topic, message(b"a", magic=magic, length=length))
        for size in (-2, 0, 5, 1000, 2**31 - 1):
            _ask(talk, topic, message(Row(b"vvv", b"kkk"), magic=magic, key_length=size))
            _ask(talk, topic, message(Row(b"vvv", b"kkk"), magic=magic, value_length=size))
    _ask(talk, topic, message(b"a", magic=3), message(b"a", magic=-1), message(b"a", magic=127))
    _read(talk, topic)


def a_broken_one_among_others(talk: Talk) -> None:
    """None is taken."""
    topic = talk.topic()
    good, bad = message(b"a"), message(b"b", crc=1)
    _ask(talk, topic, good + bad, bad + good, good + message(b"c", length=13), good + message(b"c", magic=5))
    _read(talk, topic)


def broken_inside(talk: Talk) -> None:
    """What is wrong inside a compressed message."""
    topic = talk.topic()
    for magic in (0, 1):
        good, other = message(b"a", magic=magic), message(b"a", magic=1 - magic)
        for inner in (
            good + message(b"b", magic=magic, crc=1),
            message(b"b", magic=magic, crc=1),
            good + good[:-1],
            good[:-1],
            b"",
            good + message(b"b", magic=magic, length=13),
            good + message(b"b", magic=magic, length=1000)[:14],
            other,
            good + other,
            message(message_set(b"x", magic=magic, codec="gzip"), magic=magic, attributes=1),
            message(b"b", magic=magic, attributes=2),
            message(b"b", magic=magic, attributes=6),
            message(b"b", magic=magic, key_length=1000),
            good + message(b"b", magic=2),
        ):
            _ask(talk, topic, _compressed(inner, magic))
    _read(talk, topic)


def _compressed(inner: bytes, magic: int) -> bytes:
    """These bytes inside a gzip message."""
    made = message_set(b"", magic=magic, codec="gzip", inner=inner)
    assert made[16] == magic
    return made


def broken_compression(talk: Talk) -> None:
    """Compressed, as they say, but they are not; codecs that are none; no value at all."""
    topic = talk.topic()
    for magic in (0, 1):
        inner = message(b"a", magic=magic)
        for codec in (1, 2, 3, 4, 5, 6, 7):
            _ask(talk, topic, _packed(inner, magic=magic, attributes=codec))
            _ask(talk, topic, message(Row(None), magic=magic, attributes=codec))
            _ask(talk, topic, message(b"", magic=magic, attributes=codec))
    _read(talk, topic)


def lz4_header(talk: Talk) -> None:
    """The header's checksum is wrong in magic 0 by tradition, right in magic 1 (KAFKA-3160); or it is any number."""
    topic = talk.topic()
    for magic in (0, 1):
        good = message_set(b"a", magic=magic, codec="lz4")
        at = good.index(b"\x04\x22\x4d\x18") + 6
        for checksum in (0x82, 0x1A, 0x00):
            value = good[at - 6 : at] + bytes([checksum]) + good[at + 1 :]
            _ask(talk, topic, message(value, magic=magic, attributes=3))
    _read(talk, topic)


def offsets_inside(talk: Talk) -> None:
    """The offsets that a producer gives: any; but of magic 1 the outer one is 0 or not below the last inner one."""
    topic = talk.topic()
    for magic in (0, 1):
        for offsets in ((0, 1, 2), (0, 0, 0), (7, 8, 9), (2, 1, 0), (-1, -1, -1)):
            _ask(talk, topic, message_set(b"a", b"b", b"c", magic=magic, offsets=offsets))
            for outer in (0, 2, 100, -1):
                rows = (b"a", b"b", b"c")
                _ask(talk, topic, message_set(*rows, magic=magic, offsets=offsets, codec="gzip", offset=outer))
    _read(talk, topic)


def timestamps(talk: Talk) -> None:
    """None at all, one below, far in the future; the outer time does not matter."""
    topic = talk.topic(configs=HOUR)
    for codec in ("none", "gzip"):
        for times in (
            (-1, -1),
            (-2, LONG_AGO),
            (LONG_AGO, -5),
            (LONG_AGO, 9_000_000_000_000),
            (LONG_AGO + 9, LONG_AGO),
        ):
            _ask(talk, topic, message_set(b"a", b"b", times=times, codec=codec))
    _ask(talk, topic, message(b"a", magic=0, time=5))
    _ask(talk, topic, message_set(b"a", b"b", codec="gzip", outer_time=9_000_000_000_000))
    _read(talk, topic, 4, 2)


def time_window(talk: Talk) -> None:
    """Older than the topic takes; without a time there is nothing to refuse."""
    topic = talk.topic(configs={"message.timestamp.before.max.ms": "3600000"})
    for codec in ("none", "gzip"):
        _ask(talk, topic, message_set(b"a", magic=0, codec=codec), message_set(b"a", codec=codec))
        _ask(talk, topic, message_set(b"a", times=(-1,), codec=codec))
    _read(talk, topic)


def log_append_time(talk: Talk) -> None:
    """The broker's time, and the answer of version 2 says so."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    for magic in (0, 1):
        _ask(talk, topic, message_set(*ROWS, magic=magic), message_set(*ROWS, magic=magic, codec="gzip"))
    _ask(talk, topic, message_set(b"a", times=(9_000_000_000_000,)), message_set(b"a", times=(-2,)))
    _read(talk, topic)


def claims_log_append_time(talk: Talk) -> None:
    """A producer that sets what only a broker sets."""
    for kind in ("CreateTime", "LogAppendTime"):
        topic = talk.topic(kind, configs={"message.timestamp.type": kind})
        _ask(talk, topic, message(b"a", attributes=8), message(b"a", attributes=8, time=-1))
        _ask(talk, topic, message(b"a", magic=0, attributes=8))
        for magic in (0, 1):
            _ask(talk, topic, message_set(b"a", b"b", magic=magic, codec="gzip", attributes=9))
            _ask(talk, topic, message_set(b"a", b"b", magic=magic, codec="gzip", attributes=9, outer_time=-1))
        _read(talk, topic)


def odd_attributes(talk: Talk) -> None:
    """Bits that mean nothing in a message."""
    topic = talk.topic()
    for magic in (0, 1):
        for attributes in (16, 32, 64, -128):
            _ask(talk, topic, message(b"a", magic=magic, attributes=attributes))
        _ask(talk, topic, message_set(b"a", magic=magic, codec="gzip", attributes=0x71))
    _read(talk, topic)


def too_large(talk: Talk) -> None:
    """Each message may be so large, and the batch that they come to."""
    topic = talk.topic(configs={"max.message.bytes": "200"})
    for magic in (0, 1):
        _ask(talk, topic, message_set(b"x" * 180, magic=magic), message_set(b"x" * 120, magic=magic))
        _ask(talk, topic, message_set(b"x" * 100, b"y" * 100, magic=magic), message_set(*[b"x"] * 20, magic=magic))
        _ask(talk, topic, message_set(b"x" * 5000, magic=magic, codec="gzip"))
        _ask(talk, topic, message_set(b"a", b"x" * 300, magic=magic), message(b"x" * 300, magic=magic, crc=1))
    _read(talk, topic)


def compacted_without_key(talk: Talk) -> None:
    """A compacted topic needs keys, and takes null values with them."""
    topic = talk.topic(configs={"cleanup.policy": "compact"} | HOUR)
    for magic in (0, 1):
        for codec in ("none", "gzip"):
            _ask(talk, topic, message_set(Row(b"a", b"k"), Row(b"b"), magic=magic, codec=codec))
            _ask(talk, topic, message_set(Row(b"a", b"k"), Row(None, b"k"), magic=magic, codec=codec))
    wrong = message_set(Row(b"a"), Row(b"b", b"k"), times=(LONG_AGO, 9_000_000_000_000), codec="gzip")
    _ask(talk, topic, wrong)
    _read(talk, topic)


def broker_compresses(talk: Talk) -> None:
    """The topic's codec, whatever the message's was."""
    talk.leave_open("batch_length", because="what zstd makes of the same records is not as long in every library")
    for target in ("uncompressed", "gzip", "snappy", "lz4", "zstd"):
        topic = talk.topic(target, configs={"compression.type": target})
        for magic in (0, 1):
            for codec in ("none", "gzip", "lz4"):
                _ask(talk, topic, message_set(*ROWS, magic=magic, codec=codec))
        _read(talk, topic, 10)


def acks(talk: Talk) -> None:
    """By the leader, by all, by nobody; acks that mean nothing."""
    topic = talk.topic()
    for number in (1, -1, 2, -2):
        _ask(talk, topic, message_set(b"a", b"b"), acks=number)
    data = {"name": topic.name, "partition_data": [{"index": 0, "records": message_set(b"c")}]}
    talk.tell(acks=0, timeout_ms=10_000, topic_data=[data])
    talk.ask("Metadata", topics=[], at=4)
    _read(talk, topic)


def broken_and_not_acknowledged(talk: Talk) -> None:
    """Nobody waits for an answer: an error ends the connection."""
    topic = talk.topic()
    data = {"name": topic.name, "partition_data": [{"index": 0, "records": message(b"a", crc=1)}]}
    talk.tell(acks=0, timeout_ms=10_000, topic_data=[data])
    talk.ask("Metadata", topics=[], at=4)


def several_partitions(talk: Talk) -> None:
    """Each partition has an answer of its own: taken, refused, not there."""
    topic, other = talk.topic(partitions=2), talk.topic("other")
    parts = [message_set(b"a", b"b"), message(b"a", crc=1), message_set(b"a", magic=0)]
    data = [
        {"name": topic.name, "partition_data": [{"index": i, "records": part} for i, part in enumerate(parts)]},
        {"name": other.name, "partition_data": [{"index": 0, "records": parts[2]}]},
        {"name": talk.name_of("missing"), "partition_data": [{"index": 0, "records": parts[0]}]},
    ]
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=data)


def rotten_among_others(talk: Talk) -> None:
    """Where one partition's bytes cannot be divided, Apache Kafka refuses all; what is wrong otherwise is one's own."""
    topic = talk.topic(partitions=3)
    good = message_set(b"a")
    bad = [message(b"x", length=13), message(b"x", magic=5), message(b"x", crc=1), batch(b"x", length=30)]
    for each in (*bad, *(good + one for one in bad), bytes(12), good[:-1]):
        parts = [{"index": index, "records": records} for index, records in enumerate((good, each, good))]
        talk.ask(acks=-1, timeout_ms=10_000, topic_data=[{"name": topic.name, "partition_data": parts}])


def many(talk: Talk) -> None:
    """More than one block of a codec, more records than are walked."""
    topic = talk.topic()
    rows = [Row(b"value-%d " % i * 70, b"%d" % i) for i in range(300)]
    for codec in ("none", "gzip", "snappy", "lz4"):
        _ask(talk, topic, message_set(*rows, codec=codec))
    _read(talk, topic, 4)

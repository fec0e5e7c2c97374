"""Fetch before version 4: what is stored as batches comes as message sets of magic 0 and 1, in as many bytes."""

from typing import Any

from differ.batches import LONG_AGO, Row, batch, message_set
from differ.talk import Talk, Topic, versions
from kpybroker.wire.declare import Versions

API = "Fetch"
VERSIONS = Versions(0, 3)
MUCH = 2**20
ROWS = (Row(b"a"), Row(None, b"k"), Row(b"", b""), Row(b"v", b"k", (("h", b"1"), ("h", None))))


def _ask(talk: Talk, topic: Topic, *offsets: int, limit: int = MUCH, **more: Any) -> None:
    request: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH} | more
    for offset in offsets or (0,):
        partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": limit}
        talk.ask(**request, topics=[{"topic": topic.name, "partitions": [partition]}])


def _noise(size: int) -> bytes:
    """Bytes that no codec makes smaller."""
    value, made = 1, bytearray()
    while len(made) < size:
        value = value * 6364136223846793005 + 1442695040888963407 & 2**64 - 1
        made += value.to_bytes(8, "big")
    return bytes(made[:size])


def plain(talk: Talk) -> None:
    """Each record is a message; headers are lost; nothing comes that is before the offset."""
    topic = talk.topic()
    talk.produce(topic, *ROWS)
    talk.produce(topic, b"e", b"f")
    _ask(talk, topic, 0, 1, 3, 4, 5, 6, 7)


def compressed(talk: Talk) -> None:
    """A compressed batch is a compressed message, whole from wherever one asks; lz4 has its wrong header in magic 0."""
    for codec in ("gzip", "snappy", "lz4"):
        topic = talk.topic(codec)
        talk.produce(topic, data=batch(*ROWS, codec=codec))
        talk.produce(topic, data=batch(*ROWS, codec=codec))
        _ask(talk, topic, 0, 3, 4, 6)


def one_after_another(talk: Talk) -> None:
    """Codecs in turns: the first set comes whole, and what does not fit is cut."""
    topic = talk.topic()
    for codec in ("none", "gzip", "none", "snappy", "lz4", "none"):
        talk.produce(topic, data=batch(*ROWS, codec=codec))
    _ask(talk, topic, 0, 4, 8, 12, 16, 20, 23)


def larger_than_stored(talk: Talk) -> None:
    """Many small records take more room as messages: the first batch's come all, later ones are cut."""
    topic = talk.topic()
    for _ in range(3):
        talk.produce(topic, *[b"%d" % i for i in range(40)])
    _ask(talk, topic, 0, 39, 80, 119)
    for limit in (300, 320, 400):
        _ask(talk, topic, 20, limit=limit)


def smaller_than_stored(talk: Talk) -> None:
    """What room is left holds a message without an end."""
    topic = talk.topic()
    for length in (0, 1, 100, 1000):
        talk.produce(topic, Row(b"v", None, (("header", b"h" * length),)))
    _ask(talk, topic, 0, 1, 2, 3)


def partition_limit(talk: Talk) -> None:
    """Before version 3 the first batch comes only where it fits, later whatever the limit is (KIP-74)."""
    topic = talk.topic()
    for value in (b"a", b"b" * 100, b"c"):
        talk.produce(topic, value)
    for limit in (0, 1, 11, 12, 17, 68, 69, 70, 100, 140, 1000, -1):
        _ask(talk, topic, 0, 1, limit=limit)


def a_limit_and_a_wait(talk: Talk) -> None:
    """A first batch that does not fit is an answer all the same: nobody waits for more."""
    topic = talk.topic()
    talk.produce(topic, b"a" * 100)
    _ask(talk, topic, 0, 1, limit=50, max_wait_ms=10, min_bytes=10)
    _ask(talk, topic, 0, max_wait_ms=10, min_bytes=1000)


@versions("3")
def request_limit(talk: Talk) -> None:
    """Version 3 limits the whole request."""
    topic = talk.topic()
    for value in (b"a", b"b"):
        talk.produce(topic, value)
    for limit in (0, 69, 100, 140):
        _ask(talk, topic, 0, max_bytes=limit)


def several_partitions(talk: Talk) -> None:
    """Each partition has a limit of its own; one is empty, one is not there."""
    topic = talk.topic(partitions=3)
    for partition in (0, 1):
        talk.produce(topic, b"a" * 50, b"b", partition=partition)
    asked = [
        {"partition": i, "fetch_offset": 0, "partition_max_bytes": limit} for i, limit in enumerate((60, MUCH, 9, 9))
    ]
    talk.ask(max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=[{"topic": topic.name, "partitions": asked}])


def log_append_time(talk: Talk) -> None:
    """Where the broker's time counts, magic 1 says so in every message, and outside."""
    talk.leave_open("cut_off_bytes", because="some moments are packed into fewer bytes than others")
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    for codec in ("none", "gzip"):
        talk.produce(topic, data=batch(b"a", b"b", codec=codec))
    _ask(talk, topic, 0, 2)


def timestamps(talk: Talk) -> None:
    """Times that fall, and none at all; a compressed message has the largest."""
    topic = talk.topic()
    for codec in ("none", "gzip"):
        for times in ((LONG_AGO + 9, LONG_AGO, LONG_AGO + 5), (-1, -1, -1), (LONG_AGO, -1, -1)):
            talk.produce(topic, data=batch(b"a", b"b", b"c", times=times, codec=codec))
    _ask(talk, topic, *range(0, 18, 3))


def zstd(talk: Talk) -> None:
    """zstd is younger: an error where it comes first, else the answer ends before it."""
    topic = talk.topic()
    for codec in ("none", "gzip", "zstd", "none"):
        talk.produce(topic, data=batch(b"a", b"b", codec=codec))
    _ask(talk, topic, 0, 2, 4, 5, 6)


def zstd_far_behind(talk: Talk) -> None:
    """Batches are converted in stretches of 128 KiB: of one with zstd in it nothing comes."""
    topic = talk.topic()
    for size in (10, 50_000, 50_000, 50_000, 10):
        talk.produce(topic, _noise(size))
    talk.produce(topic, data=batch(b"z", codec="zstd"))
    _ask(talk, topic, 0, 1, 3, 4, 5)


def more_than_a_stretch(talk: Talk) -> None:
    """Half a megabyte, plain and compressed."""
    topic = talk.topic()
    for size in (1000, 150_000, 1000, 100_000, 100_000):
        talk.produce(topic, _noise(size))
        talk.produce(topic, data=batch(_noise(size // 2), codec="gzip"))
    _ask(talk, topic, 0, 1, 4)


def idempotent(talk: Talk) -> None:
    """Producer ids are lost on the way."""
    topic = talk.topic()
    producer = talk.ask_quietly("InitProducerId", at=0, transactional_id=None, transaction_timeout_ms=1000)
    talk.produce(topic, data=batch(b"a", b"b", producer=(producer.producer_id, 0, 0)))
    _ask(talk, topic, 0, 1)


def out_of_range(talk: Talk) -> None:
    """Before the start and after the end, with and without a wait."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    _ask(talk, topic, -1, 2, 100)
    _ask(talk, topic, -1, 2, limit=0, max_wait_ms=10)


def from_old_to_old(talk: Talk) -> None:
    """What came as message sets goes as message sets."""
    topic = talk.topic()
    for magic in (0, 1):
        for codec in ("none", "gzip", "snappy", "lz4"):
            part = {"index": 0, "records": message_set(*ROWS, magic=magic, codec=codec)}
            data = [{"name": topic.name, "partition_data": [part]}]
            talk.ask("Produce", at=2, acks=-1, timeout_ms=10_000, topic_data=data)
    _ask(talk, topic, *range(0, 32, 4))

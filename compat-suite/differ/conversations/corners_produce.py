"""Corners of Produce: acks of all kinds, batches that do not fit, records that are wrong one by one, recompression."""

from typing import Any

from differ.batches import LONG_AGO, Row, batch
from differ.talk import Connection, Talk, Topic
from kpybroker.wire.declare import Versions

API = "Produce"
VERSIONS = Versions(9, 13)
MUCH = 2**20
AN_HOUR = {"message.timestamp.after.max.ms": "3600000"}  # the default since Kafka 4.0
KEYED = Row(b"value", b"key")
BYTES_DIFFER = "compressors of one codec need not write the same bytes"


def _write(topic: Topic, *parts: tuple[int, bytes]) -> dict[str, Any]:
    data = [{"index": index, "records": records} for index, records in parts]
    return {"name": topic.name, "topic_id": topic.id, "partition_data": data}


def _ask(talk: Connection, topic: Topic, records: bytes, *, acks: int = -1, index: int = 0, **more: Any) -> Any:
    return talk.ask(acks=acks, topic_data=[_write(topic, (index, records))], **{"timeout_ms": 10_000} | more)


def _tell(talk: Connection, topic: Topic, records: bytes, index: int = 0) -> None:
    talk.tell(acks=0, timeout_ms=10_000, topic_data=[_write(topic, (index, records))])


def _read(talk: Connection, topic: Topic, offset: int = 0) -> None:
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH}
    asked = [{"topic": topic.name, "topic_id": topic.id, "partitions": [part]}]
    talk.ask("Fetch", at=12, max_wait_ms=0, min_bytes=1, max_bytes=MUCH, topics=asked)


def unacknowledged_errors(talk: Talk) -> None:
    """With acks=0 whatever is wrong with a batch, or where it goes, ends the connection; nothing is answered."""
    topic = talk.topic(configs={"max.message.bytes": "200"} | AN_HOUR)
    wrong = {
        "corrupt": batch(b"a", crc=1),
        "too large": batch(b"x" * 300),
        "two": batch(b"a") + batch(b"b"),
        "count": batch(b"a", count=2),
        "early": batch(b"a", time=9_000_000_000_000),
        "nothing": b"",
    }
    for name, records in wrong.items():
        client = talk.connect(name)
        _tell(client, topic, records)
        client.ask("Metadata", at=4, topics=[])
    beyond = talk.connect("beyond")
    _tell(beyond, topic, batch(b"a"), index=7)
    beyond.ask("Metadata", at=4, topics=[])
    _read(talk, topic)


def unacknowledged_in_part(talk: Talk) -> None:
    """With acks=0 one partition in error ends the connection; what the others were sent is in the log."""
    topic = talk.topic(partitions=2)
    client = talk.connect("client")
    client.tell(acks=0, timeout_ms=10_000, topic_data=[_write(topic, (0, batch(b"a")), (5, batch(b"b")))])
    client.ask("Metadata", at=4, topics=[])
    _read(talk, topic)


def unacknowledged_then_more(talk: Talk) -> None:
    """What stands behind an acks=0 request in error is not answered; behind one that is right it is, in order."""
    topic = talk.topic()
    client = talk.connect("client")
    _tell(client, topic, batch(b"a"))
    client.send("Metadata", at=4, topics=[])
    client.send("Metadata", at=5, topics=[])
    client.answer()
    client.answer()
    _tell(client, topic, batch(b"b", crc=1))
    client.send("Metadata", at=4, topics=[])
    client.answer()
    _read(talk, topic)


def unacknowledged_nothing(talk: Talk) -> None:
    """acks=0 with no topics, and with a topic without partitions: no answer, and no reason to close."""
    topic = talk.topic()
    talk.tell(acks=0, timeout_ms=10_000, topic_data=[])
    talk.tell(acks=0, timeout_ms=10_000, topic_data=[_write(topic)])
    talk.ask("Metadata", at=4, topics=[])


def unacknowledged_and_repeated(talk: Talk) -> None:
    """acks=0 and an idempotent producer: a repeated batch is no error, a gap is."""
    topic = talk.topic()
    client = talk.connect("client")
    for sequence in (0, 0, 1):
        _tell(client, topic, batch(b"a", producer=(4_000_001, 0, sequence)))
    client.ask("Metadata", at=4, topics=[])
    _tell(client, topic, batch(b"a", producer=(4_000_001, 0, 9)))
    client.ask("Metadata", at=4, topics=[])
    _read(talk, topic)


def acks_of_two(talk: Talk) -> None:
    """acks=2 is refused for each partition before anything else is looked at, and nothing is written."""
    topic, other = talk.topic(partitions=2), talk.topic("other")
    missing = Topic(talk.name_of("missing"), b"unknown topic id")
    data = [
        _write(topic, (0, batch(b"a")), (1, batch(b"a", crc=1)), (7, b"")),
        _write(other, (0, batch(b"b"))),
        _write(missing, (0, batch(b"c"))),
    ]
    talk.ask(acks=2, timeout_ms=10_000, topic_data=data)
    talk.ask(acks=-2, timeout_ms=10_000, topic_data=data[:1])
    talk.ask(acks=32767, timeout_ms=10_000, topic_data=[])
    _read(talk, topic)


def no_time_to_write(talk: Talk) -> None:
    """A timeout of nothing, or less, does not matter where there is nobody to wait for."""
    topic = talk.topic()
    for timeout in (0, -1, 2**31 - 1):
        _ask(talk, topic, batch(b"a"), timeout_ms=timeout)


def more_in_sync_than_replicas(talk: Talk) -> None:
    """min.insync.replicas above the replication factor does not stop producers."""
    topic = talk.topic(configs={"min.insync.replicas": "3"})
    for acks in (-1, 1):
        _ask(talk, topic, batch(b"a"), acks=acks)


def larger_than_a_segment(talk: Talk) -> None:
    """A batch that no segment holds, the largest that one holds, one that begins another."""
    topic = talk.topic(configs={"segment.bytes": str(MUCH), "max.message.bytes": "3000000"})
    for size in (MUCH, MUCH - 71, MUCH - 72, MUCH - 73, 1):
        _ask(talk, topic, batch(b"x" * size))


def just_large_enough(talk: Talk) -> None:
    """max.message.bytes counts the whole batch, its header too, and may be reached."""
    topic = talk.topic(configs={"max.message.bytes": "200"})
    for size in (129, 130, 131, 132):
        _ask(talk, topic, batch(b"x" * size))


def two_batches(talk: Talk) -> None:
    """Two batches for one partition are refused, whatever they are; so are a good one and one that is broken."""
    topic = talk.topic(configs={"max.message.bytes": "300"})
    good, bad = batch(b"a"), batch(b"b", crc=1)
    for records in (good + good, good + bad, bad + good, good + batch(b"x" * 300), good + good[:30], good + good[:5]):
        _ask(talk, topic, records)
    _ask(talk, topic, good)


def keyless_records(talk: Talk) -> None:
    """On a compacted topic each record without a key is named; one is enough to refuse them all."""
    no_key, gone = Row(None), Row(None, b"k")
    for policy in ("compact", "compact,delete"):
        topic = talk.topic(policy.replace(",", "-"), configs={"cleanup.policy": policy})
        for rows in (
            (b"a", KEYED),
            (KEYED, KEYED, b"a"),
            (b"a", b"b", b"c"),
            (KEYED, no_key),
            (KEYED, gone),
        ):
            _ask(talk, topic, batch(*rows))
        _read(talk, topic)


def keyless_in_a_large_batch(talk: Talk) -> None:
    """The record without a key may be far down, and in a batch that is compressed."""
    topic = talk.topic(configs={"cleanup.policy": "compact"})
    rows: list[Row | bytes] = [KEYED] * 99
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        _ask(talk, topic, batch(*rows, b"a", codec=codec))
    _ask(talk, topic, batch(*rows))


def empty_keys(talk: Talk) -> None:
    """An empty key is a key."""
    topic = talk.topic(configs={"cleanup.policy": "compact"})
    _ask(talk, topic, batch(Row(b"a", b""), Row(None, b"")))


def too_old(talk: Talk) -> None:
    """message.timestamp.before.max.ms: each record that is too old is named."""
    topic = talk.topic(configs={"message.timestamp.before.max.ms": "1000"})
    _ask(talk, topic, batch(b"a", b"b", b"c"))
    _ask(talk, topic, batch(b"a", time=-1))


def some_too_new(talk: Talk) -> None:
    """message.timestamp.after.max.ms: only those that are too new are named; a codec does not hide them."""
    topic = talk.topic(configs={"message.timestamp.after.max.ms": "1000"})
    times = [LONG_AGO, 9_000_000_000_000, LONG_AGO + 1, 9_000_000_000_001]
    for codec in ("none", "gzip"):
        _ask(talk, topic, batch(b"a", b"b", b"c", b"d", times=times, codec=codec))


def keyless_and_too_new(talk: Talk) -> None:
    """A record without a key beside one of another time: which error is told."""
    topic = talk.topic(configs={"cleanup.policy": "compact"} | AN_HOUR)
    _ask(talk, topic, batch(b"a", KEYED, times=[LONG_AGO, 9_000_000_000_000]))
    _ask(talk, topic, batch(b"a", b"b", times=[LONG_AGO, 9_000_000_000_000]))


def lying_maximum(talk: Talk) -> None:
    """The largest timestamp in a header is put right, and its checksum with it."""
    topic = talk.topic()
    for maximum in (LONG_AGO + 99, LONG_AGO - 99, -1, 9_000_000_000_000):
        _ask(talk, topic, batch(b"a", b"b", max_timestamp=maximum))
    _read(talk, topic)


def append_time(talk: Talk) -> None:
    """Where the broker's time counts, times of the client's are never too new, and checksums are made anew."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    for records in (
        batch(b"a", b"b", time=9_000_000_000_000),
        batch(b"a", time=-1),
        batch(b"a", b"b", codec="gzip"),
        batch(b"a", b"b", codec="zstd", times=[LONG_AGO + 9, LONG_AGO]),
        batch(b"a", max_timestamp=5),
        batch(b"a", attributes=8),
    ):
        _ask(talk, topic, records)
    _read(talk, topic)


def append_time_repeated(talk: Talk) -> None:
    """A repeated batch is answered with the time at which it was appended."""
    topic = talk.topic(configs={"message.timestamp.type": "LogAppendTime"})
    for _ in range(2):
        _ask(talk, topic, batch(b"a", b"b", producer=(4_000_002, 0, 0)))
    _read(talk, topic)


def recompressed(talk: Talk) -> None:
    """Each codec of a topic with each codec of a batch: what is stored has the topic's, and is the same inside."""
    talk.leave_open("batch_length", because=BYTES_DIFFER)
    rows = (Row(None), Row(b"v" * 300, b"k", (("h", b"1"), ("", None))), Row(b"", b""))
    for kind in ("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"):
        topic = talk.topic(kind, configs={"compression.type": kind})
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            talk.produce(topic, data=batch(*rows, codec=codec, times=[LONG_AGO + 5, LONG_AGO, LONG_AGO + 1]))
        _read(talk, topic)


def recompressed_for_a_producer(talk: Talk) -> None:
    """Recompression keeps the producer's id, epoch and sequences; repeated batches are known again."""
    talk.leave_open("batch_length", because=BYTES_DIFFER)
    topic = talk.topic(configs={"compression.type": "gzip"})
    for sequence in (0, 2, 0, 2, 4):
        _ask(talk, topic, batch(b"a", b"b", producer=(4_000_003, 7, sequence)))
    _read(talk, topic)


def recompressed_with_append_time(talk: Talk) -> None:
    """Both at once: the broker's codec and the broker's time."""
    talk.leave_open("batch_length", because=BYTES_DIFFER)
    topic = talk.topic(configs={"compression.type": "gzip", "message.timestamp.type": "LogAppendTime"})
    _ask(talk, topic, batch(b"a", b"b", times=[LONG_AGO + 5, LONG_AGO]))
    _ask(talk, topic, batch(b"a", b"b", codec="lz4", attributes=3))
    _read(talk, topic)


def grown_by_taking_apart(talk: Talk) -> None:
    """A batch that is small enough as it comes, and too large as it would be stored; and the other way round."""
    plain = talk.topic("plain", configs={"compression.type": "uncompressed", "max.message.bytes": "500"})
    packed = talk.topic("packed", configs={"compression.type": "gzip", "max.message.bytes": "500"})
    _ask(talk, plain, batch(b"x" * 2000, codec="gzip"))
    _ask(talk, plain, batch(b"x" * 100, codec="gzip"))
    _ask(talk, packed, batch(b"x" * 2000))
    _ask(talk, packed, batch(b"x" * 100))


def one_topic_in_two_entries(talk: Talk) -> None:
    """A topic that comes twice in a request, with other partitions and with the same."""
    topic = talk.topic(partitions=2)
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=[_write(topic, (0, batch(b"a"))), _write(topic, (1, batch(b"b")))])
    talk.ask(acks=-1, timeout_ms=10_000, topic_data=[_write(topic, (0, batch(b"c"))), _write(topic, (0, batch(b"d")))])
    _read(talk, topic)


def many_records(talk: Talk) -> None:
    """A thousand records, one of them wrong in its offset, its length, its time."""
    topic = talk.topic()
    rows = [b"%d" % number for number in range(1000)]
    for codec in ("none", "lz4"):
        _ask(talk, topic, batch(*rows, codec=codec))
    _ask(talk, topic, batch(*rows, last_offset_delta=998))
    _ask(talk, topic, batch(*rows, count=1001))
    _ask(talk, topic, batch(*rows, codec="zstd", count=999, last_offset_delta=998))

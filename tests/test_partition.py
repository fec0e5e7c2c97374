"""A partition: batches get their offsets, producers their sequence, readers what is below the high watermark."""

from __future__ import annotations

import crc32c
import pytest

from kpybroker.config.settings import Settings
from kpybroker.config.topics import topic_settings
from kpybroker.partition import Appended, Partition, delete_records
from kpybroker.storage.files import Slice
from kpybroker.storage.log import Log
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.timestamps import find_max_timestamp, find_timestamp
from kpybroker.validation import Refusal
from kpybroker.wire.errors import Error
from kpybroker.wire.records import build, check_crc, read_header, records

NOW = 1_700_000_000_000


def partition(**configs: str) -> Partition:
    settings = topic_settings(Settings({}), {name.replace("_", "."): value for name, value in configs.items()})
    log = Log(MemoryFiles(), "a-0", LogConfig(), NOW)
    return Partition(("a", 0), bytes(16), log, Producers(), settings, 86_400_000)


def append(target: Partition, *values: bytes, time: int = NOW, **more: int) -> Appended | Refusal:
    batch = bytearray(build([(time, None, value, ()) for value in values], **more))  # type: ignore[arg-type]
    return target.append(read_header(batch), memoryview(batch), NOW)


def read(target: Partition, offset: int, max_bytes: int = 2**20, *, whole_first: bool = True) -> bytes:
    found = target.read(offset, max_bytes, whole_first=whole_first, committed=False)
    assert isinstance(found, Slice)
    return found.read()


def test_offsets_go_on() -> None:
    """Each batch begins where the one before it ended, in the answer and in the bytes that consumers read."""
    target = partition()
    assert append(target, b"a", b"b", b"c") == Appended(0)
    assert append(target, b"d") == Appended(3)
    assert target.high_watermark == target.last_stable_offset == 4
    second = read(target, 3)
    header = read_header(second)
    assert (header.base_offset, header.last_offset, header.partition_leader_epoch) == (3, 3, 0)
    assert check_crc(memoryview(second), header)


def test_a_batch_is_read_whole_from_an_offset_within_it() -> None:
    """Batches are never taken apart: a reader in the middle of one gets it from its beginning."""
    target = partition()
    append(target, b"a", b"b", b"c")
    assert [record.value for record in records(read(target, 2))] == [b"a", b"b", b"c"]


def test_the_end_of_the_log_is_not_an_error() -> None:
    """At the high watermark there is nothing yet; behind it and before the start an offset is out of range."""
    target = partition()
    append(target, b"a")
    assert target.read(1, 100, whole_first=True, committed=False) is None
    for offset in (2, -1):
        assert target.read(offset, 100, whole_first=True, committed=False) is Error.OFFSET_OUT_OF_RANGE


def test_the_first_batch_comes_whole_or_not_at_all() -> None:
    """Only who has nothing yet gets a batch that is larger than the limit (KIP-74)."""
    target = partition()
    append(target, b"x" * 1000)
    assert len(read(target, 0, 10)) > 1000
    assert target.read(0, 10, whole_first=False, committed=False) is None


@pytest.mark.parametrize("later", range(1, 6))
def test_a_repeated_batch_has_its_first_offset(later: int) -> None:
    """An idempotent producer may send each of its last five batches again: its offset, nothing appended (KIP-98).

    Kafka then answers the batch's own timestamp as that of the append (UnifiedLog.append), whatever the topic's type.
    """
    target = partition()
    batches = [{"producer_id": 5, "producer_epoch": 0, "base_sequence": number} for number in range(5)]
    for number, batch in enumerate(batches):
        assert append(target, b"x", **batch) == Appended(number)
    assert append(target, b"x", **batches[-later]) == Appended(5 - later, NOW)
    assert target.high_watermark == 5


def test_a_gap_in_the_sequence_is_refused() -> None:
    """A sequence that is not the next is OUT_OF_ORDER_SEQUENCE_NUMBER, an old epoch INVALID_PRODUCER_EPOCH."""
    target = partition()
    append(target, b"x", producer_id=5, producer_epoch=1, base_sequence=0)
    gap = append(target, b"x", producer_id=5, producer_epoch=1, base_sequence=2)
    assert gap == Refusal(Error.OUT_OF_ORDER_SEQUENCE_NUMBER)
    old = append(target, b"x", producer_id=5, producer_epoch=0, base_sequence=1)
    assert old == Refusal(Error.INVALID_PRODUCER_EPOCH)
    assert target.high_watermark == 1


def test_log_append_time() -> None:
    """Where the broker's time counts, the batch carries it, is marked so, and its CRC fits."""
    target = partition(message_timestamp_type="LogAppendTime")
    assert append(target, b"x", time=NOW - 10_000) == Appended(0, NOW)
    batch = read(target, 0)
    header = read_header(batch)
    assert (header.is_log_append_time, header.max_timestamp) == (True, NOW)
    assert check_crc(memoryview(batch), header)


def test_a_wrong_max_timestamp_is_put_right() -> None:
    """A producer that lies about its largest timestamp is corrected (LogValidator), and the CRC with it."""
    target = partition()
    batch = bytearray(build([(NOW, None, b"x", ()), (NOW + 7, None, b"y", ())]))
    honest = bytes(batch)
    batch[35:43] = (NOW + 1000).to_bytes(8, "big")
    batch[17:21] = crc_of(batch)
    assert target.append(read_header(batch), memoryview(batch), NOW) == Appended(0)
    assert read(target, 0)[17:] == honest[17:]


def crc_of(batch: bytes | bytearray) -> bytes:
    return int(crc32c.crc32c(bytes(batch[21:]))).to_bytes(4, "big")


def test_leader_epochs() -> None:
    """A client that knows an older leader is FENCED, one that knows a newer UNKNOWN, one that says -1 is not asked."""
    target = partition()
    target.leader_epoch = 3
    assert [target.check_leader_epoch(epoch) for epoch in (-1, 3, 2, 4)] == [
        Error.NONE,
        Error.NONE,
        Error.FENCED_LEADER_EPOCH,
        Error.UNKNOWN_LEADER_EPOCH,
    ]


def test_offsets_by_time() -> None:
    """The first record at or after a timestamp, also inside a batch; nothing where all are older."""
    target = partition()
    for start in (NOW, NOW + 100):
        rows = [(start + step, None, b"x", ()) for step in (0, 10, 20)]
        batch = bytearray(build(rows))
        target.append(read_header(batch), memoryview(batch), NOW + 1000)
    found = [find_timestamp(target.log, NOW + step) for step in (-1, 0, 5, 20, 21, 110, 120, 121)]
    assert [each and each.offset for each in found] == [0, 0, 1, 2, 3, 4, 5, None]
    latest = find_max_timestamp(target.log)
    assert latest is not None
    assert (latest.offset, latest.timestamp) == (5, NOW + 120)


def test_a_batch_larger_than_a_segment() -> None:
    """RECORD_LIST_TOO_LARGE where max.message.bytes lets a batch pass that no segment may hold (UnifiedLog.append)."""
    target = partition(segment_bytes="1048576", max_message_bytes="4000000")
    assert append(target, bytes(2_000_000)) == Refusal(Error.RECORD_LIST_TOO_LARGE)
    assert append(target, bytes(1_000_000)) == Appended(0)


def test_it_is_what_is_stored_that_has_to_fit_into_a_segment() -> None:
    """The size is looked at when the broker has changed the compression, before the producer is (UnifiedLog.append)."""
    target = partition(segment_bytes="1048576", max_message_bytes="4000000", compression_type="gzip")
    assert append(target, bytes(2_000_000)) == Appended(0)
    target = partition(segment_bytes="1048576", max_message_bytes="4000000", compression_type="uncompressed")
    numbered = {"producer_id": 7, "producer_epoch": 0}
    assert append(target, b"a", **numbered, base_sequence=0) == Appended(0)
    assert append(target, bytes(2_000_000), **numbered, base_sequence=5, codec=1) == Refusal(
        Error.RECORD_LIST_TOO_LARGE
    )
    assert append(target, b"b", **numbered, base_sequence=5) == Refusal(Error.OUT_OF_ORDER_SEQUENCE_NUMBER)


def test_a_batch_that_grows_past_the_limit_when_it_is_taken_apart() -> None:
    """MESSAGE_TOO_LARGE is asked again after the broker has changed the compression (UnifiedLog.append)."""
    target = partition(compression_type="uncompressed", max_message_bytes="10000")
    small = build([(NOW, None, bytes(50_000), ())], codec=1)
    assert len(small) < 10_000
    assert target.append(read_header(small), memoryview(bytearray(small)), NOW) == Refusal(Error.MESSAGE_TOO_LARGE)


def test_producers_are_forgotten_in_time() -> None:
    """A producer that is silent for producer.id.expiration.ms may begin anew at any sequence (KIP-360)."""
    target = partition()
    assert append(target, b"a", producer_id=7, producer_epoch=0, base_sequence=0) == Appended(0)
    batch = bytearray(build([(NOW, None, b"b", ())], producer_id=7, producer_epoch=0, base_sequence=5))
    later = NOW + 86_400_000
    assert target.append(read_header(batch), memoryview(batch), later - 1) == Refusal(
        Error.OUT_OF_ORDER_SEQUENCE_NUMBER
    )
    assert target.append(read_header(batch), memoryview(batch), later + 600_000) == Appended(1)


def test_a_refused_sequence_has_made_room() -> None:
    """Kafka rolls before it looks at a sequence: what comes next lies in a new segment, and nothing is lost by that."""
    target = partition(message_timestamp_after_max_ms=str(2**62))
    append(target, b"x", producer_id=5, producer_epoch=1, base_sequence=0)
    late = append(target, b"x", time=NOW + 2**40, producer_id=5, producer_epoch=1, base_sequence=7)
    assert late == Refusal(Error.OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert find_timestamp(target.log, NOW + 1) is None
    assert delete_records(target, -1) == 1
    assert find_timestamp(target.log, NOW) is None
    target.begin_at(1, NOW)
    assert find_max_timestamp(target.log) is None
    assert append(target, b"y", producer_id=5, producer_epoch=1, base_sequence=1) == Appended(1)
    assert [record.value for record in records(read(target, 1))] == [b"y"]


def test_after_no_epoch_any_sequence_will_do() -> None:
    """A producer of epoch -1 has no sequence that another would have to follow."""
    target = partition()
    for number, (epoch, sequence) in enumerate([(-1, 2**31 - 1), (-1, 7), (1, 4)]):
        batch = {"producer_id": 5, "producer_epoch": epoch, "base_sequence": sequence}
        assert append(target, b"x", **batch) == Appended(number)
    assert append(target, b"x", producer_id=5, producer_epoch=1, base_sequence=6) == Refusal(
        Error.OUT_OF_ORDER_SEQUENCE_NUMBER
    )


@pytest.mark.parametrize("odd", [{"time": -2}, {"producer_id": 5, "base_sequence": 0}])
def test_what_cannot_be_rewritten(odd: dict[str, int]) -> None:
    """A batch for another codec is made anew, and that takes times from -1 on, and an epoch with a producer's id."""
    assert append(partition(), b"x", **odd) == Appended(0)
    assert append(partition(compression_type="gzip"), b"x", **odd) == Refusal(Error.UNKNOWN_SERVER_ERROR)

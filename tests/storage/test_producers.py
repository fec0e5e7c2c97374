"""Idempotent producers: each batch once and in order, as ProducerStateManager and ProducerAppendInfo decide."""

from __future__ import annotations

import pytest

from kpybroker.storage.files import RealFiles
from kpybroker.storage.producers import NO_END, Duplicate, Producers
from kpybroker.storage.recovery import open_log
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.errors import Error
from kpybroker.wire.records import MAX_SEQUENCE, NO_SEQUENCE, BatchHeader, build, read_header
from tests.storage.logs import KAFKA, NOW

PRODUCER = 1000


def header(
    sequence: int,
    *,
    count: int = 1,
    epoch: int = 0,
    offset: int = 0,
    transactional: bool = False,
    control: bool = False,
) -> BatchHeader:
    return read_header(
        build(
            [(NOW + offset, None, b"v", ())] * count,
            base_offset=offset,
            producer_id=PRODUCER,
            producer_epoch=epoch,
            base_sequence=sequence,
            transactional=transactional,
            control=control,
        )
    )


def known(*headers: BatchHeader) -> Producers:
    producers = Producers()
    for one in headers:
        producers.replay(one)
    return producers


def test_batches_without_a_producer_are_always_new() -> None:
    """And leave nothing behind."""
    plain = read_header(build([(NOW, None, b"v", ())]))
    producers = known(plain)
    assert producers.check(plain) is None
    assert producers.producers == {}


def test_an_unknown_producer_may_begin_anywhere() -> None:
    """Its earlier batches may have been deleted with their segments (KIP-360)."""
    assert Producers().check(header(17, epoch=3)) is None


def test_the_next_sequence_is_the_only_one() -> None:
    """A gap, or a step back that is no duplicate, is out of order."""
    producers = known(header(0, count=5))
    assert producers.check(header(5)) is None
    for sequence in (6, 4, 3, 100):
        assert producers.check(header(sequence)) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_retried_batch_gets_its_first_answer_again() -> None:
    """One of the last five, by exactly its sequences; older ones are out of order."""
    headers = [header(10 * number, count=10, offset=100 + 10 * number) for number in range(6)]
    producers = known(*headers)
    for retried in headers[1:]:
        assert producers.check(retried) == Duplicate(
            retried.base_offset, retried.last_offset, NOW + retried.base_offset
        )
    assert producers.check(headers[0]) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producers.check(header(50, count=9)) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_sequences_wrap_to_zero() -> None:
    """After 2**31 - 1 comes 0, between batches and inside one."""
    producers = known(header(MAX_SEQUENCE))
    assert producers.check(header(0)) is None
    assert producers.check(header(1)) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER
    wrapped = header(MAX_SEQUENCE - 1, count=5, offset=7)
    producers = known(wrapped)
    assert producers.check(wrapped) == Duplicate(7, 11, NOW + 7)
    assert producers.check(header(3)) is None


def test_a_new_epoch_begins_at_zero_and_fences_the_old() -> None:
    """What the old epoch wrote is no duplicate any more."""
    producers = known(header(0, epoch=1), header(1, epoch=1))
    assert producers.check(header(2, epoch=2)) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producers.check(header(0, epoch=2)) is None
    producers.replay(header(0, epoch=2))
    assert producers.check(header(2, epoch=1)) is Error.INVALID_PRODUCER_EPOCH
    assert producers.check(header(1, epoch=1)) is Error.INVALID_PRODUCER_EPOCH
    assert producers.check(header(1, epoch=2)) is None


def test_checking_changes_nothing() -> None:
    """A batch that was checked and not written may be checked again."""
    producers = known(header(0))
    for _ in range(3):
        assert producers.check(header(1)) is None


def test_silent_producers_are_forgotten_unless_in_a_transaction() -> None:
    """producer.id.expiration.ms counts from the timestamp of the last batch."""
    producers = known(header(0, offset=50))
    producers.expire(NOW + 50 + 999, 1000)
    assert PRODUCER in producers.producers
    producers.expire(NOW + 50 + 1000, 1000)
    assert producers.producers == {}
    producers = known(header(0, transactional=True))
    producers.expire(NOW + 10**9, 1000)
    assert PRODUCER in producers.producers
    assert producers.check(header(1)) is Error.INVALID_TXN_STATE
    assert producers.check(header(1, transactional=True)) is None
    producers.replay(header(-1, control=True, transactional=True))
    assert producers.check(header(1)) is None
    producers.expire(NOW + 10**9, 1000)
    assert producers.producers == {}


def test_a_marker_with_a_new_epoch_starts_the_sequences_anew() -> None:
    """Transactions of KIP-890 raise the epoch with each marker."""
    producers = known(header(0, transactional=True), header(-1, epoch=1, control=True, transactional=True))
    assert producers.check(header(1, transactional=True)) is Error.INVALID_PRODUCER_EPOCH
    assert producers.check(header(0, epoch=1, transactional=True)) is None
    assert producers.check(header(1, epoch=1, transactional=True)) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_log_of_kafka_is_replayed() -> None:
    """Twelve idempotent producers of the recorded topic, each with its batches; their retries are duplicates."""
    log, _ = open_log(RealFiles(str(KAFKA)), "packed-0", LogConfig(), NOW, clean=True)
    producers = Producers()
    for one in log.headers():
        producers.replay(one)
    assert len(producers.producers) == 12
    for one in log.headers():
        if one.producer_id >= 0:
            assert producers.check(one) == Duplicate(one.base_offset, one.last_offset, one.max_timestamp)
            following = one._replace(base_sequence=one.last_sequence + 2)
            assert producers.check(following) is Error.OUT_OF_ORDER_SEQUENCE_NUMBER


@pytest.mark.parametrize("number", range(3))
def test_what_is_known_does_not_depend_on_the_replay(number: int) -> None:
    """A restart in the middle leads to the same decisions."""
    headers = [header(sequence, offset=sequence) for sequence in range(8)]
    once, again = known(*headers), known(*headers[number:])
    for sequence in range(10):
        assert once.check(header(sequence)) == again.check(header(sequence))


def test_where_the_first_open_transaction_begins() -> None:
    """Until its marker comes, which ends no other (ProducerStateManager.firstUnstableOffset)."""
    producers = known(header(0, offset=3))
    assert producers.first_unstable_offset == NO_END
    producers.replay(header(1, offset=4, transactional=True))
    producers.replay(header(2, offset=5, transactional=True))
    assert producers.first_unstable_offset == 4
    assert Producers(producers.producers).first_unstable_offset == 4, "also of a snapshot"
    producers.replay(header(NO_SEQUENCE, offset=6, transactional=True, control=True))
    assert producers.first_unstable_offset == NO_END
    producers.replay(header(3, offset=7, transactional=True))
    assert producers.first_unstable_offset == 7

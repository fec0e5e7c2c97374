"""Stored batches as message sets: byte for byte what Apache Kafka 3.9.1 makes of the same."""

from __future__ import annotations

import pytest

from kpybroker.wire.errors import Error
from kpybroker.wire.legacy import entries, inner_messages, read_message
from kpybroker.wire.legacy_answers import lower
from kpybroker.wire.records import build
from tests.wire.kafka_answers import ANSWERS, Answer

START = 1_700_000_000_000
GZIP, ZSTD = 1, 4


def opened(data: bytes) -> list[object]:
    """The messages of a set; one of gzip, whose header says which system wrote it, by what is inside."""
    found: list[object] = []
    size = 0
    for _, entry in entries(memoryview(data)):
        message = read_message(entry)
        size += len(entry)
        if message.codec == GZIP:
            found.append((message._replace(value=None), inner_messages(message), len(entry)))
        else:
            found.append(message)
    return [*found, data[size:] if b"\x1f\x8b" not in data[size:] else len(data) - size]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_answers_are_kafkas(answer: Answer) -> None:
    """From every offset and with every limit: the same bytes, cut and filled up in the same place; zstd is an error."""
    made = lower(answer.stored, answer.magic, answer.offset)
    if isinstance(made, Error):
        assert (made, answer.data) == (answer.error, b"")
        return
    assert answer.error == Error.NONE
    assert len(made) == len(answer.data)
    if b"\x1f\x8b" in made:
        assert opened(made) == opened(answer.data)
    else:
        assert made == answer.data


def values(data: bytes) -> list[bytes | None]:
    return [read_message(entry).value for _, entry in entries(memoryview(data))]


def test_more_than_a_stretch_is_converted() -> None:
    """However many batches there are, all come that have room."""
    batches = [build([(START, None, b"%d" % i * 20_000, ())], base_offset=i) for i in range(9)]
    made = lower(b"".join(batches), 1, 0)
    assert isinstance(made, bytes)
    assert values(made) == [b"%d" % i * 20_000 for i in range(9)]
    assert len(made) == sum(map(len, batches))


def test_what_comes_with_zstd_is_left_out() -> None:
    """Kafka converts 128 KiB at a time: of a stretch with a zstd batch in it nothing comes, of those before it all."""
    large = [build([(START, None, b"x" * 100_000, ())], base_offset=i) for i in range(3)]
    zstd = build([(START, None, b"z", ())], base_offset=3, codec=ZSTD)
    made = lower(b"".join((*large, zstd)), 0, 0)
    assert isinstance(made, bytes)
    assert values(made) == [b"x" * 100_000, b"x" * 100_000]
    assert lower(zstd + large[0], 0, 3) is Error.UNSUPPORTED_COMPRESSION_TYPE


def test_nothing_whole_is_nothing() -> None:
    """A batch that was cut by a small limit cannot be converted: the consumer gets nothing, and asks for more."""
    batch = build([(START, None, b"v", ())])
    for size in range(len(batch)):
        assert lower(batch[:size], 1, 0) == b""

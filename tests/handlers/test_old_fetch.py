"""Fetch before version 4: when it waits, what it may cost, and that nothing of it touches later versions."""

from __future__ import annotations

import struct

import pytest

from kpybroker.broker import Outgoing
from kpybroker.storage.files import Slice
from kpybroker.wire.checksum import crc32c
from kpybroker.wire.errors import Error
from kpybroker.wire.legacy import build_message, entries, inner_messages, read_message
from kpybroker.wire.records import CHECKED, OVERHEAD, WALKED_BYTES, build, read_header
from tests.core import START, Bench, CoreClient
from tests.frames import request_frame
from tests.requests import create_topic, fetch, parts_of, produce, produced

T = ("t", 0)
GZIP = 1


@pytest.fixture
def client() -> CoreClient:
    bench = Bench()
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    return client


def values(answer: object) -> list[bytes | None]:
    part = parts_of(answer)[T]  # type: ignore[arg-type]
    data = memoryview(bytes(part.records or b""))  # type: ignore[call-overload]
    return [read_message(entry).value for _, entry in entries(data)]


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_waits_until_there_is_something(version: int) -> None:
    """A consumer of old is answered the moment that something is written, by whichever producer."""
    bench = Bench()
    consumer, producer = bench.connect(), bench.connect()
    producer.ask(create_topic("t"), 7)
    for offset, (value, at) in enumerate(((b"new", 9), (b"old", 1))):
        consumer.send(fetch(("t", 0, offset), max_wait_ms=500), version)
        assert consumer.is_waiting
        data = build_message(0, START, None, value, magic=0) if at == 1 else None
        assert produced(producer.ask(produce("t", value, data=data), at)) == (0, offset)
        assert values(consumer.answer()) == [value]


def test_a_first_batch_that_does_not_fit_ends_the_wait(client: CoreClient) -> None:
    """Before version 3 there is nothing in the answer then, and a consumer asks for more; from 3 on it comes whole."""
    client.ask(produce("t", b"x" * 100), 9)
    request = fetch(("t", 0, 0), max_wait_ms=500, partition_max_bytes=50)
    for version in (0, 1, 2):
        assert values(client.ask(request, version)) == []
    assert values(client.ask(request, 3)) == [b"x" * 100]


def test_large_records_that_nobody_has_looked_into(client: CoreClient) -> None:
    """A large batch whose compressed records are noise is stored; an old consumer is told CORRUPT_MESSAGE."""
    batch = bytearray(build([(START, None, bytes(WALKED_BYTES), ())]) + bytes(WALKED_BYTES))
    header = read_header(batch)
    struct.pack_into(">i", batch, 8, len(batch) - OVERHEAD)
    struct.pack_into(">h", batch, 21, GZIP)
    struct.pack_into(">I", batch, 17, crc32c(memoryview(batch)[CHECKED:]))
    assert header.records_count == 1
    assert produced(client.ask(produce("t", data=bytes(batch)), 9)) == (0, 0)
    for version in (0, 3):
        assert parts_of(client.ask(fetch(("t", 0, 0)), version))[T].error_code == Error.CORRUPT_MESSAGE


def test_later_versions_get_the_log_as_it_is() -> None:
    """From version 4 on an answer is still a stretch of a file that nobody has read."""
    bench = Bench()
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    client.ask(produce("t", b"a", b"b"), 9)

    def parts(version: int) -> list[type]:
        frame = memoryview(bytearray(request_frame(fetch(("t", 0, 0)), version, 1)))
        bench.core.receive(client.number, frame, bench.now)
        outgoing: Outgoing = bench.core.outbox.popleft()
        return [type(part) for part in outgoing.parts]

    assert all(Slice in parts(version) for version in range(4, 13))
    assert not any(Slice in parts(version) for version in range(4))


def test_a_compressed_batch_comes_whole_from_within(client: CoreClient) -> None:
    """Consumers leave out what they have; without compression nothing comes that they have not asked for (KIP-283)."""
    for codec, found in ((0, 1), (1, 3)):
        answer = client.ask(produce("t", data=build([(START, None, b"v", ())] * 3, codec=codec)), 9)
        (_, base_offset) = produced(answer)
        answer = client.ask(fetch(("t", 0, base_offset + 2)), 1)
        data = memoryview(bytes(parts_of(answer)[T].records or b""))  # type: ignore[call-overload]
        messages = [read_message(entry) for _, entry in entries(data)]
        inside = inner_messages(messages[0]) if codec else messages
        assert [message.offset for message in inside][-1] == base_offset + 2
        assert len(inside) == found

"""A broker in a process of its own meets what no client should send: each costs its sender, and nobody else."""

from __future__ import annotations

import array
import fcntl
import random
import resource
import socket
import struct
import termios
from collections.abc import Iterator

import crc32c
import pytest

from kpybroker.handlers import APIS
from kpybroker.wire.apis import request_type
from kpybroker.wire.declare import type_of
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.metadata import MetadataRequest
from tests.frames import header, request_frame, sized
from tests.process import BrokerProcess, Link
from tests.requests import batch, create_topic, end_offset, fetch, fetched, metadata, produce, produced
from tests.until import until

CORRUPT_MESSAGE, INVALID_TOPIC_EXCEPTION, UNSUPPORTED_VERSION, INVALID_RECORD = 2, 17, 35, 87
MIB = 1024 * 1024
ENOUGH_DESCRIPTORS = 4096


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """One broker for all of it: what one test has sent it must not matter to the next."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, ENOUGH_DESCRIPTORS), hard), hard))
    with BrokerProcess(tmp_path_factory.mktemp("broker"), "--topic", "t") as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(autouse=True)
def healthy(broker: BrokerProcess) -> Iterator[None]:
    """After each of these tests the broker answers a client who does everything right, and its log has no traceback."""
    yield
    with broker.link() as link:
        value = random.randbytes(10)
        error, offset = produced(link.ask(produce("t", value), 9))
        assert error == 0
        assert fetched(link.ask(fetch(("t", 0, offset)), 12)) == {("t", 0): [value]}
    assert "Traceback" not in broker.log


def lines_of(broker: BrokerProcess, text: str) -> int:
    return sum(text in line for line in broker.log.splitlines())


def dropped(broker: BrokerProcess, data: bytes, reason: str) -> None:
    """The connection is closed without an answer, and one line in the log says why."""
    before = lines_of(broker, "closed:")
    with broker.link() as link:
        link.socket.sendall(data)
        assert link.is_closed()
    until(lambda: lines_of(broker, "closed:") > before)
    assert lines_of(broker, "closed:") == before + 1
    assert reason in broker.log.splitlines()[-1]


def test_random_bytes(broker: BrokerProcess) -> None:
    """Noise is no frame: its first four bytes are a length that no frame has."""
    luck = random.Random(1)
    for _ in range(20):
        noise = bytes([luck.randrange(8, 256)]) + luck.randbytes(200)  # 128 MiB or more, or negative
        dropped(broker, noise, "a frame of")


def test_random_bytes_in_a_frame(broker: BrokerProcess) -> None:
    """Noise behind a right length is a request only by chance: closed, or answered, and the next is served."""
    luck = random.Random(2)
    for _ in range(50):
        with broker.link() as link:
            link.socket.sendall(sized(luck.randbytes(luck.randrange(100))))
            assert link.is_closed()


@pytest.mark.parametrize("key", sorted(APIS))
def test_random_bodies(broker: BrokerProcess, key: int) -> None:
    """Noise behind a right header, in each version of each API: the connection ends or there is an answer."""
    luck = random.Random(key)
    api = APIS[key]
    for version in range(api.first, api.last + 1):
        flexible = version in type_of(request_type(key)).flexible
        with broker.link() as link:
            link.socket.sendall(sized(header(key, version, 1, flexible=flexible) + luck.randbytes(40)))
            link.socket.shutdown(socket.SHUT_WR)
            while link.socket.recv(65536):
                pass


@pytest.mark.parametrize("size", [2**31 - 1, 104857601, -1, -(2**31)])
def test_a_length_that_no_frame_has(broker: BrokerProcess, size: int) -> None:
    """A frame of 2 GB, one above socket.request.max.bytes, and negative lengths end the connection at once."""
    dropped(broker, struct.pack(">i", size), f"a frame of {size} bytes")
    dropped(broker, struct.pack(">i", size) + bytes(1000), f"a frame of {size} bytes")


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_frame_without_a_header(broker: BrokerProcess, size: int) -> None:
    """A frame that is too short for a header is no request."""
    dropped(broker, sized(bytes(size)), "too few for a header")


def test_a_truncated_request(broker: BrokerProcess) -> None:
    """A frame that ends before its request does is closed, wherever it was cut."""
    whole = request_frame(metadata("a", "b"), 9, 1)
    for cut in range(len(whole) - 20, len(whole)):
        dropped(broker, sized(whole[:cut]), "not a request")


@pytest.mark.parametrize("key", [4, 7, 24, 58, 93, 999, -1])
def test_an_unknown_api(broker: BrokerProcess, key: int) -> None:
    """What is not listed in ApiVersions is closed, as by Kafka: an answer in a form nobody knows helps nobody."""
    dropped(broker, sized(header(key, 0, 1, flexible=False)), "is not served")


@pytest.mark.parametrize(("key", "version"), [(3, 14), (3, -1), (0, 14), (1, -2), (19, 99)])
def test_an_unknown_version(broker: BrokerProcess, key: int, version: int) -> None:
    """A version that is not listed is closed, as by Kafka."""
    dropped(broker, sized(header(key, version, 1, flexible=False)), f"has no version {version}")


def test_api_versions_in_an_unknown_version(broker: BrokerProcess) -> None:
    """ApiVersions alone is answered whatever the version: in version 0, with the error and what there is (KIP-511)."""
    with broker.link() as link:
        link.expect(18, 0, 5)
        link.socket.sendall(sized(header(18, 77, 5, flexible=True)))
        answer = link.answer()
        assert answer.error_code == UNSUPPORTED_VERSION
        assert [(key.api_key, key.min_version, key.max_version) for key in answer.api_keys] == [(18, 0, 4)]
        assert link.ask(metadata("t"), 9).topics[0].error_code == 0


def test_a_wrong_crc(broker: BrokerProcess) -> None:
    """A batch that was damaged on its way is CORRUPT_MESSAGE and is not in the log; the connection stays."""
    good = batch(b"value")
    with broker.link() as link:
        before = end_of(link)
        for position in (17, 21, len(good) - 1):
            bad = good[:position] + bytes([good[position] ^ 0x40]) + good[position + 1 :]
            assert produced(link.ask(produce("t", data=bad), 9)) == (CORRUPT_MESSAGE, -1)
        assert end_of(link) == before


def end_of(link: Link) -> int:
    offset: int = link.ask(end_offset("t"), 7).topics[0].partitions[0].offset
    return offset


@pytest.mark.parametrize("count", [0, 1, 3, 2**31 - 1, -1])
def test_a_lying_record_count(broker: BrokerProcess, count: int) -> None:
    """A batch that says it has other than its two records is INVALID_RECORD, and costs no memory."""
    lying = bytearray(batch(b"one", b"two"))
    struct.pack_into(">i", lying, 23, max(count - 1, -1))
    struct.pack_into(">i", lying, 57, count)
    struct.pack_into(">I", lying, 17, crc32c.crc32c(bytes(lying[21:])))
    memory = broker.memory_kib()
    with broker.link() as link:
        assert produced(link.ask(produce("t", data=bytes(lying)), 9)) == (INVALID_RECORD, -1)
    assert broker.memory_kib() - memory < 2048


def test_lying_array_counts(broker: BrokerProcess) -> None:
    """An array that claims more than the frame holds is refused before anything is made for it."""
    memory = broker.memory_kib()
    dropped(broker, sized(header(3, 1, 1, flexible=False) + struct.pack(">i", 2**31 - 1)), "MetadataRequest")
    dropped(broker, sized(header(3, 9, 1, flexible=True) + b"\xff\xff\xff\xff\x0f"), "MetadataRequest")
    assert broker.memory_kib() - memory < 2048


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "é", "x" * 250, "a\0b", "../../etc"])
def test_an_invalid_topic_name(broker: BrokerProcess, name: str) -> None:
    """A name that is no topic's is INVALID_TOPIC_EXCEPTION to who asks for it and to who would create it."""
    with broker.link() as link:
        assert link.ask(metadata(name, create=True), 9).topics[0].error_code == INVALID_TOPIC_EXCEPTION
        assert link.ask(create_topic(name), 7).topics[0].error_code == INVALID_TOPIC_EXCEPTION


def test_1000_idle_connections(broker: BrokerProcess) -> None:
    """An idle connection costs under 20 KiB, before its first request and after one; closed, they cost nobody."""
    with broker.link() as link:  # what the first connections need of memory, nobody needs again
        link.ask(metadata("t"), 9)
    memory = broker.memory_kib()
    links = [broker.link() for _ in range(1000)]
    for link in links:
        link.send(metadata("t"), 9)
    for link in links:
        assert link.answer().topics[0].error_code == 0
    assert broker.memory_kib() - memory < 1000 * 20
    for link in links:
        link.close()


def test_100_half_sent_frames_of_1_mb(broker: BrokerProcess) -> None:
    """Frames that are never finished take their own size at most, and others are served meanwhile."""
    memory = broker.memory_kib()
    links = [broker.link() for _ in range(100)]
    for link in links:
        link.socket.sendall(struct.pack(">i", MIB) + bytes(MIB // 2))
    with broker.link() as other:
        assert other.ask(metadata("t"), 9).topics[0].error_code == 0
    until(lambda: sum(unread(link) for link in links) == 0)
    assert broker.memory_kib() - memory < 150 * 1024
    for link in links:
        link.close()
    until(lambda: broker.memory_kib() - memory < 50 * 1024)


def unread(link: Link) -> int:
    """Bytes that are sent and not taken yet (SIOCOUTQ)."""
    left = array.array("i", [0])
    fcntl.ioctl(link.socket, termios.TIOCOUTQ, left)
    return left[0]


def test_a_promise_of_a_large_frame_costs_nothing(broker: BrokerProcess) -> None:
    """20 connections announce 100 MB each and send 300 KB: room is made as bytes come, not as they are promised."""
    memory = broker.memory_kib()
    links = [broker.link() for _ in range(20)]
    for link in links:
        link.socket.sendall(struct.pack(">i", 100 * MIB) + bytes(300_000))
    until(lambda: sum(unread(link) for link in links) == 0)
    assert broker.memory_kib() - memory < 20 * 3 * 1024
    for link in links:
        link.close()


def test_a_client_that_never_reads(broker: BrokerProcess) -> None:
    """At most one answer is kept for it, whatever it asks for; its later requests wait, and others are served."""
    value = bytes(900_000)
    with broker.link() as producer:
        offset = produced(producer.ask(produce("t", value), 9))[1]
        for _ in range(9):
            producer.ask(produce("t", value), 9)
    memory = broker.memory_kib()
    links = [broker.link(receive_buffer=4096) for _ in range(20)]
    for link in links:
        for _ in range(50):
            link.send(fetch(("t", 0, offset), partition_max_bytes=9_000_000), 12)
    flood = 1000 * sized(request_frame(MetadataRequest(topics=None), 9, 1))
    metadata_links = [broker.link(receive_buffer=4096) for _ in range(5)]
    for link in metadata_links:
        link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        link.socket.setblocking(False)
        with pytest.raises(BlockingIOError):  # until it can send no more, for its requests are read no more either
            while True:
                link.socket.sendall(flood)
    with broker.link() as other:
        for _ in range(10):
            assert other.ask(metadata("t"), 9).topics[0].error_code == 0
    assert broker.memory_kib() - memory < 40 * MIB // 1024
    assert len(fetched(links[0].answer())[("t", 0)]) == 9
    for link in links + metadata_links:
        link.close()


def test_half_a_frame_byte_by_byte(broker: BrokerProcess) -> None:
    """A request may come byte by byte; while it drips in, others are served; it is answered when it is whole."""
    frame = sized(request_frame(metadata("t"), 9, 1))
    with broker.link() as slow, broker.link() as other:
        slow.expect(3, 9, 1)
        for byte in frame[:-1]:
            slow.socket.sendall(bytes([byte]))
            assert other.ask(metadata("t"), 9).topics[0].error_code == 0
        assert slow.is_quiet()
        slow.socket.sendall(frame[-1:])
        assert slow.answer().topics[0].error_code == 0


@pytest.mark.parametrize("size", [1000, 300_000, 900_000])
def test_a_large_request_in_pieces(broker: BrokerProcess, size: int) -> None:
    """Frames below and above what is read at once arrive whole, one after the other on one connection."""
    value = random.Random(size).randbytes(size)
    frame = sized(request_frame(produce("t", value), 9, 1))
    with broker.link() as link:
        for _ in range(3):
            link.expect(0, 9, 1)
            for start in range(0, len(frame), 100_001):
                link.socket.sendall(frame[start : start + 100_001])
            error, offset = produced(link.answer())
            assert error == 0
            assert fetched(link.ask(fetch(("t", 0, offset)), 12)) == {("t", 0): [value]}


def test_pipelined_requests_are_answered_in_order(broker: BrokerProcess) -> None:
    """However many requests come at once, of whatever size: one answer each, in their order."""
    with broker.link() as link:
        for number in range(200):
            if number % 50 == 7:
                link.send(produce("t", bytes(300_000)), 9)
            else:
                link.send(metadata("t") if number % 2 else end_offset("t"), 9 if number % 2 else 7)
        for _ in range(200):
            link.answer()  # which checks the correlation id


def test_what_stands_behind_a_waiting_fetch_waits(broker: BrokerProcess) -> None:
    """A request behind a long poll is answered after it, not before, however quick it would be."""
    with broker.link() as link, broker.link() as other:
        end = end_of(link)
        link.send(fetch(("t", 0, end), max_wait_ms=30_000), 12)
        link.send(metadata("t"), 9)
        other.ask(metadata("t"), 9)
        assert link.is_quiet()
        other.ask(produce("t", b"now"), 9)
        assert fetched(link.answer()) == {("t", 0): [b"now"]}
        assert link.answer().topics[0].error_code == 0


def test_a_client_that_hangs_up_in_a_long_poll(broker: BrokerProcess) -> None:
    """A connection that goes while its fetch waits, in the ordinary way or with a reset, is no event for anybody."""
    before = lines_of(broker, "closed:")
    with broker.link() as other:
        end = end_of(other)
        for linger in (False, True):
            link = broker.link()
            link.send(fetch(("t", 0, end), max_wait_ms=30_000), 12)
            if linger:
                link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            link.close()
        other.ask(produce("t", b"now"), 9)
    assert lines_of(broker, "closed:") == before


def test_a_slow_reader_of_a_deleted_topic(broker: BrokerProcess) -> None:
    """An answer that is on its way comes whole, although the topic and its files have gone meanwhile."""
    values = [bytes([number]) * 900_000 for number in range(8)]
    with broker.link() as other, broker.link(receive_buffer=4096) as slow:
        other.ask(create_topic("going"), 7)
        for value in values:
            assert produced(other.ask(produce("going", value), 9))[0] == 0
        slow.send(fetch(("going", 0, 0), partition_max_bytes=9_000_000), 12)
        until(lambda: not slow.is_quiet())
        deletion = blank(request_type(20), topic_names=["going"], timeout_ms=1000)
        assert other.ask(deletion, 4).responses[0].error_code == 0
        assert fetched(slow.answer()) == {("going", 0): values}

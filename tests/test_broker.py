"""Core: frames in, answers out; what is no request ends its connection, and a bug is one answer."""

from __future__ import annotations

import logging
import random
import struct
import subprocess
import sys
from typing import Any

import pytest

from kpybroker.handlers import APIS, TELEMETRY
from kpybroker.machine import Api, Call, Wait, Waiting
from kpybroker.state import State
from kpybroker.wire.apis import request_type
from kpybroker.wire.declare import type_of
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.alter_client_quotas import AlterClientQuotasRequest
from kpybroker.wire.messages.api_versions import ApiVersionsRequest
from kpybroker.wire.messages.list_groups import ListGroupsRequest, ListGroupsResponse
from kpybroker.wire.messages.metadata import MetadataRequest
from tests.core import Bench, CoreClient
from tests.frames import header, request_frame
from tests.guesser import SERVED, Guesser
from tests.requests import create_topic, fetch, fetched, metadata, produce, produced
from tests.scripted import scripted_run

UNSUPPORTED_VERSION, UNKNOWN_SERVER_ERROR = 35, -1
ENTITY = AlterClientQuotasRequest.EntryData.EntityData(entity_type="user", entity_name="u")


# -- what is no request --------------------------------------------------------------------------------------------


def test_a_client_id_may_be_any_bytes() -> None:
    """What is no UTF-8 is read as Java reads it, and served (o.a.k.common.utils.Utils.utf8)."""
    client = Bench().connect()
    client._asked.append((18, 2, 1))
    client.send_frame(struct.pack(">hhih", 18, 2, 1, 2) + b"\xff\xfe")
    assert client.answer().error_code == 0 and client.is_open


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "0 bytes"),
        (b"\0\x12\0", "3 bytes"),
        (struct.pack(">hhi", 18, 2, 1), "header"),
        (struct.pack(">hhih", 18, 2, 1, 100), "client id"),
        (header(4, 0, 1, flexible=False), "LeaderAndIsr is not served"),
        (header(999, 0, 1, flexible=False), "API 999 is not served"),
        (header(-1, 0, 1, flexible=False), "API -1 is not served"),
        (header(3, 99, 1, flexible=True), "Metadata has no version 99"),
        (header(3, -1, 1, flexible=False), "Metadata has no version -1"),
        (header(0, 99, 1, flexible=True), "Produce has no version 99"),
        (request_frame(metadata("a", "b"), 9, 1)[:-3], "MetadataRequest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_request_ends_its_connection(frame: bytes, reason: str) -> None:
    """Kafka closes a connection on which comes what it cannot read; one line says why, and others are served."""
    bench = Bench()
    bad, good = bench.connect(), bench.connect()
    bad.send_frame(frame)
    assert not bad.is_open
    assert bad.closed_because is not None
    assert reason in bad.closed_because
    assert "\n" not in bad.closed_because
    assert good.ask(metadata(), 9).brokers[0].node_id == 1
    assert not bench.core.bugs


@pytest.mark.parametrize("version", [-1, 5, 99, 32767])
def test_api_versions_of_the_future_is_answered_in_version_0(version: int) -> None:
    """A client that asks in a version from the future is told which versions of ApiVersions there are (KIP-511)."""
    client = Bench().connect()
    client._asked.append((18, 0, 7))
    client.send_frame(header(18, version, 7, flexible=True) + b"\x01\x01\0")
    answer = client.answer()
    assert answer.error_code == UNSUPPORTED_VERSION
    assert [(key.api_key, key.min_version, key.max_version) for key in answer.api_keys] == [(18, 0, 4)]
    assert client.is_open


def test_what_is_listed_is_served() -> None:
    """ApiVersions lists what the table of handlers serves, save the two of telemetry, which want a receiver."""
    client = Bench().connect()
    answer = client.ask(ApiVersionsRequest(client_software_name="test", client_software_version="1"), 4)
    listed = {key.api_key: (key.min_version, key.max_version) for key in answer.api_keys}
    assert listed == {api.key: (api.first, api.last) for api in APIS.values() if api.key not in TELEMETRY}


@pytest.mark.parametrize("seed", range(30))
def test_no_request_is_a_bug(seed: int) -> None:
    """Whatever well-formed requests ask for, in every version served: an answer, silence or a hang-up, never a bug."""
    guesser = Guesser(seed)
    bench = Bench(seed=seed, config={"offsets.topic.num.partitions": "2"})
    clients = [bench.connect() for _ in range(4)]
    clients[0].ask(create_topic("t", 2), 7)
    for _ in range(100):
        which = guesser.luck.randrange(len(clients))
        if not clients[which].is_open or guesser.luck.random() < 0.05:
            if clients[which].is_open:
                clients[which].close()
            clients[which] = bench.connect()
        client = clients[which]
        if client.is_waiting:
            bench.advance(guesser.luck.choice((1, 400, 70_000)))
            continue
        request, version = guesser.request()
        client.send(request, version)
        assert not bench.core.bugs, (request, version)
        for answer in client.answers:
            guesser.learn(answer)
        client.answers.clear()
    bench.advance(10 * 24 * 3600 * 1000)
    assert not bench.core.bugs
    assert bench.connect().ask(metadata("new", create=True), 9).topics[0].error_code == 0


@pytest.mark.parametrize(("key", "version"), SERVED)
def test_random_bodies_are_refused_or_answered(key: int, version: int) -> None:
    """Behind a right header any bytes at all are a request or the end of the connection, and no bug."""
    luck = random.Random(key * 100 + version)
    bench = Bench(config={"offsets.topic.num.partitions": "1"})
    flexible = version in type_of(request_type(key)).flexible
    for size in (0, 1, 2, 7, 30, 30, 100, 100):
        client = bench.connect()
        client._asked.append((key, version, 1))
        weights = [6] + [1] * 255  # zeros are lengths that fit
        client.send_frame(header(key, version, 1, flexible=flexible) + bytes(luck.choices(range(256), weights, k=size)))
        assert not bench.core.bugs, bench.core.bugs


# -- a bug of ours -------------------------------------------------------------------------------------------------


class OurBug(Exception):
    """What a broken handler raises."""


def broken(state: State, call: Call) -> Any:
    raise OurBug("at once")


def broken_later(state: State, call: Call) -> Waiting:
    yield Wait((), call.arrived + 5)
    raise OurBug("later")


def wrong_answer(state: State, call: Call) -> Any:
    return ListGroupsResponse(error_code=2**15, groups=[])


def bench_with(handle: Any, key: int = 16) -> Bench:
    return Bench(apis={**APIS, key: Api(key, APIS[key].first, APIS[key].last, handle)})


@pytest.mark.parametrize("handle", [broken, broken_later])
def test_a_bug_is_one_answer(handle: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a handler is UNKNOWN_SERVER_ERROR to who asked, a traceback in the log, and kept for the end."""
    bench = bench_with(handle)
    client = bench.connect()
    client.send(ListGroupsRequest(), 4)
    bench.advance(10)
    assert client.answer().error_code == UNKNOWN_SERVER_ERROR
    (bug,) = bench.core.bugs
    assert isinstance(bug, OurBug)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "ListGroups v4" in record.getMessage()
    assert record.exc_info is not None
    assert client.ask(metadata(), 9).brokers[0].node_id == 1


def test_a_bug_is_told_of_each_thing_that_was_asked_for() -> None:
    """Where an answer has no error of its own, each element has it (AbstractRequest.getErrorResponse)."""
    client = bench_with(broken, key=0).connect()
    assert produced(client.ask(produce("t", b"x", index=3), 9)) == (UNKNOWN_SERVER_ERROR, -1)
    client = bench_with(broken, key=1).connect()
    (part,) = client.ask(fetch(("t", 3, 0)), 4).responses[0].partitions
    assert (part.partition_index, part.error_code, part.high_watermark) == (3, UNKNOWN_SERVER_ERROR, -1)
    client = bench_with(broken, key=42).connect()
    (group,) = client.ask(blank(request_type(42), groups_names=["g"]), 2).results
    assert (group.group_id, group.error_code) == ("g", UNKNOWN_SERVER_ERROR)
    client = bench_with(broken, key=49).connect()
    entry = AlterClientQuotasRequest.EntryData(entity=[ENTITY], ops=[])
    (altered,) = client.ask(AlterClientQuotasRequest(entries=[entry], validate_only=False), 1).entries
    assert [(one.entity_type, one.entity_name) for one in altered.entity] == [("user", "u")]
    assert altered.error_code == UNKNOWN_SERVER_ERROR


def test_a_bug_where_nobody_waits_for_an_answer_is_a_hang_up() -> None:
    """With acks=0 an error cannot be told but by the end of the connection; others go on."""
    bench = bench_with(broken, key=0)
    client, other = bench.connect(), bench.connect()
    client.send(produce("t", b"x", acks=0), 9)
    assert not client.is_open
    assert len(bench.core.bugs) == 1
    assert other.ask(metadata(), 9).brokers[0].node_id == 1


def test_an_answer_that_cannot_be_written_is_a_bug_too() -> None:
    """What a handler returns is encoded inside the same boundary."""
    bench = bench_with(wrong_answer)
    client = bench.connect()
    assert client.ask(ListGroupsRequest(), 4).error_code == UNKNOWN_SERVER_ERROR
    assert len(bench.core.bugs) == 1


# -- waiting -------------------------------------------------------------------------------------------------------


@pytest.fixture
def bench() -> Bench:
    """A core with the topics a and b of two partitions each."""
    made = Bench()
    for name in "ab":
        made.connect().ask(create_topic(name, 2), 7)
    return made


def send_fetch(bench: Bench, *partitions: tuple[str, int, int], **more: Any) -> CoreClient:
    client = bench.connect()
    client.send(fetch(*partitions, **more), 12)
    return client


def test_a_fetch_without_data_is_answered_at_max_wait(bench: Bench) -> None:
    """A fetch with no data is answered at max_wait, not before."""
    client = send_fetch(bench, ("a", 0, 0), max_wait_ms=500)
    assert bench.core.due() == bench.now + 500
    bench.advance(499)
    assert not client.answers
    bench.advance(1)
    assert fetched(client.answer()) == {("a", 0): []}


def test_a_fetch_waits_for_its_own_partitions_only(bench: Bench) -> None:
    """A produce to the watched partition answers at once; one to another partition, or topic, answers nothing."""
    client = send_fetch(bench, ("a", 0, 0), max_wait_ms=500)
    producer = bench.connect()
    producer.ask(produce("a", b"elsewhere", index=1), 9)
    producer.ask(produce("b", b"elsewhere"), 9)
    bench.advance(100)
    assert not client.answers
    producer.ask(produce("a", b"here"), 9)
    assert fetched(client.answer()) == {("a", 0): [b"here"]}


def test_a_fetch_of_many_partitions_waits_for_each(bench: Bench) -> None:
    """Any one of the partitions of a fetch ends its wait, and all are in the answer."""
    client = send_fetch(bench, ("a", 0, 0), ("a", 1, 0), ("b", 1, 0), max_wait_ms=500)
    bench.connect().ask(produce("b", b"x", index=1), 9)
    assert fetched(client.answer()) == {("a", 0): [], ("a", 1): [], ("b", 1): [b"x"]}


def test_min_bytes_may_take_several_appends(bench: Bench) -> None:
    """A fetch goes on waiting until min_bytes are there in all, over its partitions and over several appends."""
    producer = bench.connect()
    producer.ask(produce("a", b"x" * 100), 9)
    size = len(parts_records(send_fetch(bench, ("a", 0, 0))))
    client = send_fetch(bench, ("a", 0, 0), ("b", 0, 0), max_wait_ms=500, min_bytes=3 * size)
    producer.ask(produce("b", b"y" * 100), 9)
    bench.advance(100)
    assert not client.answers
    producer.ask(produce("a", b"z" * 100), 9)
    assert fetched(client.answer()) == {("a", 0): [b"x" * 100, b"z" * 100], ("b", 0): [b"y" * 100]}


def parts_records(client: CoreClient) -> bytes:
    ((topic,),) = [answer.responses for answer in [client.answer()]]
    return bytes(topic.partitions[0].records)


def test_min_bytes_that_never_come_end_at_max_wait(bench: Bench) -> None:
    """At max_wait what is there is answered, however little."""
    client = send_fetch(bench, ("a", 0, 0), max_wait_ms=500, min_bytes=10_000)
    bench.connect().ask(produce("a", b"little"), 9)
    bench.advance(499)
    assert not client.answers
    bench.advance(1)
    assert fetched(client.answer()) == {("a", 0): [b"little"]}


SMALL_SEGMENTS = {"segment.bytes": str(2**20)}  # the least that there may be
HALF, MOST = b"h" * 300_000, b"m" * 600_000  # of such a segment


@pytest.fixture
def rolling() -> Bench:
    """A core with the topic t, whose segments are small."""
    made = Bench()
    made.connect().ask(create_topic("t", 2, SMALL_SEGMENTS), 7)
    return made


def test_an_older_segment_is_answered_at_once(rolling: Bench) -> None:
    """Nothing more comes into a segment that is not the last: who reads there does not wait (DelayedFetch, case F)."""
    producer = rolling.connect()
    for value in (MOST, MOST):
        producer.ask(produce("t", value), 9)
    first = send_fetch(rolling, ("t", 0, 0), max_wait_ms=500, min_bytes=2**20)
    assert fetched(first.answer()) == {("t", 0): [MOST]}
    last = send_fetch(rolling, ("t", 0, 1), max_wait_ms=500, min_bytes=2**20)
    rolling.advance(499)
    assert last.is_waiting
    rolling.advance(1)
    assert fetched(last.answer()) == {("t", 0): [MOST]}


@pytest.mark.parametrize("offset", [0, 1])
def test_a_new_segment_ends_the_wait_for_the_old_one(rolling: Bench, offset: int) -> None:
    """Who waits for more than there is in a segment, or at its end, is answered when the next one begins."""
    producer = rolling.connect()
    producer.ask(produce("t", HALF), 9)
    reader = send_fetch(rolling, ("t", 0, offset), max_wait_ms=500, min_bytes=2**20)
    producer.ask(produce("t", HALF), 9)
    assert reader.is_waiting
    producer.ask(produce("t", MOST), 9)
    assert fetched(reader.answer()) == {("t", 0): [HALF, HALF][offset:]}


def test_what_lies_there_counts_even_where_it_does_not_fit(bench: Bench) -> None:
    """min_bytes are counted from the offsets to the ends, not in the answer, which has no room for a second batch."""
    producer = bench.connect()
    for index in (0, 1):
        producer.ask(produce("a", b"x" * 100, index=index), 9)
    size = len(parts_records(send_fetch(bench, ("a", 0, 0))))
    limits = {"max_wait_ms": 500, "max_bytes": size + 10, "min_bytes": size + 10}
    answer = fetched(send_fetch(bench, ("a", 0, 0), ("a", 1, 0), **limits).answer())
    assert answer == {("a", 0): [b"x" * 100], ("a", 1): []}


def test_waiters_are_answered_in_the_order_they_came(bench: Bench) -> None:
    """One append answers many fetches: first come, first served."""
    clients = [send_fetch(bench, ("a", 0, 0), max_wait_ms=500) for _ in range(20)]
    bench.sent.clear()
    bench.connect().ask(produce("a", b"x"), 9)
    waited = [number for number, _ in bench.sent if number <= clients[-1].number]
    assert waited == [client.number for client in clients]


def test_a_dropped_connection_drops_its_fetch(bench: Bench) -> None:
    """Nobody waits for an answer whose asker has gone: no deadline, no waiter, and a produce goes on as ever."""
    before = bench.core.due()
    client = send_fetch(bench, ("a", 0, 0), max_wait_ms=500)
    assert bench.core.due() == bench.now + 500
    client.close()
    assert bench.core.due() == before
    assert len(bench.state.waiters) == 0
    assert produced(bench.connect().ask(produce("a", b"x"), 9)) == (0, 0)
    assert not bench.core.bugs


def test_a_deleted_topic_ends_the_wait_for_it(bench: Bench) -> None:
    """A fetch that waits for a topic is told at once that it has gone (as Kafka's delayed fetch is)."""
    client = send_fetch(bench, ("a", 0, 0), max_wait_ms=500)
    request = blank(request_type(20), topic_names=["a"], timeout_ms=1000)
    bench.connect().ask(request, 4)
    bench.advance(500)
    assert client.answer().responses[0].partitions[0].error_code == 3
    assert not bench.core.bugs


# -- acks ----------------------------------------------------------------------------------------------------------


def test_acks_0_is_never_answered(bench: Bench) -> None:
    """A producer that asks for no answer gets none, its records are there, and its next request is served."""
    client = bench.connect()
    client.send(produce("a", b"quiet", acks=0), 9)
    assert (client.silences, len(client.answers), client.is_open) == (1, 0, True)
    assert fetched(client.ask(fetch(("a", 0, 0)), 12)) == {("a", 0): [b"quiet"]}


def test_an_error_with_acks_0_ends_the_connection(bench: Bench) -> None:
    """The only way to tell such a producer of an error is to close its connection (KafkaApis.handleProduceRequest)."""
    client = bench.connect()
    client.send(produce("nowhere", b"x", acks=0), 9)
    assert not client.is_open
    assert not client.answers


@pytest.mark.parametrize("acks", [1, -1])
def test_acks_1_and_all_are_answered_with_the_offset(bench: Bench, acks: int) -> None:
    """With one replica both are answered once the batch is appended."""
    client = bench.connect()
    assert produced(client.ask(produce("a", b"x", b"y", acks=acks), 9)) == (0, 0)
    assert produced(client.ask(produce("a", b"z", acks=acks), 9)) == (0, 2)


# -- determinism ---------------------------------------------------------------------------------------------------


def test_the_same_inputs_give_the_same_bytes_under_any_hash_seed() -> None:
    """Seed, time and frames alone decide what is answered and what is written: Python's hash seed has no say."""
    digests = {
        subprocess.run(
            [sys.executable, "-m", "tests.scripted"],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(digests) == 1
    assert scripted_run(5) != scripted_run(6)  # and the run is not empty of what a seed decides


def test_null_topics_are_all(bench: Bench) -> None:
    """Metadata v1 and later: null asks for every topic."""
    answer = bench.connect().ask(MetadataRequest(topics=None), 1)
    assert [topic.name for topic in answer.topics] == ["a", "b"]

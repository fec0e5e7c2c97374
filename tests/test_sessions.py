"""Fetch sessions (KIP-227): a client names its partitions once, and is told only what is new."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from kpybroker.machine import Instant
from kpybroker.sessions import FetchSessions, PartitionData
from kpybroker.wire.apis import request_type
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse
from tests.core import Bench, CoreClient
from tests.requests import create_topic, fetch, fetched, metadata, parts_of, produce

if TYPE_CHECKING:
    from _typeshed import SupportsLenAndGetItem

NOW = 1_700_000_000_000
DATA = Path(__file__).parent / "data" / "sessions"
IDS_OF_A_SLICE = 268_435_455  # of the session ids; there are eight slices (kafka.server.BrokerServer)
EVICTION_MS = 120_000  # kafka.server.FetchSession: a session is not taken from its client before
BY_NAME, BY_ID = 12, 13
ALL = [("a", 0, 0), ("a", 1, 0), ("b", 0, 0)]
QUIET: dict[tuple[str, int], list[bytes | None]] = {("a", 0): [], ("a", 1): [], ("b", 0): []}


class Follower:
    """A consumer's end of a session."""

    def __init__(self, bench: Bench, version: int = BY_NAME, ids: dict[str, bytes] | None = None) -> None:
        self.client = bench.connect()
        self.version = version
        self.ids = ids
        self.id, self.epoch = 0, 0

    def open(self, *partitions: tuple[str, int, int]) -> FetchResponse:
        answer = self._ask(*partitions)
        self.id, self.epoch = answer.session_id, 1
        return answer

    def next(self, *partitions: tuple[str, int, int], forgotten: list[tuple[str, int]] | None = None) -> FetchResponse:
        answer = self._ask(*partitions, forgotten=forgotten or [])
        self.epoch += 1
        return answer

    def _ask(self, *partitions: tuple[str, int, int], forgotten: list[tuple[str, int]] | None = None) -> FetchResponse:
        request = fetch(*partitions, session=(self.id, self.epoch), forgotten=forgotten or [], ids=self.ids)
        answer: FetchResponse = self.client.ask(request, self.version)
        return answer


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    for name in "ab":
        made.connect().ask(create_topic(name, 2), 7)
    return made


@pytest.fixture
def producer(bench: Bench) -> CoreClient:
    return bench.connect()


def test_the_first_answer_tells_all_and_the_next_only_news(bench: Bench, producer: CoreClient) -> None:
    """A full fetch opens a session and answers every partition; from then on those with news are in the answer."""
    follower = Follower(bench)
    assert fetched(follower.open(*ALL)) == QUIET
    assert follower.id > 0
    quiet = follower.next()
    assert (quiet.session_id, quiet.error_code, quiet.responses) == (follower.id, 0, [])
    producer.ask(produce("a", b"x", index=1), 9)
    assert fetched(follower.next()) == {("a", 1): [b"x"]}
    assert fetched(follower.next(("a", 1, 1))) == {}


def test_what_was_not_read_on_is_told_again(bench: Bench, producer: CoreClient) -> None:
    """Records are sent until the client asks for what is behind them."""
    follower = Follower(bench)
    follower.open(*ALL)
    producer.ask(produce("a", b"x"), 9)
    for _ in range(2):
        assert fetched(follower.next()) == {("a", 0): [b"x"]}
    assert fetched(follower.next(("a", 0, 1))) == {}


def test_a_moved_high_watermark_is_news(bench: Bench, producer: CoreClient) -> None:
    """A partition whose high watermark has moved is in the answer although it has no record for this client."""
    follower = Follower(bench)
    follower.open(("a", 0, 0))
    producer.ask(produce("a", b"x"), 9)
    answer = follower.next(("a", 0, 1))
    assert {key: part.high_watermark for key, part in parts_of(answer).items()} == {("a", 0): 1}
    assert follower.next().responses == []


def test_an_error_is_told_until_it_is_gone(bench: Bench) -> None:
    """A partition in error is in every answer, and once more when the error is gone."""
    follower = Follower(bench)
    follower.open(("a", 0, 0), ("new", 0, 0))
    for _ in range(2):
        assert [part.error_code for part in parts_of(follower.next()).values()] == [3]
    bench.connect().ask(create_topic("new"), 7)
    assert [part.error_code for part in parts_of(follower.next()).values()] == [0]
    assert follower.next().responses == []


def test_what_was_served_goes_to_the_end(bench: Bench, producer: CoreClient) -> None:
    """Where there is not room for all, each gets its turn: a partition that was served goes behind the others."""
    for name, index in [("a", 0), ("a", 1), ("b", 0)]:
        producer.ask(produce(name, b"x" * 100, index=index), 9)
    client = bench.connect()
    session = client.ask(fetch(("b", 1, 0), session=(0, 0)), BY_NAME).session_id
    first: list[tuple[str, int]] = []
    added = ALL
    for epoch in range(1, 7):
        answer = client.ask(fetch(*added, session=(session, epoch), max_bytes=1), BY_NAME)
        added = []
        (served,) = [key for key, part in parts_of(answer).items() if bytes(part.records or b"")]  # type: ignore[call-overload]
        first.append(served)
    assert first == [("a", 0), ("a", 1), ("b", 0)] * 2


def test_forgotten_partitions_are_followed_no_more(bench: Bench, producer: CoreClient) -> None:
    """What the client no longer wants is not read for it, and may be asked for anew."""
    follower = Follower(bench)
    follower.open(*ALL)
    producer.ask(produce("a", b"x"), 9)
    producer.ask(produce("b", b"y"), 9)
    assert fetched(follower.next(forgotten=[("a", 0)])) == {("b", 0): [b"y"]}
    assert fetched(follower.next(("a", 0, 0), forgotten=[("b", 0)])) == {("a", 0): [b"x"]}


def test_a_session_without_partitions_ends(bench: Bench) -> None:
    """When the last partition is forgotten so is the session: session id 0, and the next request does not find it."""
    follower = Follower(bench)
    follower.open(("a", 0, 0))
    ended = follower.next(forgotten=[("a", 0)])
    assert (ended.session_id, ended.error_code) == (0, 0)
    assert follower.next().error_code == Error.FETCH_SESSION_ID_NOT_FOUND
    assert len(bench.state.sessions) == 0


def test_epoch_minus_1_ends_the_session(bench: Bench) -> None:
    """The final epoch is a full fetch without a session, and gives the slot back."""
    follower = Follower(bench)
    follower.open(*ALL)
    answer = follower.client.ask(fetch(*ALL, session=(follower.id, -1)), BY_NAME)
    assert (answer.session_id, fetched(answer)) == (0, QUIET)
    assert len(bench.state.sessions) == 0


def test_epoch_0_replaces_the_session(bench: Bench) -> None:
    """A full fetch that names a session closes that one and opens another."""
    follower = Follower(bench)
    follower.open(*ALL)
    old, follower.epoch = follower.id, 0
    follower.open(*ALL)
    assert follower.id not in (0, old)
    assert len(bench.state.sessions) == 1


def test_a_session_may_begin_with_nothing(bench: Bench, producer: CoreClient) -> None:
    """A full fetch without partitions opens a session too, and partitions may join it, as in Kafka 4.3.1."""
    follower = Follower(bench)
    assert follower.open().session_id > 0
    producer.ask(produce("a", b"x"), 9)
    assert fetched(follower.next(("a", 0, 0))) == {("a", 0): [b"x"]}


@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_a_wrong_epoch_is_refused(bench: Bench, epoch: int) -> None:
    """An epoch that is not the next one is INVALID_FETCH_SESSION_EPOCH, and the session is as it was."""
    follower = Follower(bench)
    follower.open(*ALL)
    follower.next()
    refused = follower.client.ask(fetch(session=(follower.id, epoch)), BY_NAME)
    assert (refused.error_code, refused.session_id) == (Error.INVALID_FETCH_SESSION_EPOCH, 0)
    assert follower.next().error_code == 0


def test_an_unknown_session_is_refused(bench: Bench) -> None:
    """A session that is not, or no longer, there is FETCH_SESSION_ID_NOT_FOUND."""
    answer = bench.connect().ask(fetch(session=(1234, 1)), BY_NAME)
    assert answer.error_code == Error.FETCH_SESSION_ID_NOT_FOUND


def test_sessions_by_name_and_by_id_do_not_mix(bench: Bench, producer: CoreClient) -> None:
    """A session of topic ids serves version 13 and later only, one of names only those before (KIP-516)."""
    topics = producer.ask(metadata("a", "b"), 12).topics
    ids = {topic.name: bytes(topic.topic_id) for topic in topics}
    by_id, by_name = Follower(bench, BY_ID, ids), Follower(bench)
    by_id.open(*ALL)
    by_name.open(*ALL)
    producer.ask(produce("b", b"x"), 9)
    refused = by_name.client.ask(fetch(session=(by_name.id, 1), ids=ids), BY_ID)
    assert refused.error_code == Error.FETCH_SESSION_TOPIC_ID_ERROR
    refused = by_id.client.ask(fetch(session=(by_id.id, 1)), BY_NAME)
    assert refused.error_code == Error.FETCH_SESSION_TOPIC_ID_ERROR
    assert fetched(by_id.next()) == {(ids["b"].hex(), 0): [b"x"]}
    assert fetched(by_id.next(forgotten=[("b", 0)])) == {}
    assert fetched(by_name.next()) == {("b", 0): [b"x"]}


def test_a_session_by_id_outlives_its_topic(bench: Bench, producer: CoreClient) -> None:
    """A topic that is deleted and made again is another topic, and does not have the id that is followed."""
    ids = {"a": bytes(producer.ask(metadata("a"), 12).topics[0].topic_id)}
    follower = Follower(bench, BY_ID, ids)
    follower.open(("a", 0, 0))
    producer.ask(blank(request_type(20), topic_names=["a"], timeout_ms=1000), 4)
    producer.ask(create_topic("a"), 7)
    assert [part.error_code for part in parts_of(follower.next()).values()] == [Error.INCONSISTENT_TOPIC_ID]


def test_a_session_goes_on_elsewhere_while_a_fetch_waits() -> None:
    """Who waits in a session of which another connection has asked more meanwhile is told that its epoch is past."""
    bench = Bench()
    consumer, other, producer = bench.connect(), bench.connect(), bench.connect()
    producer.ask(create_topic("a", 2), 7)
    number = consumer.ask(fetch(("a", 0, 0), ("a", 1, 0), session=(0, 0)), BY_NAME).session_id
    consumer.send(fetch(session=(number, 1), max_wait_ms=500), BY_NAME)
    other.ask(fetch(session=(number, 2), forgotten=[("a", 0)]), BY_NAME)
    producer.ask(produce("a", b"x"), 9)
    bench.advance(500)
    answer = consumer.answer()
    assert (answer.error_code, answer.session_id) == (Error.INVALID_FETCH_SESSION_EPOCH, number)
    assert answer.responses == []
    assert other.ask(fetch(session=(number, 3)), BY_NAME).error_code == 0
    assert not bench.core.bugs


def test_a_session_closed_elsewhere_answers_who_waits() -> None:
    """Closing a session does not take the answer from a fetch that waits in it; the next request finds it gone."""
    bench = Bench()
    consumer, other, producer = bench.connect(), bench.connect(), bench.connect()
    producer.ask(create_topic("a"), 7)
    number = consumer.ask(fetch(("a", 0, 0), session=(0, 0)), BY_NAME).session_id
    consumer.send(fetch(session=(number, 1), max_wait_ms=500), BY_NAME)
    other.ask(fetch(session=(number, -1)), BY_NAME)
    producer.ask(produce("a", b"x"), 9)
    assert fetched(consumer.answer()) == {("a", 0): [b"x"]}
    assert consumer.ask(fetch(session=(number, 2)), BY_NAME).error_code == Error.FETCH_SESSION_ID_NOT_FOUND


@pytest.mark.parametrize("number", [-(2**31), -IDS_OF_A_SLICE, 8 * IDS_OF_A_SLICE, 2**31 - 1])
def test_ids_that_no_session_can_have(bench: Bench, number: int) -> None:
    """Outside of the ids that the cache shares out, Kafka 4.3.1 fails as a whole, and says so of every partition."""
    for epoch in (1, 0, -1):
        answer = bench.connect().ask(fetch(("a", 0, 0), session=(number, epoch)), BY_NAME)
        assert (answer.error_code, answer.session_id) == (Error.UNKNOWN_SERVER_ERROR, number)
        assert [part.error_code for part in parts_of(answer).values()] == [Error.UNKNOWN_SERVER_ERROR]
    assert bench.connect().ask(fetch(session=(-1, 1)), BY_NAME).error_code == Error.FETCH_SESSION_ID_NOT_FOUND


# -- the cache by itself -------------------------------------------------------------------------------------------

FIELDS = "at ends session epoch version by_follower asked forgotten with_records error answered_session answered"
Step = namedtuple("Step", FIELDS)  # they are described beside the file
RUN = [Step(*json.loads(line)) for line in (DATA / "run.jsonl").read_text().splitlines()]


class Given(Random):
    """Chooses the very session ids that Kafka chose: where all else is equal, the smaller goes first."""

    def __init__(self) -> None:
        super().__init__(1)
        self.ids = iter(dict.fromkeys(step.answered_session for step in RUN if step.epoch == 0 < step.answered_session))

    def choice(self, seq: SupportsLenAndGetItem[Any]) -> Any:
        number = next(self.ids)
        assert number in seq  # type: ignore[operator]
        return number


def asked(step: Step) -> FetchRequest:
    request = fetch(*[("t", index, 0) for index in step.asked], session=(step.session, step.epoch))
    topic = "t" if step.version < BY_ID else ""
    forgotten = [FetchRequest.ForgottenTopic(topic=topic, partitions=step.forgotten)]
    return structs.replace(request, replica_id=2 if step.by_follower else -1, forgotten_topics_data=forgotten)


def told(step: Step, index: int) -> PartitionData:
    records = b"x" if index in step.with_records else b""
    return PartitionData(partition_index=index, error_code=0, high_watermark=step.ends[index], records=records)


def test_a_long_life_of_the_cache() -> None:
    """2,500 requests: each gets the session, the error and the partitions, in the order, that Apache Kafka gave it."""
    sessions = FetchSessions(19, Given())
    for at, step in enumerate(RUN):
        context = sessions.context(asked(step), step.version, step.at)
        answers = [(followed, told(step, followed.index)) for followed in context.partitions]
        error, number, chosen = context.answer(answers, step.at)
        got = context.error or error, number, [data.partition_index for _, data in chosen]
        assert got == (step.error, step.answered_session, step.answered), f"step {at}"
    assert len(sessions) <= 16


def opened(sessions: FetchSessions, now: Instant = NOW, partitions: int = 1) -> int:
    """A session's id, or 0."""
    asked = sessions.context(fetch(*[("a", index, 0) for index in range(partitions)], session=(0, 0)), BY_NAME, now)
    answers = [
        (followed, PartitionData(partition_index=followed.index, error_code=0, high_watermark=0, records=b""))
        for followed in asked.partitions
    ]
    return asked.answer(answers, now)[1]


def goes_on(sessions: FetchSessions, number: int, epoch: int, now: Instant = NOW) -> Error:
    return sessions.context(fetch(session=(number, epoch)), BY_NAME, now).error


@pytest.mark.parametrize(("slots", "fit"), [(1000, 1000), (23, 16), (8, 8), (7, 0), (0, 0)])
def test_slots_are_bounded(slots: int, fit: int) -> None:
    """max.incremental.fetch.session.cache.slots is cut into eight equal slices, and what does not divide is lost: who
    finds its slice full gets no session, id 0, and goes on without."""
    sessions = FetchSessions(slots, Random(1))
    assert [opened(sessions) > 0 for _ in range(fit + 8)] == [True] * fit + [False] * 8
    assert len(sessions) == fit


def test_a_session_is_evicted_after_two_minutes() -> None:
    """The one that was not used for longest makes room in its slice, and not before two minutes have passed."""
    sessions = FetchSessions(16, Random(1))
    ids = [opened(sessions) for _ in range(16)]
    first, second = ids[0], ids[8]
    assert goes_on(sessions, first, 1, NOW + 1) is Error.NONE
    for _ in range(8):
        assert opened(sessions, NOW + EVICTION_MS) == 0
    assert opened(sessions, NOW + EVICTION_MS + 1) > 0
    assert goes_on(sessions, second, 1, NOW + EVICTION_MS + 1) is Error.FETCH_SESSION_ID_NOT_FOUND
    assert goes_on(sessions, first, 2, NOW + EVICTION_MS + 1) is Error.NONE


def test_a_larger_session_takes_the_place_of_a_settled_one() -> None:
    """A session in use, but older than two minutes, gives way to one that follows more partitions, not to its like."""
    sessions = FetchSessions(8, Random(1))
    ids = [opened(sessions, partitions=3) for _ in range(8)]
    later = NOW + EVICTION_MS + 1
    assert {goes_on(sessions, number, 1, later) for number in ids} == {Error.NONE}
    assert [opened(sessions, later, partitions=3) for _ in range(8)] == [0] * 8
    assert opened(sessions, later, partitions=4) > 0
    assert goes_on(sessions, ids[0], 2, later) is Error.FETCH_SESSION_ID_NOT_FOUND


def test_epochs_begin_again_at_1() -> None:
    """After 2**31 - 1 comes 1: 0 would open a new session (org.apache.kafka.common.requests.FetchMetadata)."""
    sessions = FetchSessions(8, Random(1))
    number = opened(sessions)
    session = sessions.context(fetch(session=(number, 1)), BY_NAME, NOW).session
    assert session is not None
    session.epoch = 2**31 - 1
    assert goes_on(sessions, number, 2**31 - 1) is Error.NONE
    assert goes_on(sessions, number, 1) is Error.NONE


def test_session_ids_are_positive_and_differ() -> None:
    """Ids are chosen by the seed, each from its slice of the positive numbers, and are never given twice at a time."""
    sessions = FetchSessions(504, Random(1))
    ids = [opened(sessions) for _ in range(504)]
    assert len(set(ids)) == 504
    assert all(0 < number < 2**31 for number in ids)
    assert [number // IDS_OF_A_SLICE for number in ids] == [*range(8)] * 63
    again = FetchSessions(504, Random(1))
    assert [opened(again) for _ in range(504)] == ids

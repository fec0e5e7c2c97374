"""What is usable in the very answer that makes it, and what Kafka's own timing is (`strict`)."""

from __future__ import annotations

import pytest

from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest
from tests.core import Bench, CoreClient
from tests.requests import metadata, produce, produced
from tests.scripted import JOIN_VERSION, join

UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, COORDINATOR_NOT_AVAILABLE = 3, 5, 15


def find(group: str) -> FindCoordinatorRequest:
    return FindCoordinatorRequest(key_type=0, coordinator_keys=[group])


@pytest.fixture
def fast() -> CoreClient:
    return Bench().connect()


@pytest.fixture
def strict() -> CoreClient:
    return Bench(strict=True).connect()


def test_a_topic_is_usable_in_the_answer_that_makes_it(fast: CoreClient) -> None:
    """Not strict: whoever asks for a topic gets it, with a leader, and produces to it at once."""
    (topic,) = fast.ask(metadata("new", create=True), 9).topics
    assert (topic.error_code, [part.leader_id for part in topic.partitions]) == (0, [1])
    assert produced(fast.ask(produce("new", b"x"), 9)) == (0, 0)


def test_strict_the_topic_is_there_in_the_next_answer(strict: CoreClient) -> None:
    """Strict: the first answer is Kafka's error for a topic under way, the next has it."""
    (topic,) = strict.ask(metadata("new", create=True), 9).topics
    assert topic.error_code in (UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE)
    (topic,) = strict.ask(metadata("new", create=True), 9).topics
    assert (topic.error_code, len(topic.partitions)) == (0, 1)


def test_a_coordinator_is_known_at_once(fast: CoreClient) -> None:
    """Not strict: the question that makes __consumer_offsets is answered with a coordinator."""
    (answer,) = fast.ask(find("group"), 4).coordinators
    assert (answer.error_code, answer.node_id) == (0, 1)


def test_strict_the_coordinator_comes_with_the_next_question(strict: CoreClient) -> None:
    """Strict: COORDINATOR_NOT_AVAILABLE while the topic behind it is made."""
    (answer,) = strict.ask(find("group"), 4).coordinators
    assert answer.error_code == COORDINATOR_NOT_AVAILABLE
    (answer,) = strict.ask(find("group"), 4).coordinators
    assert (answer.error_code, answer.node_id) == (0, 1)


def test_the_first_rebalance_waits_only_when_strict() -> None:
    """group.initial.rebalance.delay.ms is 0, and 3000 as in Kafka when strict."""
    for strict, delay in ((False, 0), (True, 3000)):
        bench = Bench(strict=strict)
        client = bench.connect()
        client.ask(find("group"), 4)
        member = client.ask(join("group"), JOIN_VERSION).member_id
        client.send(join("group", member), JOIN_VERSION)
        if delay:
            bench.advance(delay - 1)
            assert not client.answers
            bench.advance(1)
        assert client.answer().error_code == 0

"""The controller: which topics it makes and removes, and that a seed decides every id."""

from __future__ import annotations

import base64
import uuid
from random import Random
from typing import Any

import pytest

from kpybroker.metadata.controller import PRODUCER_ID_BLOCK
from kpybroker.metadata.creation import new_id
from kpybroker.wire.apis import request_type
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import blank, changed
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from tests.core import Bench, CoreClient
from tests.requests import create_topic, init_producer_id, metadata

Assignment = CreateTopicsRequest.CreatableTopic.CreatableReplicaAssignment


@pytest.fixture
def client() -> CoreClient:
    return Bench().connect()


def several(*requests: CreateTopicsRequest) -> CreateTopicsRequest:
    return changed(requests[0], topics=[topic for request in requests for topic in request.topics])


def created(client: CoreClient, request: CreateTopicsRequest) -> dict[str, int]:
    return {topic.name: topic.error_code for topic in client.ask(request, 7).topics}


def names(client: CoreClient) -> set[str]:
    return {topic.name for topic in client.ask(metadata(), 9).topics}


def test_ids_are_uuids_that_the_seed_decides() -> None:
    """Version 4, and their text never starts with a dash, which command lines would take for an option."""
    ids = [new_id(Random(seed)) for seed in range(2000)]
    assert len(set(ids)) == 2000
    for each in ids:
        assert uuid.UUID(bytes=each).version == 4
        assert not base64.urlsafe_b64encode(each).startswith(b"-")
    assert new_id(Random(5)) == ids[5]


def test_one_wrong_topic_does_not_stop_the_others(client: CoreClient) -> None:
    """Each topic of a request is decided by itself; a name that comes twice is refused, and made for neither."""
    request = several(create_topic("good"), create_topic("a/b"), create_topic("twice"), create_topic("twice", 2))
    assert created(client, request) == {
        "good": Error.NONE,
        "a/b": Error.INVALID_TOPIC_EXCEPTION,
        "twice": Error.INVALID_REQUEST,
    }
    assert names(client) == {"good"}


def test_topics_that_are_there(client: CoreClient) -> None:
    """A topic that exists, or one whose metrics would be another's, is refused."""
    client.ask(create_topic("a.b"), 7)
    assert created(client, create_topic("a.b")) == {"a.b": Error.TOPIC_ALREADY_EXISTS}
    assert created(client, create_topic("a_b")) == {"a_b": Error.INVALID_TOPIC_EXCEPTION}


def test_validate_only_makes_nothing(client: CoreClient) -> None:
    """The answer is what it would be, and that is all."""
    request = changed(create_topic("t", 3), validate_only=True)
    (answer,) = client.ask(request, 7).topics
    assert (answer.error_code, answer.num_partitions) == (Error.NONE, 3)
    assert names(client) == set()


@pytest.mark.parametrize(
    ("partitions", "factor", "error"),
    [
        (1, 1, Error.NONE),
        (-1, -1, Error.NONE),
        (0, 1, Error.INVALID_PARTITIONS),
        (-2, 1, Error.INVALID_PARTITIONS),
        (1, 0, Error.INVALID_REPLICATION_FACTOR),
        (1, -2, Error.INVALID_REPLICATION_FACTOR),
        (1, 2, Error.INVALID_REPLICATION_FACTOR),
        (10_001, 1, Error.POLICY_VIOLATION),
    ],
)
def test_partitions_and_replicas(client: CoreClient, partitions: int, factor: int, error: Error) -> None:
    """As many as asked for, the default for -1, and no more than there are brokers or one request may make."""
    request = create_topic("t", partitions)
    request = changed(request, topics=[changed(request.topics[0], replication_factor=factor)])
    assert created(client, request) == {"t": error}


@pytest.mark.parametrize(
    ("assignments", "error"),
    [
        ({0: [1], 1: [1]}, Error.NONE),
        ({1: [1], 0: [1]}, Error.NONE),
        ({0: [2]}, Error.INVALID_REPLICA_ASSIGNMENT),
        ({0: []}, Error.INVALID_REPLICA_ASSIGNMENT),
        ({0: [1, 1]}, Error.INVALID_REPLICA_ASSIGNMENT),
        ({1: [1]}, Error.INVALID_REPLICA_ASSIGNMENT),
        ({-1: [1]}, Error.INVALID_REPLICA_ASSIGNMENT),
    ],
)
def test_replicas_by_hand(client: CoreClient, assignments: dict[int, list[int]], error: Error) -> None:
    """Partitions from 0 without a gap, each on distinct brokers that exist."""
    request = create_topic("t", -1)
    by_hand = [Assignment(partition_index=index, broker_ids=brokers) for index, brokers in assignments.items()]
    request = changed(request, topics=[changed(request.topics[0], assignments=by_hand)])
    assert created(client, request) == {"t": error}
    if error is Error.NONE:
        assert len(client.ask(metadata("t"), 9).topics[0].partitions) == len(assignments)


def test_wrong_settings_make_no_topic(client: CoreClient) -> None:
    """A setting that is unknown, or whose value it cannot have, is INVALID_CONFIG."""
    for configs in ({"retention.ms": "long"}, {"no.such.setting": "1"}, {"cleanup.policy": "burn"}):
        assert created(client, create_topic("t", 1, configs)) == {"t": Error.INVALID_CONFIG}
    assert names(client) == set()


def deletion(**fields: Any) -> Any:
    return blank(request_type(20), timeout_ms=1000, **fields)


def test_topics_go_by_name_and_by_id(client: CoreClient) -> None:
    """Version 6 names topics either way; a topic that is named in both ways stays."""
    for name in ("a", "b", "c"):
        client.ask(create_topic(name), 7)
    ids = {topic.name: topic.topic_id for topic in client.ask(metadata(), 12).topics}
    part = request_type(20).DeleteTopicState
    asked = [
        part(name="a", topic_id=NO_ID),
        part(name=None, topic_id=ids["b"]),
        part(name="c", topic_id=NO_ID),
        part(name=None, topic_id=ids["c"]),
        part(name=None, topic_id=b"\7" * 16),
        part(name="nowhere", topic_id=NO_ID),
    ]
    answer = client.ask(deletion(topics=asked, topic_names=[]), 6)
    found = {(each.name, bytes(each.topic_id)): each.error_code for each in answer.responses}
    assert found == {
        ("a", ids["a"]): Error.NONE,
        ("b", ids["b"]): Error.NONE,
        ("c", ids["c"]): Error.INVALID_REQUEST,
        (None, b"\7" * 16): Error.UNKNOWN_TOPIC_ID,
        ("nowhere", NO_ID): Error.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert names(client) == {"c"}


def test_deletion_may_be_turned_off() -> None:
    """delete.topic.enable=false refuses every topic: TOPIC_DELETION_DISABLED from version 3 on."""
    client = Bench(config={"delete.topic.enable": "false"}).connect()
    client.ask(create_topic("t"), 7)
    assert client.ask(deletion(topic_names=["t"]), 4).responses[0].error_code == Error.TOPIC_DELETION_DISABLED
    assert client.ask(deletion(topic_names=["t"]), 2).responses[0].error_code == Error.INVALID_REQUEST
    assert names(client) == {"t"}


def test_producer_ids_come_in_blocks() -> None:
    """A block is in the metadata log before the first of its ids is given (KIP-730); a thousand ids are one record."""
    bench = Bench()
    client = bench.connect()
    assert client.ask(init_producer_id(), 4).producer_id == 0
    changes = bench.state.image.changes
    assert bench.state.image.next_producer_id == PRODUCER_ID_BLOCK == 1000
    ids = [client.ask(init_producer_id(), 4).producer_id for _ in range(999)]
    assert ids == list(range(1, 1000))
    assert bench.state.image.changes == changes
    assert client.ask(init_producer_id(), 4).producer_id == 1000
    assert bench.state.image.next_producer_id == 2000

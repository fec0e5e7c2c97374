"""A frame's bytes are gone when its request has been taken: what is needed longer was copied.

The clients of tests/core.py overwrite each frame as soon as `receive` is over, as a connection's buffer is used again.
"""

from __future__ import annotations

from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from tests.core import Bench
from tests.requests import create_topic, fetch, fetched, metadata, produce, produced
from tests.scripted import COMMIT_VERSION, JOIN_VERSION, SYNC_VERSION, commit, enter, join, settle

BY_ID = 13


def test_a_fetch_by_id_that_waits() -> None:
    """The ids of a parked fetch are those that were asked for, also when its session goes on."""
    bench = Bench()
    producer, consumer = bench.connect(), bench.connect()
    producer.ask(create_topic("t"), 7)
    ids = {"t": bytes(producer.ask(metadata("t"), 12).topics[0].topic_id)}
    consumer.send(fetch(("t", 0, 0), max_wait_ms=500, session=(0, 0), ids=ids), BY_ID)
    assert produced(producer.ask(produce("", b"one", topic_id=ids["t"]), BY_ID)) == (0, 0)
    first = consumer.answer()
    assert fetched(first) == {(ids["t"].hex(), 0): [b"one"]}
    producer.ask(produce("", b"two", topic_id=ids["t"]), BY_ID)
    after = consumer.ask(fetch(session=(first.session_id, 1)), BY_ID)
    assert fetched(after) == {(ids["t"].hex(), 0): [b"one", b"two"]}


def test_records_are_in_the_log() -> None:
    """What was produced is what is read, long after."""
    bench = Bench()
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    values = [bytes([number]) * 500 for number in range(50)]
    for value in values:
        client.ask(produce("t", value), 9)
    assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): values}


def test_what_members_say_of_themselves() -> None:
    """Subscriptions reach the leader and assignments the members as they were sent, in rebalances much later too."""
    bench = Bench()
    client = bench.connect()
    settle(bench, {(member := enter(client, "group")): client}, "group")
    (group,) = client.ask(blank(request_type(15), groups=["group"]), 5).groups
    (described,) = group.members
    assert bytes(described.member_metadata) == b"range"
    assert bytes(described.member_assignment) == member.encode()
    client.send(join("group", member, ("range",)), JOIN_VERSION)
    bench.advance(1)
    joined = client.answer()
    assert [bytes(each.metadata) for each in joined.members] == [b"range"]
    again = blank(
        request_type(14), group_id="group", generation_id=joined.generation_id, member_id=member, assignments=[]
    )
    assert client.ask(again, SYNC_VERSION).error_code == 0


def test_what_was_committed() -> None:
    """The text beside an offset is what the client sent."""
    bench = Bench()
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    client.ask(commit("group", -1, "", "t", 1), COMMIT_VERSION)
    client.ask(metadata(), 9)
    group = request_type(9).OffsetFetchRequestGroup(group_id="group", topics=None)
    (answer,) = client.ask(blank(request_type(9), groups=[group]), 8).groups
    assert [(part.committed_offset, part.metadata) for part in answer.topics[0].partitions] == [(1, "here")]

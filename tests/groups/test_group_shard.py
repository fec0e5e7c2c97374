"""A shard beyond what a transcript can show: closed connections, what the log knows, and the long life of offsets."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from kpybroker.groups.classic import in_hash_map_order
from kpybroker.groups.settings import GroupSettings
from kpybroker.groups.shard import Shard
from kpybroker.machine import Call, Peer, Record
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from kpybroker.wire.schemas.consumer_groups import ConsumerGroupMetadataKey, ConsumerGroupMetadataValue
from kpybroker.wire.schemas.groups import (
    GroupMetadataKey,
    GroupMetadataValue,
    LegacyOffsetCommitKey,
    LegacyOffsetCommitValue,
    OffsetCommitKey,
    OffsetCommitValue,
)
from tests.groups.shard_broker import START, ShardBroker, durable, reloaded
from tests.groups.transcript import DEFAULTS, TRANSCRIPTS, Names, build, parse, play, spell

FAST = GroupSettings(group_initial_rebalance_delay_ms=0, closed_member_grace_ms=250)
STRICT = GroupSettings(group_initial_rebalance_delay_ms=0)


class Talk:
    """Steps of a transcript, one by one, with the answers to each."""

    def __init__(self, settings: GroupSettings, log: list[Record] | None = None) -> None:
        self.broker = ShardBroker(settings, Random(7), log)
        self.names = Names()

    def say(self, line: str) -> list[str]:
        step = parse(line).steps[0]
        self.broker.ask(step.who, step.version, build(step, "g", self.names))
        return self.heard()

    def wait(self, milliseconds: int) -> list[str]:
        self.broker.wait(milliseconds)
        return self.heard()

    def heard(self) -> list[str]:
        spelt = [(who, spell(answer, version, self.names, "g")) for who, version, answer in self.broker.answers()]
        return [f"{who}: {text.split()[0]}" for who, text in spelt]

    def two_members(self) -> None:
        """a leads b; generation 2 is stable."""
        self.say("a join v=3 protocols=range:A")
        self.say("b join v=3 protocols=range:B")
        self.say("a join member=a#1 protocols=range:A")
        self.say("b sync gen=2 member=b#1")
        assert self.say("a sync gen=2 member=a#1 assign=a#1:X,b#1:Y") == ["b: NONE", "a: NONE"]


# closed connections


def test_a_closed_connection_does_not_end_a_membership() -> None:
    """Sessions decide: while nobody rebalances, a member without a connection stays until its session is over."""
    talk = Talk(FAST)
    talk.two_members()
    talk.broker.close("b")
    assert talk.wait(9_000) == []
    assert len(talk.broker.shard.groups["g"].members) == 2
    talk.say("a heartbeat gen=2 member=a#1")
    talk.wait(1_000)
    assert list(talk.broker.shard.groups["g"].members) == [talk.names.id("a#1")]


@pytest.mark.parametrize("closed_first", [True, False])
def test_a_rebalance_waits_250_ms_for_a_closed_connection(closed_first: bool) -> None:
    """A rebalance under way, or one that starts later, goes on after 250 ms without the member that has gone."""
    talk = Talk(FAST)
    talk.two_members()
    if closed_first:
        talk.broker.close("b")
        talk.wait(2_000)
    assert talk.say("a join member=a#1 protocols=range:NEWS") == []
    if not closed_first:
        talk.wait(2_000)
        talk.broker.close("b")
    assert talk.wait(249) == []
    assert talk.wait(1) == ["a: NONE"]
    assert len(talk.broker.shard.groups["g"].members) == 1


def test_strict_mode_waits_for_a_closed_connection_as_kafka_does() -> None:
    """Without the grace a member that has gone holds the rebalance until its session is over."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.broker.close("b")
    talk.say("a join member=a#1 protocols=range:NEWS")
    assert talk.wait(9_999) == []
    assert talk.wait(1) == ["a: NONE"]


def test_a_member_on_a_new_connection_is_alive_again() -> None:
    """Who comes back on another connection within the grace is waited for as before."""
    talk = Talk(FAST)
    talk.two_members()
    talk.broker.close("b")
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.wait(200)
    assert talk.say("b heartbeat gen=2 member=b#1") == ["b: REBALANCE_IN_PROGRESS"]
    assert talk.wait(5_000) == []
    assert talk.say("b join member=b#1 protocols=range:B") == ["a: NONE", "b: NONE"]


def test_a_parked_join_whose_connection_closed_is_not_waited_for() -> None:
    """A member that joined and then went is not taken into the next generation."""
    talk = Talk(FAST)
    talk.two_members()
    talk.say("c join v=3 protocols=range:C")
    talk.say("b join member=b#1 protocols=range:B")
    talk.broker.close("c")
    assert talk.wait(250) == ["c: UNKNOWN_MEMBER_ID"]
    assert talk.say("a join member=a#1 protocols=range:A") == ["b: NONE", "a: NONE"]
    assert len(talk.broker.shard.groups["g"].members) == 2


def test_followers_do_not_wait_for_a_leader_that_has_gone() -> None:
    """A leader that goes before it has sent the assignments is replaced after 250 ms."""
    talk = Talk(FAST)
    talk.two_members()
    talk.say("b join member=b#1 protocols=range:NEWS")
    talk.say("a join member=a#1 protocols=range:A")
    assert talk.say("b sync gen=3 member=b#1") == []
    talk.broker.close("a")
    assert talk.wait(250) == ["b: REBALANCE_IN_PROGRESS"]
    assert talk.say("b join member=b#1 protocols=range:B") == ["b: NONE"]
    assert talk.say("b sync gen=4 member=b#1") == ["b: NONE"]


def test_an_id_whose_owner_has_gone_holds_up_nobody() -> None:
    """Somebody who was given an id and closed the connection is waited for 250 ms, not for its session."""
    talk = Talk(FAST)
    talk.two_members()
    talk.say("c join protocols=range:C")
    talk.broker.close("c")
    talk.wait(1_000)
    talk.say("a join member=a#1 protocols=range:NEWS")
    assert talk.say("b join member=b#1 protocols=range:B") == []
    assert talk.wait(250) == ["a: NONE", "b: NONE"]


def test_a_static_member_may_be_away() -> None:
    """A closed connection of a static member changes nothing: it is expected back."""
    talk = Talk(FAST)
    talk.say("a join instance=one protocols=range:A")
    talk.say("b join instance=two protocols=range:B")
    talk.say("a join member=one#1 instance=one protocols=range:A")
    talk.say("a sync gen=2 member=one#1 instance=one")
    talk.say("b sync gen=2 member=two#1 instance=two")
    talk.broker.close("b")
    talk.say("a join member=one#1 instance=one protocols=range:NEWS")
    assert talk.wait(9_999) == []


# the log


@pytest.mark.parametrize("path", sorted(TRANSCRIPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_the_log_knows_the_group(path: Path) -> None:
    """After every transcript a shard that replays the records finds the same groups, members and offsets."""
    transcript = parse(path.read_text())
    chosen: dict[str, Any] = DEFAULTS | transcript.settings
    broker = ShardBroker(GroupSettings(**chosen), Random(1))
    play(transcript, broker, "g")
    loaded = durable(reloaded(broker))
    own = durable(broker.shard)
    assert loaded["offsets"] == own["offsets"]
    assert own["groups"].items() <= loaded["groups"].items()


def test_a_stable_group_survives_a_restart() -> None:
    """GroupMetadataManager.replay, onLoaded: the group is stable, members keep their ids, sessions begin anew."""
    talk = Talk(STRICT)
    talk.two_members()
    again = Talk(STRICT, talk.broker.log)
    again.names = talk.names
    assert again.say("b heartbeat gen=2 member=b#1") == ["b: NONE"]
    assert again.wait(9_000) == []
    assert again.say("b heartbeat gen=2 member=b#1") == ["b: NONE"]
    again.wait(1_000)
    assert again.say("b heartbeat gen=2 member=b#1") == ["b: REBALANCE_IN_PROGRESS"]
    assert again.say("b join member=b#1 protocols=range:B") == ["b: NONE"]


def test_a_rebalance_that_the_log_does_not_know_begins_again() -> None:
    """A restart in the middle of a rebalance goes back to the last finished generation, as Kafka's loader does."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.say("b join member=b#1 protocols=range:B")
    again = Talk(STRICT, talk.broker.log)
    again.names = talk.names
    assert again.say("a heartbeat gen=3 member=a#1") == ["a: ILLEGAL_GENERATION"]
    assert again.say("a heartbeat gen=2 member=a#1") == ["a: NONE"]


def test_a_group_that_is_too_large_after_a_restart_rebalances() -> None:
    """GroupMetadataManager.onLoaded: group.max.size may have been lowered; the last to rejoin do not get in."""
    talk = Talk(STRICT)
    talk.two_members()
    again = Talk(STRICT._replace(group_max_size=1), talk.broker.log)
    again.names = talk.names
    assert again.say("a heartbeat gen=2 member=a#1") == ["a: REBALANCE_IN_PROGRESS"]
    assert again.say("a join member=a#1 protocols=range:A") == []
    assert again.say("b join member=b#1 protocols=range:B") == ["b: GROUP_MAX_SIZE_REACHED"]


def test_records_are_in_kafkas_versions() -> None:
    """GroupCoordinatorRecordHelpers: groups in version 3; offsets in 4, or in 1 where they carry their own expiry."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a commit gen=2 member=a#1")
    talk.say("a commit v=2 gen=2 member=a#1 retention=1000")
    kept = [(type(record.key), record.version) for record in talk.broker.log]
    assert kept == [(GroupMetadataKey, 3), (GroupMetadataKey, 3), (OffsetCommitKey, 4), (OffsetCommitKey, 1)]
    for record in talk.broker.log:
        encoded = memoryview(encode(record.value, record.version))
        assert decoder(type(record.value), record.version)(encoded, 0)[0] == record.value


def test_records_of_other_kinds_are_left_alone() -> None:
    """A log with records of a KIP-848 group loads, and what we know in it is found."""
    log = [
        Record(ConsumerGroupMetadataKey(group_id="modern"), ConsumerGroupMetadataValue(epoch=3), 0),
        Record(
            OffsetCommitKey(group="simple", topic="t", partition=0),
            OffsetCommitValue(offset=5, metadata="", commit_timestamp=START),
            3,
        ),
        Record(ConsumerGroupMetadataKey(group_id="modern"), None, 0),
    ]
    shard = ShardBroker(STRICT, Random(1), log).shard
    assert [group.group_id for group in shard.list_groups([], [])] == ["simple"]


def test_offsets_of_old_brokers_are_read() -> None:
    """GroupCoordinatorShard.replay: LegacyOffsetCommit records count as offsets without an epoch."""
    key = LegacyOffsetCommitKey(group="old", topic="t", partition=2)
    value = LegacyOffsetCommitValue(offset=8, metadata="m", commit_timestamp=START)
    shard = ShardBroker(STRICT, Random(1), [Record(key, value, 0)]).shard
    assert shard.offsets.groups["old"]["t"][2][:3] == (8, -1, "m")
    shard.replay(Record(key, None, 0))
    assert shard.offsets.groups == {}


def test_a_group_without_rebalance_timeouts_loads() -> None:
    """GroupMetadataManager.replay: before version 1 of the record the session timeout serves as rebalance timeout."""
    data = (
        b"\0\x08consumer" + b"\0\0\0\x04" + b"\0\x05range" + b"\0\x01m" + b"\0\0\0\x01"
        b"\0\x01m" + b"\0\x01c" + b"\0\x02/h" + b"\0\0\x27\x10" + b"\0\0\0\x01S" + b"\0\0\0\x01A"
    )
    value, _ = decoder(GroupMetadataValue, 0)(memoryview(data), 0)
    shard = ShardBroker(STRICT, Random(1), [Record(GroupMetadataKey(group="g"), value, 0)]).shard
    assert shard.groups["g"].members["m"].timeouts == (10_000, 10_000)
    assert bytes(shard.describe_group("g", 5).members[0].member_assignment) == b"A"


# offsets


def test_offsets_expire_a_week_after_the_last_member() -> None:
    """OffsetMetadataManager.cleanupExpiredOffsets: retention begins when the group became empty (KIP-211)."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a commit gen=2 member=a#1")
    day_ms = 86_400_000
    talk.say("a leave members=a#1,b#1")
    talk.wait(7 * day_ms - 1)
    assert talk.broker.shard.offsets.groups != {}
    talk.wait(600_000)
    assert talk.broker.shard.offsets.groups == {}
    assert talk.broker.shard.groups == {}


def test_a_simple_groups_offsets_expire_a_week_after_their_commit() -> None:
    """ClassicGroup.offsetExpirationCondition: without members each offset has its own week."""
    talk = Talk(STRICT)
    talk.say("a commit offsets=0:1:")
    talk.wait(86_400_000)
    talk.say("a commit offsets=1:2:")
    talk.wait(6 * 86_400_000 + 600_000)
    assert list(talk.broker.shard.offsets.groups["g"]["t"]) == [1]
    assert "g" in talk.broker.shard.groups


def call(key: int, version: int, request: Any) -> Call:
    return Call(1, Peer(1, "::1", "PLAINTEXT", ("::1", 9092)), 1, key, version, None, request, START)


def commit(shard: Shard, partition: int, topic_id: bytes) -> Any:
    """A commit as its handler passes it on: with the topic's name and id."""
    topic = OffsetCommitRequest.OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(partition_index=partition, committed_offset=5, committed_metadata=None)
    request = OffsetCommitRequest(group_id="g", topics=[topic(name="t", topic_id=topic_id, partitions=[part])])
    decision = shard.decide(call(8, 10, request), START)
    for record in decision.records:
        shard.replay(record)
    return decision.replies[0].response


def test_a_deleted_topic_takes_its_offsets_along() -> None:
    """OffsetMetadataManager.onTopicsDeleted: tombstones for offsets with that topic's id, or with none."""
    shard = ShardBroker(STRICT, Random(1)).shard
    old, new = b"o" * 16, b"n" * 16
    for partition, topic_id in ((0, bytes(16)), (1, old), (2, new)):
        commit(shard, partition, topic_id)
    records = shard.topic_deleted("t", old)
    assert [(record.key.partition, record.value) for record in records] == [(0, None), (1, None)]
    for record in records:
        shard.replay(record)
    assert list(shard.offsets.groups["g"]["t"]) == [2]


def test_an_offset_of_an_earlier_topic_is_not_found() -> None:
    """OffsetMetadataManager.isMismatchedTopicId: asked for by id, the offset of another topic of that name is none."""
    shard = ShardBroker(STRICT, Random(1)).shard
    old, new = b"o" * 16, b"n" * 16
    answer = commit(shard, 0, old)
    assert (answer.topics[0].topic_id, answer.topics[0].partitions[0].error_code) == (old, Error.NONE)
    asked = OffsetFetchRequest.OffsetFetchRequestGroup
    for topic_id, offset in ((old, 5), (new, -1), (bytes(16), 5)):
        topics = [asked.OffsetFetchRequestTopics(name="t", topic_id=topic_id, partition_indexes=[0])]
        found = shard.fetch_offsets(asked(group_id="g", topics=topics))
        assert (found.topics[0].topic_id, found.topics[0].partitions[0].committed_offset) == (topic_id, offset)


# unusual requests and moments


def test_who_waits_is_told_when_the_shard_moves() -> None:
    """GroupMetadataManager.onUnloaded: parked requests are answered with NOT_COORDINATOR."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.broker.carry_out(talk.broker.shard.unload())
    assert talk.heard() == ["a: NOT_COORDINATOR"]
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.say("b join member=b#1 protocols=range:B")
    talk.say("b sync gen=3 member=b#1")
    talk.broker.carry_out(talk.broker.shard.unload())
    assert talk.heard() == ["b: NOT_COORDINATOR"]


def test_a_protocol_listed_twice_counts_once() -> None:
    """Apache Kafka 4.3.1 counts it twice, finds no protocol that all support and never answers; we go on."""
    talk = Talk(STRICT)
    assert talk.say("a join v=3 protocols=range:A,range:B") == ["a: NONE"]
    assert talk.say("b join v=3 protocols=range:C") == []
    assert talk.say("a join member=a#1 protocols=range:A") == ["b: NONE", "a: NONE"]


def test_a_request_asked_again_overtakes_the_parked_one() -> None:
    """A client that lost its connection and asks again: both requests are answered, the second with the outcome."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 protocols=range:NEWS")
    assert talk.say("a2 join member=a#1 protocols=range:NEWS") == ["a: REBALANCE_IN_PROGRESS"]
    assert talk.say("b join member=b#1 protocols=range:B") == ["a2: NONE", "b: NONE"]
    assert talk.say("b sync gen=3 member=b#1") == []
    assert talk.say("b2 sync gen=3 member=b#1") == ["b: REBALANCE_IN_PROGRESS"]
    assert talk.say("a sync gen=3 member=a#1 assign=b#1:Y") == ["b2: NONE", "a: NONE"]


def test_a_member_removed_while_it_waits_is_told() -> None:
    """An administrator may remove a member whose SyncGroup is parked; Kafka would leave that request unanswered."""
    talk = Talk(STRICT)
    talk.say("a join instance=one protocols=range:A")
    talk.say("b join instance=two protocols=range:B")
    talk.say("a join member=one#1 instance=one protocols=range:A")
    talk.say("b sync gen=2 member=two#1 instance=two")
    assert talk.say("z leave members=/two") == ["b: UNKNOWN_MEMBER_ID", "z: NONE"]


def test_a_client_without_an_id_has_an_empty_one() -> None:
    """RequestHeader.parse: a null client id counts as an empty one, so the member id begins with a dash."""
    shard = ShardBroker(STRICT, Random(1)).shard
    request = JoinGroupRequest(
        group_id="g",
        session_timeout_ms=10_000,
        member_id="",
        protocol_type="consumer",
        protocols=[JoinGroupRequest.JoinGroupRequestProtocol(name="range", metadata=b"")],
    )
    response = shard.decide(call(11, 3, request), START).replies[0].response
    assert response.member_id.startswith("-")
    assert len(response.member_id) == 37


def test_an_id_that_was_given_out_cannot_become_static() -> None:
    """classicGroupJoinExistingMember: with a group.instance.id Kafka throws: UNKNOWN_SERVER_ERROR."""
    talk = Talk(STRICT)
    assert talk.say("a join protocols=range:A") == ["a: MEMBER_ID_REQUIRED"]
    assert talk.say("a join member=a#1 instance=one protocols=range:A") == ["a: UNKNOWN_SERVER_ERROR"]


def test_names_are_walked_as_by_a_java_hash_map() -> None:
    """The order is what OpenJDK's HashMap.keySet() prints for these keys, put in this order."""
    names = [("assignor-" if i % 2 == 0 else "é") + str(i) for i in range(20)]
    walked = "assignor-18 assignor-16 é1 é13 é3 é11 é5 é17 é7 é15 é9 assignor-8 é19 assignor-4 assignor-6 assignor-14"
    assert " ".join(in_hash_map_order(names)) == walked + " assignor-0 assignor-12 assignor-2 assignor-10"
    few = ["range", "roundrobin", "sticky", "cooperative-sticky", "uniform"]
    assert in_hash_map_order(few) == ["uniform", "sticky", "range", "roundrobin", "cooperative-sticky"]


def test_a_restarted_static_member_has_a_session_of_its_own() -> None:
    """updateStaticMemberThenRebalanceOrCompleteJoin: the new incarnation is out if it then falls silent."""
    talk = Talk(STRICT)
    talk.say("a join instance=one protocols=range:A")
    talk.say("a sync gen=1 member=one#1 instance=one assign=one#1:X")
    assert talk.say("a2 join instance=one protocols=range:A") == ["a2: NONE"]
    talk.wait(9_999)
    assert talk.say("a2 describe") == ["a2: NONE"]
    assert len(talk.broker.shard.groups["g"].members) == 1
    talk.wait(1)
    assert len(talk.broker.shard.groups["g"].members) == 0


def test_a_session_that_ran_out_while_parked_begins_with_the_assignment() -> None:
    """propagateAssignment: a follower that waited longer than its session for the leader is watched again."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 session=60000 protocols=range:NEWS")
    talk.say("b join member=b#1 protocols=range:B")
    talk.say("b sync gen=3 member=b#1")
    assert talk.wait(15_000) == []
    assert talk.say("a sync gen=3 member=a#1 assign=b#1:Y") == ["b: NONE", "a: NONE"]
    talk.wait(9_999)
    assert talk.say("a heartbeat gen=3 member=a#1") == ["a: NONE"]
    talk.wait(1)
    assert talk.say("a heartbeat gen=3 member=a#1") == ["a: REBALANCE_IN_PROGRESS"]


def test_a_commit_keeps_the_session_alive() -> None:
    """OffsetMetadataManager.validateOffsetCommit: in a stable group a commit counts as a heartbeat."""
    talk = Talk(STRICT)
    talk.say("a join v=3 protocols=range:A")
    talk.say("a sync gen=1 member=a#1 assign=a#1:X")
    for _ in range(3):
        talk.wait(9_000)
        assert talk.say("a commit gen=1 member=a#1") == ["a: t-0:NONE"]
    talk.wait(10_000)
    assert talk.broker.shard.describe_group("g", 6).group_state == "Empty"


def test_a_rebalance_that_is_overtaken_leaves_no_assignments() -> None:
    """resetAndPropagateAssignmentWithError: whoever joins before the assignments are out makes them void."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.say("b join member=b#1 protocols=range:B")
    assert [bytes(m.member_assignment) for m in talk.broker.shard.describe_group("g", 6).members] == [b"X", b"Y"]
    talk.say("c join v=3 protocols=range:C")
    assert [bytes(m.member_assignment) for m in talk.broker.shard.describe_group("g", 6).members] == [b"", b"", b""]


def test_who_waits_in_a_full_group_may_ask_again() -> None:
    """acceptJoiningMember: a member that has joined the rebalance is in, however many have."""
    talk = Talk(STRICT._replace(group_max_size=2))
    talk.two_members()
    talk.say("c join v=3 protocols=range:C")
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.broker.shard.settings = STRICT._replace(group_max_size=1)
    assert talk.say("a2 join member=a#1 protocols=range:NEWS") == ["a: REBALANCE_IN_PROGRESS"]
    assert talk.say("b join member=b#1 protocols=range:B") == ["b: GROUP_MAX_SIZE_REACHED"]

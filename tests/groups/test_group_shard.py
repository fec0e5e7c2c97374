"""A shard beyond what a transcript can show: closed connections, reloading, determinism, and seeded random runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kpybroker.groups.classic import State
from kpybroker.groups.settings import GroupSettings
from kpybroker.groups.shard import Shard
from kpybroker.machine import Call, Record
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.join_group import JoinGroupRequest, JoinGroupResponse
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from kpybroker.wire.messages.sync_group import SyncGroupResponse
from kpybroker.wire.schemas.consumer_groups import ConsumerGroupMetadataKey, ConsumerGroupMetadataValue
from kpybroker.wire.schemas.groups import (
    GroupMetadataKey,
    GroupMetadataValue,
    LegacyOffsetCommitKey,
    LegacyOffsetCommitValue,
    OffsetCommitKey,
    OffsetCommitValue,
)
from tests.groups.shard_broker import START, ShardBroker
from tests.groups.transcript import TRANSCRIPTS, Names, build, parse, play, spell

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
    """Sessions decide: while nobody rebalances, a member whose connection has closed stays until its session is over."""
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


def durable(shard: Shard) -> dict[str, Any]:
    """What the log must know of groups that are not in the middle of a rebalance, and of all offsets."""
    settled = {
        id_: (
            group.state,
            group.generation,
            group.protocol_type,
            group.protocol,
            group.leader,
            [(m.identity, m.timeouts, m.metadata(group.protocol or ""), m.assignment) for m in group.members.values()],
        )
        for id_, group in shard.groups.items()
        if group.state in (State.STABLE, State.EMPTY)
    }
    return {"groups": settled, "offsets": shard.offsets.groups}


def reloaded(broker: ShardBroker) -> Shard:
    return ShardBroker(broker.shard.settings, Random(0), broker.log).shard


@pytest.mark.parametrize("path", sorted(TRANSCRIPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_the_log_knows_the_group(path: Path) -> None:
    """After every transcript a shard that replays the records finds the same groups, members and offsets."""
    transcript = parse(path.read_text())
    chosen: dict[str, Any] = {"group_initial_rebalance_delay_ms": 0} | transcript.settings
    broker = ShardBroker(GroupSettings(**chosen), Random(1))
    play(transcript, broker, "g")
    loaded = durable(reloaded(broker))
    own = durable(broker.shard)
    assert loaded["offsets"] == own["offsets"]
    assert own["groups"].items() <= loaded["groups"].items()


def test_a_stable_group_survives_a_restart() -> None:
    """GroupMetadataManager.replay and onLoaded: the group is stable, its members keep their ids, sessions begin anew."""
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
    """OffsetMetadataManager.cleanupExpiredOffsets: the retention of an empty group begins when it became empty (KIP-211)."""
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


def test_a_deleted_topic_takes_its_offsets_along() -> None:
    """OffsetMetadataManager.onTopicsDeleted: tombstones for offsets with that topic's id, or with none."""
    broker = ShardBroker(STRICT, Random(1))
    old, new = b"o" * 16, b"n" * 16
    topic = OffsetCommitRequest.OffsetCommitRequestTopic
    for partition, topic_id in ((0, bytes(16)), (1, old), (2, new)):
        part = topic.OffsetCommitRequestPartition(
            partition_index=partition, committed_offset=5, committed_metadata=None
        )
        broker.ask(
            "a", 10, OffsetCommitRequest(group_id="g", topics=[topic(name="t", topic_id=topic_id, partitions=[part])])
        )
    records = broker.shard.topic_deleted("t", old)
    assert [(record.key.partition, record.value) for record in records] == [(0, None), (1, None)]
    for record in records:
        broker.shard.replay(record)
    assert list(broker.shard.offsets.groups["g"]["t"]) == [2]


def test_an_offset_of_an_earlier_topic_is_not_found() -> None:
    """OffsetMetadataManager.isMismatchedTopicId: asked for by id, the offset of another topic of that name is none."""
    broker = ShardBroker(STRICT, Random(1))
    old, new = b"o" * 16, b"n" * 16
    topic = OffsetCommitRequest.OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(partition_index=0, committed_offset=5, committed_metadata=None)
    broker.ask("a", 10, OffsetCommitRequest(group_id="g", topics=[topic(name="t", topic_id=old, partitions=[part])]))
    (answer,) = broker.answers()
    assert (answer[2].topics[0].topic_id, answer[2].topics[0].partitions[0].error_code) == (old, Error.NONE)
    asked = OffsetFetchRequest.OffsetFetchRequestGroup
    for topic_id, offset in ((old, 5), (new, -1), (bytes(16), 5)):
        topics = [asked.OffsetFetchRequestTopics(name="t", topic_id=topic_id, partition_indexes=[0])]
        found = broker.shard.fetch_offsets(asked(group_id="g", topics=topics))
        assert (found.topics[0].topic_id, found.topics[0].partitions[0].committed_offset) == (topic_id, offset)


# what may never happen


def test_who_waits_is_told_when_the_shard_moves() -> None:
    """GroupMetadataManager.onUnloaded: parked requests are answered with NOT_COORDINATOR."""
    talk = Talk(STRICT)
    talk.two_members()
    talk.say("a join member=a#1 protocols=range:NEWS")
    talk.broker.carry_out(talk.broker.shard.unload())
    assert talk.heard() == ["a: NOT_COORDINATOR"]


class Watched(ShardBroker):
    """Looks at every group after everything that happens."""

    highest: dict[str, int]

    def __init__(self, settings: GroupSettings, random: Random, log: list[Record] | None = None) -> None:
        self.highest = {}
        super().__init__(settings, random, log)

    def carry_out(self, decision: Any) -> None:
        super().carry_out(decision)
        for id_, group in self.shard.groups.items():
            assert group.generation >= self.highest.get(id_, 0)
            self.highest[id_] = group.generation
            assert (group.leader in group.members) == bool(group.members)
            assert set(group.parked_joins) <= set(group.members)
            assert set(group.parked_syncs) <= set(group.members)
            assert set(group.static_ids.values()) == {m.member_id for m in group.members.values() if m.instance_id}
            match group.state:
                case State.EMPTY:
                    assert not group.members
                case State.PREPARING:
                    assert not group.parked_syncs
                    assert group.join_ends is not None
                case State.COMPLETING:
                    assert not group.parked_joins
                    assert group.leader not in group.parked_syncs
                case State.STABLE:
                    assert group.protocol is not None
                    assert not group.parked_joins
                    assert not group.parked_syncs
        for id_ in list(self.highest):
            if id_ not in self.shard.groups:
                del self.highest[id_]
        parked = [p.ticket for g in self.shard.groups.values() for p in g.parked_joins.values()]
        parked += [t for g in self.shard.groups.values() for t in g.parked_syncs.values()]
        assert sorted(parked) == sorted(set(parked))
        assert set(parked) <= set(self.tickets)


class Client:
    """A consumer that follows the protocol, more or less."""

    def __init__(self, name: str, group: str, instance: str | None) -> None:
        self.name, self.group, self.instance = name, group, instance
        self.member, self.generation, self.leads, self.members = "", -1, False, [""]

    def hear(self, response: Any) -> None:
        if isinstance(response, JoinGroupResponse):
            if response.error_code in (Error.NONE, Error.MEMBER_ID_REQUIRED):
                self.member, self.generation = response.member_id, response.generation_id
            else:
                self.member = ""
            self.members = [member.member_id for member in response.members]
        elif isinstance(response, SyncGroupResponse) and response.error_code == Error.UNKNOWN_MEMBER_ID:
            self.member = ""

    def line(self, random: Random) -> str:
        identity = f"group={self.group} gen={self.generation} member={self.member}"
        identity += f" instance={self.instance}" if self.instance else ""
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                metadata = random.choice("MN")
                timeouts = f"session={random.choice((6000, 10000))} rebalance={random.choice((0, 3000, 60000))}"
                version = random.choice((0, 3, 9)) if self.instance is None else random.choice((5, 9))
                protocols = random.choice(("range", "range", "sticky", "other"))
                return f"{self.name} join v={version} {identity} {timeouts} protocols=range:{metadata},{protocols}:M"
            case 4 | 5 | 6 | 7:
                assign = ",".join(f"{member}:X{random.randrange(9)}" for member in self.members if member)
                return f"{self.name} sync v=4 {identity} assign={assign}"
            case 8 | 9:
                return f"{self.name} heartbeat {identity}"
            case 10:
                return f"{self.name} commit {identity} offsets={random.randrange(3)}:{random.randrange(99)}:"
        if random.random() < 0.2:
            return f"{self.name} delete {identity}"
        return f"{self.name} leave group={self.group} member={self.member}"


def run(seed: int, steps: int) -> tuple[Watched, list[str]]:
    """A few hundred steps of clients that come, go, fall silent and lose their connections."""
    random = Random(seed)
    grace = random.choice((None, 250))
    settings = GroupSettings(
        group_initial_rebalance_delay_ms=random.choice((0, 500)), group_max_size=4, closed_member_grace_ms=grace
    )
    broker = Watched(settings, Random(seed))
    clients = [Client("abcdefgh"[i], f"g{i % 2}", random.choice((None, None, f"i{i // 4}"))) for i in range(8)]
    by_name = {client.name: client for client in clients}
    story: list[str] = []
    for _ in range(steps):
        client = random.choice(clients)
        waiting = {who for who, _ in broker.tickets.values()}
        if client.name in waiting and random.random() < 0.9:
            broker.wait(random.choice((1, 100, 700, 4_000)))
        elif random.random() < 0.03 and client.name in broker.connections:
            broker.close(client.name)
        else:
            step = parse(client.line(random)).steps[0]
            broker.ask(step.who, step.version, build(step, "g", Names()))
        for who, version, response in broker.answers():
            story.append(f"{who} {version} {response}")
            by_name[who].hear(response)
        if random.random() < 0.1:
            loaded = durable(reloaded(broker))
            own = durable(broker.shard)
            assert loaded["offsets"] == own["offsets"]
            assert own["groups"].items() <= loaded["groups"].items()
    broker.wait(3_600_000)
    assert broker.tickets == {}
    return broker, story


@pytest.mark.parametrize("seed", range(40))
def test_random_runs_keep_the_promises(seed: int) -> None:
    """One leader, rising generations, every request answered exactly once, and a log that always knows the group."""
    run(seed, 300)


def test_the_same_seed_gives_the_same_story_under_any_hash_seed() -> None:
    """Two processes with different PYTHONHASHSEEDs answer alike, ids and order included."""
    code = "from tests.groups.test_group_shard import run; print(run(5, 200)[1])"
    root = str(Path(__file__).parents[2])
    stories = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": root},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert stories[0] == stories[1]
    assert len(stories[0]) > 1000

"""The life of a group in the classic protocol: members come, share, commit, change their minds and go."""

from typing import Any

from differ.groups import commit, join, subscription
from differ.members import (
    await_rebalance,
    begin_join,
    describe,
    end_join,
    enter,
    heartbeat,
    leave,
    pair,
    sync,
)
from differ.talk import Talk, versions

API = "JoinGroup"  # every other API is asked at the same number, as far as it has it


def one_member(talk: Talk) -> None:
    """Join, sync, heartbeat, commit, fetch what was committed, leave."""
    topic, group = talk.topic(), talk.name_of("group")
    member = enter(talk, group)
    sync(talk, group, member)
    heartbeat(talk, group, member)
    fields: dict[str, Any] = {
        "group_id": group,
        "generation_id_or_member_epoch": member.generation,
        "member_id": member.id,
    }
    talk.ask("OffsetCommit", topics=commit(topic, 3), **fields)
    named = {"name": topic.name, "partition_indexes": [0]}
    groups = [{"group_id": group, "topics": [named | {"topic_id": topic.id}]}]
    talk.ask("OffsetFetch", group_id=group, topics=[named], groups=groups)
    describe(talk, group)
    leave(talk, group, member)
    describe(talk, group)
    talk.ask("DeleteGroups", groups_names=[group])
    describe(talk, group)


def two_members(talk: Talk) -> None:
    """A second member comes: the first learns of it by its heartbeat, joins again and shares out."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    heartbeat(first, group, leader)
    heartbeat(second, group, follower)
    describe(talk, group)


def follower_leaves(talk: Talk) -> None:
    """The one who stays has everything again, in a new generation."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    leave(second, group, follower)
    await_rebalance(first, group, leader)
    alone = enter(first, group, leader.id)
    sync(first, group, alone)
    heartbeat(first, group, leader)
    heartbeat(second, group, follower)


def leader_leaves(talk: Talk) -> None:
    """The other one leads."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    leave(first, group, leader)
    await_rebalance(second, group, follower)
    alone = enter(second, group, follower.id)
    sync(second, group, alone)
    describe(talk, group)


def follower_joins_again(talk: Talk) -> None:
    """A follower that joins again with the same protocols is told the generation that it is in."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    enter(second, group, follower.id)
    heartbeat(first, group, leader)


def follower_changes(talk: Talk) -> None:
    """A follower that joins again with other topics makes a rebalance."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    changed = [{"name": "range", "metadata": subscription("another")}]
    begin_join(second, group, follower.id, protocols=changed)
    await_rebalance(first, group, leader)
    begin_join(first, group, leader.id)
    end_join(first)
    end_join(second)


def during_rebalance(talk: Talk) -> None:
    """While the group waits for members: what one may do, before and after one has joined again."""
    topic, group = talk.topic(), talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    third = talk.connect("third")
    begin_join(third, group)
    await_rebalance(first, group, leader)
    heartbeat(second, group, follower)
    fields: dict[str, Any] = {
        "group_id": group,
        "generation_id_or_member_epoch": leader.generation,
        "member_id": leader.id,
    }
    first.ask("OffsetCommit", topics=commit(topic, 3), **fields)
    sync(first, group, leader)
    describe(talk, group)
    begin_join(first, group, leader.id)
    begin_join(second, group, follower.id)
    for connection in (first, second, third):
        end_join(connection)
    first.ask("OffsetCommit", topics=commit(topic, 3), **fields)
    describe(talk, group)


def before_leader_syncs(talk: Talk) -> None:
    """While followers wait for the leader's shares the group is completing its rebalance."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group)
    begin_join(second, group)
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id)
    leader, follower = end_join(first), end_join(second)
    describe(talk, group)
    heartbeat(first, group, leader)
    heartbeat(second, group, follower)
    enter(second, group, follower.id)
    enter(first, group, leader.id, protocols=join(group)["protocols"])


def both_leave_at_once(talk: Talk) -> None:
    """Several members leave in one request where the version has it, else one by one."""
    group = talk.name_of("group")
    first, leader, _, follower = pair(talk, group)
    if talk.version >= 3:
        leave(first, group, leader, follower)
    else:
        leave(first, group, leader)
        leave(first, group, follower)
    describe(talk, group)


def common_protocol(talk: Talk) -> None:
    """The protocol that all members know is chosen; each votes for the first it knows of those."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")

    def knows(*names: str) -> list[dict[str, Any]]:
        return [{"name": name, "metadata": subscription(name)} for name in names]

    alone = enter(first, group, protocols=knows("sticky", "range", "roundrobin"))
    begin_join(second, group, protocols=knows("roundrobin", "range"))
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id, protocols=knows("range", "sticky"))
    end_join(first)
    end_join(second)


def left_and_back(talk: Talk) -> None:
    """A group that was empty goes on with the next generation; one that was deleted begins anew."""
    group = talk.name_of("group")
    for _ in range(2):
        member = enter(talk, group)
        sync(talk, group, member)
        leave(talk, group, member)
    talk.ask("DeleteGroups", groups_names=[group])
    enter(talk, group)


def old_generation(talk: Talk) -> None:
    """Who missed a rebalance is told so, whatever it asks."""
    topic, group = talk.topic(), talk.name_of("group")
    old = enter(talk, group)
    sync(talk, group, old)
    new = enter(talk, group, old.id)
    heartbeat(talk, group, old)
    sync(talk, group, old)
    talk.ask(
        "OffsetCommit",
        group_id=group,
        generation_id_or_member_epoch=old.generation,
        member_id=old.id,
        topics=commit(topic),
    )
    sync(talk, group, new)
    heartbeat(talk, group, new)


@versions("5+")
def static_leader_returns(talk: Talk) -> None:
    """A static leader comes back under its name: nothing is rebalanced, it gets a new id; the old one is fenced."""
    group = talk.name_of("group")
    old = enter(talk, group, group_instance_id="one")
    sync(talk, group, old, group_instance_id="one")
    new = enter(talk, group, group_instance_id="one")
    sync(talk, group, new, give=False, group_instance_id="one")
    for member in (new, old):
        heartbeat(talk, group, member, group_instance_id="one")
    heartbeat(talk, group, old)
    describe(talk, group)


@versions("5+")
def static_member_changes(talk: Talk) -> None:
    """A static member that comes back with other topics makes a rebalance."""
    group = talk.name_of("group")
    old = enter(talk, group, group_instance_id="one")
    sync(talk, group, old, group_instance_id="one")
    changed = [{"name": "range", "metadata": subscription("another")}]
    new = enter(talk, group, group_instance_id="one", protocols=changed)
    sync(talk, group, new, group_instance_id="one")
    describe(talk, group)


@versions("5+")
def static_follower_returns(talk: Talk) -> None:
    """A static follower comes back: the leader does not notice."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group, group_instance_id="one")
    sync(first, group, alone, group_instance_id="one")
    begin_join(second, group, group_instance_id="two")
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id, group_instance_id="one")
    leader, follower = end_join(first), end_join(second)
    sync(first, group, leader, follower, group_instance_id="one")
    sync(second, group, follower, give=False, group_instance_id="two")
    back = enter(second, group, group_instance_id="two")
    sync(second, group, back, give=False, group_instance_id="two")
    heartbeat(first, group, leader, group_instance_id="one")
    heartbeat(second, group, follower, group_instance_id="two")
    describe(talk, group)


@versions("5+")
def fenced_while_joining(talk: Talk) -> None:
    """A second process under one instance id drives the first out of its waiting JoinGroup."""
    group = talk.name_of("group")
    first, second, third = talk.connect("first"), talk.connect("second"), talk.connect("third")
    alone = enter(first, group)
    begin_join(second, group, group_instance_id="one")
    await_rebalance(first, group, alone)
    begin_join(third, group, group_instance_id="one")
    second.answer()
    begin_join(first, group, alone.id)
    end_join(first)
    end_join(third)


@versions("5+")
def static_member_removed(talk: Talk) -> None:
    """An administrator removes a static member by its instance id (KIP-345)."""
    group = talk.name_of("group")
    member = enter(talk, group, group_instance_id="one")
    sync(talk, group, member, group_instance_id="one")
    talk.ask("LeaveGroup", group_id=group, members=[{"member_id": "", "group_instance_id": "one"}])
    heartbeat(talk, group, member, group_instance_id="one")
    describe(talk, group)


@versions("3-5")
def does_not_join_again(talk: Talk) -> None:
    """Who does not join again within its rebalance timeout is no member any more."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    slow = enter(first, group, rebalance_timeout_ms=500)
    sync(first, group, slow)
    begin_join(second, group, rebalance_timeout_ms=500)
    alone = end_join(second)
    sync(second, group, alone)
    heartbeat(first, group, slow)
    describe(talk, group)


@versions("3-5")
def leader_does_not_sync(talk: Talk) -> None:
    """A leader that does not share out in time is no member any more; who waited for a share is told to join again."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group, rebalance_timeout_ms=500)
    begin_join(second, group, rebalance_timeout_ms=500)
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id, rebalance_timeout_ms=500)
    leader, follower = end_join(first), end_join(second)
    sync(second, group, follower, give=False)
    left = enter(second, group, follower.id, rebalance_timeout_ms=500)
    sync(second, group, left)
    heartbeat(first, group, leader)
    describe(talk, group)


def behind_a_waiting_join(talk: Talk) -> None:
    """A request behind a JoinGroup that waits is answered after it, on the same connection."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group)
    sync(first, group, alone)
    begin_join(second, group)
    second.send("Metadata", at=4, topics=[])
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id)
    end_join(first)
    end_join(second)
    second.answer()

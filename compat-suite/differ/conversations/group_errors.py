"""Members of a classic group that ask the wrong thing, or the right thing at the wrong time: who is told what."""

from typing import Any

from differ.groups import Member, join, subscription
from differ.members import (
    await_rebalance,
    begin_join,
    begin_sync,
    commit_as,
    describe,
    end_join,
    enter,
    heartbeat,
    leave,
    pair,
    reads,
    sync,
)
from differ.talk import Connection, Talk, versions
from kpybroker.wire.declare import Versions

API = "JoinGroup"  # every other API is asked at the same number, as far as it has it
VERSIONS = Versions(9, 9)


def _rebalancing(talk: Talk, group: str) -> tuple[Connection, Member, Connection]:
    """A stable group of one that has to let a second one in, whose JoinGroup waits."""
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group)
    sync(first, group, alone)
    begin_join(second, group)
    await_rebalance(first, group, alone)
    return first, alone, second


def _completing(talk: Talk, group: str) -> tuple[Connection, Member, Connection, Member]:
    """A group of two that waits for its leader's shares."""
    first, alone, second = _rebalancing(talk, group)
    begin_join(first, group, alone.id)
    return first, end_join(first), second, end_join(second)


def _given_id(connection: Connection, group: str, **more: Any) -> str:
    """The id that somebody is given who comes without one (KIP-394)."""
    given: str = connection.ask(**join(group, **more)).member_id
    return given


@versions("3-4")
def heartbeat_in_each_state(talk: Talk) -> None:
    """The group is empty, prepares a rebalance, completes it, is stable, is empty again."""
    group = talk.name_of("group")
    heartbeat(talk, group, Member("nobody", 0))
    first, leader, second, follower = _completing(talk, group)
    heartbeat(first, group, leader)
    heartbeat(second, group, follower)
    heartbeat(second, group, Member(follower.id, follower.generation - 1))
    sync(first, group, leader, follower)
    heartbeat(second, group, follower)
    leave(first, group, leader)
    await_rebalance(second, group, follower)
    heartbeat(second, group, Member(follower.id, follower.generation - 1))
    heartbeat(first, group, leader)
    leave(second, group, follower)
    heartbeat(second, group, follower)


def sync_in_each_state(talk: Talk) -> None:
    """SyncGroup while others are still joining, once they have, when everything is shared out, after all have left."""
    group = talk.name_of("group")
    first, alone, second = _rebalancing(talk, group)
    sync(first, group, alone)
    begin_join(first, group, alone.id)
    leader, follower = end_join(first), end_join(second)
    sync(first, group, alone)
    sync(first, group, leader, follower)
    sync(second, group, follower, give=False)
    sync(second, group, follower, leader)
    leave(first, group, leader)
    leave(second, group, follower)
    sync(first, group, leader)


def join_in_each_state(talk: Talk) -> None:
    """A member joins again while others wait for it, then for the shares, then when there is nothing to wait for."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    enter(second, group, follower.id)
    sync(first, group, leader, follower)
    enter(second, group, follower.id)
    begin_join(first, group, leader.id)
    await_rebalance(second, group, follower)
    begin_join(second, group, follower.id)
    end_join(first)
    end_join(second)


def leave_in_each_state(talk: Talk) -> None:
    """One leaves while the group waits for it to join, one while it waits for the shares."""
    group = talk.name_of("group")
    first, alone, second = _rebalancing(talk, group)
    leave(first, group, alone)
    joined = end_join(second)
    describe(talk, group)
    leave(second, group, joined)
    describe(talk, group)
    leave(second, group, joined)


def leader_leaves_before_sharing(talk: Talk) -> None:
    """Who waits for a share is told to join again, and leads then."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    begin_sync(second, group, follower, give=False)
    talk.let_others_go_first()
    leave(first, group, leader)
    second.answer()
    alone = enter(second, group, follower.id)
    sync(second, group, alone)
    describe(talk, group)


def somebody_comes_before_sharing(talk: Talk) -> None:
    """A third member while the second waits for its share: the share does not come, all join again."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    begin_sync(second, group, follower, give=False)
    third = talk.connect("third")
    begin_join(third, group)
    second.answer()
    sync(first, group, leader, follower)
    begin_join(first, group, leader.id)
    begin_join(second, group, follower.id)
    for connection in (first, second, third):
        end_join(connection)


def follower_brings_shares(talk: Talk) -> None:
    """Only the leader's shares count."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    begin_sync(second, group, follower, leader)
    talk.let_others_go_first()
    sync(first, group, leader, follower)
    second.answer()
    describe(talk, group)


def leader_shares_twice(talk: Talk) -> None:
    """The first shares count; later the leader is told its own."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    sync(first, group, leader, follower)
    sync(first, group, leader, assignments=[{"member_id": follower.id, "assignment": b"other"}])
    sync(second, group, follower, give=False)


def leader_forgets_somebody(talk: Talk) -> None:
    """Who gets no share has an empty one; shares of those who are no members are dropped."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    shares = [{"member_id": name, "assignment": b"share"} for name in (leader.id, "nobody", leader.id)]
    sync(first, group, leader, assignments=shares)
    sync(second, group, follower, give=False)
    describe(talk, group)


def sync_of_another_protocol(talk: Talk) -> None:
    """Protocol type and name must be the group's, in every state, but generation and member count first (KIP-559)."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    sync(second, group, follower, give=False, protocol_type="connect")
    sync(second, group, follower, give=False, protocol_name="sticky")
    sync(second, group, follower, give=False, protocol_name=None)
    sync(second, group, follower, give=False, protocol_type=None)
    sync(second, group, Member(follower.id, 9), give=False, protocol_name="sticky")
    sync(second, group, Member("nobody", follower.generation), give=False, protocol_type="connect")
    sync(first, group, leader, follower)
    sync(second, group, follower, give=False, protocol_name="sticky")
    sync(second, group, follower, give=False, protocol_name="")
    begin_join(first, group, leader.id)
    await_rebalance(second, group, follower)
    sync(second, group, follower, give=False, protocol_name="sticky")


@versions("4-4")
def sync_without_protocol(talk: Talk) -> None:
    """Before version 5 SyncGroup says nothing of protocols (KIP-559)."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    begin_sync(second, group, follower, give=False)
    talk.let_others_go_first()
    sync(first, group, leader, follower)
    second.answer()


@versions("4-4")
def given_id(talk: Talk) -> None:
    """Somebody who was given an id is no member before it joins with it (KIP-394)."""
    topic, group = talk.topic(), talk.name_of("group")
    member = Member(_given_id(talk, group), 0)
    heartbeat(talk, group, member)
    sync(talk, group, member)
    commit_as(talk, group, member, topic)
    describe(talk, group)
    talk.ask("ListGroups")
    enter(talk, group, member.id)
    describe(talk, group)


def given_id_and_gone(talk: Talk) -> None:
    """An id that was given out can leave; then it is unknown, and the group still there and empty."""
    group = talk.name_of("group")
    member = Member(_given_id(talk, group), 0)
    leave(talk, group, member, member)
    talk.ask(**join(group, member.id))
    describe(talk, group)
    talk.ask("DeleteGroups", groups_names=[group])


def given_ids_are_awaited(talk: Talk) -> None:
    """A rebalance waits for those who were given an id, until they join or leave."""
    group = talk.name_of("group")
    first, second, third = talk.connect("first"), talk.connect("second"), talk.connect("third")
    alone = enter(first, group)
    sync(first, group, alone)
    ids = [_given_id(connection, group) for connection in (second, third)]
    begin_join(second, group, ids[0])
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id)
    talk.let_others_go_first()
    describe(talk, group)
    leave(third, group, Member(ids[1], 0))
    end_join(first)
    end_join(second)
    describe(talk, group)


def given_id_as_another(talk: Talk) -> None:
    """A given id comes back with other protocols, another type, a session timeout that is refused, as static."""
    group = talk.name_of("group")
    member_id = _given_id(talk, group)
    talk.ask(**join(group, member_id, session_timeout_ms=1))
    talk.ask(**join(group, member_id, protocols=[]))
    talk.ask(**join(group, member_id, group_instance_id="one"))
    talk.ask(**join(group, member_id, protocol_type="connect"))
    describe(talk, group)


def given_id_of_another_group(talk: Talk) -> None:
    """An id is one group's alone, given or in use."""
    group, other = talk.name_of("group"), talk.name_of("other")
    given = _given_id(talk, group)
    member = enter(talk, other)
    talk.ask(**join(other, given))
    talk.ask(**join(group, member.id))
    heartbeat(talk, group, member)
    leave(talk, group, member)


def given_ids_and_protocols(talk: Talk) -> None:
    """Ids are given to whoever has a protocol in common with the members, and to nobody else."""
    group = talk.name_of("group")
    enter(talk, group)
    talk.ask(**join(group, protocols=[{"name": "sticky", "metadata": b""}]))
    talk.ask(**join(group, protocol_type="connect"))
    both = [{"name": name, "metadata": b""} for name in ("sticky", "range")]
    talk.ask(**join(group, protocols=both))
    describe(talk, group)


def several_things_wrong(talk: Talk) -> None:
    """Which error is told where there are several."""
    topic, group = talk.topic(), talk.name_of("group")
    member = enter(talk, group)
    sync(talk, group, member)
    wrong = Member("nobody", 9)
    heartbeat(talk, group, wrong)
    heartbeat(talk, group, Member(member.id, 9), group_instance_id="one")
    commit_as(talk, group, wrong, topic)
    sync(talk, group, wrong, protocol_type="connect")
    talk.ask(**join("", session_timeout_ms=1, protocols=[]))
    talk.ask(**join(group, "nobody", session_timeout_ms=1))
    talk.ask(**join(group, "nobody", protocol_type="connect"))
    talk.ask("SyncGroup", group_id="", generation_id=9, member_id="nobody", protocol_type=None, protocol_name=None)


def reasons(talk: Talk) -> None:
    """Reasons are for Kafka's log: long, empty or null, they change nothing (KIP-800)."""
    group = talk.name_of("group")
    member_id = ""
    for reason in (None, "", "r" * 255, "r" * 1000, "ünï\n"):
        member_id = talk.ask(**join(group, member_id, reason=reason)).member_id
    for reason in ("r" * 1000, None):
        talk.ask("LeaveGroup", group_id=group, members=[{"member_id": member_id, "reason": reason}])


def leaves_while_joining(talk: Talk) -> None:
    """A member whose JoinGroup waits is taken out by another connection: it is told so, and the group goes on."""
    group = talk.name_of("group")
    first, alone, second = _rebalancing(talk, group)
    begin_join(first, group, alone.id)
    leader, follower = end_join(first), end_join(second)
    sync(first, group, leader, follower)
    begin_join(first, group, leader.id)
    await_rebalance(second, group, follower)
    leave(talk, group, leader)
    first.answer()
    alone = enter(second, group, follower.id)
    sync(second, group, alone)
    describe(talk, group)


@versions("0-9")
def leaves_twice_in_one_request(talk: Talk) -> None:
    """A member, nobody, the member again; up to version 2 only the first of them."""
    group = talk.name_of("group")
    member = enter(talk, group)
    sync(talk, group, member)
    leave(talk, group, member, Member("nobody", 0), member)
    describe(talk, group)


def nobody_leaves(talk: Talk) -> None:
    """Only ids that are unknown: no rebalance comes of it."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    leave(talk, group, Member("nobody", 0), Member("", 0))
    heartbeat(first, group, leader)
    heartbeat(second, group, follower)


@versions("0-0")
def protocols_in_common_go(talk: Talk) -> None:
    """A member may not come back with protocols that the other does not know; alone it may."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    talk.ask(**join(group, leader.id, protocols=[{"name": "sticky", "metadata": b""}]))
    leave(second, group, follower)
    await_rebalance(first, group, leader)
    enter(first, group, leader.id)
    talk.ask(**join(group, leader.id, protocols=[{"name": "sticky", "metadata": b""}]))
    describe(talk, group)


def other_type_after_all_left(talk: Talk) -> None:
    """An empty group takes members of another protocol type."""
    topic, group = talk.topic(), talk.name_of("group")
    member = enter(talk, group)
    sync(talk, group, member)
    commit_as(talk, group, member, topic)
    leave(talk, group, member)
    describe(talk, group)
    connect = {"protocol_type": "connect", "protocols": [{"name": "sessioned", "metadata": b"\1"}]}
    member = enter(talk, group, **connect)
    sync(talk, group, member, protocol_type="connect", protocol_name="sessioned")
    describe(talk, group)


def refused_group(talk: Talk) -> None:
    """A JoinGroup that is refused leaves a group behind all the same: empty, deletable."""
    group = talk.name_of("group")
    talk.ask(**join(group, protocols=[]))
    describe(talk, group)
    talk.ask("ListGroups")
    talk.ask("DeleteGroups", groups_names=[group])
    talk.ask(**join(group, "nobody"))
    talk.ask("ListGroups")


def leader_rejoins_with_nothing_new(talk: Talk) -> None:
    """A leader's JoinGroup makes a rebalance in a stable group, a follower's does not."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    enter(second, group, follower.id)
    heartbeat(first, group, leader)
    begin_join(first, group, leader.id)
    await_rebalance(second, group, follower)
    begin_join(second, group, follower.id)
    end_join(first)
    end_join(second)


def changes_before_sharing(talk: Talk) -> None:
    """A follower that changes its mind before the shares are out makes another rebalance."""
    group = talk.name_of("group")
    first, leader, second, follower = _completing(talk, group)
    begin_join(second, group, follower.id, protocols=reads("another"))
    await_rebalance(first, group, leader)
    begin_join(first, group, leader.id)
    end_join(first)
    end_join(second)


@versions("4-4")
def votes(talk: Talk) -> None:
    """Of two protocols that all know, the one that most would rather have."""
    group = talk.name_of("group")
    first, second, third = (talk.connect(name) for name in ("first", "second", "third"))

    def wishes(*names: str) -> dict[str, Any]:
        return {"protocols": [{"name": name, "metadata": subscription(name)} for name in names]}

    alone = enter(first, group, **wishes("range", "sticky"))
    begin_join(second, group, **wishes("sticky", "range"))
    begin_join(third, group, **wishes("sticky", "other", "range"))
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id, **wishes("range", "sticky"))
    for connection in (first, second, third):
        end_join(connection)
    describe(talk, group)

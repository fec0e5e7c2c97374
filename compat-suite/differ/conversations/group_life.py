"""The life of a group in the classic protocol: members come, share, commit, change their minds and go."""

from typing import Any

from differ.groups import Member, commit, join, subscription
from differ.talk import Connection, Talk, versions

API = "JoinGroup"  # every other API is asked at the same number, as far as it has it
MEMBER_ID_REQUIRED, REBALANCE_IN_PROGRESS = 79, 27


def _send_join(connection: Connection, group: str, member_id: str = "", **more: Any) -> None:
    """Joins without waiting; a new member gets its id first, where the version asks for that."""
    if not member_id and connection.talk.version >= 4 and "group_instance_id" not in more:
        answer = connection.ask(**join(group, **more))
        assert answer.error_code == MEMBER_ID_REQUIRED
        member_id = answer.member_id
    connection.send(**join(group, member_id, **more))


def _join(connection: Connection, group: str, member_id: str = "", **more: Any) -> Member:
    _send_join(connection, group, member_id, **more)
    return _joined(connection)


def _joined(connection: Connection) -> Member:
    answer = connection.answer()
    return Member(answer.member_id, answer.generation_id)


def _sync(connection: Connection, group: str, member: Member, *others: Member, **more: Any) -> None:
    """Gives `member` its share, and the others theirs; with nobody else and `give=False` only asks for one."""
    _send_sync(connection, group, member, *others, **more)
    connection.answer()


def _send_sync(connection: Connection, group: str, *members: Member, give: bool = True, **more: Any) -> None:
    member = members[0]
    shares = [{"member_id": m.id, "assignment": b"share %d" % i} for i, m in enumerate(members)]
    connection.send(
        "SyncGroup",
        group_id=group,
        generation_id=member.generation,
        member_id=member.id,
        protocol_type="consumer",
        protocol_name="range",
        assignments=shares if give else [],
        **more,
    )


def _heartbeat(connection: Connection, group: str, member: Member, **more: Any) -> None:
    connection.ask("Heartbeat", group_id=group, generation_id=member.generation, member_id=member.id, **more)


def _await_rebalance(connection: Connection, group: str, member: Member) -> None:
    """Heartbeats until the group says that it is rebalancing: another connection's request takes its own time."""
    connection.until(
        lambda a: a.error_code == REBALANCE_IN_PROGRESS,
        "Heartbeat",
        group_id=group,
        generation_id=member.generation,
        member_id=member.id,
    )


def _leave(connection: Connection, group: str, *members: Member) -> None:
    listed = [{"member_id": member.id} for member in members]
    connection.ask("LeaveGroup", group_id=group, member_id=members[0].id, members=listed)


def _describe(talk: Talk, group: str) -> None:
    talk.ask("DescribeGroups", groups=[group])


def _pair(talk: Talk, group: str, **more: Any) -> tuple[Connection, Member, Connection, Member]:
    """A group of two, the first leads; recorded as it goes."""
    first, second = talk.connect("first"), talk.connect("second")
    alone = _join(first, group, **more)
    _sync(first, group, alone)
    _send_join(second, group, **more)
    _await_rebalance(first, group, alone)
    _send_join(first, group, alone.id, **more)
    leader, follower = _joined(first), _joined(second)
    _send_sync(second, group, follower, give=False)
    _sync(first, group, leader, follower)
    second.answer()
    return first, leader, second, follower


def one_member(talk: Talk) -> None:
    """Join, sync, heartbeat, commit, fetch what was committed, leave."""
    topic, group = talk.topic(), talk.name_of("group")
    member = _join(talk, group)
    _sync(talk, group, member)
    _heartbeat(talk, group, member)
    fields: dict[str, Any] = {
        "group_id": group,
        "generation_id_or_member_epoch": member.generation,
        "member_id": member.id,
    }
    talk.ask("OffsetCommit", topics=commit(topic, 3), **fields)
    named = {"name": topic.name, "partition_indexes": [0]}
    groups = [{"group_id": group, "topics": [named | {"topic_id": topic.id}]}]
    talk.ask("OffsetFetch", group_id=group, topics=[named], groups=groups)
    _describe(talk, group)
    _leave(talk, group, member)
    _describe(talk, group)
    talk.ask("DeleteGroups", groups_names=[group])
    _describe(talk, group)


def two_members(talk: Talk) -> None:
    """A second member comes: the first learns of it by its heartbeat, joins again and shares out."""
    group = talk.name_of("group")
    first, leader, second, follower = _pair(talk, group)
    _heartbeat(first, group, leader)
    _heartbeat(second, group, follower)
    _describe(talk, group)


def follower_leaves(talk: Talk) -> None:
    """The one who stays has everything again, in a new generation."""
    group = talk.name_of("group")
    first, leader, second, follower = _pair(talk, group)
    _leave(second, group, follower)
    _await_rebalance(first, group, leader)
    alone = _join(first, group, leader.id)
    _sync(first, group, alone)
    _heartbeat(first, group, leader)
    _heartbeat(second, group, follower)


def leader_leaves(talk: Talk) -> None:
    """The other one leads."""
    group = talk.name_of("group")
    first, leader, second, follower = _pair(talk, group)
    _leave(first, group, leader)
    _await_rebalance(second, group, follower)
    alone = _join(second, group, follower.id)
    _sync(second, group, alone)
    _describe(talk, group)


def follower_joins_again(talk: Talk) -> None:
    """A follower that joins again with the same protocols is told the generation that it is in."""
    group = talk.name_of("group")
    first, leader, second, follower = _pair(talk, group)
    _join(second, group, follower.id)
    _heartbeat(first, group, leader)


def follower_changes(talk: Talk) -> None:
    """A follower that joins again with other topics makes a rebalance."""
    group = talk.name_of("group")
    first, leader, second, follower = _pair(talk, group)
    changed = [{"name": "range", "metadata": subscription("another")}]
    _send_join(second, group, follower.id, protocols=changed)
    _await_rebalance(first, group, leader)
    _send_join(first, group, leader.id)
    _joined(first)
    _joined(second)


def during_rebalance(talk: Talk) -> None:
    """While the group waits for members: what one may do, before and after one has joined again."""
    topic, group = talk.topic(), talk.name_of("group")
    first, leader, second, follower = _pair(talk, group)
    third = talk.connect("third")
    _send_join(third, group)
    _await_rebalance(first, group, leader)
    _heartbeat(second, group, follower)
    fields: dict[str, Any] = {
        "group_id": group,
        "generation_id_or_member_epoch": leader.generation,
        "member_id": leader.id,
    }
    first.ask("OffsetCommit", topics=commit(topic, 3), **fields)
    _sync(first, group, leader)
    _describe(talk, group)
    _send_join(first, group, leader.id)
    _send_join(second, group, follower.id)
    for connection in (first, second, third):
        _joined(connection)
    first.ask("OffsetCommit", topics=commit(topic, 3), **fields)
    _describe(talk, group)


def before_leader_syncs(talk: Talk) -> None:
    """While followers wait for the leader's shares the group is completing its rebalance."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = _join(first, group)
    _send_join(second, group)
    _await_rebalance(first, group, alone)
    _send_join(first, group, alone.id)
    leader, follower = _joined(first), _joined(second)
    _describe(talk, group)
    _heartbeat(first, group, leader)
    _heartbeat(second, group, follower)
    _join(second, group, follower.id)
    _join(first, group, leader.id, protocols=join(group)["protocols"])


def both_leave_at_once(talk: Talk) -> None:
    """Several members leave in one request where the version has it, else one by one."""
    group = talk.name_of("group")
    first, leader, _, follower = _pair(talk, group)
    if talk.version >= 3:
        _leave(first, group, leader, follower)
    else:
        _leave(first, group, leader)
        _leave(first, group, follower)
    _describe(talk, group)


def common_protocol(talk: Talk) -> None:
    """The protocol that all members know is chosen; each votes for the first it knows of those."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")

    def knows(*names: str) -> list[dict[str, Any]]:
        return [{"name": name, "metadata": subscription(name)} for name in names]

    alone = _join(first, group, protocols=knows("sticky", "range", "roundrobin"))
    _send_join(second, group, protocols=knows("roundrobin", "range"))
    _await_rebalance(first, group, alone)
    _send_join(first, group, alone.id, protocols=knows("range", "sticky"))
    _joined(first)
    _joined(second)


def left_and_back(talk: Talk) -> None:
    """A group that was empty goes on with the next generation; one that was deleted begins anew."""
    group = talk.name_of("group")
    for _ in range(2):
        member = _join(talk, group)
        _sync(talk, group, member)
        _leave(talk, group, member)
    talk.ask("DeleteGroups", groups_names=[group])
    _join(talk, group)


def old_generation(talk: Talk) -> None:
    """Who missed a rebalance is told so, whatever it asks."""
    topic, group = talk.topic(), talk.name_of("group")
    old = _join(talk, group)
    _sync(talk, group, old)
    new = _join(talk, group, old.id)
    _heartbeat(talk, group, old)
    _sync(talk, group, old)
    talk.ask(
        "OffsetCommit",
        group_id=group,
        generation_id_or_member_epoch=old.generation,
        member_id=old.id,
        topics=commit(topic),
    )
    _sync(talk, group, new)
    _heartbeat(talk, group, new)


@versions("5+")
def static_leader_returns(talk: Talk) -> None:
    """A static leader comes back under its name: nothing is rebalanced, it gets a new id; the old one is fenced."""
    group = talk.name_of("group")
    old = _join(talk, group, group_instance_id="one")
    _sync(talk, group, old, group_instance_id="one")
    new = _join(talk, group, group_instance_id="one")
    _sync(talk, group, new, give=False, group_instance_id="one")
    for member in (new, old):
        _heartbeat(talk, group, member, group_instance_id="one")
    _heartbeat(talk, group, old)
    _describe(talk, group)


@versions("5+")
def static_member_changes(talk: Talk) -> None:
    """A static member that comes back with other topics makes a rebalance."""
    group = talk.name_of("group")
    old = _join(talk, group, group_instance_id="one")
    _sync(talk, group, old, group_instance_id="one")
    changed = [{"name": "range", "metadata": subscription("another")}]
    new = _join(talk, group, group_instance_id="one", protocols=changed)
    _sync(talk, group, new, group_instance_id="one")
    _describe(talk, group)


@versions("5+")
def static_follower_returns(talk: Talk) -> None:
    """A static follower comes back: the leader does not notice."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = _join(first, group, group_instance_id="one")
    _sync(first, group, alone, group_instance_id="one")
    _send_join(second, group, group_instance_id="two")
    _await_rebalance(first, group, alone)
    _send_join(first, group, alone.id, group_instance_id="one")
    leader, follower = _joined(first), _joined(second)
    _sync(first, group, leader, follower, group_instance_id="one")
    _sync(second, group, follower, give=False, group_instance_id="two")
    back = _join(second, group, group_instance_id="two")
    _sync(second, group, back, give=False, group_instance_id="two")
    _heartbeat(first, group, leader, group_instance_id="one")
    _heartbeat(second, group, follower, group_instance_id="two")
    _describe(talk, group)


@versions("5+")
def fenced_while_joining(talk: Talk) -> None:
    """A second process under one instance id drives the first out of its waiting JoinGroup."""
    group = talk.name_of("group")
    first, second, third = talk.connect("first"), talk.connect("second"), talk.connect("third")
    alone = _join(first, group)
    _send_join(second, group, group_instance_id="one")
    _await_rebalance(first, group, alone)
    _send_join(third, group, group_instance_id="one")
    second.answer()
    _send_join(first, group, alone.id)
    _joined(first)
    _joined(third)


@versions("5+")
def static_member_removed(talk: Talk) -> None:
    """An administrator removes a static member by its instance id (KIP-345)."""
    group = talk.name_of("group")
    member = _join(talk, group, group_instance_id="one")
    _sync(talk, group, member, group_instance_id="one")
    talk.ask("LeaveGroup", group_id=group, members=[{"member_id": "", "group_instance_id": "one"}])
    _heartbeat(talk, group, member, group_instance_id="one")
    _describe(talk, group)


@versions("3-5")
def does_not_join_again(talk: Talk) -> None:
    """Who does not join again within its rebalance timeout is no member any more."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    slow = _join(first, group, rebalance_timeout_ms=500)
    _sync(first, group, slow)
    _send_join(second, group, rebalance_timeout_ms=500)
    alone = _joined(second)
    _sync(second, group, alone)
    _heartbeat(first, group, slow)
    _describe(talk, group)


@versions("3-5")
def leader_does_not_sync(talk: Talk) -> None:
    """A leader that does not share out in time is no member any more; who waited for a share is told to join again."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = _join(first, group, rebalance_timeout_ms=500)
    _send_join(second, group, rebalance_timeout_ms=500)
    _await_rebalance(first, group, alone)
    _send_join(first, group, alone.id, rebalance_timeout_ms=500)
    leader, follower = _joined(first), _joined(second)
    _sync(second, group, follower, give=False)
    left = _join(second, group, follower.id, rebalance_timeout_ms=500)
    _sync(second, group, left)
    _heartbeat(first, group, leader)
    _describe(talk, group)


def behind_a_waiting_join(talk: Talk) -> None:
    """A request behind a JoinGroup that waits is answered after it, on the same connection."""
    group = talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = _join(first, group)
    _sync(first, group, alone)
    _send_join(second, group)
    second.send("Metadata", at=4, topics=[])
    _await_rebalance(first, group, alone)
    _send_join(first, group, alone.id)
    _joined(first)
    _joined(second)
    second.answer()

"""What members of a group do in conversations: each step is recorded, at the version that is played."""

from __future__ import annotations

from typing import Any

from differ.groups import MEMBER_ID_REQUIRED, Member, commit, join, subscription
from differ.talk import Connection, Talk, Topic

REBALANCE_IN_PROGRESS = 27


def begin_join(connection: Connection, group: str, member_id: str = "", **more: Any) -> None:
    """Joins without waiting; a new member gets its id first, where the version asks for that."""
    if not member_id and connection.talk.version >= 4 and "group_instance_id" not in more:
        answer = connection.ask("JoinGroup", **join(group, **more))
        assert answer.error_code == MEMBER_ID_REQUIRED
        member_id = answer.member_id
    connection.send("JoinGroup", **join(group, member_id, **more))


def enter(connection: Connection, group: str, member_id: str = "", **more: Any) -> Member:
    begin_join(connection, group, member_id, **more)
    return end_join(connection)


def end_join(connection: Connection) -> Member:
    answer = connection.answer()
    return Member(answer.member_id, answer.generation_id)


def sync(connection: Connection, group: str, member: Member, *others: Member, **more: Any) -> None:
    """Gives `member` its share, and the others theirs; with nobody else and `give=False` only asks for one."""
    begin_sync(connection, group, member, *others, **more)
    connection.answer()


def begin_sync(connection: Connection, group: str, *members: Member, give: bool = True, **more: Any) -> None:
    member = members[0]
    shares = [{"member_id": m.id, "assignment": b"share %d" % i} for i, m in enumerate(members)]
    fields: dict[str, Any] = {"protocol_type": "consumer", "protocol_name": "range", "assignments": shares}
    fields |= {"generation_id": member.generation, "member_id": member.id}
    connection.send("SyncGroup", group_id=group, **(fields | ({} if give else {"assignments": []}) | more))


def heartbeat(connection: Connection, group: str, member: Member, **more: Any) -> None:
    connection.ask("Heartbeat", group_id=group, generation_id=member.generation, member_id=member.id, **more)


def await_rebalance(connection: Connection, group: str, member: Member) -> None:
    """Heartbeats until the group says that it is rebalancing: another connection's request takes its own time."""
    connection.until(
        lambda a: a.error_code == REBALANCE_IN_PROGRESS,
        "Heartbeat",
        group_id=group,
        generation_id=member.generation,
        member_id=member.id,
    )


def leave(connection: Connection, group: str, *members: Member) -> None:
    listed = [{"member_id": member.id} for member in members]
    connection.ask("LeaveGroup", group_id=group, member_id=members[0].id, members=listed)


def commit_as(connection: Connection, group: str, member: Member, topic: Topic, offset: int = 5, **more: Any) -> None:
    """Commits to partition 0 as a member."""
    fields: dict[str, Any] = {"generation_id_or_member_epoch": member.generation, "member_id": member.id}
    connection.ask("OffsetCommit", group_id=group, topics=commit(topic, offset), **(fields | more))


def fetch(connection: Connection, group: str, *topics: Topic, **more: Any) -> None:
    """What the group has committed to partition 0 of these topics; none: to any."""
    named = [{"name": topic.name, "topic_id": topic.id, "partition_indexes": [0]} for topic in topics]
    asked = named if topics else None
    old = [{key: value for key, value in name.items() if key != "topic_id"} for name in named] if topics else None
    groups = [{"group_id": group, "topics": asked}]
    connection.ask("OffsetFetch", group_id=group, topics=old, groups=groups, **more)


def reads(*topics: str) -> list[dict[str, Any]]:
    """The protocols of a consumer of these topics."""
    return [{"name": "range", "metadata": subscription(*topics)}]


def describe(talk: Talk, group: str) -> None:
    talk.ask("DescribeGroups", groups=[group])


def pair(talk: Talk, group: str, **more: Any) -> tuple[Connection, Member, Connection, Member]:
    """A group of two, the first leads; recorded as it goes."""
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group, **more)
    sync(first, group, alone)
    begin_join(second, group, **more)
    await_rebalance(first, group, alone)
    begin_join(first, group, alone.id, **more)
    leader, follower = end_join(first), end_join(second)
    begin_sync(second, group, follower, give=False)
    sync(first, group, leader, follower)
    second.answer()
    return first, leader, second, follower

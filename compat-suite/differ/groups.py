"""Steps that many cases of groups begin with: joining, becoming stable, committing."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from differ.talk import Connection, Topic
from kpybroker.wire.encode import encode
from kpybroker.wire.schemas.consumer_protocol import ConsumerProtocolSubscription

MEMBER_ID_REQUIRED = 79


class Member(NamedTuple):
    id: str
    generation: int


def subscription(*topics: str) -> bytes:
    """What a consumer says when it joins: the topics it wants."""
    return struct.pack(">h", 1) + encode(ConsumerProtocolSubscription(topics=list(topics)), 1)


def join(group: str, member_id: str = "", **more: Any) -> dict[str, Any]:
    """The fields of a JoinGroup request of a consumer; `more` changes some."""
    protocols = [{"name": "range", "metadata": subscription("topic")}]
    fields = {"group_id": group, "member_id": member_id, "protocol_type": "consumer", "protocols": protocols}
    return fields | {"session_timeout_ms": 10_000, "rebalance_timeout_ms": 10_000} | more


def joined(connection: Connection, group: str, **more: Any) -> Member:
    """Joins with a new member, which leads if it is the first; not recorded."""
    answer = connection.ask_quietly("JoinGroup", at=9, **join(group, **more))
    if answer.error_code == MEMBER_ID_REQUIRED:
        answer = connection.ask_quietly("JoinGroup", at=9, **join(group, answer.member_id, **more))
    assert answer.error_code == 0, answer
    return Member(answer.member_id, answer.generation_id)


def stable(connection: Connection, group: str, **more: Any) -> Member:
    """Joins with one member and gives it an assignment; not recorded."""
    member = joined(connection, group, **more)
    given = [{"member_id": member.id, "assignment": b"assignment"}]
    answer = connection.ask_quietly(
        "SyncGroup", at=3, group_id=group, generation_id=member.generation, member_id=member.id, assignments=given
    )
    assert answer.error_code == 0, answer
    return member


def commit(topic: Topic, offset: int = 5, *, index: int = 0, **more: Any) -> list[dict[str, Any]]:
    """The topics of an OffsetCommit request, for one partition."""
    partition = {"partition_index": index, "committed_offset": offset, "committed_metadata": "note"} | more
    return [{"name": topic.name, "topic_id": topic.id, "partitions": [partition]}]


def committed(connection: Connection, group: str, topic: Topic, offset: int = 5, **more: Any) -> None:
    """Commits without being a member; not recorded."""
    answer = connection.ask_quietly("OffsetCommit", at=7, group_id=group, topics=commit(topic, offset, **more))
    assert answer.topics[0].partitions[0].error_code == 0, answer


def gone(connection: Connection, group: str, member: Member) -> None:
    """Leaves; not recorded."""
    members = [{"member_id": member.id}]
    answer = connection.ask_quietly("LeaveGroup", at=3, group_id=group, members=members)
    assert answer.error_code == 0, answer

"""JoinGroup: what a single member is told, and whom the group refuses."""

from differ.groups import join, joined, stable, subscription
from differ.talk import Talk, versions

API = "JoinGroup"


def first_member(talk: Talk) -> None:
    """The first member leads; from version 4 on it is given an id first (KIP-394)."""
    group = talk.name_of("group")
    answer = talk.ask(**join(group))
    if answer.error_code:
        talk.ask(**join(group, answer.member_id))


def rejoin(talk: Talk) -> None:
    """A leader that joins again starts a new generation, also when it says nothing new."""
    group = talk.name_of("group")
    member = stable(talk, group)
    talk.ask(**join(group, member.id))
    talk.ask(**join(group, member.id, protocols=[{"name": "range", "metadata": b"other"}]))


@versions("5+")
def static_member(talk: Talk) -> None:
    """A member with an instance id needs no id first, and keeps its place when it comes again (KIP-345)."""
    group = talk.name_of("group")
    answer = talk.ask(**join(group, group_instance_id="one"))
    member = answer.member_id
    given = [{"member_id": member, "assignment": b"assignment"}]
    talk.ask("SyncGroup", group_id=group, generation_id=1, member_id=member, group_instance_id="one", assignments=given)
    again = talk.ask(**join(group, group_instance_id="one"))
    talk.ask("Heartbeat", group_id=group, generation_id=1, member_id=member, group_instance_id="one")
    talk.ask("Heartbeat", group_id=group, generation_id=1, member_id=again.member_id, group_instance_id="one")
    talk.ask(**join(group, member, group_instance_id="one"))
    talk.ask(**join(group, "nobody", group_instance_id="two"))


def unknown_member(talk: Talk) -> None:
    """An id that the group did not give, in a group that is not there and in one that is."""
    group = talk.name_of("group")
    talk.ask(**join(group, "nobody"))
    stable(talk, group)
    talk.ask(**join(group, "nobody"))


def invalid_group(talk: Talk) -> None:
    """The empty group id."""
    talk.ask(**join(""))


def session_timeouts(talk: Talk) -> None:
    """Session timeouts outside of what the broker allows, and at its bounds."""
    for timeout_ms in (0, -1, 5_999, 1_800_001):
        talk.ask(**join(talk.name_of("group"), session_timeout_ms=timeout_ms))
    for timeout_ms in (6_000, 1_800_000):
        talk.ask(**join(talk.name_of(f"group-{timeout_ms}"), session_timeout_ms=timeout_ms))


@versions("1+")
def rebalance_timeouts(talk: Talk) -> None:
    """Odd rebalance timeouts."""
    for timeout_ms in (-1, 0):
        talk.ask(**join(talk.name_of(f"group-{timeout_ms}"), rebalance_timeout_ms=timeout_ms))


def no_protocols(talk: Talk) -> None:
    """No protocols, no protocol type, neither: in a group that is not there and in one with a member."""
    stable(talk, talk.name_of("group"))
    for group in (talk.name_of("missing"), talk.name_of("group")):
        talk.ask(**join(group, protocols=[]))
        talk.ask(**join(group, protocol_type=""))
        talk.ask(**join(group, protocol_type="", protocols=[]))


def other_protocol(talk: Talk) -> None:
    """A member of another type, or without a protocol in common."""
    group = talk.name_of("group")
    stable(talk, group)
    talk.ask(**join(group, protocol_type="connect"))
    talk.ask(**join(group, protocols=[{"name": "roundrobin", "metadata": b""}]))


def several_protocols(talk: Talk) -> None:
    """The first protocol of the only member is chosen."""
    group = talk.name_of("group")
    protocols = [{"name": name, "metadata": subscription(name)} for name in ("sticky", "range")]
    member = joined(talk, group, protocols=protocols)
    talk.ask(**join(group, member.id, protocols=protocols))


def given_id_not_used(talk: Talk) -> None:
    """A member that was given an id and asks again without it."""
    group = talk.name_of("group")
    first = talk.ask(**join(group))
    if first.error_code == 79:
        talk.ask(**join(group))


def commits_only(talk: Talk) -> None:
    """A group that only keeps offsets can be joined."""
    from_elsewhere = talk.topic()
    group = talk.name_of("group")
    talk.ask_quietly(
        "OffsetCommit",
        at=7,
        group_id=group,
        topics=[{"name": from_elsewhere.name, "partitions": [{"partition_index": 0, "committed_offset": 1}]}],
    )
    joined(talk, group)
    talk.ask("DescribeGroups", at=5, groups=[group])


@versions("3")
def lying_subscription(talk: Talk) -> None:
    """A subscription that claims more topics than it has bytes: Apache Kafka never answers."""
    talk.patience_s = 0.5
    talk.ask(**join(talk.name_of("group"), protocols=[{"name": "range", "metadata": b"\0\0\x69\0\0\0"}]))

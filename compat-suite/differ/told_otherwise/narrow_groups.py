"""A broker whose groups are small, with bounds for sessions and for the notes beside offsets."""

from differ.groups import commit, join
from differ.members import begin_join, describe, enter, fetch, heartbeat, leave, pair
from differ.talk import Talk, versions

API = "JoinGroup"
HAS_GROUPS = True
TOLD = {
    "group.max.size": "2",
    "group.min.session.timeout.ms": "5000",
    "group.max.session.timeout.ms": "20000",
    "offset.metadata.max.bytes": "4",
    "offsets.topic.num.partitions": "3",
}


def full_group(talk: Talk) -> None:
    """Who comes to a full group is refused, by whatever name; its members go on."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    for member_id in ("", "somebody"):
        talk.ask(**join(group, member_id))
    talk.ask(**join(group, group_instance_id="static"))
    heartbeat(first, group, leader)
    heartbeat(second, group, follower)
    describe(talk, group)


@versions("5+")
def full_of_static_members(talk: Talk) -> None:
    """A static member comes back to a full group; another one does not come in."""
    group = talk.name_of("group")
    first = talk.connect("first")
    begin_join(first, group, group_instance_id="one")
    one = first.answer()
    talk.ask(**join(group, group_instance_id="one"))
    talk.ask(**join(group, one.member_id, group_instance_id="one"))
    describe(talk, group)


def given_ids(talk: Talk) -> None:
    """Ids are given out to more than there is room for: who comes back with one while there is room is in."""
    group = talk.name_of("group")
    alone = enter(talk, group)
    for _ in range(2):
        talk.ask(**join(group)) if talk.version >= 4 else describe(talk, group)
    heartbeat(talk, group, alone)
    leave(talk, group, alone)
    talk.until(lambda a: a.groups[0].group_state == "Empty", "DescribeGroups", groups=[group])
    enter(talk, group)


def sessions_in_bounds(talk: Talk) -> None:
    """The shortest and the longest session timeout, and one beyond each."""
    for timeout in (4999, 20_001):
        talk.ask(**join(talk.name_of("group"), session_timeout_ms=timeout))
    for timeout in (5000, 20_000):
        enter(talk, talk.name_of(f"group-{timeout}"), session_timeout_ms=timeout)


@versions("8")
def long_notes(talk: Talk) -> None:
    """Four characters go beside an offset, five do not; a note of two letters that Java counts as four does."""
    group, topic = talk.name_of("group"), talk.topic()
    for note in ("four", "fives", "\U0001f600\U0001f600", "\U0001f600\U0001f600a", "", None):
        for version in (2, 8):
            talk.ask("OffsetCommit", at=version, group_id=group, topics=commit(topic, committed_metadata=note))
    fetch(talk, group, topic)


@versions("8")
def fewer_partitions_of_offsets(talk: Talk) -> None:
    """The topic behind the coordinators has as many partitions as the broker was told."""
    talk.ask("Metadata", at=9, topics=[{"name": "__consumer_offsets"}])

"""A broker that looks for offsets to forget every fifty milliseconds."""

from differ.groups import commit, committed, stable, subscription
from differ.members import describe, fetch
from differ.talk import Talk, Topic, versions

API = "OffsetCommit"
HAS_GROUPS = True
TOLD = {"offsets.retention.check.interval.ms": "50"}
DEAD = "Dead"


def _forgotten(talk: Talk, group: str, topic: Topic) -> None:
    """Asks until the group has committed nothing for this topic."""
    asked = [{"name": topic.name, "partition_indexes": [0]}]
    talk.until(
        lambda a: a.topics[0].partitions[0].committed_offset == -1, "OffsetFetch", at=5, group_id=group, topics=asked
    )


@versions("2-4")
def own_retention(talk: Talk) -> None:
    """An offset that is kept for a millisecond is forgotten, and with its last offset a group without members."""
    group, short, kept = talk.name_of("group"), talk.topic("short"), talk.topic("kept")
    committed(talk, group, kept, committed_metadata="")
    talk.ask("OffsetCommit", group_id=group, retention_time_ms=1, topics=commit(short, committed_metadata=""))
    _forgotten(talk, group, short)
    fetch(talk, group)
    describe(talk, group)
    talk.ask("OffsetCommit", group_id=group, retention_time_ms=1, topics=commit(kept, committed_metadata=""))
    _forgotten(talk, group, kept)
    talk.until(lambda a: a.groups[0].group_state == DEAD, "DescribeGroups", groups=[group])


@versions("3")
def read_by_a_member(talk: Talk) -> None:
    """What a member reads is not forgotten, however short it was to be kept; what nobody reads is."""
    group, read, other = talk.name_of("group"), talk.topic("read"), talk.topic("other")
    member = stable(talk, group, protocols=[{"name": "range", "metadata": subscription(read.name)}])
    who = {"group_id": group, "generation_id_or_member_epoch": member.generation, "member_id": member.id}
    for topic in (read, other):
        topics = commit(topic, committed_metadata="")
        talk.ask("OffsetCommit", retention_time_ms=1, topics=topics, **who)
    _forgotten(talk, group, other)
    fetch(talk, group)

"""OffsetCommit: by members and by those who only keep offsets."""

from differ.groups import commit, gone, joined, stable
from differ.talk import Talk, Topic, versions

API = "OffsetCommit"


def without_members(talk: Talk) -> None:
    """Who is no member commits to a group that nobody is in, again and again."""
    topic, group = talk.topic(), talk.name_of("group")
    for offset in (5, 7, 0):
        talk.ask(group_id=group, topics=commit(topic, offset))


def by_member(talk: Talk) -> None:
    """A member of a stable group."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group)
    talk.ask(
        group_id=group,
        generation_id_or_member_epoch=member.generation,
        member_id=member.id,
        topics=commit(topic),
    )


def wrong_member(talk: Talk) -> None:
    """Wrong generations, nobody, and from outside, into a group with a member."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group)
    for generation, member_id in ((0, member.id), (2, member.id), (-1, member.id), (1, "nobody"), (1, ""), (-1, "")):
        talk.ask(group_id=group, generation_id_or_member_epoch=generation, member_id=member_id, topics=commit(topic))


def before_sync(talk: Talk) -> None:
    """A member that joined and has no assignment yet."""
    topic, group = talk.topic(), talk.name_of("group")
    member = joined(talk, group)
    talk.ask(
        group_id=group,
        generation_id_or_member_epoch=member.generation,
        member_id=member.id,
        topics=commit(topic),
    )


def after_leaving(talk: Talk) -> None:
    """A member that left; then from outside."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group)
    gone(talk, group, member)
    talk.ask(group_id=group, generation_id_or_member_epoch=1, member_id=member.id, topics=commit(topic))
    talk.ask(group_id=group, topics=commit(topic))


def unknown_group(talk: Talk) -> None:
    """A member of a group that is not there; the empty group id."""
    topic = talk.topic()
    talk.ask(
        group_id=talk.name_of("missing"), generation_id_or_member_epoch=1, member_id="nobody", topics=commit(topic)
    )
    talk.ask(group_id="", topics=commit(topic))
    talk.ask_quietly("DeleteGroups", at=2, groups_names=[""])


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there, beside one that is; a partition that is not there."""
    topic, missing = talk.topic(), Topic(talk.name_of("missing"), b"unknown topic id")
    talk.ask(group_id=talk.name_of("group"), topics=commit(missing) + commit(topic))
    for index in (1, -1):
        talk.ask(group_id=talk.name_of("group"), topics=commit(topic, index=index))


@versions("10+")
def no_topic_id(talk: Talk) -> None:
    """An id of zeros."""
    talk.ask(group_id=talk.name_of("group"), topics=commit(Topic("", bytes(16))))


def metadata(talk: Talk) -> None:
    """Null, empty, as long as may be, one character more."""
    topic = talk.topic()
    for text in (None, "", "m" * 4096, "m" * 4097):
        talk.ask(group_id=talk.name_of("group"), topics=commit(topic, committed_metadata=text))


def odd_offsets(talk: Talk) -> None:
    """Offsets below zero and beyond the end are kept as they are."""
    topic, group = talk.topic(), talk.name_of("group")
    for offset in (-1, -5, 2**63 - 1):
        talk.ask(group_id=group, topics=commit(topic, offset))
        partitions = [{"name": topic.name, "partition_indexes": [0]}]
        talk.ask("OffsetFetch", at=7, group_id=group, topics=partitions)


@versions("6+")
def leader_epochs(talk: Talk) -> None:
    """The leader epoch of the last record read comes back."""
    topic, group = talk.topic(), talk.name_of("group")
    for epoch in (0, 7, -1, -2):
        talk.ask(group_id=group, topics=commit(topic, committed_leader_epoch=epoch))
        partitions = [{"name": topic.name, "partition_indexes": [0]}]
        talk.ask("OffsetFetch", at=7, group_id=group, topics=partitions)


@versions("7+")
def static_member(talk: Talk) -> None:
    """A static member: right, with another's instance id, under a wrong member id."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group, group_instance_id="one")
    for instance, member_id in (("one", member.id), ("two", member.id), ("one", "nobody")):
        talk.ask(
            group_id=group,
            generation_id_or_member_epoch=1,
            member_id=member_id,
            group_instance_id=instance,
            topics=commit(topic),
        )


@versions("2-4")
def retention(talk: Talk) -> None:
    """A retention time of the client's own is accepted."""
    topic = talk.topic()
    talk.ask(group_id=talk.name_of("group"), retention_time_ms=60_000, topics=commit(topic))


def named_twice(talk: Talk) -> None:
    """One partition twice: the last one counts."""
    topic, group = talk.topic(), talk.name_of("group")
    talk.ask(group_id=group, topics=commit(topic, 3) + commit(topic, 4))
    talk.ask("OffsetFetch", at=7, group_id=group, topics=[{"name": topic.name, "partition_indexes": [0]}])


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    topic, group = talk.topic(), talk.name_of("group")
    talk.ask(group_id=group, topics=[])
    talk.ask(group_id=group, topics=[{"name": topic.name, "topic_id": topic.id}])

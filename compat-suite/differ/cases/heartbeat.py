"""Heartbeat: all is well, or why not."""

from differ.groups import gone, joined, stable
from differ.talk import Talk, versions

API = "Heartbeat"


def alive(talk: Talk) -> None:
    """A member of a stable group."""
    group = talk.name_of("group")
    member = stable(talk, group)
    for _ in range(2):
        talk.ask(group_id=group, generation_id=member.generation, member_id=member.id)


def before_sync(talk: Talk) -> None:
    """A member that joined and has no assignment yet."""
    group = talk.name_of("group")
    member = joined(talk, group)
    talk.ask(group_id=group, generation_id=member.generation, member_id=member.id)


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id."""
    talk.ask(group_id=talk.name_of("missing"), generation_id=1, member_id="nobody")
    talk.ask(group_id="", generation_id=1, member_id="nobody")


def unknown_member(talk: Talk) -> None:
    """Nobody, and no name at all."""
    group = talk.name_of("group")
    stable(talk, group)
    talk.ask(group_id=group, generation_id=1, member_id="nobody")
    talk.ask(group_id=group, generation_id=1, member_id="")


def wrong_generation(talk: Talk) -> None:
    """Generations before and after, and none."""
    group = talk.name_of("group")
    member = stable(talk, group)
    for generation in (0, 2, -1):
        talk.ask(group_id=group, generation_id=generation, member_id=member.id)


def after_leaving(talk: Talk) -> None:
    """A member that left."""
    group = talk.name_of("group")
    member = stable(talk, group)
    gone(talk, group, member)
    talk.ask(group_id=group, generation_id=member.generation, member_id=member.id)


@versions("3+")
def static_member(talk: Talk) -> None:
    """A static member: right, with another's instance id, without its own, under a wrong member id."""
    group = talk.name_of("group")
    member = stable(talk, group, group_instance_id="one")
    for instance, member_id in (("one", member.id), ("two", member.id), (None, member.id), ("one", "nobody")):
        talk.ask(group_id=group, generation_id=1, member_id=member_id, group_instance_id=instance)


def only_offsets(talk: Talk) -> None:
    """A group without members that keeps offsets."""
    topic, group = talk.topic(), talk.name_of("group")
    data = [{"name": topic.name, "partitions": [{"partition_index": 0, "committed_offset": 1}]}]
    talk.ask_quietly("OffsetCommit", at=7, group_id=group, topics=data)
    talk.ask(group_id=group, generation_id=-1, member_id="")

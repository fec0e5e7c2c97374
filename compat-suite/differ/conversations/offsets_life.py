"""Committed offsets: who may commit when, what is found later, and what becomes of it when topics and groups go."""

from typing import Any

from differ.groups import commit, committed, gone, stable
from differ.members import await_rebalance, begin_join, commit_as, end_join, enter, fetch, leave, sync
from differ.talk import Talk, Topic, versions
from kpybroker.wire.declare import Versions

API = "OffsetFetch"  # every other API is asked at the same number, as far as it has it
VERSIONS = Versions(9, 9)


def _commit_alone(talk: Talk, group: str, topic: Topic, offset: int = 5, **more: Any) -> None:
    """As an administrator does, or a consumer that assigns itself."""
    talk.ask("OffsetCommit", group_id=group, topics=commit(topic, offset), **more)


def _delete(talk: Talk, topic: Topic) -> None:
    """Deletes a topic and waits until nobody knows it any more."""
    talk.ask_quietly("DeleteTopics", at=5, topic_names=[topic.name], timeout_ms=10_000)
    gone = {"topics": [{"name": topic.name}], "allow_auto_topic_creation": False}
    talk.until_quietly(lambda a: a.topics[0].error_code == 3, "Metadata", at=8, **gone)


@versions("7-7")
def alone_then_with_members(talk: Talk) -> None:
    """A group that somebody commits to alone, and that members come to: while they are in, nobody commits alone."""
    topic, group = talk.topic(), talk.name_of("group")
    _commit_alone(talk, group, topic, 1)
    member = enter(talk, group)
    _commit_alone(talk, group, topic, 2)
    sync(talk, group, member)
    _commit_alone(talk, group, topic, 3)
    commit_as(talk, group, member, topic, 4)
    fetch(talk, group, topic)
    leave(talk, group, member)
    _commit_alone(talk, group, topic, 6)
    fetch(talk, group, topic)


@versions("8-9")
def generation_of_nobody(talk: Talk) -> None:
    """A generation in a group that has no members, or is not there; generations below zero."""
    topic, group = talk.topic(), talk.name_of("group")
    for _ in range(2):
        for generation, member_id in ((0, ""), (0, "nobody"), (1, ""), (-2, "nobody"), (-1, "nobody")):
            talk.ask(
                "OffsetCommit",
                group_id=group,
                generation_id_or_member_epoch=generation,
                member_id=member_id,
                topics=commit(topic, 7),
            )
    fetch(talk, group, topic)


def instance_of_nobody(talk: Talk) -> None:
    """An instance id in a group without members, with and without a generation."""
    topic, group = talk.topic(), talk.name_of("group")
    for generation in (-1, 0):
        _commit_alone(talk, group, topic, group_instance_id="one", generation_id_or_member_epoch=generation)
    _commit_alone(talk, group, topic, group_instance_id="one", generation_id_or_member_epoch=0)


@versions("8-8")
def in_a_rebalance(talk: Talk) -> None:
    """Members may commit until all have joined again; then they have to wait for their shares."""
    topic, group = talk.topic(), talk.name_of("group")
    first, second = talk.connect("first"), talk.connect("second")
    alone = enter(first, group)
    commit_as(first, group, alone, topic, 1)
    sync(first, group, alone)
    begin_join(second, group)
    await_rebalance(first, group, alone)
    commit_as(first, group, alone, topic, 2)
    _commit_alone(talk, group, topic, 3)
    begin_join(first, group, alone.id)
    leader, follower = end_join(first), end_join(second)
    commit_as(first, group, alone, topic, 4)
    commit_as(first, group, leader, topic, 5)
    commit_as(second, group, follower, topic, 6)
    _commit_alone(talk, group, topic, 7)
    fetch(talk, group, topic)
    sync(first, group, leader, follower)
    commit_as(second, group, follower, topic, 8)
    fetch(talk, group, topic)


@versions("5-5")
def after_leaving(talk: Talk) -> None:
    """A member that has left does not commit; what it committed stays."""
    topic, group = talk.topic(), talk.name_of("group")
    member = enter(talk, group)
    sync(talk, group, member)
    commit_as(talk, group, member, topic, 3)
    leave(talk, group, member)
    commit_as(talk, group, member, topic, 4)
    fetch(talk, group, topic)
    fetch(talk, group)


def partly_refused(talk: Talk) -> None:
    """Of several partitions in one request each has its own fate."""
    topic, missing, group = talk.topic(partitions=3), talk.name_of("missing"), talk.name_of("group")
    notes = ["fine", "n" * 4097, None]
    parts = [
        {"partition_index": i, "committed_offset": 10 + i, "committed_metadata": note} for i, note in enumerate(notes)
    ]
    parts.append({"partition_index": 3, "committed_offset": 13, "committed_metadata": "n" * 5000})
    both = [{"name": topic.name, "partitions": parts}, {"name": missing, "partitions": parts[:1]}]
    talk.ask("OffsetCommit", group_id=group, topics=both)
    fetch(talk, group)


def length_of_metadata(talk: Talk) -> None:
    """What counts are UTF-16 units: 4096 umlauts fit, so do 2048 emoji, not one more."""
    topic, group = talk.topic(), talk.name_of("group")
    for note in ("ü" * 4096, "ü" * 4097, "\N{PILE OF POO}" * 2048, "\N{PILE OF POO}" * 2048 + "x"):
        talk.ask("OffsetCommit", group_id=group, topics=commit(topic, committed_metadata=note))


@versions("9-10")
def topic_deleted(talk: Talk) -> None:
    """With a topic goes what was committed to it; other topics' offsets stay."""
    topic, other, group = talk.topic(), talk.topic("other"), talk.name_of("group")
    for each in (topic, other):
        committed(talk, group, each)
    _delete(talk, topic)
    groups = [{"group_id": group, "topics": None}]
    talk.until_quietly(lambda a: len(a.groups[0].topics) == 1, "OffsetFetch", at=9, groups=groups)
    fetch(talk, group)
    fetch(talk, group, topic, other)
    talk.ask("OffsetCommit", group_id=group, topics=commit(topic))


@versions("9-10")
def topic_made_again(talk: Talk) -> None:
    """A topic of the same name is another one: it begins without offsets."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _delete(talk, topic)
    groups = [{"group_id": group, "topics": None}]
    talk.until_quietly(lambda a: not a.groups[0].topics, "OffsetFetch", at=9, groups=groups)
    again = talk.topic()
    fetch(talk, group, again)
    fetch(talk, group, topic)
    committed(talk, group, again, 1)
    fetch(talk, group, again)
    fetch(talk, group, topic)


@versions("10-10")
def by_id_and_by_name(talk: Talk) -> None:
    """What is committed by a topic's id is found by its name, and the other way round."""
    topic, other, group = talk.topic(), talk.topic("other"), talk.name_of("group")
    talk.ask("OffsetCommit", at=10, group_id=group, topics=commit(topic, 3))
    talk.ask("OffsetCommit", at=9, group_id=group, topics=commit(other, 4))
    for version in (7, 9, 10):
        fetch(talk, group, topic, other, at=version)
        fetch(talk, group, at=version)


@versions("10-10")
def id_of_another_topic(talk: Talk) -> None:
    """A known id beside one that nobody knows and beside zeros."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    unknown, zeros = Topic("", b"unknown topic id"), Topic("", bytes(16))
    fetch(talk, group, unknown, topic, zeros)
    for each in (unknown, zeros):
        talk.ask("OffsetCommit", group_id=group, topics=commit(each) + commit(topic, 7))
    fetch(talk, group, topic)


@versions("8-10")
def several_groups(talk: Talk) -> None:
    """Several groups in one request: all of one, some of another, nothing of a third, one that is not there."""
    topic, other = talk.topic(partitions=2), talk.topic("other")
    for name in ("a", "b", "c"):
        for number, each in enumerate((topic, other)):
            committed(talk, talk.name_of(name), each, number)
    some = [{"name": topic.name, "topic_id": topic.id, "partition_indexes": [1, 0]}]
    wanted: list[tuple[str, Any]] = [("a", None), ("b", some), ("c", []), ("missing", None), ("missing", some)]
    talk.ask(groups=[{"group_id": talk.name_of(name), "topics": topics} for name, topics in wanted])
    talk.ask(groups=[{"group_id": "", "topics": None}, {"group_id": talk.name_of("a"), "topics": some}])
    talk.ask(groups=[{"group_id": talk.name_of("a"), "topics": None}] * 2)


@versions("7-8")
def only_stable_ones(talk: Talk) -> None:
    """Without transactions all offsets are stable (KIP-447)."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    for topics in ((), (topic,)):
        fetch(talk, group, *topics, require_stable=True)
    fetch(talk, talk.name_of("missing"), require_stable=True)


@versions("5-7")
def leader_epochs(talk: Talk) -> None:
    """An epoch is kept from version 6 on, and told from version 5 on."""
    topic, group = talk.topic(), talk.name_of("group")
    for epoch in (3, -1):
        talk.ask("OffsetCommit", group_id=group, topics=commit(topic, committed_leader_epoch=epoch))
        fetch(talk, group, topic)
        fetch(talk, group, topic, at=9)


@versions("2-4")
def retention_times(talk: Talk) -> None:
    """A retention of the client's own: what has run out stays until Kafka next looks for it."""
    topic, group = talk.topic(), talk.name_of("group")
    for retention_ms in (-1, 0, 60_000, -5, 2**63 - 1):
        talk.ask("OffsetCommit", group_id=group, retention_time_ms=retention_ms, topics=commit(topic, 3))
        fetch(talk, group, topic)


def deleted_and_committed_again(talk: Talk) -> None:
    """What OffsetDelete took away can be committed again."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic, 3)
    asked = [{"name": topic.name, "partitions": [{"partition_index": 0}]}]
    talk.ask("OffsetDelete", group_id=group, topics=asked)
    fetch(talk, group, topic)
    _commit_alone(talk, group, topic, 4)
    fetch(talk, group, topic)


def group_deleted(talk: Talk) -> None:
    """With the group go its offsets; a group of the same name begins with none."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group)
    commit_as(talk, group, member, topic)
    talk.ask("DeleteGroups", groups_names=[group])
    gone(talk, group, member)
    talk.ask("DeleteGroups", groups_names=[group])
    fetch(talk, group, topic)
    fetch(talk, group)
    member = stable(talk, group)
    fetch(talk, group, topic)
    fetch(talk, group)


def of_the_internal_topic(talk: Talk) -> None:
    """Offsets of the topic that holds them are offsets like others."""
    group = talk.name_of("group")
    topic = Topic("__consumer_offsets", bytes(16))
    _commit_alone(talk, group, topic, 9)
    fetch(talk, group, topic)
    talk.ask("DeleteGroups", groups_names=[group])


def of_a_group_without_members(talk: Talk) -> None:
    """What an administrator sets for a group is where its first member begins."""
    topic, group = talk.topic(), talk.name_of("group")
    _commit_alone(talk, group, topic, 42)
    member = enter(talk, group)
    fetch(talk, group, topic)
    sync(talk, group, member)
    fetch(talk, group, topic)


def while_members_are_in(talk: Talk) -> None:
    """Whoever asks, and however wrongly, is told what a classic group has committed."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group)
    commit_as(talk, group, member, topic, 3)
    named = [{"name": topic.name, "partition_indexes": [0]}]
    for member_id, epoch in ((member.id, 9), ("nobody", 0), (None, 5)):
        asked = {"group_id": group, "topics": named, "member_id": member_id, "member_epoch": epoch}
        talk.ask(groups=[asked])

"""OffsetDelete: offsets go where nobody reads the topic any more (KIP-496)."""

from differ.groups import committed, gone, join, joined, stable
from differ.members import reads
from differ.talk import Talk

API = "OffsetDelete"


def _ask(talk: Talk, group: str, *topics: tuple[str, list[int]]) -> None:
    asked = [{"name": name, "partitions": [{"partition_index": i} for i in indexes]} for name, indexes in topics]
    talk.ask(group_id=group, topics=asked)


def _fetch(talk: Talk, group: str) -> None:
    """What is left."""
    talk.ask("OffsetFetch", at=7, group_id=group, topics=None)


def without_members(talk: Talk) -> None:
    """A group that only keeps offsets: one partition goes, the other stays, a second time nothing is left to do."""
    topic, group = talk.topic(partitions=2), talk.name_of("group")
    for index in (0, 1):
        committed(talk, group, topic, index=index)
    for _ in range(2):
        _ask(talk, group, (topic.name, [0]))
        _fetch(talk, group)


def the_last_offset(talk: Talk) -> None:
    """A group that has no offset any more is still there."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group, (topic.name, [0]))
    talk.ask("DescribeGroups", at=6, groups=[group])
    talk.ask("ListGroups", at=5)


def unknown_group(talk: Talk) -> None:
    """A group that is not there; the empty group id."""
    topic = talk.topic()
    _ask(talk, talk.name_of("missing"), (topic.name, [0]))
    _ask(talk, "", (topic.name, [0]))


def unknown_group_and_topic(talk: Talk) -> None:
    """Neither the group nor the topic is there: the group's error is all that is said."""
    _ask(talk, talk.name_of("missing"), (talk.name_of("missing"), [0]))
    _ask(talk, "", (talk.name_of("missing"), [0]))


def unknown_topic(talk: Talk) -> None:
    """A topic that is not there, alone and beside one that is."""
    topic, group, missing = talk.topic(), talk.name_of("group"), talk.name_of("missing")
    committed(talk, group, topic)
    _ask(talk, group, (missing, [0, 1]))
    _ask(talk, group, (missing, [0]), (topic.name, [0]))
    _fetch(talk, group)


def unknown_partition(talk: Talk) -> None:
    """Partitions that are not there, beside one that is."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group, (topic.name, [1, 0, -1]))
    _fetch(talk, group)


def nothing_committed(talk: Talk) -> None:
    """A partition to which the group never committed."""
    topic, other, group = talk.topic(partitions=2), talk.topic("other"), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group, (topic.name, [1]), (other.name, [0]))


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    _ask(talk, group)
    _ask(talk, group, (topic.name, []))
    _ask(talk, group, ("", [0]))


def named_twice(talk: Talk) -> None:
    """A partition twice, a topic twice, topics that are not there twice."""
    topic, group, missing = talk.topic(partitions=2), talk.name_of("group"), talk.name_of("missing")
    committed(talk, group, topic)
    _ask(talk, group, (topic.name, [0, 0]))
    _ask(talk, group, (topic.name, [0]), (topic.name, [0, 1]))
    _ask(talk, group, (missing, [0]), (topic.name, [7, 7]), (missing, [0, 1]))
    _ask(talk, group, (topic.name, [0]), (topic.name, [7]), (topic.name, [1]))


def subscribed(talk: Talk) -> None:
    """Members read one of two topics: only the other one's offsets go."""
    topic, other, group = talk.topic(), talk.topic("other"), talk.name_of("group")
    for each in (topic, other):
        committed(talk, group, each)
    stable(talk, group, protocols=reads(topic.name))
    _ask(talk, group, (topic.name, [0, 1]), (other.name, [0]))
    _fetch(talk, group)


def before_sync(talk: Talk) -> None:
    """Members have joined, and none has an assignment yet."""
    topic, other, group = talk.topic(), talk.topic("other"), talk.name_of("group")
    for each in (topic, other):
        committed(talk, group, each)
    joined(talk, group, protocols=reads(topic.name))
    _ask(talk, group, (topic.name, [0]), (other.name, [0]))
    _fetch(talk, group)


def in_a_rebalance(talk: Talk) -> None:
    """While a rebalance is under way what counts is what the members of the last generation read."""
    topic, other, group = talk.topic(), talk.topic("other"), talk.name_of("group")
    for each in (topic, other):
        committed(talk, group, each)
    member = stable(talk, group, protocols=reads(topic.name))
    second = talk.connect("second")
    asked = second.ask_quietly("JoinGroup", at=9, **join(group, protocols=reads(other.name)))
    second.send("JoinGroup", at=9, **join(group, asked.member_id, protocols=reads(other.name)))
    talk.until_quietly(
        lambda a: a.error_code == 27,
        "Heartbeat",
        at=4,
        group_id=group,
        generation_id=member.generation,
        member_id=member.id,
    )
    _ask(talk, group, (topic.name, [0]), (other.name, [0]))
    _fetch(talk, group)


def emptied(talk: Talk) -> None:
    """The last member has left: nothing is read any more."""
    topic, group = talk.topic(), talk.name_of("group")
    member = stable(talk, group, protocols=reads(topic.name))
    gone(talk, group, member)
    committed(talk, group, topic)
    _ask(talk, group, (topic.name, [0]))
    _fetch(talk, group)


def other_protocol_type(talk: Talk) -> None:
    """A group with members that are no consumers, before and after the member left."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    member = stable(talk, group, protocol_type="connect", protocols=[{"name": "sessioned", "metadata": b"\0\1"}])
    _ask(talk, group, (topic.name, [0]))
    _ask(talk, group, (talk.name_of("missing"), [0]))
    gone(talk, group, member)
    _ask(talk, group, (topic.name, [0]))
    _fetch(talk, group)


def unreadable_subscription(talk: Talk) -> None:
    """A consumer that says nothing of its topics: it may read everything."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    stable(talk, group, protocols=[{"name": "range", "metadata": b""}])
    _ask(talk, group, (topic.name, [0]))
    _fetch(talk, group)


def asked_for_an_id(talk: Talk) -> None:
    """Somebody was given an id and has not come back: nobody reads yet."""
    topic, group = talk.topic(), talk.name_of("group")
    committed(talk, group, topic)
    talk.ask_quietly("JoinGroup", at=9, **join(group, protocols=reads(topic.name)))
    _ask(talk, group, (topic.name, [0]))
    _fetch(talk, group)

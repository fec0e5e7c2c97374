"""Groups as administrators see them: lists by state and type, descriptions, deletions, in every state of a group."""

from collections.abc import Iterator
from contextlib import contextmanager

from differ.groups import commit, committed, gone, join, joined, stable
from differ.members import await_rebalance, begin_join, describe, enter, pair, reads
from differ.talk import Talk, versions
from kpybroker.wire.declare import Versions

API = "DescribeGroups"  # every other API is asked at the same number, as far as it has it
VERSIONS = Versions(6, 6)
CONNECT = {"protocol_type": "connect", "protocols": [{"name": "sessioned", "metadata": b"\1"}]}
STATES = ("Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead")


@contextmanager
def _preparing(talk: Talk, group: str) -> Iterator[None]:
    """A group in the middle of a rebalance."""
    first, second = talk.connect("first"), talk.connect("second")
    member = stable(first, group)
    answer = second.ask_quietly("JoinGroup", at=9, **join(group))
    second.send("JoinGroup", at=9, **join(group, answer.member_id))
    await_rebalance(first, group, member)
    yield


def _one_of_each(talk: Talk) -> list[str]:
    names = [talk.name_of(name) for name in ("offsets", "empty", "joined", "stable", "connect", "given", "preparing")]
    committed(talk, names[0], talk.topic())
    gone(talk, names[1], stable(talk, names[1]))
    joined(talk, names[2])
    stable(talk, names[3])
    stable(talk, names[4], **CONNECT)
    talk.ask_quietly("JoinGroup", at=9, **join(names[5]))
    with _preparing(talk, names[6]):
        return names


@versions("4-5")
def list_by_state(talk: Talk) -> None:
    """Each state, all of them, and words that are no state (KIP-518)."""
    _one_of_each(talk)
    for state in STATES:
        talk.ask("ListGroups", states_filter=[state])
    talk.ask("ListGroups", states_filter=list(STATES))
    for words in (["STABLE", "empty"], ["NoSuchState", "Stable"], ["Stable", "Stable"], [" Stable "], ["Assigning"]):
        talk.ask("ListGroups", states_filter=words)


@versions("5-5")
def list_by_type(talk: Talk) -> None:
    """Classic groups are of the type classic, whatever their protocol is (KIP-848)."""
    _one_of_each(talk)
    for types in (["classic"], ["CLASSIC", "consumer"], ["consumer", "share", "streams"], ["connect"], ["unknown"]):
        talk.ask("ListGroups", types_filter=types)
    talk.ask("ListGroups", types_filter=["classic"], states_filter=["preparingrebalance"])
    talk.ask("ListGroups", types_filter=["consumer"], states_filter=["Stable"])
    talk.ask("ListGroups", types_filter=[" classic "])


@versions("0-3")
def list_of_old(talk: Talk) -> None:
    """Before version 4 a list tells protocol types only."""
    _one_of_each(talk)
    talk.ask("ListGroups")


@versions("0-6")
def describe_each(talk: Talk) -> None:
    """Every state there is, in one request."""
    talk.ask(groups=_one_of_each(talk))


def describe_with_operations(talk: Talk) -> None:
    """What one may do is told of groups that are there."""
    talk.ask(groups=[*_one_of_each(talk), talk.name_of("missing"), ""], include_authorized_operations=True)


def delete_each(talk: Talk) -> None:
    """Only groups without members can be deleted."""
    names = _one_of_each(talk)
    talk.ask("DeleteGroups", groups_names=names)
    talk.ask("ListGroups")
    talk.ask(groups=names)


def delete_offsets_of_each(talk: Talk) -> None:
    """Only consumers have members whose topics are known; others must be gone."""
    names = _one_of_each(talk)
    topic = talk.topic("another")
    for name in names:
        asked = [{"name": topic.name, "partitions": [{"partition_index": 0}]}]
        talk.ask("OffsetDelete", group_id=name, topics=asked)


def commit_to_each(talk: Talk) -> None:
    """Who is no member commits only where there are no members."""
    names = _one_of_each(talk)
    topic = talk.topic("another")
    for name in names:
        talk.ask("OffsetCommit", at=9, group_id=name, topics=commit(topic))


@versions("5-6")
def members_of_different_clients(talk: Talk) -> None:
    """Each member with its client's id, its subscription and its share."""
    group = talk.name_of("group")
    pair(talk, group)
    describe(talk, group)


def before_and_after_a_rebalance(talk: Talk) -> None:
    """While a group rebalances, protocol and subscriptions are not told; old shares are."""
    group = talk.name_of("group")
    first, leader, second, follower = pair(talk, group)
    begin_join(first, group, leader.id, protocols=reads("another"))
    await_rebalance(second, group, follower)
    describe(talk, group)
    begin_join(second, group, follower.id)
    first.answer()
    second.answer()
    describe(talk, group)


def only_an_id_given(talk: Talk) -> None:
    """A group whose only member has not come back with the id it was given is empty."""
    group = talk.name_of("group")
    talk.ask("JoinGroup", at=9, **join(group))
    describe(talk, group)
    talk.ask("ListGroups", states_filter=["Empty"])
    talk.ask("DeleteGroups", groups_names=[group])
    talk.ask("ListGroups")


def given_id_of_a_deleted_group(talk: Talk) -> None:
    """An id goes with its group."""
    group = talk.name_of("group")
    answer = talk.ask("JoinGroup", at=9, **join(group))
    talk.ask("DeleteGroups", groups_names=[group])
    talk.ask("JoinGroup", at=9, **join(group, answer.member_id))
    enter(talk, group)
    describe(talk, group)


def protocol_type_of_the_first(talk: Talk) -> None:
    """A group has its first member's protocol type, keeps it when empty, and takes the next one's."""
    group = talk.name_of("group")
    for more in ({}, CONNECT, {}):
        gone(talk, group, stable(talk, group, **more))
        describe(talk, group)
        talk.ask("ListGroups")

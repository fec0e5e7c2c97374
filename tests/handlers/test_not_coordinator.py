"""Strictly, a broker coordinates no group before its topic is made: what Apache Kafka 4.3.1 says then, API by API."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from tests.core import Bench, CoreClient
from tests.requests import create_topic
from tests.scripted import join

NOT_COORDINATOR, INVALID_GROUP_ID, INCONSISTENT_GROUP_PROTOCOL, INVALID_SESSION_TIMEOUT = 16, 24, 23, 26


@pytest.fixture
def client() -> CoreClient:
    client = Bench(strict=True).connect()
    client.ask(create_topic("t"), 7)
    return client


def ask(client: CoreClient, key: int, version: int, **fields: Any) -> Any:
    return client.ask(blank(request_type(key), **fields), version)


def test_joining(client: CoreClient) -> None:
    """What is wrong with the request itself comes first."""
    answer = client.ask(join("g"), 9)
    assert (answer.error_code, answer.member_id, answer.protocol_name) == (NOT_COORDINATOR, "", None)
    assert client.ask(join("g"), 3).protocol_name == ""
    assert client.ask(join("", "me"), 9).error_code == INVALID_GROUP_ID


def test_being_a_member(client: CoreClient) -> None:
    """SyncGroup, Heartbeat and LeaveGroup."""
    protocol = {"protocol_type": "consumer", "protocol_name": "range"}
    for group, expected in (("g", NOT_COORDINATOR), ("", INVALID_GROUP_ID)):
        member = {"group_id": group, "member_id": "me", "generation_id": 1}
        assert ask(client, 14, 5, **member, **protocol).error_code == expected
        assert ask(client, 14, 5, **member).error_code == INCONSISTENT_GROUP_PROTOCOL
        assert ask(client, 12, 4, **member).error_code == expected
        assert ask(client, 13, 2, group_id=group, member_id="me").error_code == expected
        left = ask(client, 13, 5, group_id=group, members=[blank(request_type(13).MemberIdentity, member_id="me")])
        assert (left.error_code, left.members) == (expected, [])


def test_committing(client: CoreClient) -> None:
    """Each partition is told; one that does not exist is told that."""
    part = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition
    partitions = [part(partition_index=index, committed_offset=1, committed_metadata="") for index in (0, 9)]
    topic = OffsetCommitRequest.OffsetCommitRequestTopic(name="t", partitions=partitions)
    (answer,) = client.ask(OffsetCommitRequest(group_id="g", topics=[topic]), 8).topics
    assert {each.partition_index: each.error_code for each in answer.partitions} == {0: NOT_COORDINATOR, 9: 3}


def test_fetching_offsets(client: CoreClient) -> None:
    """The group's error, or each partition's in version 1, which has no other place for it."""
    group = OffsetFetchRequest.OffsetFetchRequestGroup(group_id="g", topics=None)
    (answer,) = client.ask(OffsetFetchRequest(groups=[group]), 9).groups
    assert (answer.error_code, answer.topics) == (NOT_COORDINATOR, [])
    topics = [OffsetFetchRequest.OffsetFetchRequestTopic(name="t", partition_indexes=[0])]
    old = client.ask(OffsetFetchRequest(group_id="g", topics=topics), 7)
    assert (old.error_code, old.topics) == (NOT_COORDINATOR, [])
    ((part,),) = [topic.partitions for topic in client.ask(OffsetFetchRequest(group_id="g", topics=topics), 1).topics]
    assert (part.error_code, part.committed_offset, part.metadata) == (NOT_COORDINATOR, -1, "")


def test_administering(client: CoreClient) -> None:
    """Descriptions and deletions name the error for each group; there are none to list."""
    described = ask(client, 15, 6, groups=["g", ""]).groups
    assert [(each.group_id, each.error_code, each.group_state) for each in described] == [
        ("g", NOT_COORDINATOR, ""),
        ("", NOT_COORDINATOR, ""),
    ]
    deleted = ask(client, 42, 2, groups_names=["g", ""]).results
    assert [(each.group_id, each.error_code) for each in deleted] == [("g", NOT_COORDINATOR), ("", NOT_COORDINATOR)]
    for group, expected in (("g", NOT_COORDINATOR), ("", INVALID_GROUP_ID)):
        assert client.ask(OffsetDeleteRequest(group_id=group, topics=[]), 0).error_code == expected
    listed = ask(client, 16, 5)
    assert (listed.error_code, listed.groups) == (0, [])

"""OffsetCommit: what is refused and what is committed of one topic are told together."""

from __future__ import annotations

import pytest

from kpybroker.wire.declare import NO_ID
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from tests.core import Bench
from tests.requests import create_topic, metadata

UNKNOWN_TOPIC_OR_PARTITION = 3
Asked = OffsetCommitRequest.OffsetCommitRequestTopic


@pytest.mark.parametrize("version", [9, 10])
def test_a_topic_is_answered_once(version: int) -> None:
    """Whatever becomes of its partitions, and by id as by name (OffsetCommitResponse.Builder.merge)."""
    client = Bench().connect()
    client.ask(create_topic("t"), 7)
    topic_id = bytes(client.ask(metadata("t"), 12).topics[0].topic_id)
    partitions = [
        Asked.OffsetCommitRequestPartition(partition_index=index, committed_offset=1, committed_metadata="")
        for index in (0, 7)
    ]
    by_id = version >= 10
    asked = Asked(name="" if by_id else "t", topic_id=topic_id if by_id else NO_ID, partitions=partitions)
    request = OffsetCommitRequest(group_id="group", topics=[asked])
    (topic,) = client.ask(request, version).topics
    assert (topic.name, bytes(topic.topic_id)) == (asked.name, asked.topic_id)
    assert [(part.partition_index, part.error_code) for part in topic.partitions] == [
        (7, UNKNOWN_TOPIC_OR_PARTITION),
        (0, 0),
    ]

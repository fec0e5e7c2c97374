"""Offsets of groups that a log tells of: from when on they count as left alone."""

from __future__ import annotations

from random import Random

import pytest

from kpybroker.groups.settings import GroupSettings
from kpybroker.groups.shard import Shard
from kpybroker.machine import Record
from kpybroker.wire.schemas.groups import GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue

MINUTE_MS = 60_000
COMMITTED = 1_700_000_000_000


@pytest.mark.parametrize(("empty_since", "kept_until"), [(-1, COMMITTED), (COMMITTED + 5 * MINUTE_MS, None)])
def test_since_when_a_group_is_empty(empty_since: int, kept_until: int | None) -> None:
    """For the retention after its last member has left; a record of before Kafka 2.1 does not tell when that was (-1),
    and then it is for the retention after the commit (KIP-211, ClassicGroup.offsetExpirationCondition)."""
    since = empty_since if kept_until is None else kept_until
    shard = Shard(GroupSettings(offsets_retention_minutes=10, offsets_retention_check_interval_ms=1000), Random(1))
    value = GroupMetadataValue(
        protocol_type="consumer",
        generation=3,
        protocol=None,
        leader=None,
        current_state_timestamp=empty_since,
        members=[],
    )
    shard.replay(Record(GroupMetadataKey(group="g"), value, 3))
    offset = OffsetCommitValue(offset=5, metadata="", commit_timestamp=COMMITTED)
    shard.replay(Record(OffsetCommitKey(group="g", topic="t", partition=0), offset, 4))
    shard.loaded(since + 10 * MINUTE_MS - 1001)
    assert shard.expire(since + 10 * MINUTE_MS - 1).records == ()
    kinds = [type(record.key) for record in shard.expire(since + 10 * MINUTE_MS + 999).records]
    assert kinds == [OffsetCommitKey, GroupMetadataKey]

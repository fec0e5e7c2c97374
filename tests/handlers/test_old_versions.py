"""The versions that 4.0 removed, where they are more than fewer fields: what Kafka up to 3.9 made of them."""

from __future__ import annotations

from kpybroker.wire.errors import Error
from kpybroker.wire.messages.delete_records import DeleteRecordsRequest
from kpybroker.wire.messages.list_offsets import ListOffsetsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from tests.core import START, Bench, CoreClient
from tests.requests import create_topic, produce
from tests.scripted import enter

DAY_MS = 24 * 3600 * 1000
LATEST, EARLIEST = -1, -2
ALL_OF_T = DeleteRecordsRequest.DeleteRecordsTopic(
    name="t",
    partitions=[DeleteRecordsRequest.DeleteRecordsTopic.DeleteRecordsPartition(partition_index=0, offset=-1)],
)


def segments(client: CoreClient, timestamp: int, most: int = 100, index: int = 0) -> tuple[int, list[int]]:
    """What ListOffsets 0 answers: the error, and offsets at which segments begin."""
    topic = ListOffsetsRequest.ListOffsetsTopic
    asked = topic.ListOffsetsPartition(partition_index=index, timestamp=timestamp, max_num_offsets=most)
    request = ListOffsetsRequest(replica_id=-1, topics=[topic(name="t", partitions=[asked])])
    ((part,),) = [each.partitions for each in client.ask(request, 0).topics]
    return part.error_code, part.old_style_offsets


def commit(client: CoreClient, version: int, offset: int, *, note: str = "", at: int = -1, index: int = 0) -> int:
    topic = OffsetCommitRequest.OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(
        partition_index=index, committed_offset=offset, committed_metadata=note, commit_timestamp=at
    )
    answer = client.ask(OffsetCommitRequest(group_id="g", topics=[topic(name="t", partitions=[part])]), version)
    error: int = answer.topics[0].partitions[0].error_code
    return error


def committed(client: CoreClient, version: int, index: int = 0) -> tuple[int, str, int]:
    topic = OffsetFetchRequest.OffsetFetchRequestTopic(name="t", partition_indexes=[index])
    part = client.ask(OffsetFetchRequest(group_id="g", topics=[topic]), version).topics[0].partitions[0]
    return part.committed_offset, part.metadata, part.error_code


def test_list_offsets_0_gives_segments() -> None:
    """The end, then where each segment begins, last first (UnifiedLog.legacyFetchOffsetsBefore)."""
    client = Bench().connect()
    client.ask(create_topic("t", configs={"segment.bytes": "1048576"}), 7)
    for _ in range(3):
        client.ask(produce("t", b"x" * 600_000), 9)
    assert segments(client, LATEST) == (Error.NONE, [3, 2, 1, 0])
    assert segments(client, LATEST, most=2) == (Error.NONE, [3, 2])
    assert segments(client, LATEST, most=0) == (Error.NONE, [])
    assert segments(client, EARLIEST) == (Error.NONE, [0])
    assert segments(client, START) == (Error.NONE, [3, 2, 1, 0])  # all was written by now
    assert segments(client, START - 1) == (Error.NONE, [2, 1, 0])  # the end is of now
    assert segments(client, LATEST, most=-1) == (Error.UNKNOWN_SERVER_ERROR, [])
    assert segments(client, -3) == (Error.UNSUPPORTED_VERSION, [])
    assert segments(client, LATEST, index=7) == (Error.UNKNOWN_TOPIC_OR_PARTITION, [])
    client.ask(DeleteRecordsRequest(topics=[ALL_OF_T], timeout_ms=1000), 2)
    assert segments(client, LATEST) == (Error.NONE, [3, 3, 3, 3])  # the segments are there still


def test_offsets_of_version_0_are_kept_without_their_note() -> None:
    """As in ZooKeeper: an offset and nothing else, and what is not there is an unknown partition."""
    client = Bench().connect()
    client.ask(create_topic("t"), 7)
    assert committed(client, 0) == (-1, "", Error.UNKNOWN_TOPIC_OR_PARTITION)
    assert commit(client, 0, 5, note="note") == Error.NONE
    assert committed(client, 0) == (5, "", Error.NONE)
    assert committed(client, 1) == (5, "", Error.NONE)
    assert commit(client, 0, 6, note="n" * 5000) == Error.OFFSET_METADATA_TOO_LARGE
    assert commit(client, 0, 6, index=7) == Error.UNKNOWN_TOPIC_OR_PARTITION
    assert committed(client, 0) == (5, "", Error.NONE)


def test_version_0_asks_no_group() -> None:
    """Who commits to ZooKeeper is no member of anything, whoever is."""
    bench = Bench()
    client = bench.connect()
    client.ask(create_topic("t"), 7)
    enter(bench.connect(), "g")
    assert commit(client, 1, 5) == Error.UNKNOWN_MEMBER_ID
    assert commit(client, 0, 5) == Error.NONE
    assert committed(client, 0) == (5, "", Error.NONE)


def test_version_1_says_when_it_commits() -> None:
    """The time that an OffsetCommit 1 gives is the one from which its offset is kept; -1 is now."""
    bench = Bench(config={"offsets.retention.minutes": str(7 * 24 * 60)})
    client = bench.connect()
    client.ask(create_topic("t", 2), 7)
    assert commit(client, 1, 5, at=START - 7 * DAY_MS) == Error.NONE
    assert commit(client, 1, 6, index=1) == Error.NONE
    assert committed(client, 1)[0] == 5
    bench.advance(DAY_MS)
    assert committed(client, 1)[0] == -1
    assert committed(client, 1, index=1)[0] == 6

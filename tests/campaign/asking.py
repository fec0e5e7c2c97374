"""What the clients of a campaign ask a broker, one topic or partition at a time, and what of the answers counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from kpybroker.wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest
from kpybroker.wire.messages.create_partitions import CreatePartitionsRequest
from kpybroker.wire.messages.delete_records import DeleteRecordsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest
from kpybroker.wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from kpybroker.wire.messages.list_offsets import ListOffsetsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from kpybroker.wire.messages.produce import ProduceRequest
from kpybroker.wire.records import batches
from tests.requests import fetch, init_producer_id, metadata, parts_of

Key = tuple[str, int]
TOPIC, SET = 2, 0
DYNAMIC_TOPIC = 1
EARLIEST, LATEST, LARGEST = -2, -1, -3
READ_BYTES = 1 << 20


class Asker(Protocol):
    """Whoever has an answer at once."""

    def ask(self, request: Any, version: int) -> Any: ...


class Topic(NamedTuple):
    """A topic as Metadata tells of it."""

    id: bytes
    leader_epochs: tuple[int, ...]  # of each partition


class Listed(NamedTuple):
    """A partition as ListOffsets tells of it."""

    error: int
    offset: int
    timestamp: int
    leader_epoch: int


class Batch(NamedTuple):
    """A batch in a log."""

    base_offset: int
    last_offset: int
    leader_epoch: int
    body: bytes  # everything behind the leader epoch, which is as the client has sent it


def produce_to(parts: Mapping[Key, bytes], acks: int = -1) -> ProduceRequest:
    """One batch for each of several partitions."""
    Data = ProduceRequest.TopicProduceData
    topics = [
        Data(name=topic, partition_data=[Data.PartitionProduceData(index=index, records=data)])
        for (topic, index), data in parts.items()
    ]
    return ProduceRequest(acks=acks, timeout_ms=1000, topic_data=topics)


def topics_of(client: Asker) -> dict[str, Topic]:
    return {
        topic.name: Topic(bytes(topic.topic_id), tuple(part.leader_epoch for part in topic.partitions))
        for topic in client.ask(metadata(), 12).topics
        if not topic.is_internal
    }


def configs_of(client: Asker, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What each topic was told, beside the defaults."""
    Resource = DescribeConfigsRequest.DescribeConfigsResource
    resources = [Resource(resource_type=TOPIC, resource_name=name, configuration_keys=None) for name in names]
    answer = client.ask(DescribeConfigsRequest(resources=resources), 4)
    return {
        result.resource_name: {each.name: each.value for each in result.configs if each.config_source == DYNAMIC_TOPIC}
        for result in answer.results
    }


def listed(client: Asker, key: Key, timestamp: int) -> Listed:
    Asked = ListOffsetsRequest.ListOffsetsTopic
    part = Asked.ListOffsetsPartition(partition_index=key[1], timestamp=timestamp)
    answer = client.ask(ListOffsetsRequest(replica_id=-1, topics=[Asked(name=key[0], partitions=[part])]), 7)
    found = answer.topics[0].partitions[0]
    return Listed(found.error_code, found.offset, found.timestamp, found.leader_epoch)


def fetched(client: Asker, key: Key, offset: int, max_bytes: int = READ_BYTES) -> tuple[int, int, list[Batch]]:
    """(error, high watermark, the whole batches in the answer)."""
    answer = client.ask(fetch((*key, offset), partition_max_bytes=max_bytes), 12)
    (part,) = parts_of(answer).values()
    found = []
    data = memoryview(bytes(part.records or b""))  # type: ignore[arg-type]
    while len(data) >= 12:
        size = 12 + int.from_bytes(data[8:12], "big")
        if size > len(data):
            break
        ((header, batch),) = batches(data[:size])
        found.append(Batch(header.base_offset, header.last_offset, header.partition_leader_epoch, bytes(batch[16:])))
        data = data[size:]
    return part.error_code, part.high_watermark, found


def delete_topic(name: str) -> DeleteTopicsRequest:
    return DeleteTopicsRequest(topic_names=[name], timeout_ms=1000)


def grow_topic(name: str, count: int) -> CreatePartitionsRequest:
    topic = CreatePartitionsRequest.CreatePartitionsTopic(name=name, count=count, assignments=None)
    return CreatePartitionsRequest(topics=[topic], timeout_ms=1000, validate_only=False)


def alter_topic(name: str, setting: str, value: str) -> IncrementalAlterConfigsRequest:
    Resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    config = Resource.AlterableConfig(name=setting, config_operation=SET, value=value)
    resource = Resource(resource_type=TOPIC, resource_name=name, configs=[config])
    return IncrementalAlterConfigsRequest(resources=[resource], validate_only=False)


def move(key: Key, path: str) -> AlterReplicaLogDirsRequest:
    Directory = AlterReplicaLogDirsRequest.AlterReplicaLogDir
    topic = Directory.AlterReplicaLogDirTopic(name=key[0], partitions=[key[1]])
    return AlterReplicaLogDirsRequest(dirs=[Directory(path=path, topics=[topic])])


def delete_records(key: Key, offset: int) -> DeleteRecordsRequest:
    Asked = DeleteRecordsRequest.DeleteRecordsTopic
    part = Asked.DeleteRecordsPartition(partition_index=key[1], offset=offset)
    return DeleteRecordsRequest(topics=[Asked(name=key[0], partitions=[part])], timeout_ms=1000)


def commit(group: str, key: Key, offset: int, note: str) -> OffsetCommitRequest:
    Asked = OffsetCommitRequest.OffsetCommitRequestTopic
    part = Asked.OffsetCommitRequestPartition(partition_index=key[1], committed_offset=offset, committed_metadata=note)
    return OffsetCommitRequest(group_id=group, topics=[Asked(name=key[0], partitions=[part])])


def committed(client: Asker, group: str) -> tuple[int, dict[Key, tuple[int, str]]]:
    """(error, offset and note of each partition)."""
    answer = client.ask(OffsetFetchRequest(group_id=group, topics=None), 7)
    return answer.error_code, {
        (topic.name, part.partition_index): (part.committed_offset, part.metadata)
        for topic in answer.topics
        for part in topic.partitions
    }


def new_producer_id(client: Asker) -> tuple[int, int]:
    """(error, id)."""
    answer = client.ask(init_producer_id(), 4)
    return answer.error_code, answer.producer_id

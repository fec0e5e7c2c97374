"""The requests that many tests send, with what does not matter to them filled in, and what they look for in answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kpybroker.wire.declare import NO_ID
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse
from kpybroker.wire.messages.init_producer_id import InitProducerIdRequest
from kpybroker.wire.messages.list_offsets import ListOffsetsRequest
from kpybroker.wire.messages.metadata import MetadataRequest
from kpybroker.wire.messages.produce import ProduceRequest, ProduceResponse
from kpybroker.wire.records import build, records

TIME = 1_700_000_000_000
PartitionData = FetchResponse.FetchableTopicResponse.PartitionData
PRODUCE_VERSION, FETCH_VERSION, METADATA_VERSION, CREATE_VERSION = 9, 12, 9, 7
INIT_PRODUCER_ID_VERSION, LIST_OFFSETS_VERSION = 4, 7


def create_topic(name: str, partitions: int = 1, configs: dict[str, str] | None = None) -> CreateTopicsRequest:
    topic = CreateTopicsRequest.CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=-1,
        assignments=[],
        configs=[
            CreateTopicsRequest.CreatableTopic.CreatableTopicConfig(name=key, value=value)
            for key, value in (configs or {}).items()
        ],
    )
    return CreateTopicsRequest(topics=[topic], timeout_ms=1000)


def batch(*values: bytes, **more: Any) -> bytes:
    return build([(TIME, None, value, ()) for value in values], **more)


def produce(
    topic: str, *values: bytes, index: int = 0, acks: int = -1, data: bytes | None = None, topic_id: bytes = NO_ID
) -> ProduceRequest:
    part = ProduceRequest.TopicProduceData.PartitionProduceData(
        index=index, records=batch(*values) if data is None else data
    )
    topic_data = ProduceRequest.TopicProduceData(name=topic, topic_id=topic_id, partition_data=[part])
    return ProduceRequest(acks=acks, timeout_ms=1000, topic_data=[topic_data])


def produced(answer: ProduceResponse) -> tuple[int, int]:
    """The error and the offset of the one partition in an answer."""
    ((part,),) = [topic.partition_responses for topic in answer.responses]
    return part.error_code, part.base_offset


def fetch(
    *partitions: tuple[str, int, int],
    max_wait_ms: int = 0,
    min_bytes: int = 1,
    max_bytes: int = 2**31 - 1,
    partition_max_bytes: int = 2**20,
    session: tuple[int, int] = (0, -1),
    forgotten: Sequence[tuple[str, int]] = (),
    ids: dict[str, bytes] | None = None,
    isolation_level: int = 0,
) -> FetchRequest:
    """partitions: (topic, index, offset); session: (id, epoch); ids: topics by id, for version 13 and later."""
    topics = [
        FetchRequest.FetchTopic(
            topic=name,
            topic_id=(ids or {}).get(name, NO_ID),
            partitions=[
                FetchRequest.FetchTopic.FetchPartition(
                    partition=index, fetch_offset=offset, partition_max_bytes=partition_max_bytes
                )
            ],
        )
        for name, index, offset in partitions
    ]
    return FetchRequest(
        max_wait_ms=max_wait_ms,
        min_bytes=min_bytes,
        max_bytes=max_bytes,
        isolation_level=isolation_level,
        session_id=session[0],
        session_epoch=session[1],
        topics=topics,
        forgotten_topics_data=[
            FetchRequest.ForgottenTopic(topic=name, topic_id=(ids or {}).get(name, NO_ID), partitions=[index])
            for name, index in forgotten
        ],
    )


def fetched(answer: FetchResponse) -> dict[tuple[str, int], list[bytes | None]]:
    """The values in an answer, by topic (or id in hex) and partition."""
    return {key: values_of(part) for key, part in parts_of(answer).items()}


def parts_of(answer: FetchResponse) -> dict[tuple[str, int], PartitionData]:
    return {
        (topic.topic or topic.topic_id.hex(), part.partition_index): part
        for topic in answer.responses
        for part in topic.partitions
    }


def values_of(part: PartitionData) -> list[bytes | None]:
    data, values = bytes(part.records or b""), []  # type: ignore[call-overload]
    while len(data) >= 12:
        size = 12 + int.from_bytes(data[8:12], "big")
        if size > len(data):  # the last batch may be cut off
            break
        values += [record.value for record in records(data[:size])]
        data = data[size:]
    return values


def metadata(*names: str, create: bool = False) -> MetadataRequest:
    topics = [MetadataRequest.MetadataRequestTopic(name=name) for name in names]
    return MetadataRequest(topics=topics or None, allow_auto_topic_creation=create)


def init_producer_id() -> InitProducerIdRequest:
    return InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=1000)


def end_offset(topic: str, index: int = 0, timestamp: int = -1) -> ListOffsetsRequest:
    part = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition(partition_index=index, timestamp=timestamp)
    return ListOffsetsRequest(
        replica_id=-1, topics=[ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[part])]
    )

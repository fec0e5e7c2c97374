"""Metadata (3): the brokers, and topics with their partitions and leaders; topics may be created by asking for them.

Versions: 0-13. Behaves: null topics (in version 0 an empty list) are all of them; by name or, from 12 on, by id.
Differs from Kafka: unless strict, a topic created by the question is in its answer, with a leader.
"""

from __future__ import annotations

from kpybroker.handlers.common import endpoint, offline_replicas, operations
from kpybroker.machine import Call
from kpybroker.metadata.image import INTERNAL_TOPICS, NO_LEADER, Image, PartitionImage, Topic
from kpybroker.metadata.topic_names import refuse_name
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import changed
from kpybroker.wire.messages.metadata import MetadataRequest, MetadataResponse

TopicMetadata = MetadataResponse.MetadataResponseTopic
PartitionMetadata = TopicMetadata.MetadataResponsePartition


def metadata(state: State, call: Call) -> MetadataResponse:
    request: MetadataRequest = call.request
    if _makes_no_sense(request, call.version):
        return _refuse(request, Error.INVALID_REQUEST if call.version < 12 else Error.UNKNOWN_SERVER_ERROR)
    topics = _topics(state, call, request)
    brokers = []
    for node in state.image.nodes.values():
        if node.fenced:
            continue
        host, port = endpoint(state, call, node.id)
        brokers.append(MetadataResponse.MetadataResponseBroker(node_id=node.id, host=host, port=port, rack=node.rack))
    include = request.include_cluster_authorized_operations
    return MetadataResponse(
        brokers=brokers,
        cluster_id=state.directories.meta.cluster_id,
        controller_id=state.node_id,
        topics=topics,
        cluster_authorized_operations=operations("cluster") if include else -(2**31),
    )


def _makes_no_sense(request: MetadataRequest, version: int) -> bool:
    """Before version 12 a topic cannot be asked for by its id; and where none has an id, each has a name."""
    with_id = any(bytes(topic.topic_id) != NO_ID for topic in request.topics or ())
    nameless = any(topic.name is None for topic in request.topics or ())
    return with_id or nameless if version < 12 else nameless and not with_id


def _refuse(request: MetadataRequest, error: Error) -> MetadataResponse:
    """The whole answer is the error, and says nothing else of the topics (MetadataRequest.getErrorResponse)."""
    topics = [
        changed(_unknown(error, topic.name or "", bytes(topic.topic_id)), is_internal=False)
        for topic in request.topics or ()
    ]
    return MetadataResponse(brokers=[], topics=topics, error_code=error)


def _topics(state: State, call: Call, request: MetadataRequest) -> list[TopicMetadata]:
    asked, version = request.topics, call.version
    operate = request.include_topic_authorized_operations
    if asked is None or (version == 0 and not asked):
        return [_known(state.image, topic, version, operate) for topic in state.image.topics.values()]
    ids = list(dict.fromkeys(bytes(topic.topic_id) for topic in asked if bytes(topic.topic_id) != NO_ID))
    if ids:
        return [_by_id(state, topic_id, version, operate) for topic_id in ids]
    names = dict.fromkeys(topic.name for topic in asked if topic.name is not None)
    may_create = request.allow_auto_topic_creation and state.settings.boolean("auto.create.topics.enable")
    return [_by_name(state, call, name, may_create, operate) for name in names]


def _by_id(state: State, topic_id: bytes, version: int, operate: bool) -> TopicMetadata:
    topic = state.image.topics_by_id.get(topic_id)
    if topic is None:
        return _unknown(Error.UNKNOWN_TOPIC_ID, None, topic_id)
    return _known(state.image, topic, version, operate)


def _by_name(state: State, call: Call, name: str, may_create: bool, operate: bool) -> TopicMetadata:
    topic = state.image.topics.get(name)
    if topic is not None:
        return _known(state.image, topic, call.version, operate)
    if refuse_name(name) is not None:
        return _unknown(Error.INVALID_TOPIC_EXCEPTION, name, NO_ID, operate)
    # Why a topic cannot be made is never told: it is not there.
    if may_create and state.auto_create(name, call.arrived) is Error.NONE and not state.strict:
        return _known(state.image, state.image.topics[name], call.version, operate)
    return _unknown(Error.UNKNOWN_TOPIC_OR_PARTITION, name, NO_ID, operate)


def _known(image: Image, topic: Topic, version: int, operate: bool) -> TopicMetadata:
    return TopicMetadata(
        error_code=Error.NONE,
        name=topic.name,
        topic_id=topic.id,
        is_internal=topic.is_internal,
        partitions=[_partition(image, partition, version) for partition in topic.partitions.values()],
        topic_authorized_operations=_rights(operate),
    )


def _partition(image: Image, partition: PartitionImage, version: int) -> PartitionMetadata:
    """A partition whose leader is gone says so; version 0 names no replica that is away, and says so too."""
    offline = offline_replicas(image, partition)
    replicas, isr = partition.replicas, partition.isr
    if version == 0 and offline:
        replicas, isr = ([node for node in nodes if node not in offline] for nodes in (replicas, isr))
    has_leader = partition.leader in image.nodes
    error = Error.NONE if has_leader else Error.LEADER_NOT_AVAILABLE
    if has_leader and len(replicas) < len(partition.replicas):
        error = Error.REPLICA_NOT_AVAILABLE
    return PartitionMetadata(
        error_code=error,
        partition_index=partition.index,
        leader_id=partition.leader if has_leader else NO_LEADER,
        leader_epoch=partition.leader_epoch,
        replica_nodes=replicas,
        isr_nodes=isr,
        offline_replicas=offline,
    )


def _unknown(error: Error, name: str | None, topic_id: bytes, operate: bool = False) -> TopicMetadata:
    return TopicMetadata(
        error_code=error,
        name=name,
        topic_id=topic_id,
        is_internal=name in INTERNAL_TOPICS,
        partitions=[],
        topic_authorized_operations=_rights(operate),
    )


def _rights(operate: bool) -> int:
    return operations("topic") if operate else -(2**31)

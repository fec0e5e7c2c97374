"""Decides on AlterPartitionReassignments, and lists the reassignments that are under way."""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.config.settings import Settings
from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.directories import moved
from kpybroker.metadata.image import Image, PartitionImage, Topic
from kpybroker.metadata.partition_change import PartitionChange
from kpybroker.metadata.placement import Refused, refuse_replicas
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
)
from kpybroker.wire.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
)

TopicResult = AlterPartitionReassignmentsResponse.ReassignableTopicResponse
PartitionResult = TopicResult.ReassignablePartitionResponse
OngoingTopic = ListPartitionReassignmentsResponse.OngoingTopicReassignment
OngoingPartition = OngoingTopic.OngoingPartitionReassignment
UNCLEAN_ELECTIONS = "unclean.leader.election.enable"


def alter_reassignments(
    controller: Controller, call: Call
) -> tuple[tuple[Record, ...], AlterPartitionReassignmentsResponse]:
    """The records and the answer (ReplicationControlManager.alterPartitionReassignments)."""
    request: AlterPartitionReassignmentsRequest = call.request
    if request.timeout_ms <= 0 and request.topics:  # the controller's queue drops what is late when it comes
        return (), _late(request)
    allow = request.allow_replication_factor_change
    records: list[Record] = []
    topics = []
    for topic in request.topics:
        results = []
        for part in topic.partitions:
            made = _alter(controller, topic.name, part.partition_index, part.replicas, allow)
            refused = made if isinstance(made, Refused) else Refused(Error.NONE, None)
            if isinstance(made, Record):
                records.append(made)
            results.append(
                PartitionResult(
                    partition_index=part.partition_index, error_code=refused.error, error_message=refused.message
                )
            )
        topics.append(TopicResult(name=topic.name, partitions=results))
    answer = AlterPartitionReassignmentsResponse(
        # What asks for nothing Kafka's controller answers with nothing set.
        allow_replication_factor_change=allow if topics else True,
        error_code=Error.NONE,
        error_message=None if topics else "",
        responses=topics,
    )
    return tuple(records), answer


def _late(request: AlterPartitionReassignmentsRequest) -> AlterPartitionReassignmentsResponse:
    """The error as a whole and for each partition (AlterPartitionReassignmentsRequest.getErrorResponse)."""
    error = Error.REQUEST_TIMED_OUT
    topics = [
        TopicResult(
            name=topic.name,
            partitions=[
                PartitionResult(partition_index=part.partition_index, error_code=error, error_message=None)
                for part in topic.partitions
            ],
        )
        for topic in request.topics
    ]
    return AlterPartitionReassignmentsResponse(error_code=error, error_message=None, responses=topics)


def _alter(
    controller: Controller, name: str, index: int, target: Sequence[int] | None, allow_factor_change: bool
) -> Record | Refused | None:
    image = controller.image
    topic = image.topics.get(name)
    partition = topic.partitions.get(index) if topic is not None else None
    if topic is None or partition is None:
        return Refused(Error.UNKNOWN_TOPIC_OR_PARTITION, f"this cluster has no partition {index} of topic '{name}'")
    if target is None:
        change = _cancelled(image, controller.settings, topic, partition)
    else:
        change = _moved(image, topic, partition, list(target), allow_factor_change)
    if isinstance(change, Refused):
        return change
    return change.record(moved(image, partition, change.replicas))


def _cancelled(image: Image, settings: Settings, topic: Topic, partition: PartitionImage) -> PartitionChange | Refused:
    if not partition.adding and not partition.removing:
        return Refused(Error.NO_REASSIGNMENT_IN_PROGRESS, None)
    own = image.topic_configs(topic.name).get(UNCLEAN_ELECTIONS)
    unclean = settings.boolean(UNCLEAN_ELECTIONS) if own is None else own == "true"
    change = PartitionChange(partition, topic.id, image.active_nodes)
    change.replicas = [node for node in partition.replicas if node not in partition.adding]
    change.isr = [node for node in partition.isr if node not in partition.adding]
    change.adding, change.removing, change.is_unclean = [], [], unclean
    if not change.isr and not unclean:
        return Refused(Error.INVALID_REPLICA_ASSIGNMENT, "only replicas that would go again are in sync")
    return change


def _moved(
    image: Image, topic: Topic, partition: PartitionImage, target: list[int], allow_factor_change: bool
) -> PartitionChange | Refused:
    refused = refuse_replicas(target, image.nodes)
    if refused is not None:
        return refused
    kept = [node for node in partition.replicas if node not in partition.removing]
    if not allow_factor_change and len(target) != len(kept):
        return Refused(
            Error.INVALID_REPLICATION_FACTOR, f"there would be {len(target)} replicas where {len(kept)} are wanted"
        )
    change = PartitionChange(partition, topic.id, image.active_nodes)
    change.removing = sorted(set(partition.replicas) - set(target))
    change.adding = sorted(set(target) - set(partition.replicas))
    change.replicas = target + change.removing
    return change


def list_reassignments(image: Image, request: ListPartitionReassignmentsRequest) -> ListPartitionReassignmentsResponse:
    """What is under way, of all topics or of those asked for; the others are passed over."""
    asked = request.topics
    chosen = image.all_partitions() if asked is None else [(topic.name, topic.partition_indexes) for topic in asked]
    topics = []
    for name, indexes in chosen:
        found = [image.partition(name, index) for index in indexes]
        ongoing = [
            OngoingPartition(
                partition_index=partition.index,
                replicas=partition.replicas,
                adding_replicas=partition.adding,
                removing_replicas=partition.removing,
            )
            for partition in found
            if partition is not None and (partition.adding or partition.removing)
        ]
        if ongoing:
            topics.append(OngoingTopic(name=name, partitions=ongoing))
    return ListPartitionReassignmentsResponse(error_code=Error.NONE, error_message=None, topics=topics)

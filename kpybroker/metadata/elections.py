"""Decides on ElectLeaders: which partitions need another leader, and whether one can be had."""

from __future__ import annotations

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.image import NO_LEADER, Image
from kpybroker.metadata.partition_change import PartitionChange
from kpybroker.metadata.placement import Refused
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse

TopicResult = ElectLeadersResponse.ReplicaElectionResult
PartitionResult = TopicResult.PartitionResult
PREFERRED, UNCLEAN = 0, 1  # org.apache.kafka.common.ElectionType
NOT_NEEDED = Refused(Error.ELECTION_NOT_NEEDED, "the partition has the leader that it should have")


def elect_leaders(controller: Controller, call: Call) -> tuple[tuple[Record, ...], ElectLeadersResponse]:
    """The records and the answer (ReplicationControlManager.electLeaders)."""
    request: ElectLeadersRequest = call.request
    kind = request.election_type
    asked = request.topic_partitions
    if request.timeout_ms <= 0 and asked != []:  # the controller's queue drops what is late when it comes
        return (), _refuse(request, Refused(Error.REQUEST_TIMED_OUT, None))
    if kind not in (PREFERRED, UNCLEAN) and asked != []:
        return (), _refuse(request, Refused(Error.INVALID_REQUEST, f"there is no election of type {kind}"))
    image = controller.image
    chosen = image.all_partitions() if asked is None else [(topic.topic, topic.partitions) for topic in asked]
    records: list[Record] = []
    topics = []
    for name, indexes in chosen:
        results = []
        for index in indexes:
            made = _elect(image, name, index, kind)
            if isinstance(made, Record):
                records.append(made)
                results.append(PartitionResult(partition_id=index, error_code=Error.NONE, error_message=None))
            elif asked is not None or made is not NOT_NEEDED:
                results.append(PartitionResult(partition_id=index, error_code=made.error, error_message=made.message))
        topics.append(TopicResult(topic=name, partition_result=results))
    return tuple(records), ElectLeadersResponse(error_code=Error.NONE, replica_election_results=topics)


def _refuse(request: ElectLeadersRequest, refused: Refused) -> ElectLeadersResponse:
    """The error as a whole and for each partition (ElectLeadersRequest.getErrorResponse)."""
    error, message = refused
    results = [
        TopicResult(
            topic=topic.topic,
            partition_result=[
                PartitionResult(partition_id=index, error_code=error, error_message=message)
                for index in topic.partitions
            ],
        )
        for topic in request.topic_partitions or ()
    ]
    return ElectLeadersResponse(error_code=error, replica_election_results=results)


def _elect(image: Image, name: str, index: int, kind: int) -> Record | Refused:
    topic = image.topics.get(name)
    partition = topic.partitions.get(index) if topic is not None else None
    if topic is None or partition is None:
        return Refused(Error.UNKNOWN_TOPIC_OR_PARTITION, f"this cluster has no partition {index} of topic '{name}'")
    settled = partition.leader == partition.replicas[0] if kind == PREFERRED else partition.leader != NO_LEADER
    if settled:
        return NOT_NEEDED
    change = PartitionChange(partition, topic.id, image.active_nodes)
    change.prefers_first = kind == PREFERRED
    change.is_unclean = kind == UNCLEAN
    record = change.record()
    if record is not None:
        return record
    if kind == PREFERRED:
        return Refused(Error.PREFERRED_LEADER_NOT_AVAILABLE, "the preferred replica cannot lead now")
    return Refused(Error.ELIGIBLE_LEADERS_NOT_AVAILABLE, "no replica can lead now")

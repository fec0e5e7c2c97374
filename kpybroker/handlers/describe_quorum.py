"""DescribeQuorum (55): who votes on the metadata log, and how far each has come.

Versions: 0-2. Behaves: this node is the only voter; any question but that for the log's one partition is refused.
"""

from __future__ import annotations

from kpybroker.handlers.common import endpoint
from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.internal import METADATA_TOPIC
from kpybroker.wire.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse, ReplicaState

TopicData = DescribeQuorumResponse.TopicData
PartitionData = TopicData.PartitionData
Node = DescribeQuorumResponse.Node


def describe_quorum(state: State, call: Call) -> DescribeQuorumResponse:
    request: DescribeQuorumRequest = call.request
    asked = [(topic.topic_name, part.partition_index) for topic in request.topics for part in topic.partitions]
    if asked != [(METADATA_TOPIC, 0)] or len(request.topics) > 1:
        return _refuse(request)
    end = state.cluster.end_offset
    voter = ReplicaState(
        replica_id=state.node_id,
        log_end_offset=end,
        last_fetch_timestamp=call.arrived,
        last_caught_up_timestamp=call.arrived,
    )
    partition = PartitionData(
        partition_index=0,
        error_code=Error.NONE,
        leader_id=state.node_id,
        leader_epoch=state.cluster.leader_epoch,
        high_watermark=end,
        current_voters=[voter],
        observers=[],
    )
    host, port = endpoint(state, call, state.node_id)
    name = state.settings.list("controller.listener.names")[0]
    return DescribeQuorumResponse(
        error_code=Error.NONE,
        topics=[TopicData(topic_name=METADATA_TOPIC, partitions=[partition])],
        nodes=[Node(node_id=state.node_id, listeners=[Node.Listener(name=name, host=host, port=port)])],
    )


def _refuse(request: DescribeQuorumRequest) -> DescribeQuorumResponse:
    topics = [
        TopicData(topic_name=topic.topic_name, partitions=[_unknown(part.partition_index) for part in topic.partitions])
        for topic in request.topics
    ]
    return DescribeQuorumResponse(error_code=Error.NONE, topics=topics)


def _unknown(index: int) -> PartitionData:
    return PartitionData(
        partition_index=index,
        error_code=Error.UNKNOWN_TOPIC_OR_PARTITION,
        error_message="only the one partition of the metadata log has a quorum",
        leader_id=0,
        leader_epoch=0,
        high_watermark=0,
        current_voters=[],
        observers=[],
    )

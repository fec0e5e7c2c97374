"""DescribeCluster (60): the cluster's id, controller and brokers.

Versions: 0-2. Behaves: a broker is asked for brokers (endpoint type 1); for controllers it is MISMATCHED_ENDPOINT_TYPE.
"""

from __future__ import annotations

from kpybroker.handlers.common import endpoint, operations
from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse

BROKERS, CONTROLLERS = 1, 2  # org.apache.kafka.clients.admin.EndpointType


def describe_cluster(state: State, call: Call) -> DescribeClusterResponse:
    request: DescribeClusterRequest = call.request
    if request.endpoint_type != BROKERS:
        known = request.endpoint_type == CONTROLLERS
        error = Error.MISMATCHED_ENDPOINT_TYPE if known else Error.UNSUPPORTED_ENDPOINT_TYPE
        message = "this endpoint is a broker's" if known else f"endpoint type {request.endpoint_type} is unknown"
        return DescribeClusterResponse(error_code=error, error_message=message, cluster_id="", brokers=[])
    brokers = []
    for node in state.image.nodes.values():
        if node.fenced and not request.include_fenced_brokers:
            continue
        host, port = endpoint(state, call, node.id)
        brokers.append(
            DescribeClusterResponse.DescribeClusterBroker(
                broker_id=node.id, host=host, port=port, rack=node.rack, is_fenced=node.fenced
            )
        )
    include = request.include_cluster_authorized_operations
    return DescribeClusterResponse(
        error_code=Error.NONE,
        cluster_id=state.directories.meta.cluster_id,
        controller_id=state.node_id,
        brokers=brokers,
        cluster_authorized_operations=operations("cluster") if include else -(2**31),
    )

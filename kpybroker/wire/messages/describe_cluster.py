"""DescribeCluster: nodes and controller, without any topic; brokers or controllers (KIP-700, KIP-919)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, int8, int16, int32, message, part


@message(key=60, versions="0-2", flexible="0+")
class DescribeClusterRequest:
    include_cluster_authorized_operations: bool
    endpoint_type: Field[int8, "1+"] = 1
    include_fenced_brokers: Field[bool, "2+"] = False


@message(key=60, versions="0-2", flexible="0+")
class DescribeClusterResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None = None
    endpoint_type: Field[int8, "1+"] = 1
    cluster_id: str
    controller_id: BrokerId = -1
    brokers: list[DescribeClusterBroker]
    cluster_authorized_operations: int32 = -(2**31)

    @part
    class DescribeClusterBroker:
        broker_id: BrokerId
        host: str
        port: int32
        rack: str | None = None
        is_fenced: Field[bool, "2+"] = False

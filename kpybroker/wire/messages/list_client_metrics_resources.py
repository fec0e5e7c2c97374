"""ListClientMetricsResourcesRequest, ListClientMetricsResourcesResponse."""

from __future__ import annotations

from kpybroker.wire.declare import int16, int32, message, part


@message(key=74, versions="0", flexible="0+")
class ListClientMetricsResourcesRequest:
    pass


@message(key=74, versions="0", flexible="0+")
class ListClientMetricsResourcesResponse:
    throttle_time_ms: int32
    error_code: int16
    client_metrics_resources: list[ClientMetricsResource]

    @part
    class ClientMetricsResource:
        name: str

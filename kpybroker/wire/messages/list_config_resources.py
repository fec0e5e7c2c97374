"""ListConfigResources: what has settings of its own; v0 was ListClientMetricsResources (KIP-714, KIP-1142)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=74, versions="0-1", flexible="0+")
class ListConfigResourcesRequest:
    resource_types: Field[list[int8], "1+"] = []


@message(key=74, versions="0-1", flexible="0+")
class ListConfigResourcesResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    config_resources: list[ConfigResource]

    @part
    class ConfigResource:
        resource_name: str
        resource_type: Field[int8, "1+"] = 16

"""IncrementalAlterConfigs: sets, deletes, extends and shortens single settings (KIP-339)."""

from __future__ import annotations

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=44, versions="0-1", flexible="1+")
class IncrementalAlterConfigsRequest:
    resources: list[AlterConfigsResource]
    validate_only: bool

    @part
    class AlterConfigsResource:
        resource_type: int8
        resource_name: str
        configs: list[AlterableConfig]

        @part
        class AlterableConfig:
            name: str
            config_operation: int8
            value: str | None


@message(key=44, versions="0-1", flexible="1+")
class IncrementalAlterConfigsResponse:
    throttle_time_ms: int32 = 0
    responses: list[AlterConfigsResourceResponse]

    @part
    class AlterConfigsResourceResponse:
        error_code: int16
        error_message: str | None
        resource_type: int8
        resource_name: str

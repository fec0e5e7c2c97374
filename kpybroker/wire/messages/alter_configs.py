"""AlterConfigs: replaces all settings of a topic or broker; superseded by IncrementalAlterConfigs (KIP-133)."""

from __future__ import annotations

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=33, versions="0-2", flexible="2+")
class AlterConfigsRequest:
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
            value: str | None


@message(key=33, versions="0-2", flexible="2+")
class AlterConfigsResponse:
    throttle_time_ms: int32 = 0
    responses: list[AlterConfigsResourceResponse]

    @part
    class AlterConfigsResourceResponse:
        error_code: int16
        error_message: str | None
        resource_type: int8
        resource_name: str

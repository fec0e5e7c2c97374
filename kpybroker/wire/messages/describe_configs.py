"""DescribeConfigs: settings, where each comes from and what it overrides (KIP-133, KIP-226)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=32, versions="0-4", flexible="4+")
class DescribeConfigsRequest:
    resources: list[DescribeConfigsResource]
    include_synonyms: Field[bool, "1+"] = False
    include_documentation: Field[bool, "3+"] = False

    @part
    class DescribeConfigsResource:
        resource_type: int8
        resource_name: str
        configuration_keys: list[str] | None


@message(key=32, versions="0-4", flexible="4+")
class DescribeConfigsResponse:
    throttle_time_ms: int32 = 0
    results: list[DescribeConfigsResult]

    @part
    class DescribeConfigsResult:
        error_code: int16
        error_message: str | None
        resource_type: int8
        resource_name: str
        configs: list[DescribeConfigsResourceResult]

        @part
        class DescribeConfigsResourceResult:
            name: str
            value: str | None
            read_only: bool
            is_default: Field[bool, "0"] = False
            config_source: Field[int8, "1+"] = -1
            is_sensitive: bool
            synonyms: Field[list[DescribeConfigsSynonym], "1+"] = []
            config_type: Field[int8, "3+"] = 0
            documentation: Field[str | None, "3+"] = ""

            @part
            class DescribeConfigsSynonym:
                name: str
                value: str | None
                source: int8

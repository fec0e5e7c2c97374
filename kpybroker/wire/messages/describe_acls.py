"""DescribeAcls: the rules that match a filter (KIP-140)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=29, versions="0-3", flexible="2+")
class DescribeAclsRequest:
    resource_type_filter: int8
    resource_name_filter: str | None
    pattern_type_filter: Field[int8, "1+"] = 3
    principal_filter: str | None
    host_filter: str | None
    operation: int8
    permission_type: int8


@message(key=29, versions="0-3", flexible="2+")
class DescribeAclsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
    resources: list[DescribeAclsResource]

    @part
    class DescribeAclsResource:
        resource_type: int8
        resource_name: str
        pattern_type: Field[int8, "1+"] = 3
        acls: list[AclDescription]

        @part
        class AclDescription:
            principal: str
            host: str
            operation: int8
            permission_type: int8

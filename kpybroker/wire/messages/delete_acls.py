"""DeleteAcls: removes every rule that matches a filter, and says which those were (KIP-140)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=31, versions="0-3", flexible="2+")
class DeleteAclsRequest:
    filters: list[DeleteAclsFilter]

    @part
    class DeleteAclsFilter:
        resource_type_filter: int8
        resource_name_filter: str | None
        pattern_type_filter: Field[int8, "1+"] = 3
        principal_filter: str | None
        host_filter: str | None
        operation: int8
        permission_type: int8


@message(key=31, versions="0-3", flexible="2+")
class DeleteAclsResponse:
    throttle_time_ms: int32 = 0
    filter_results: list[DeleteAclsFilterResult]

    @part
    class DeleteAclsFilterResult:
        error_code: int16
        error_message: str | None
        matching_acls: list[DeleteAclsMatchingAcl]

        @part
        class DeleteAclsMatchingAcl:
            error_code: int16
            error_message: str | None
            resource_type: int8
            resource_name: str
            pattern_type: Field[int8, "1+"] = 3
            principal: str
            host: str
            operation: int8
            permission_type: int8

"""CreateAcls: adds rules about who may do what (KIP-140)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=30, versions="0-3", flexible="2+")
class CreateAclsRequest:
    creations: list[AclCreation]

    @part
    class AclCreation:
        resource_type: int8
        resource_name: str
        resource_pattern_type: Field[int8, "1+"] = 3
        principal: str
        host: str
        operation: int8
        permission_type: int8


@message(key=30, versions="0-3", flexible="2+")
class CreateAclsResponse:
    throttle_time_ms: int32 = 0
    results: list[AclCreationResult]

    @part
    class AclCreationResult:
        error_code: int16
        error_message: str | None

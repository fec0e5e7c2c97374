"""ApiVersions: what a broker can do, asked before all else; the answer always has header v0 (KIP-35, KIP-511)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int16, int32, int64, message, part, tag


@message(key=18, versions="0-4", flexible="3+")
class ApiVersionsRequest:
    client_software_name: Field[str, "3+"] = ""
    client_software_version: Field[str, "3+"] = ""


@message(key=18, versions="0-4", flexible="3+")
class ApiVersionsResponse:
    error_code: int16
    api_keys: list[ApiVersion]
    throttle_time_ms: Field[int32, "1+"] = 0
    supported_features: Field[list[SupportedFeatureKey], "3+", tag(0)] = []
    finalized_features_epoch: Field[int64, "3+", tag(1)] = -1
    finalized_features: Field[list[FinalizedFeatureKey], "3+", tag(2)] = []
    zk_migration_ready: Field[bool, "3+", tag(3)] = False

    @part
    class ApiVersion:
        api_key: int16
        min_version: int16
        max_version: int16

    @part
    class SupportedFeatureKey:
        name: str
        min_version: int16
        max_version: int16

    @part
    class FinalizedFeatureKey:
        name: str
        max_version_level: int16
        min_version_level: int16

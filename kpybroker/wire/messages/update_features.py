"""UpdateFeatures: raises and lowers the versions that the whole cluster has agreed on (KIP-584)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=57, versions="0-2", flexible="0+")
class UpdateFeaturesRequest:
    timeout_ms: int32 = 60000
    feature_updates: list[FeatureUpdateKey]
    validate_only: Field[bool, "1+"] = False

    @part
    class FeatureUpdateKey:
        feature: str
        max_version_level: int16
        allow_downgrade: Field[bool, "0"] = False
        upgrade_type: Field[int8, "1+"] = 1


@message(key=57, versions="0-2", flexible="0+")
class UpdateFeaturesResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
    results: Field[list[UpdatableFeatureResult], "0-1"] = []

    @part
    class UpdatableFeatureResult:
        feature: str
        error_code: int16
        error_message: str | None

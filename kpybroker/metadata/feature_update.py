"""Decides on UpdateFeatures: which levels are taken and given up, all of a request's or none."""

from __future__ import annotations

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.features import FEATURES, KRAFT_VERSION, METADATA_VERSION, NEW_RECORDS
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse
from kpybroker.wire.schemas.cluster_state import FeatureLevelRecord

Update = UpdateFeaturesRequest.FeatureUpdateKey
Result = UpdateFeaturesResponse.UpdatableFeatureResult
UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE = 1, 2, 3  # org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType
RANGES = {feature.name: (feature.first, feature.last) for feature in FEATURES}


def update_features(controller: Controller, call: Call) -> tuple[tuple[Record, ...], UpdateFeaturesResponse]:
    """The records and the answer (FeatureControlManager.updateFeatures). Of a feature named twice the last counts."""
    request: UpdateFeaturesRequest = call.request
    updates = {update.feature: update for update in request.feature_updates}
    levels = controller.image.features
    for update in updates.values():
        reason = _refuse(update, levels.get(update.feature, 0))
        if reason is not None:
            message = f"nothing was changed: {update.feature} cannot be at level {update.max_version_level}: {reason}"
            return (), UpdateFeaturesResponse(error_code=Error.INVALID_UPDATE_VERSION, error_message=message)
    records = [
        Record(None, FeatureLevelRecord(name=update.feature, feature_level=update.max_version_level), 0)
        for update in updates.values()
        if update.feature != KRAFT_VERSION  # it is no record of this log
    ]
    results = [
        Result(feature=update.feature, error_code=Error.NONE, error_message="done")
        for update in request.feature_updates
    ]
    answer = UpdateFeaturesResponse(error_code=Error.NONE, error_message=None, results=results)
    return () if request.validate_only else tuple(records), answer


def _refuse(update: Update, now: int) -> str | None:
    """Why a feature cannot go from its level `now` to the one that is asked for."""
    level, kind = update.max_version_level, update.upgrade_type
    if kind not in (UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE):
        return f"{kind} is no type of upgrade"
    if update.feature not in RANGES:
        return "this broker has no such feature"
    first, last = RANGES[update.feature]
    if not first <= level <= last:
        return f"this broker has the levels {first} to {last}"
    if level < now and kind == UPGRADE:
        return f"that is less than {now}, and no downgrade was asked for"
    if level > now and kind != UPGRADE:
        return f"that is more than {now}, and a downgrade was asked for"
    if update.feature == KRAFT_VERSION and level > now:
        return "the voters are those of the start"
    if update.feature == METADATA_VERSION and any(level < changed <= now for changed in NEW_RECORDS):
        return f"records of level {now} might be lost"
    return None

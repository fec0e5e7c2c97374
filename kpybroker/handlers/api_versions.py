"""ApiVersions (18): which APIs and versions this broker answers, and which features the cluster has.

Versions: 0-4. Behaves: a request in a version from the future is answered in version 0 with UNSUPPORTED_VERSION and the
versions of this one API (KIP-511; with none before 2.4); a client name or version that is not a plain token is
INVALID_REQUEST.
"""

from __future__ import annotations

import re

from kpybroker.machine import Call
from kpybroker.metadata.features import FEATURES
from kpybroker.releases import Versions
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse

API_VERSIONS = 18
_TOKEN = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")  # ApiVersionsRequest.SOFTWARE_NAME_VERSION_PATTERN


def api_versions(state: State, call: Call) -> ApiVersionsResponse:
    request: ApiVersionsRequest = call.request
    if call.version >= 3 and not (
        _TOKEN.fullmatch(request.client_software_name) and _TOKEN.fullmatch(request.client_software_version)
    ):
        return ApiVersionsResponse(error_code=Error.INVALID_REQUEST, api_keys=[])
    # Before version 4 a feature whose range starts at 0 is left out: old clients refuse it (KAFKA-17011).
    # The tables before 4.0 are those of clusters with ZooKeeper, which have none of these features.
    has_features = state.offer.is_since("4.0")
    supported = [feature for feature in FEATURES if has_features and (call.version >= 4 or feature.first > 0)]
    # A directory of Apache Kafka's may have levels of features whose APIs are not served here: nobody shall use them.
    levels = {f.name: state.image.features[f.name] for f in FEATURES if f.name in state.image.features}
    return ApiVersionsResponse(
        error_code=Error.NONE,
        api_keys=[_listed(key, versions) for key, versions in state.offer.listed.items()],
        supported_features=[
            ApiVersionsResponse.SupportedFeatureKey(name=f.name, min_version=f.first, max_version=f.last)
            for f in supported
        ],
        finalized_features_epoch=state.cluster.end_offset - 1 if has_features else -1,
        finalized_features=[
            ApiVersionsResponse.FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
            for name, level in (levels.items() if has_features else ())
        ],
    )


def unsupported_version(state: State) -> ApiVersionsResponse:
    """What a client is told that asks in a version from the future."""
    own = [_listed(API_VERSIONS, state.offer.listed[API_VERSIONS])] if state.offer.is_since("2.4") else []
    return ApiVersionsResponse(error_code=Error.UNSUPPORTED_VERSION, api_keys=own)


def _listed(key: int, versions: Versions) -> ApiVersionsResponse.ApiVersion:
    return ApiVersionsResponse.ApiVersion(api_key=key, min_version=versions.first, max_version=versions.last)

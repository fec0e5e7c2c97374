"""ApiVersions (18): which APIs and versions this broker answers, and which features the cluster has.

Versions: 0-4. Behaves: a request in a version from the future is answered in version 0 with UNSUPPORTED_VERSION and the
versions of this one API (KIP-511); a client name or version that is not a plain token is INVALID_REQUEST.
"""

from __future__ import annotations

import re

from kpybroker.machine import Call
from kpybroker.metadata.features import FEATURES
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse

ApiVersion = ApiVersionsResponse.ApiVersion
_TOKEN = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")  # ApiVersionsRequest.SOFTWARE_NAME_VERSION_PATTERN


def api_versions(state: State, call: Call) -> ApiVersionsResponse:
    request: ApiVersionsRequest = call.request
    if call.version >= 3 and not (
        _TOKEN.fullmatch(request.client_software_name) and _TOKEN.fullmatch(request.client_software_version)
    ):
        return ApiVersionsResponse(error_code=Error.INVALID_REQUEST, api_keys=[])
    # Before version 4 a feature whose range starts at 0 is left out: old clients refuse it (KAFKA-17011).
    supported = [feature for feature in FEATURES if call.version >= 4 or feature.first > 0]
    return ApiVersionsResponse(
        error_code=Error.NONE,
        api_keys=[ApiVersion(api_key=key, min_version=first, max_version=last) for key, first, last in state.served],
        supported_features=[
            ApiVersionsResponse.SupportedFeatureKey(name=f.name, min_version=f.first, max_version=f.last)
            for f in supported
        ],
        finalized_features_epoch=state.image.changes,
        finalized_features=[
            ApiVersionsResponse.FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
            for name, level in state.image.features.items()
        ],
    )


def unsupported_version(state: State) -> ApiVersionsResponse:
    """What a client is told that asks in a version from the future."""
    (own,) = [row for row in state.served if row[0] == 18]
    return ApiVersionsResponse(
        error_code=Error.UNSUPPORTED_VERSION,
        api_keys=[ApiVersion(api_key=own[0], min_version=own[1], max_version=own[2])],
    )

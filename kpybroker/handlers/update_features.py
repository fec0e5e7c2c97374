"""UpdateFeatures (57): takes and gives up levels of the cluster's features, or only says whether it could.

Versions: 0-2. Behaves: decided by the controller, all of a request's or none; ApiVersions tells the levels.
Differs from Kafka: kraft.version stays 0, for the quorum is this one node.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import feature_update
from kpybroker.state import State


def update_features(state: State, call: Call) -> Later:
    return state.ask_controller(call, feature_update.update_features)

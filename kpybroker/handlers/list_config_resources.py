"""ListConfigResources (74): which resources have configs (KIP-1142).

Versions: 0-1. Behaves: version 0 knows subscriptions to clients' metrics alone (KIP-714). Groups and subscriptions are
listed for the configs they have, topics and brokers always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kpybroker.machine import Call
from kpybroker.metadata.image import (
    BROKER_RESOURCE,
    GROUP_RESOURCE,
    LOGGER_RESOURCE,
    METRICS_RESOURCE,
    TOPIC_RESOURCE,
    Image,
)
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.list_config_resources import ListConfigResourcesRequest, ListConfigResourcesResponse

Resource = ListConfigResourcesResponse.ConfigResource


def list_config_resources(state: State, call: Call) -> ListConfigResourcesResponse:
    request: ListConfigResourcesRequest = call.request
    known = LISTED if call.version else {METRICS_RESOURCE: LISTED[METRICS_RESOURCE]}
    if any(kind not in known for kind in request.resource_types):
        return ListConfigResourcesResponse(error_code=Error.UNSUPPORTED_VERSION, config_resources=[])
    found = [
        Resource(resource_name=name, resource_type=kind)
        for kind, names in known.items()
        if not request.resource_types or kind in request.resource_types
        for name in names(state.image)
    ]
    return ListConfigResourcesResponse(error_code=Error.NONE, config_resources=found)


def _with_configs(kind: int) -> Callable[[Image], Iterable[str]]:
    return lambda image: [name for each, name in image.configs if each == kind]


def _brokers(image: Image) -> list[str]:
    return list(map(str, image.active_nodes))


LISTED: dict[int, Callable[[Image], Iterable[str]]] = {
    GROUP_RESOURCE: _with_configs(GROUP_RESOURCE),
    METRICS_RESOURCE: _with_configs(METRICS_RESOURCE),
    LOGGER_RESOURCE: _brokers,
    BROKER_RESOURCE: _brokers,
    TOPIC_RESOURCE: lambda image: image.topics,
}

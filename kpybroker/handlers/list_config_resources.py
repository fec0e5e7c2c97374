"""ListConfigResources (74): which resources have configs (KIP-1142).

Versions: 0-1. Behaves: version 0 knows subscriptions to clients' metrics alone (KIP-714). Groups and subscriptions are
listed for the configs they have, topics and brokers always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kpybroker.machine import Call
from kpybroker.metadata.alteration import BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC
from kpybroker.metadata.image import Image
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.list_config_resources import ListConfigResourcesRequest, ListConfigResourcesResponse

Resource = ListConfigResourcesResponse.ConfigResource


def list_config_resources(state: State, call: Call) -> ListConfigResourcesResponse:
    request: ListConfigResourcesRequest = call.request
    known = LISTED if call.version else {CLIENT_METRICS: LISTED[CLIENT_METRICS]}
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
    return [str(node.id) for node in image.nodes.values() if not node.fenced]


LISTED: dict[int, Callable[[Image], Iterable[str]]] = {
    GROUP: _with_configs(GROUP),
    CLIENT_METRICS: _with_configs(CLIENT_METRICS),
    BROKER_LOGGER: _brokers,
    BROKER: _brokers,
    TOPIC: lambda image: image.topics,
}

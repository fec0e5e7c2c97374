"""AlterConfigs (33): all configs of a resource at once (KIP-133); superseded by IncrementalAlterConfigs.

Versions: 0-2. Behaves: what the request does not name goes back to its default. Differs from Kafka: a resource that is
named twice is answered INVALID_REQUEST, where Kafka answers nothing.
"""

from __future__ import annotations

from kpybroker.handlers.incremental_alter_configs import ask
from kpybroker.machine import Call, Later
from kpybroker.metadata.alteration import SET, Asked, Change
from kpybroker.state import State
from kpybroker.wire.messages.alter_configs import AlterConfigsRequest, AlterConfigsResponse


def alter_configs(state: State, call: Call) -> Later:
    request: AlterConfigsRequest = call.request
    asked = [
        Asked(
            resource.resource_type,
            resource.resource_name,
            tuple(Change(config.name, SET, config.value) for config in resource.configs),
            replaced=True,
        )
        for resource in request.resources
    ]
    return ask(state, call, asked, AlterConfigsResponse)

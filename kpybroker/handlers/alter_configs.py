"""AlterConfigs (33): all configs of a resource at once (KIP-133); superseded by IncrementalAlterConfigs.

Versions: 0-2. Behaves: what the request does not name goes back to its default. Differs from Kafka: a resource that is
named twice is answered INVALID_REQUEST, where Kafka answers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.machine import Call, Later, Record
from kpybroker.metadata.alteration import SET, Asked, Change, alter
from kpybroker.metadata.controller import Controller
from kpybroker.state import State
from kpybroker.wire.messages.alter_configs import AlterConfigsRequest, AlterConfigsResponse

Answer = AlterConfigsResponse.AlterConfigsResourceResponse


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

    def decide(controller: Controller, call: Call) -> tuple[Sequence[Record], AlterConfigsResponse]:
        records, errors = alter(controller, state.node_id, state.loggers, asked, validate_only=request.validate_only)
        answers = [
            Answer(error_code=error, error_message=message, resource_type=each.kind, resource_name=each.name)
            for each, (error, message) in zip(asked, errors, strict=True)
        ]
        return records, AlterConfigsResponse(responses=answers)

    return state.ask_controller(call, decide)

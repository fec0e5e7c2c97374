"""IncrementalAlterConfigs (44): sets, deletes, extends and shortens single configs (KIP-339).

Versions: 0-1. Behaves: what is set holds when it is answered, for open partitions too; loggers' levels last as long as
the process. Differs from Kafka: a broker has its root logger alone, and listeners are not added while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.machine import Call, Later, Record
from kpybroker.metadata.alteration import Asked, Change, alter
from kpybroker.metadata.controller import Controller
from kpybroker.state import State
from kpybroker.wire.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)

Answer = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse


def incremental_alter_configs(state: State, call: Call) -> Later:
    request: IncrementalAlterConfigsRequest = call.request
    asked = [
        Asked(
            resource.resource_type,
            resource.resource_name,
            tuple(Change(config.name, config.config_operation, config.value) for config in resource.configs),
        )
        for resource in request.resources
    ]

    def decide(controller: Controller, call: Call) -> tuple[Sequence[Record], IncrementalAlterConfigsResponse]:
        records, errors = alter(controller, state.node_id, state.loggers, asked, validate_only=request.validate_only)
        answers = [
            Answer(error_code=error, error_message=message, resource_type=each.kind, resource_name=each.name)
            for each, (error, message) in zip(asked, errors, strict=True)
        ]
        return records, IncrementalAlterConfigsResponse(responses=answers)

    return state.ask_controller(call, decide)

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
from kpybroker.wire.messages.alter_configs import AlterConfigsResponse
from kpybroker.wire.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)

Response = AlterConfigsResponse | IncrementalAlterConfigsResponse


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
    return ask(state, call, asked, IncrementalAlterConfigsResponse)


def ask(state: State, call: Call, asked: Sequence[Asked], layout: type[Response]) -> Later:
    """Has the controller alter what is asked; the answer is of this layout, for AlterConfigs has the same one."""

    def decide(controller: Controller, call: Call) -> tuple[Sequence[Record], Response]:
        only_validated = call.request.validate_only
        records, errors = alter(controller, state.node_id, state.loggers, asked, validate_only=only_validated)
        answers = [
            layout.AlterConfigsResourceResponse(
                error_code=error, error_message=message, resource_type=each.kind, resource_name=each.name
            )
            for each, (error, message) in zip(asked, errors, strict=True)
        ]
        return records, layout(responses=answers)  # type: ignore[arg-type]

    return state.ask_controller(call, decide)

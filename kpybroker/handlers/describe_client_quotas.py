"""DescribeClientQuotas (48): the limits of the entities that match a filter.

Versions: 0-1. Behaves: a filter names the parts that an entity has, or asks for a kind's default, or for any; strictly,
an entity has no other parts. An empty filter finds everything, or, strictly, nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.machine import Call
from kpybroker.metadata.quotas import CLIENT_ID, IP, USER
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_client_quotas import DescribeClientQuotasRequest, DescribeClientQuotasResponse

Component = DescribeClientQuotasRequest.ComponentData
Entry = DescribeClientQuotasResponse.EntryData
EXACT, DEFAULT, SPECIFIED = 0, 1, 2  # org.apache.kafka.common.requests.DescribeClientQuotasRequest.MATCH_TYPE_*


def describe_client_quotas(state: State, call: Call) -> DescribeClientQuotasResponse:
    request: DescribeClientQuotasRequest = call.request
    refused = _refuse(request.components)
    if refused is not None:
        error, message = refused
        return DescribeClientQuotasResponse(error_code=error, error_message=message, entries=None)
    quotas = state.image.quotas
    named = {part.entity_type: part.match for part in request.components if part.match_type != SPECIFIED}
    any_name = [part.entity_type for part in request.components if part.match_type == SPECIFIED]
    entries = [
        Entry(
            entity=[Entry.EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
            values=[Entry.ValueData(key=key, value=value) for key, value in quotas.of(entity).items()],
        )
        for entity in quotas.find(named, any_name=any_name, strict=request.strict)
    ]
    return DescribeClientQuotasResponse(error_code=Error.NONE, error_message="", entries=entries)


def _refuse(components: Sequence[Component]) -> tuple[Error, str] | None:
    """The first thing that is wrong with a filter (ClientQuotasImage.describe)."""
    kinds: list[str] = []
    for part in components:
        kind = part.entity_type
        if not kind:
            return Error.INVALID_REQUEST, "a part of the filter has no entity type"
        if kind in kinds:
            return Error.INVALID_REQUEST, f"the filter has the entity type '{kind}' twice"
        if kind not in (USER, CLIENT_ID, IP):
            return Error.UNSUPPORTED_VERSION, f"there are no entities of type '{kind}'"
        if part.match_type not in (EXACT, DEFAULT, SPECIFIED):
            return Error.INVALID_REQUEST, f"there is no match type {part.match_type}"
        if part.match_type == EXACT and part.match is None:
            return Error.INVALID_REQUEST, "an exact match needs a name"
        if part.match_type != EXACT and part.match is not None:
            return Error.INVALID_REQUEST, "a name is given where none is matched"
        kinds.append(kind)
    if IP in kinds and len(kinds) > 1:
        return Error.INVALID_REQUEST, "an address goes with neither a user nor a client id"
    return None

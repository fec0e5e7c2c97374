"""DeleteAcls (31): removes every rule that matches a filter; without an authorizer there are none, and that is said.

Versions: 0-3. Behaves: SECURITY_DISABLED for each filter; a filter with an "unknown" in it ends the connection.
"""

from __future__ import annotations

from kpybroker.handlers.common import NO_AUTHORIZER, has_unknown
from kpybroker.machine import HANG_UP, Answer, Call
from kpybroker.state import State
from kpybroker.wire.messages.delete_acls import DeleteAclsRequest, DeleteAclsResponse

Result = DeleteAclsResponse.DeleteAclsFilterResult


def delete_acls(state: State, call: Call) -> Answer:
    request: DeleteAclsRequest = call.request
    for asked in request.filters:
        if has_unknown(asked.resource_type_filter, asked.pattern_type_filter, asked.operation, asked.permission_type):
            return HANG_UP
    error, message = NO_AUTHORIZER
    results = [Result(error_code=error, error_message=message, matching_acls=[]) for _ in request.filters]
    return DeleteAclsResponse(filter_results=results)

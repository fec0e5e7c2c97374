"""CreateAcls (30): adds rules about who may do what; without an authorizer none is taken.

Versions: 0-3. Behaves: SECURITY_DISABLED for each rule; a rule with an "unknown" in it ends the connection.
"""

from __future__ import annotations

from kpybroker.handlers.common import NO_AUTHORIZER, has_unknown
from kpybroker.machine import HANG_UP, Answer, Call
from kpybroker.state import State
from kpybroker.wire.messages.create_acls import CreateAclsRequest, CreateAclsResponse

Result = CreateAclsResponse.AclCreationResult


def create_acls(state: State, call: Call) -> Answer:
    request: CreateAclsRequest = call.request
    for rule in request.creations:
        if has_unknown(rule.resource_type, rule.resource_pattern_type, rule.operation, rule.permission_type):
            return HANG_UP
    error, message = NO_AUTHORIZER
    return CreateAclsResponse(results=[Result(error_code=error, error_message=message) for _ in request.creations])

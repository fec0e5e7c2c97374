"""DescribeAcls (29): the rules that match a filter; without an authorizer there are none, and that is said.

Versions: 0-3. Behaves: SECURITY_DISABLED; a filter with an "unknown" in it ends the connection.
"""

from __future__ import annotations

from kpybroker.handlers.common import NO_AUTHORIZER, has_unknown
from kpybroker.machine import HANG_UP, Answer, Call
from kpybroker.state import State
from kpybroker.wire.messages.describe_acls import DescribeAclsRequest, DescribeAclsResponse


def describe_acls(state: State, call: Call) -> Answer:
    asked: DescribeAclsRequest = call.request
    if has_unknown(asked.resource_type_filter, asked.pattern_type_filter, asked.operation, asked.permission_type):
        return HANG_UP
    error, message = NO_AUTHORIZER
    return DescribeAclsResponse(error_code=error, error_message=message, resources=[])

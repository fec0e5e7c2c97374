"""ExpireDelegationToken (40): ends a token, now or earlier than planned; who has not logged in ends none.

Versions: 0-2. Behaves: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, and no time of expiry.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.expire_delegation_token import ExpireDelegationTokenResponse


def expire_delegation_token(state: State, call: Call) -> ExpireDelegationTokenResponse:
    return ExpireDelegationTokenResponse(error_code=Error.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, expiry_timestamp_ms=-1)

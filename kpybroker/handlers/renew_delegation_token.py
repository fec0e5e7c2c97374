"""RenewDelegationToken (39): lets a token live on; who has not logged in renews none.

Versions: 0-2. Behaves: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, and no time of expiry.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.renew_delegation_token import RenewDelegationTokenResponse


def renew_delegation_token(state: State, call: Call) -> RenewDelegationTokenResponse:
    return RenewDelegationTokenResponse(error_code=Error.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, expiry_timestamp_ms=-1)

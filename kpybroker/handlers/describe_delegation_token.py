"""DescribeDelegationToken (41): the tokens that somebody owns or may renew; who has not logged in sees none.

Versions: 0-3. Behaves: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, whoever's tokens are asked for.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_delegation_token import DescribeDelegationTokenResponse


def describe_delegation_token(state: State, call: Call) -> DescribeDelegationTokenResponse:
    return DescribeDelegationTokenResponse(error_code=Error.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, tokens=[])

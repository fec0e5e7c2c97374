"""CreateDelegationToken (38): a token to act for its owner; who has not logged in gets none.

Versions: 0-3. Behaves: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, with the owner as asked for, or the caller, who is
ANONYMOUS; an owner with a name and no type is UNKNOWN_SERVER_ERROR, as in Kafka.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.create_delegation_token import (
    CreateDelegationTokenRequest,
    CreateDelegationTokenResponse,
)

USER, ANONYMOUS = "User", "ANONYMOUS"  # org.apache.kafka.common.security.auth.KafkaPrincipal
NEVER = -1


def create_delegation_token(state: State, call: Call) -> CreateDelegationTokenResponse:
    request: CreateDelegationTokenRequest = call.request
    kind, name = request.owner_principal_type, request.owner_principal_name
    if not name:
        return _refusal(Error.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, USER, ANONYMOUS)
    if kind is None:
        return _refusal(Error.UNKNOWN_SERVER_ERROR, USER, ANONYMOUS)
    return _refusal(Error.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, kind, name)


def _refusal(error: Error, kind: str, name: str) -> CreateDelegationTokenResponse:
    return CreateDelegationTokenResponse(
        error_code=error,
        principal_type=kind,
        principal_name=name,
        token_requester_principal_type=USER,
        token_requester_principal_name=ANONYMOUS,
        issue_timestamp_ms=NEVER,
        expiry_timestamp_ms=NEVER,
        max_timestamp_ms=NEVER,
        token_id="",
        hmac=b"",
    )

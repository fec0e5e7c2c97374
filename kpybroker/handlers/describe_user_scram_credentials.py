"""DescribeUserScramCredentials (50): which users have salted passwords, by mechanism; never the passwords.

Versions: 0. Behaves: null and an empty list are all users; one without credentials is RESOURCE_NOT_FOUND, one that is
named twice DUPLICATE_RESOURCE.
"""

from __future__ import annotations

from collections import Counter

from kpybroker.machine import Call
from kpybroker.metadata.scram import Credentials
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_user_scram_credentials import (
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
)

Result = DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult


def describe_user_scram_credentials(state: State, call: Call) -> DescribeUserScramCredentialsResponse:
    request: DescribeUserScramCredentialsRequest = call.request
    credentials = state.image.credentials
    names = [user.name for user in request.users] if request.users else list(credentials.users())
    results = [_result(credentials, name, count) for name, count in Counter(names).items()]
    return DescribeUserScramCredentialsResponse(error_code=Error.NONE, error_message="", results=results)


def _result(credentials: Credentials, user: str, count: int) -> Result:
    found = credentials.of(user)
    infos: list[Result.CredentialInfo] = []
    if count > 1:
        error, message = Error.DUPLICATE_RESOURCE, "the request names this user twice"
    elif not found:
        error, message = Error.RESOURCE_NOT_FOUND, "the user has no credentials"
    else:
        error, message = Error.NONE, ""
        infos = [
            Result.CredentialInfo(mechanism=mechanism, iterations=credential.iterations)
            for mechanism, credential in found.items()
        ]
    return Result(user=user, error_code=error, error_message=message, credential_infos=infos)

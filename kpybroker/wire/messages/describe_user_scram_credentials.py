"""DescribeUserScramCredentials: which users have salted passwords, never the passwords (KIP-554)."""

from __future__ import annotations

from kpybroker.wire.declare import int8, int16, int32, message, part


@message(key=50, versions="0", flexible="0+")
class DescribeUserScramCredentialsRequest:
    users: list[UserName] | None

    @part
    class UserName:
        name: str


@message(key=50, versions="0", flexible="0+")
class DescribeUserScramCredentialsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
    results: list[DescribeUserScramCredentialsResult]

    @part
    class DescribeUserScramCredentialsResult:
        user: str
        error_code: int16
        error_message: str | None
        credential_infos: list[CredentialInfo]

        @part
        class CredentialInfo:
            mechanism: int8
            iterations: int32

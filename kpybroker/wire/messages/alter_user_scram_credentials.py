"""AlterUserScramCredentials: stores or deletes salted passwords of users (KIP-554)."""

from __future__ import annotations

from kpybroker.wire.declare import Bytes, int8, int16, int32, message, part


@message(key=51, versions="0", flexible="0+")
class AlterUserScramCredentialsRequest:
    deletions: list[ScramCredentialDeletion]
    upsertions: list[ScramCredentialUpsertion]

    @part
    class ScramCredentialDeletion:
        name: str
        mechanism: int8

    @part
    class ScramCredentialUpsertion:
        name: str
        mechanism: int8
        iterations: int32
        salt: Bytes
        salted_password: Bytes


@message(key=51, versions="0", flexible="0+")
class AlterUserScramCredentialsResponse:
    throttle_time_ms: int32 = 0
    results: list[AlterUserScramCredentialsResult]

    @part
    class AlterUserScramCredentialsResult:
        user: str
        error_code: int16
        error_message: str | None

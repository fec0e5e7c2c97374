"""Decides on AlterUserScramCredentials: which credentials are stored and deleted, and what is wrong with the others."""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeAlias

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.placement import Refused
from kpybroker.metadata.scram import HASHES, Credentials
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
)
from kpybroker.wire.schemas.cluster_security import RemoveUserScramCredentialRecord, UserScramCredentialRecord

Deletion = AlterUserScramCredentialsRequest.ScramCredentialDeletion
Upsertion = AlterUserScramCredentialsRequest.ScramCredentialUpsertion
Result = AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult
Change: TypeAlias = Deletion | Upsertion
LEAST_ITERATIONS, MOST_ITERATIONS = 4096, 16384  # ScramMechanism.minIterations, ScramControlManager.MAX_ITERATIONS


def alter_user_scram_credentials(
    controller: Controller, call: Call
) -> tuple[tuple[Record, ...], AlterUserScramCredentialsResponse]:
    """The records and the answer (ScramControlManager.alterCredentials). A user is altered once, or not at all."""
    request: AlterUserScramCredentialsRequest = call.request
    accepted: dict[str, Change] = {}
    wrong: dict[str, Refused] = {}
    changes: list[Change] = [*request.deletions, *request.upsertions]
    for change in changes:
        if change.name in wrong:
            continue
        refused = _refuse(controller.image.credentials, change)
        if change.name in accepted:
            del accepted[change.name]
            refused = Refused(Error.DUPLICATE_RESOURCE, "a user's credentials are altered once in a request")
        if refused is None:
            accepted[change.name] = change
        else:
            wrong[change.name] = refused
    for user, change in list(accepted.items()):
        if isinstance(change, Upsertion) and not change.salted_password:  # as Kafka says it, and so late: Java makes
            wrong[user] = Refused(Error.UNKNOWN_SERVER_ERROR, None)  # no key of no bytes
            del accepted[user]
    results = [Result(user=user, error_code=Error.NONE, error_message=None) for user in accepted]
    results += [Result(user=user, error_code=error, error_message=why) for user, (error, why) in wrong.items()]
    records = tuple(_record(change) for change in accepted.values())
    return records, AlterUserScramCredentialsResponse(results=results)


def _refuse(credentials: Credentials, change: Change) -> Refused | None:
    if not change.name:
        return Refused(Error.UNACCEPTABLE_CREDENTIAL, "a user needs a name")
    if change.mechanism not in HASHES:
        return Refused(Error.UNSUPPORTED_SASL_MECHANISM, f"there is no SCRAM mechanism {change.mechanism}")
    if isinstance(change, Deletion):
        if change.mechanism in credentials.of(change.name):
            return None
        return Refused(Error.RESOURCE_NOT_FOUND, "the user has no such credential")
    if change.iterations < LEAST_ITERATIONS:
        return Refused(Error.UNACCEPTABLE_CREDENTIAL, f"fewer than {LEAST_ITERATIONS} iterations")
    if change.iterations > MOST_ITERATIONS:
        return Refused(Error.UNACCEPTABLE_CREDENTIAL, f"more than {MOST_ITERATIONS} iterations")
    return None


def _record(change: Change) -> Record:
    """Of the salted password only the two keys are kept that RFC 5802 derives from it."""
    if isinstance(change, Deletion):
        return Record(None, RemoveUserScramCredentialRecord(name=change.name, mechanism=change.mechanism), 0)
    algorithm, password = HASHES[change.mechanism], bytes(change.salted_password)
    client_key = hmac.digest(password, b"Client Key", algorithm)
    stored = UserScramCredentialRecord(
        name=change.name,
        mechanism=change.mechanism,
        salt=bytes(change.salt),
        stored_key=hashlib.new(algorithm, client_key).digest(),
        server_key=hmac.digest(password, b"Server Key", algorithm),
        iterations=change.iterations,
    )
    return Record(None, stored, 0)

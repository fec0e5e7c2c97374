"""SCRAM credentials: what the cluster keeps of users' salted passwords, folded from its records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kpybroker.wire.schemas.cluster_security import RemoveUserScramCredentialRecord, UserScramCredentialRecord

HASHES = {1: "sha256", 2: "sha512"}  # by mechanism (org.apache.kafka.clients.admin.ScramMechanism)


class Credential(NamedTuple):
    """What a broker needs to check a password (RFC 5802); not enough to log in with."""

    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int


class Credentials:
    """By user and mechanism. They are stored and described; nobody logs in with them yet."""

    def __init__(self) -> None:
        self._by_user: dict[str, dict[int, Credential]] = {}

    def users(self) -> Iterable[str]:
        return self._by_user

    def of(self, user: str) -> Mapping[int, Credential]:
        return self._by_user.get(user, {})

    def store(self, record: UserScramCredentialRecord) -> None:
        self._by_user.setdefault(record.name, {})[record.mechanism] = Credential(
            bytes(record.salt), bytes(record.stored_key), bytes(record.server_key), record.iterations
        )

    def remove(self, record: RemoveUserScramCredentialRecord) -> None:
        left = self._by_user[record.name]
        del left[record.mechanism]
        if not left:
            del self._by_user[record.name]

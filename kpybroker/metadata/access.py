"""ACLs and delegation tokens, on which nothing here depends yet: kept for an Apache Kafka that reads them later."""

from __future__ import annotations

from collections.abc import Iterator

from kpybroker.wire.schemas.cluster_security import (
    AccessControlEntryRecord,
    DelegationTokenRecord,
    RemoveAccessControlEntryRecord,
    RemoveDelegationTokenRecord,
)


class Access:
    """Those that the cluster's records add up to, by their ids. The records are their own copies."""

    def __init__(self) -> None:
        self._entries: dict[bytes, AccessControlEntryRecord] = {}
        self._tokens: dict[str, DelegationTokenRecord] = {}

    def entries(self) -> Iterator[AccessControlEntryRecord]:
        yield from self._entries.values()

    def tokens(self) -> Iterator[DelegationTokenRecord]:
        yield from self._tokens.values()

    def enter(self, record: AccessControlEntryRecord) -> None:
        self._entries[bytes(record.id)] = record

    def remove_entry(self, record: RemoveAccessControlEntryRecord) -> None:
        self._entries.pop(bytes(record.id), None)

    def token(self, record: DelegationTokenRecord) -> None:
        self._tokens[record.token_id] = record

    def remove_token(self, record: RemoveDelegationTokenRecord) -> None:
        self._tokens.pop(record.token_id, None)

"""Records of the metadata log about security: ACLs, delegation tokens, SCRAM credentials (KIP-801, KIP-900)."""

from __future__ import annotations

from kpybroker.wire.declare import Bytes, Uuid, int8, int32, int64, message


@message(key=18, versions="0", flexible="0+")
class AccessControlEntryRecord:
    id: Uuid
    resource_type: int8
    resource_name: str
    pattern_type: int8
    principal: str
    host: str
    operation: int8
    permission_type: int8


@message(key=10, versions="0", flexible="0+")
class DelegationTokenRecord:
    owner: str
    requester: str
    renewers: list[str]
    issue_timestamp: int64
    max_timestamp: int64
    expiration_timestamp: int64
    token_id: str


@message(key=19, versions="0", flexible="0+")
class RemoveAccessControlEntryRecord:
    id: Uuid


@message(key=26, versions="0", flexible="0+")
class RemoveDelegationTokenRecord:
    token_id: str


@message(key=22, versions="0", flexible="0+")
class RemoveUserScramCredentialRecord:
    name: str
    mechanism: int8


@message(key=11, versions="0", flexible="0+")
class UserScramCredentialRecord:
    name: str
    mechanism: int8
    salt: Bytes
    stored_key: Bytes
    server_key: Bytes
    iterations: int32

"""Records of Kafka's own logs as bytes: `__consumer_offsets` and its kin, `__cluster_metadata`, control records.

Bytes fields of what is decoded are views of what was given: who keeps them beyond the log's buffer copies them.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from kpybroker.machine import Record
from kpybroker.wire.compiler import WireError, long, varint
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode

Data: TypeAlias = bytes | bytearray | memoryview
Types: TypeAlias = dict[int, tuple[str, str]]  # record type: (module in kpybroker.wire.schemas, name)

METADATA_TOPIC = "__cluster_metadata"
METADATA_TOPIC_ID = bytes(15) + b"\1"  # org.apache.kafka.common.Uuid.METADATA_TOPIC_ID

# A type is a pair of messages, NameKey and NameValue. The numbers are the log's own: 0 means three things.
CONSUMER_OFFSETS: Types = {
    0: ("groups", "LegacyOffsetCommit"),
    1: ("groups", "OffsetCommit"),
    2: ("groups", "GroupMetadata"),
    3: ("consumer_groups", "ConsumerGroupMetadata"),
    4: ("consumer_groups", "ConsumerGroupPartitionMetadata"),
    5: ("consumer_groups", "ConsumerGroupMemberMetadata"),
    6: ("consumer_groups", "ConsumerGroupTargetAssignmentMetadata"),
    7: ("consumer_groups", "ConsumerGroupTargetAssignmentMember"),
    8: ("consumer_groups", "ConsumerGroupCurrentMemberAssignment"),
    10: ("share_groups", "ShareGroupMemberMetadata"),
    11: ("share_groups", "ShareGroupMetadata"),
    12: ("share_groups", "ShareGroupTargetAssignmentMetadata"),
    13: ("share_groups", "ShareGroupTargetAssignmentMember"),
    14: ("share_groups", "ShareGroupCurrentMemberAssignment"),
    15: ("share_groups", "ShareGroupStatePartitionMetadata"),
    16: ("consumer_groups", "ConsumerGroupRegularExpression"),
    17: ("streams_groups", "StreamsGroupMetadata"),
    19: ("streams_groups", "StreamsGroupMemberMetadata"),
    20: ("streams_groups", "StreamsGroupTargetAssignmentMetadata"),
    21: ("streams_groups", "StreamsGroupTargetAssignmentMember"),
    22: ("streams_groups", "StreamsGroupCurrentMemberAssignment"),
    23: ("streams_groups", "StreamsGroupTopology"),
}
TRANSACTION_STATE: Types = {0: ("transactions", "TransactionLog")}
SHARE_GROUP_STATE: Types = {0: ("share_groups", "ShareSnapshot"), 1: ("share_groups", "ShareUpdate")}

CLUSTER_METADATA: Types = {
    0: ("cluster_nodes", "RegisterBrokerRecord"),
    1: ("cluster_nodes", "UnregisterBrokerRecord"),
    2: ("cluster_topics", "TopicRecord"),
    3: ("cluster_topics", "PartitionRecord"),
    4: ("cluster_state", "ConfigRecord"),
    5: ("cluster_topics", "PartitionChangeRecord"),
    7: ("cluster_nodes", "FenceBrokerRecord"),
    8: ("cluster_nodes", "UnfenceBrokerRecord"),
    9: ("cluster_topics", "RemoveTopicRecord"),
    10: ("cluster_security", "DelegationTokenRecord"),
    11: ("cluster_security", "UserScramCredentialRecord"),
    12: ("cluster_state", "FeatureLevelRecord"),
    14: ("cluster_state", "ClientQuotaRecord"),
    15: ("cluster_state", "ProducerIdsRecord"),
    17: ("cluster_nodes", "BrokerRegistrationChangeRecord"),
    18: ("cluster_security", "AccessControlEntryRecord"),
    19: ("cluster_security", "RemoveAccessControlEntryRecord"),
    20: ("cluster_state", "NoOpRecord"),
    21: ("cluster_state", "ZkMigrationStateRecord"),
    22: ("cluster_security", "RemoveUserScramCredentialRecord"),
    23: ("cluster_state", "BeginTransactionRecord"),
    24: ("cluster_state", "EndTransactionRecord"),
    25: ("cluster_state", "AbortTransactionRecord"),
    26: ("cluster_security", "RemoveDelegationTokenRecord"),
    27: ("cluster_nodes", "RegisterControllerRecord"),
    28: ("cluster_topics", "ClearElrRecord"),
}
METADATA_FRAME_VERSION = 1


class ControlType(IntEnum):
    """What a control record marks; the second number of its key."""

    ABORT = 0
    COMMIT = 1
    LEADER_CHANGE = 2
    SNAPSHOT_HEADER = 3
    SNAPSHOT_FOOTER = 4
    KRAFT_VERSION = 5
    KRAFT_VOTERS = 6


CONTROL: Types = {
    ControlType.ABORT: ("control", "EndTxnMarker"),
    ControlType.COMMIT: ("control", "EndTxnMarker"),
    ControlType.LEADER_CHANGE: ("control", "LeaderChangeMessage"),
    ControlType.SNAPSHOT_HEADER: ("control", "SnapshotHeaderRecord"),
    ControlType.SNAPSHOT_FOOTER: ("control", "SnapshotFooterRecord"),
    ControlType.KRAFT_VERSION: ("control", "KRaftVersionRecord"),
    ControlType.KRAFT_VOTERS: ("control", "VotersRecord"),
}


@cache
def _schema(module: str, name: str) -> type[Any]:
    """Imported when first asked for: a broker with no streams group never makes their classes."""
    found: type[Any] = getattr(import_module(f"kpybroker.wire.schemas.{module}"), name)
    return found


def _int16(data: memoryview, what: str) -> int:
    if len(data) < 2:
        raise WireError(f"{what}: 2 bytes expected, {len(data)} there")
    found: int = struct.unpack_from(">h", data)[0]
    return found


def _prefixed(number: int, message: Any, version: int) -> bytes:
    return struct.pack(">h", number) + encode(message, version)


def encode_coordinator(record: Record) -> tuple[bytes, bytes | None]:
    """(key, value) of a record of `__consumer_offsets`, `__transaction_state` or `__share_group_state`."""
    key = _prefixed(type_of(type(record.key)).key, record.key, 0)
    return key, None if record.value is None else _prefixed(record.version, record.value, record.version)


def decode_coordinator(key: Data, value: Data | None, types: Types = CONSUMER_OFFSETS) -> Record | None:
    """The record; None for a type that a newer Kafka has written, which Kafka passes over too."""
    view = memoryview(key)
    number = _int16(view, "type of the record")
    if number not in types:
        return None
    module, name = types[number]
    made, _ = decoder(_schema(module, name + "Key"), 0)(view[2:], 0)
    if value is None:
        return Record(made, None, 0)
    body = memoryview(value)
    version = _int16(body, f"{name}Value: version")
    content, _ = decoder(_schema(module, name + "Value"), version)(body[2:], 0)
    return Record(made, content, version)


def encode_metadata(value: Any, version: int) -> bytes:
    """The value of a record of `__cluster_metadata` (or of a snapshot); such records have no key."""
    key, body = type_of(type(value)).key, encode(value, version)
    if CLUSTER_METADATA.get(key, ("", ""))[1] != type(value).__name__:
        raise WireError(f"{type(value).__name__} is not a record of the metadata log")
    return varint(METADATA_FRAME_VERSION) + varint(key) + varint(version) + body


def decode_metadata(data: Data) -> tuple[Any, int]:
    """(value, version). Nothing may be passed over here: an unknown type or bytes left over are an error."""
    view = memoryview(data)
    try:
        frame, position = long(view, 0)
        key, position = long(view, position)
        version, position = long(view, position)
    except (IndexError, ValueError) as error:
        raise WireError(f"frame of a metadata record: {error}") from error
    if frame != METADATA_FRAME_VERSION:
        raise WireError(f"frame of a metadata record: version {frame}, only {METADATA_FRAME_VERSION} is known")
    if key not in CLUSTER_METADATA:
        raise WireError(f"metadata record of unknown type {key}")
    module, name = CLUSTER_METADATA[key]
    value, position = decoder(_schema(module, name), version)(view, position)
    if position < len(view):
        raise WireError(f"{name} v{version}: {len(view) - position} bytes left over")
    return value, version


def encode_control(kind: ControlType, value: Any, version: int = 0) -> tuple[bytes, bytes]:
    """(key, value) of a control record. Only the end of a transaction has its version in front of the value; the
    records of the quorum carry theirs as their first field, which has to be the same number."""
    key = struct.pack(">hh", 0, kind)
    if kind in (ControlType.ABORT, ControlType.COMMIT):
        return key, _prefixed(version, value, version)
    if value.version != version:
        raise WireError(f"{type(value).__name__} v{version} version: {value.version}")
    return key, encode(value, version)


def decode_control(key: Data, value: Data) -> tuple[ControlType, Any] | None:
    """(kind, value); None for a kind that a newer Kafka has written. Newer versions are read as the newest we know."""
    number = control_type(key)
    if number not in CONTROL:
        return None
    kind, schema, view = ControlType(number), _schema(*CONTROL[number]), memoryview(value)
    version = min(_int16(view, f"{schema.__name__}: version"), type_of(schema).versions.last)
    start = 2 if kind in (ControlType.ABORT, ControlType.COMMIT) else 0
    content, _ = decoder(schema, version)(view[start:], 0)
    return kind, content


def control_type(key: Data) -> int:
    """The number of what a control record marks; the key's own version may be newer than 0, never below it."""
    if len(key) < 4:
        raise WireError(f"key of a control record: 4 bytes expected, {len(key)} there")
    version, number = struct.unpack_from(">hh", key)
    if version < 0:
        raise WireError(f"key of a control record: version {version}")
    return int(number)

"""Records of Kafka's internal topics, and of its metadata, as plain values with the names that Kafka gives them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, TypeAlias

from kpybroker.storage.checkpoints import uuid_text
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import Kind, type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.fields import Field, fields
from kpybroker.wire.internal import (
    CONSUMER_OFFSETS,
    METADATA_TOPIC,
    SHARE_GROUP_STATE,
    TRANSACTION_STATE,
    control_type,
    decode_control,
    decode_coordinator,
    decode_metadata,
)
from kpybroker.wire.records import Record
from kpybroker.wire.schemas.consumer_protocol import ConsumerProtocolAssignment, ConsumerProtocolSubscription
from kpybroker.wire.schemas.groups import GroupMetadataValue

Plain: TypeAlias = Any  # None, bool, int, float, str, lists and dicts of them
COORDINATORS = {
    "__consumer_offsets": CONSUMER_OFFSETS,
    "__transaction_state": TRANSACTION_STATE,
    "__share_group_state": SHARE_GROUP_STATE,
}
INTERNAL = (*COORDINATORS, METADATA_TOPIC)


def text_or_base64(data: bytes | bytearray | memoryview | None) -> Plain:
    """Bytes as text if they are UTF-8, or else as an object whose only key is `base64`."""
    if data is None:
        return None
    raw = bytes(data)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode()}


def plain(value: Any, version: int) -> dict[str, Plain]:
    """A message as Kafka's tools show it: its fields of this version, tagged ones where they were set."""
    return {
        camel(field.name): _field(field, getattr(value, field.name), version)
        for field in fields(type(value))
        if version in field.versions and not (field.tag is not None and getattr(value, field.name) == field.default)
    }


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join([word.capitalize() for word in rest])


def _field(field: Field, value: Any, version: int) -> Plain:
    if field.array and value is not None:
        return [_one(field, each, version) for each in value]
    return _one(field, value, version)


def _one(field: Field, value: Any, version: int) -> Plain:
    if value is None:
        return None
    if not isinstance(field.kind, Kind):
        return plain(value, version)
    if field.kind.name == "uuid":
        return uuid_text(bytes(value))
    if field.kind.name in ("bytes", "records"):
        return text_or_base64(value)
    return value


def decode(topic: str, record: Record) -> tuple[Plain, Plain]:
    """Key and value of a record of an internal topic; WireError for one that cannot be understood.

    A type that only a newer Kafka knows has its number, and its bytes as they are.
    """
    if topic == METADATA_TOPIC:
        value, version = decode_metadata(record.value or b"")
        name = type(value).__name__
        return text_or_base64(record.key), {"type": name, "version": version, "data": plain(value, version)}
    if record.key is None:
        raise WireError("a record without a key")
    found = decode_coordinator(record.key, record.value, COORDINATORS[topic])
    if found is None:
        number = int.from_bytes(record.key[:2], "big", signed=True)
        unread = text_or_base64(record.key[2:]), text_or_base64(record.value)
        return {"type": number, "data": unread[0]}, unread[1]
    schema = type(found.key)
    key = {"type": type_of(schema).key, "name": schema.__name__.removesuffix("Key"), "data": plain(found.key, 0)}
    if found.value is None:
        return key, None
    data = plain(found.value, found.version)
    if isinstance(found.value, GroupMetadataValue) and found.value.protocol_type == "consumer":
        for member, shown in zip(found.value.members, data["members"], strict=True):
            shown["subscription"] = _of_protocol(member.subscription, ConsumerProtocolSubscription)
            shown["assignment"] = _of_protocol(member.assignment, ConsumerProtocolAssignment)
    return key, {"version": found.version, "data": data}


def _of_protocol(data: bytes | bytearray | memoryview, schema: type[Any]) -> Plain:
    """What a consumer has put there: its own version stands before it, and may be newer than any that is known."""
    view = memoryview(data)
    if len(view) < 2:
        return text_or_base64(view)
    version = int.from_bytes(view[:2], "big", signed=True)
    known = min(version, type_of(schema).versions.last)
    try:
        value, _ = decoder(schema, known)(view[2:], 0)
    except (WireError, KeyError):  # a client may write there what it likes
        return text_or_base64(view)
    return {"version": version, **plain(value, known)}


def decode_marker(record: Record) -> Plain:
    """What a control record says."""
    if record.key is None or record.value is None:
        raise WireError("a control record without key or value")
    found = decode_control(record.key, record.value)
    if found is None:
        return {"type": control_type(record.key), "data": text_or_base64(record.value)}
    kind, value = found
    versions = type_of(type(value)).versions
    version = min(int.from_bytes(record.value[:2], "big", signed=True), versions.last)
    return {"type": kind.name, "data": plain(value, max(version, versions.first))}

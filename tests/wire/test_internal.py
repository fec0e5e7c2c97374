"""Records of internal logs, against bytes that Apache Kafka 4.3.1 wrote and what its own dump tool says they mean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kpybroker.machine import Record
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import NO_ID, type_of
from kpybroker.wire.internal import (
    CLUSTER_METADATA,
    CONSUMER_OFFSETS,
    SHARE_GROUP_STATE,
    TRANSACTION_STATE,
    ControlType,
    decode_control,
    decode_coordinator,
    decode_metadata,
    encode_control,
    encode_coordinator,
    encode_metadata,
)
from kpybroker.wire.schemas.cluster_state import NoOpRecord
from kpybroker.wire.schemas.consumer_groups import ConsumerGroupMetadataKey, ConsumerGroupMetadataValue
from kpybroker.wire.schemas.control import LeaderChangeMessage, Voter
from kpybroker.wire.schemas.groups import OffsetCommitKey, OffsetCommitValue
from kpybroker.wire.schemas.share_groups import ShareUpdateKey
from kpybroker.wire.schemas.transactions import TransactionLogKey
from tests.wire.kafka_json import same

SAMPLES = json.loads((Path(__file__).parents[1] / "data" / "wire" / "internal_logs.json").read_text())
COORDINATOR = [s for s in SAMPLES if s["log"] in ("__consumer_offsets", "__transaction_state")]
METADATA = [s for s in SAMPLES if s["log"] in ("__cluster_metadata", "bootstrap.checkpoint")]
CONTROL = [s for s in SAMPLES if s["log"] == "control"]
LOGS = {"__consumer_offsets": CONSUMER_OFFSETS, "__transaction_state": TRANSACTION_STATE}


def data(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


@pytest.mark.parametrize("sample", COORDINATOR, ids=lambda s: f"{s['log']}-{s['key'][:12]}")
def test_coordinator(sample: dict[str, Any]) -> None:
    """A coordinator's record that Kafka wrote means what Kafka says it means, and is written again byte for byte."""
    key, value = data(sample["key"]), data(sample["value"])
    assert key is not None
    record = decode_coordinator(key, value, LOGS[sample["log"]])
    assert record is not None
    assert type_of(type(record.key)).key == int(sample["key_says"]["type"])
    assert same(record.key, sample["key_says"]["data"])
    if sample["value_says"] is None:
        assert record.value is None
    else:
        assert record.version == int(sample["value_says"]["version"])
        assert same(record.value, sample["value_says"]["data"])
    assert encode_coordinator(record) == (key, value)


@pytest.mark.parametrize("sample", METADATA, ids=lambda s: f"{s['value_says']['type']}-{s['value'][:6]}")
def test_metadata(sample: dict[str, Any]) -> None:
    """A metadata record that Kafka wrote means what Kafka says it means, and is written again byte for byte."""
    said = sample["value_says"]
    value, version = decode_metadata(bytes.fromhex(sample["value"]))
    assert version == said["version"]
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", type(value).__name__).upper()
    assert name == said["type"]
    assert same(value, said["data"])
    assert encode_metadata(value, version).hex() == sample["value"]


@pytest.mark.parametrize("sample", CONTROL, ids=lambda s: s["value_says"]["control"])
def test_control(sample: dict[str, Any]) -> None:
    """A control record that Kafka wrote means what Kafka says it means, and is written again byte for byte."""
    found = decode_control(bytes.fromhex(sample["key"]), bytes.fromhex(sample["value"]))
    assert found is not None
    kind, value = found
    assert kind.name.replace("_", "").lower() == sample["value_says"]["control"].lower()
    assert same(value, sample["value_says"]["data"])
    key, written = encode_control(kind, value)
    assert (key.hex(), written.hex()) == (sample["key"], sample["value"])


def test_tables_are_whole() -> None:
    """Every record schema of Kafka has its row, under its own number, and no row lacks its message."""
    for table, suffixes in (
        (CONSUMER_OFFSETS, ("Key", "Value")),
        (TRANSACTION_STATE, ("Key", "Value")),
        (SHARE_GROUP_STATE, ("Key", "Value")),
        (CLUSTER_METADATA, ("",)),
    ):
        for number, (module, name) in table.items():
            schemas = __import__(f"kpybroker.wire.schemas.{module}", fromlist=["*"])
            for suffix in suffixes:
                assert type_of(getattr(schemas, name + suffix)).key == number


def test_number_zero_means_three_things() -> None:
    """The same type number belongs to another message in each log, so the log has to be told."""
    share = Record(ShareUpdateKey(group_id="g", topic_id=NO_ID, partition=1), None, 0)
    key, value = encode_coordinator(share)
    assert decode_coordinator(key, value, SHARE_GROUP_STATE) == share
    transaction = Record(TransactionLogKey(transactional_id="t"), None, 0)
    key, value = encode_coordinator(transaction)
    assert decode_coordinator(key, value, TRANSACTION_STATE) == transaction


def test_unknown_types_are_passed_over() -> None:
    """A record type of a newer Kafka is nothing to a coordinator, and an error to the controller, as in Kafka."""
    assert decode_coordinator(b"\x7f\x00", b"\x00\x00") is None
    assert decode_control(b"\0\0\0\x63", b"") is None
    with pytest.raises(WireError, match="unknown type 99"):
        decode_metadata(b"\x01\x63\x00")


def test_newer_value_of_a_known_type() -> None:
    """A version that we do not know, of a type that we do, is refused: its bytes cannot be read."""
    record = Record(ConsumerGroupMetadataKey(group_id="g"), ConsumerGroupMetadataValue(epoch=1), 0)
    key, value = encode_coordinator(record)
    assert value is not None
    with pytest.raises(WireError, match="ConsumerGroupMetadataValue has no version 9"):
        decode_coordinator(key, b"\0\x09" + value[2:])


def test_leader_change_says_its_own_version() -> None:
    """Under kraft.version 1 a leader change names directories; its first field says so, and has to be the truth."""
    voter = Voter(voter_id=1, voter_directory_id=bytes(range(16)))
    message = LeaderChangeMessage(version=1, leader_id=1, voters=[voter], granting_voters=[])
    key, value = encode_control(ControlType.LEADER_CHANGE, message, 1)
    assert decode_control(key, value) == (ControlType.LEADER_CHANGE, message)
    with pytest.raises(WireError, match="LeaderChangeMessage v0 version: 1"):
        encode_control(ControlType.LEADER_CHANGE, message, 0)


@pytest.mark.parametrize("sample", METADATA + CONTROL + COORDINATOR, ids=lambda s: s["log"])
def test_every_cut_is_an_error(sample: dict[str, Any]) -> None:
    """Cut short anywhere, no record is read as if it were whole."""
    key, value = data(sample["key"]), data(sample["value"])
    if key is not None:
        for cut in range(len(key)):
            with pytest.raises(WireError):
                read(sample["log"], key[:cut], value)
    if value is not None:
        for cut in range(len(value)):
            with pytest.raises(WireError):
                read(sample["log"], key, value[:cut])


def read(log: str, key: bytes | None, value: bytes | None) -> None:
    if log in LOGS:
        assert key is not None
        decode_coordinator(key, value, LOGS[log])
    elif log == "control":
        assert key is not None and value is not None
        decode_control(key, value)
    else:
        assert value is not None
        decode_metadata(value)


def test_frames_of_metadata() -> None:
    """The preview's frame (version 0), a newer frame and bytes left over are errors that say so."""
    good = bytes.fromhex(next(s["value"] for s in METADATA if s["value_says"]["type"] == "TOPIC_RECORD"))
    for frame in (0, 2):
        with pytest.raises(WireError, match=f"version {frame}, only 1 is known"):
            decode_metadata(bytes([frame]) + good[1:])
    with pytest.raises(WireError, match="TopicRecord v0: 1 bytes left over"):
        decode_metadata(good + b"\0")


def test_negative_versions_of_control_records() -> None:
    """A control record whose key or value has a negative version is damaged."""
    with pytest.raises(WireError, match="key of a control record: version -1"):
        decode_control(b"\xff\xff\0\0", b"\0\0\0\0\0\0")
    with pytest.raises(WireError, match="EndTxnMarker has no version -1"):
        decode_control(b"\0\0\0\0", b"\xff\xff\0\0\0\0")


def test_a_value_that_does_not_fit() -> None:
    """What cannot be written is refused with the field's name, before anything reaches a log."""
    with pytest.raises(WireError, match="OffsetCommitValue v3 leader_epoch: "):
        encode_coordinator(
            Record(
                OffsetCommitKey(group="g", topic="t", partition=0),
                OffsetCommitValue(offset=1, leader_epoch=2**31, metadata="", commit_timestamp=0),
                3,
            )
        )


def test_what_is_no_metadata() -> None:
    """Neither a version that is not there nor a message of another kind gets into the metadata log."""
    with pytest.raises(WireError, match="NoOpRecord has no version -1"):
        encode_metadata(NoOpRecord(), -1)
    with pytest.raises(WireError, match="ConsumerGroupMetadataValue is not a record of the metadata log"):
        encode_metadata(ConsumerGroupMetadataValue(epoch=1), 0)

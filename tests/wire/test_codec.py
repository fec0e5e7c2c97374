"""The codec at its edges: what is nonsense, what is passed over, and that either way it costs little."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpybroker.wire.compiler import WireError, long, skip, varint
from kpybroker.wire.declare import NO_ID, Kind, type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode, encoder
from kpybroker.wire.fields import Field, blank, fields
from kpybroker.wire.header import RequestHeader
from kpybroker.wire.messages.api_versions import ApiVersionsRequest
from kpybroker.wire.messages.create_topics import CreateTopicsRequest
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse
from kpybroker.wire.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from kpybroker.wire.messages.metadata import MetadataRequest
from kpybroker.wire.messages.produce import ProduceRequest
from kpybroker.wire.messages.sync_group import SyncGroupResponse
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord
from kpybroker.wire.schemas.consumer_groups import ConsumerGroupMemberMetadataValue
from tests.wire.interpretive import Interpreter, definitions, span, unsigned
from tests.wire.test_messages import classes, differences, ours

ALL = sorted((name, version) for name in classes() for version in range(100) if version in type_of(ours(name)).versions)
PRODUCE = bytes.fromhex("ffff 0001 00000001 00000001 0001 74 00000001 00000000")  # up to the length of its records
RANGES = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}


def refused(message: type[Any], version: int, data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        decoder(message, version)(memoryview(data), 0)
    return str(caught.value)


def strategy(field: Field, version: int) -> st.SearchStrategy[Any]:
    one: st.SearchStrategy[Any]
    if not isinstance(field.kind, Kind):
        one = values(field.kind, version)
    elif field.kind.name in RANGES:
        half = 2 ** (RANGES[field.kind.name] - 1)
        one = st.integers(-half, half - 1)
    else:
        one = {
            "uint16": st.integers(0, 2**16 - 1),
            "uint32": st.integers(0, 2**32 - 1),
            "float64": st.floats(allow_nan=False),
            "bool": st.booleans(),
            "uuid": st.binary(min_size=16, max_size=16),
            "string": st.text(max_size=200),
            "bytes": st.binary(max_size=200),
            "records": st.binary(max_size=200),
        }[field.kind.name]
    if field.array:
        one = st.lists(one, max_size=3)
    may_be_none = version in field.nullable or (field.tag is not None and field.default is None)
    return st.none() | one if may_be_none else one


def values(layout: type[Any], version: int) -> st.SearchStrategy[Any]:
    """Anything that the declaration of `layout` allows in `version`."""
    live = {field.name: strategy(field, version) for field in fields(layout) if version in field.versions}
    rest = {field.name: st.just(_any(field)) for field in fields(layout) if field.required and field.name not in live}
    return st.builds(layout, **live, **rest)


def _any(field: Field) -> Any:
    raise AssertionError(f"{field.name} is absent in some version and has no default")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_what_is_written_is_read(data: st.DataObject) -> None:
    """Any value that a declaration allows comes back equal, and its bytes are used up to the last."""
    name, version = data.draw(st.sampled_from(ALL))
    value = data.draw(values(ours(name), version))
    written = encode(value, version)
    assert decoder(ours(name), version)(memoryview(written), 0) == (value, len(written))
    framed = memoryview(b"before" + written + b"after")
    assert decoder(ours(name), version)(framed, 6) == (value, 6 + len(written))


@settings(max_examples=600, deadline=None, derandomize=True)
@given(which=st.sampled_from(ALL), data=st.binary(max_size=300))
def test_junk_is_an_error_or_a_value(which: tuple[str, int], data: bytes) -> None:
    """Bytes at random raise WireError and nothing else; what they do mean can be written, and means the same."""
    name, version = which
    try:
        value, end = decoder(ours(name), version)(memoryview(data), 0)
    except WireError:
        return
    assert end <= len(data)
    written = encode(value, version)
    again, _ = decoder(ours(name), version)(memoryview(written), 0)
    assert encode(again, version) == written
    assert again == value or "nan" in repr(value)  # which is not itself


def test_damage_is_an_error_or_a_value() -> None:
    """One wrong byte anywhere in a message raises WireError and nothing else, or gives a value within the data."""
    luck = random.Random(1)
    for _, definition in definitions():
        for version in span(definition["validVersions"]):
            data = bytearray(Interpreter(definition, version).encode(_tree(definition, version)))
            decode = decoder(ours(definition["name"]), version)
            for _ in range(min(len(data), 12)):
                at, wrong = luck.randrange(len(data)), luck.choice((0, 1, 0x7F, 0x80, 0xFF))
                damaged = data[:at] + bytes([wrong]) + data[at + 1 :]
                try:
                    _, end = decode(memoryview(damaged), 0)
                except WireError:
                    continue
                assert end <= len(data)


def _tree(definition: dict[str, Any], version: int) -> dict[str, Any]:
    return Interpreter(definition, version).sample(random.Random(version), style="calm")


class Stranger(Interpreter):
    """A peer from the future: two tagged fields that nobody knows in every struct."""

    def struct(self, fields: list[dict[str, Any]], tree: dict[str, Any]) -> bytes:
        known = super().struct(fields, tree)
        if not self.flexible:
            return known
        tagged = [field for field in self.live(fields) if self.is_tagged(field)]
        before = len(super().struct([field for field in fields if field not in tagged], tree)) - 1
        count = known[before] + 2
        return known[:before] + bytes([count]) + known[before + 1 :] + b"\x63\x00" + unsigned(70000) + b"\x03abc"


def test_unknown_tagged_fields_are_passed_over() -> None:
    """Tagged fields of a newer Kafka, in every struct of every message, change nothing and are never an error."""
    seen = 0
    for _, definition in definitions():
        for version in span(definition["validVersions"]):
            stranger = Stranger(definition, version)
            tree = _tree(definition, version)
            data = stranger.encode(tree)
            value, end = decoder(ours(definition["name"]), version)(memoryview(data), 0)
            assert end == len(data)
            assert list(differences(value, tree)) == []
            seen += stranger.flexible
    assert seen > 400


def test_tagged_fields_lie_within_the_bytes() -> None:
    """A tagged field's length beyond the end is an error, known or not; so is a known field that is not that long."""
    good = encode(HeartbeatResponse(throttle_time_ms=0, error_code=0), 4)[:-1]
    assert "tags: a tagged field of 9 bytes" in refused(HeartbeatResponse, 4, good + b"\x01\x63\x09ab")
    assert refused(HeartbeatResponse, 4, good + b"\x01\x63\xff\xff\xff\xff\x0f").startswith(
        "HeartbeatResponse v4 tags: "
    )
    record = encode(PartitionChangeRecord(topic_id=NO_ID), 0)[:-1]
    assert "tags: a length of 9 does not fit" in refused(PartitionChangeRecord, 0, record + b"\x01\x01\x09\0\0\0\1")
    for size in (3, 5):
        wrong = record + b"\x01\x01" + bytes([size]) + b"\0\0\0\1\0"
        assert refused(PartitionChangeRecord, 0, wrong) == (
            "PartitionChangeRecord v0 leader: tagged field of the wrong size"
        )


@pytest.mark.parametrize("message", [HeartbeatResponse, ApiVersionsRequest, FetchRequest])
def test_a_lying_count_of_tagged_fields_ends_with_the_bytes(message: type[Any]) -> None:
    """Four thousand million tagged fields in a few bytes are refused at once."""
    last = type_of(message).versions.last
    name = message.__name__
    definition = next(d for _, d in definitions() if d["name"] == name)
    data = Interpreter(definition, last).encode(Interpreter(definition, last).sample(random.Random(0), style="least"))
    refused(message, last, data[:-1] + b"\xff\xff\xff\xff\x0f" + b"\x63\x00" * 50)


@pytest.mark.parametrize(
    ("message", "version", "data", "field"),
    [
        (MetadataRequest, 1, b"\x7f\xff\xff\xff", "topics"),
        (MetadataRequest, 9, b"\xff\xff\xff\xff\x0f", "topics"),
        (ProduceRequest, 3, PRODUCE + b"\x7f\xff\xff\xff", "topic_data[0].partition_data[0].records"),
        (SyncGroupResponse, 0, b"\0\0\x7f\xff\xff\xff", "assignment"),
        (HeartbeatRequest, 0, b"\x7f\xff" + b"a" * 100, "group_id"),
        (CreateTopicsRequest, 2, b"\0\0\0\1\0\1t\0\0\0\1\0\1\x40\0\0\0\0\0\0\0\0", "topics[0].assignments"),
    ],
)  # fmt: skip
def test_a_length_is_held_against_the_bytes_left(message: type[Any], version: int, data: bytes, field: str) -> None:
    """A length of two thousand million in a short message is refused by name, before anything is made of it."""
    refused(message, version, data)  # compiles
    tracemalloc.start()
    try:
        text = refused(message, version, data)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert text.startswith(f"{message.__name__} v{version} {field}: a length of ")


def test_null_where_a_value_is_needed() -> None:
    """A negative length is null; where null is not allowed it is an error, whatever the number."""
    assert refused(HeartbeatRequest, 0, b"\xff\xff") == "HeartbeatRequest v0 group_id: null where a value is needed"
    assert refused(HeartbeatRequest, 4, b"\0") == "HeartbeatRequest v4 group_id: null where a value is needed"
    assert "topics: null" in refused(MetadataRequest, 0, b"\xff\xff\xff\xff")
    assert decoder(MetadataRequest, 1)(memoryview(b"\xff\xff\xff\xff"), 0)[0].topics is None
    assert decoder(RequestHeader, 1)(memoryview(bytes(8) + b"\x80\x00"), 0)[0].client_id is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff\xff", "\ufffd\ufffd"),
        (b"\xc0\x80", "\ufffd\ufffd"),
        (b"a\xe2\x82b", "a\ufffdb"),
        (b"\xf0\x9f\x98", "\ufffd"),
        (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
    ],
)
def test_text_that_is_not_utf_8(data: bytes, text: str) -> None:
    """Bytes that are no UTF-8 are read as Java's new String(bytes, UTF_8) reads them: with U+FFFD in their place."""
    frame = len(data).to_bytes(2, "big") + data + bytes(6)
    assert decoder(HeartbeatRequest, 0)(memoryview(frame), 0)[0].group_id == text


def test_strings_have_kafkas_limit() -> None:
    """32,767 bytes of text pass, one more does not, in either form and in either direction."""
    for version in (3, 4):
        fits = HeartbeatRequest(group_id="g" * 32767, generation_id=1, member_id="")
        data = encode(fits, version)
        assert decoder(HeartbeatRequest, version)(memoryview(data), 0)[0] == fits
        with pytest.raises(WireError, match=f"HeartbeatRequest v{version} group_id: "):
            encode(HeartbeatRequest(group_id="g" * 32768, generation_id=1, member_id=""), version)
    assert "group_id: a length of 32768" in refused(HeartbeatRequest, 4, varint(32769) + b"g" * 40000)


def test_varints_have_32_bits() -> None:
    """The largest uint32 is read; a bit or a byte more is an error."""
    assert long(memoryview(b"\xff\xff\xff\xff\x0f"), 0) == (2**32 - 1, 5)
    for bad in (b"\xff\xff\xff\xff\x10", b"\x80\x80\x80\x80\x80\x00"):
        with pytest.raises(ValueError, match="32 bits"):
            long(memoryview(bad), 0)
        assert "32 bits" in refused(HeartbeatRequest, 4, bad)
    with pytest.raises(WireError, match="tagged fields: "):
        skip(memoryview(b"\x01\x63\x80"), 1, 1)


@pytest.mark.parametrize(
    ("value", "version", "text"),
    [
        (HeartbeatRequest(group_id="g", generation_id=2**31, member_id=""), 0, "generation_id: 'i' format requires"),
        (HeartbeatRequest(group_id=None, generation_id=1, member_id=""), 0, "group_id: 'NoneType'"),  # type: ignore[arg-type]
        (HeartbeatRequest(group_id="\ud800", generation_id=1, member_id=""), 0, "group_id: 'utf-8' codec"),
        (HeartbeatResponse(throttle_time_ms=0, error_code=40000), 1, "error_code: 'h' format requires"),
        (HeartbeatResponse(throttle_time_ms=2**40, error_code=0), 1, "throttle_time_ms: 'i' format requires"),
        (HeartbeatResponse(throttle_time_ms="soon", error_code=0), 1, "throttle_time_ms: "),  # type: ignore[arg-type]
        (MetadataRequest(topics=None), 0, "topics: object of type 'NoneType'"),
        (SyncGroupResponse(error_code=0, assignment=None), 0, "assignment: object of type 'NoneType'"),  # type: ignore[arg-type]
        (PartitionChangeRecord(topic_id=b"short"), 0, "topic_id: an id has 16 bytes"),
        (PartitionChangeRecord(topic_id=bytes(17)), 0, "topic_id: an id has 16 bytes"),
        (PartitionChangeRecord(topic_id=NO_ID, isr=[1, 2**31]), 0, "isr: 'i' format requires"),
        (PartitionChangeRecord(topic_id=NO_ID, leader=2**31), 0, "leader: 'i' format requires"),
        (DeleteTopicsRequest(topic_names=["a", 7], timeout_ms=1), 1, "topic_names[1]: 'int' object"),  # type: ignore[list-item]
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named(value: Any, version: int, text: str) -> None:
    """What a field cannot hold raises WireError with the field's own name, also in the middle of a run of numbers."""
    with pytest.raises(WireError) as caught:
        encode(value, version)
    assert str(caught.value).startswith(f"{type(value).__name__} v{version} {text}")


def test_a_bytes_field_that_holds_text() -> None:
    """Text where bytes belong is a WireError too, though it has a length."""
    with pytest.raises(WireError, match="SyncGroupResponse v0: "):
        encode(SyncGroupResponse(error_code=0, assignment="text"), 0)  # type: ignore[arg-type]


def test_versions_that_are_not_there() -> None:
    """A version that no release has is a WireError that says so, in both directions."""
    for version in (-1, 5, 99):
        with pytest.raises(WireError, match=f"HeartbeatRequest has no version {version}"):
            decoder(HeartbeatRequest, version)
        with pytest.raises(WireError, match=f"HeartbeatRequest has no version {version}"):
            encoder(HeartbeatRequest, version)


def test_bytes_are_views() -> None:
    """Records and bytes are not copied: what is read is a part of the frame, what is written is the object given."""
    frame = memoryview(encode(SyncGroupResponse(error_code=0, assignment=b"partitions"), 0))
    value, _ = decoder(SyncGroupResponse, 0)(frame, 0)
    assert isinstance(value.assignment, memoryview)
    assert value.assignment.obj is frame.obj
    parts: list[Any] = []
    encoder(SyncGroupResponse, 0)(value, parts.append)
    assert parts[-1] is value.assignment


def test_a_stretch_of_a_file_passes_through() -> None:
    """All the encoder asks of records is how long they are, so that a file can go to the socket unread."""

    class Stretch:
        def __len__(self) -> int:
            return 1000

    stretch = Stretch()
    partition = FetchResponse.FetchableTopicResponse.PartitionData(
        partition_index=0, error_code=0, high_watermark=9, records=stretch
    )
    topic = FetchResponse.FetchableTopicResponse(topic="t", partitions=[partition])
    parts: list[Any] = []
    encoder(FetchResponse, 4)(FetchResponse(responses=[topic]), parts.append)
    assert parts[-1] is stretch
    assert b"".join(parts[:-1])[-4:] == (1000).to_bytes(4, "big")


def test_a_tagged_part_that_is_sent_as_null() -> None:
    """For one field of Kafka null is a value that is sent; not sending the field means zeros."""
    value = ConsumerGroupMemberMetadataValue(
        instance_id=None,
        rack_id=None,
        client_id="",
        client_host="",
        subscribed_topic_names=[],
        subscribed_topic_regex=None,
        server_assignor=None,
    )
    data = encode(value, 0)
    assert data[-4:] == b"\x01\x00\x01\x00"
    absent, _ = decoder(ConsumerGroupMemberMetadataValue, 0)(memoryview(data[:-4] + b"\0"), 0)
    assert absent.classic_member_metadata == ConsumerGroupMemberMetadataValue.ClassicMemberMetadata(
        session_timeout_ms=0, supported_protocols=[]
    )
    assert encode(absent, 0) == data[:-4] + b"\0"


@pytest.mark.parametrize("name", sorted(classes()))
def test_a_blank_of_everything(name: str) -> None:
    """A blank has zeros, empties and defaults in every field, and can be written in the last version."""
    value = blank(ours(name))
    version = type_of(ours(name)).versions.last
    assert decoder(ours(name), version)(memoryview(encode(value, version)), 0)[0] == value


def test_a_blank_with_some_values() -> None:
    """What is given to a blank stands; what has a default keeps it; the rest is zero or empty."""
    made = blank(FetchRequest, max_wait_ms=500)
    assert (made.max_wait_ms, made.max_bytes, made.min_bytes, made.topics) == (500, 2**31 - 1, 0, [])

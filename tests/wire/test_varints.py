"""Zigzag varints, against kafka-python's and the vectors of the protocol buffers' specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.util import decode_varint, encode_varint

from kpybroker.wire.varints import read_unsigned, read_varint, read_varlong, varint


def kafka_python(value: int) -> bytes:
    out = bytearray()
    encode_varint(value, out.append)
    return bytes(out)


@pytest.mark.parametrize(
    "value, number", [(0, 0), (-1, 1), (1, 2), (-2, 3), (2**31 - 1, 2**32 - 2), (-(2**31), 2**32 - 1)]
)
def test_zigzag(value: int, number: int) -> None:
    """The numbers of the specification's table: small ones of either sign come first."""
    assert read_unsigned(varint(value), 0)[0] == number


@given(st.integers(-(2**63), 2**63 - 1))
def test_int64(value: int) -> None:
    """Every int64 is written as kafka-python writes it, and read back to its end."""
    assert varint(value) == kafka_python(value)
    assert read_varlong(b"?" + varint(value) + b"?", 1) == (value, 1 + len(varint(value)))
    assert read_varlong(varint(value), 0) == decode_varint(memoryview(varint(value)))


@given(st.integers(-(2**31), 2**31 - 1))
def test_int32(value: int) -> None:
    """Every int32 comes back, from bytes and from views."""
    assert read_varint(varint(value), 0) == (value, len(varint(value)))
    assert read_varint(memoryview(bytearray(varint(value))), 0) == (value, len(varint(value)))


def test_limits() -> None:
    """A varint has at most 5 bytes, a varlong 10; more raises, as does an end within."""
    assert read_varint(b"\x80\x80\x80\x80\x70", 0) == (0, 5)  # what is beyond 32 bits is dropped, as in Kafka
    with pytest.raises(ValueError, match="more than 5 bytes"):
        read_varint(b"\x80" * 5 + b"\0", 0)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        read_varlong(b"\x80" * 10 + b"\0", 0)
    with pytest.raises(IndexError):
        read_varint(b"\x80\x80", 0)

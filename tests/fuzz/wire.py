"""Fuzz target of the codec: whatever the bytes, WireError or a value that means the same when it is written again.

With atheris installed: `python -m tests.fuzz.wire [corpus directory] [libFuzzer options]`.
"""

from __future__ import annotations

import sys
from importlib import import_module

from kpybroker.wire import apis
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.internal import (
    CONSUMER_OFFSETS,
    SHARE_GROUP_STATE,
    TRANSACTION_STATE,
    decode_control,
    decode_coordinator,
    decode_metadata,
    encode_coordinator,
    encode_metadata,
)

LOGS = (CONSUMER_OFFSETS, TRANSACTION_STATE, SHARE_GROUP_STATE)
KEYS = sorted(apis.APIS)
INTERNAL = 0x80  # in the first byte: a record of an internal log, not a message


def target(data: bytes) -> None:
    """The first bytes choose what the others are."""
    if len(data) < 3:
        return
    try:
        if data[0] & INTERNAL:
            internal_record(data)
        else:
            message(data)
    except WireError as error:
        assert str(error)


def message(data: bytes) -> None:
    key = KEYS[data[0] % len(KEYS)]
    made = apis.response_type(key) if data[1] & INTERNAL else apis.request_type(key)
    first, last = type_of(made).versions
    version = first + (data[1] & 0x7F) % (last - first + 1)
    view = memoryview(data)
    value, end = decoder(made, version)(view, 2)
    assert 2 <= end <= len(data)
    written = encode(value, version)
    again, _ = decoder(made, version)(memoryview(written), 0)
    assert encode(again, version) == written
    assert again == value or "nan" in repr(value)  # which is not itself


def internal_record(data: bytes) -> None:
    kind, cut, body = data[0] & 3, data[1], data[2:]
    if kind < len(LOGS):
        record = decode_coordinator(body[:cut], body[cut:], LOGS[kind])
        if record is not None:
            key, value = encode_coordinator(record)
            assert decode_coordinator(key, value, LOGS[kind]) == record
    elif cut & INTERNAL:
        decode_control(body[:4], body[4:])
    else:
        value, version = decode_metadata(body)
        assert decode_metadata(encode_metadata(value, version)) == (value, version) or "nan" in repr(value)


def main() -> None:
    atheris = import_module("atheris")  # here alone: it is optional, and takes hold of every import after it
    atheris.instrument_all()
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

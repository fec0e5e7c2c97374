"""Zigzag varints, as records have them: small numbers of either sign in few bytes."""

from __future__ import annotations

from typing import TypeAlias

from kpybroker.wire.compiler import varint as unsigned_varint

Bytes: TypeAlias = bytes | bytearray | memoryview

INT_SHIFTS = range(7, 35, 7)  # where the second byte of a varint begins, and the following
LONG_SHIFTS = range(7, 70, 7)
_SHORT = [bytes([number]) for number in range(0x80)]


def varint(value: int) -> bytes:
    """An int32 or int64 as a zigzag varint; Kafka's varint and varlong differ only in what they may hold."""
    number = value << 1 ^ value >> 63
    if number <= 0x7F:
        return _SHORT[number]
    return unsigned_varint(number)


def read_varint(data: Bytes, position: int) -> tuple[int, int]:
    """(int32, position after it)."""
    number, position = read_unsigned(data, position)
    return number >> 1 ^ -(number & 1), position


def read_varlong(data: Bytes, position: int) -> tuple[int, int]:
    """(int64, position after it)."""
    number, position = read_unsigned(data, position, LONG_SHIFTS)
    return number >> 1 ^ -(number & 1), position


def read_unsigned(data: Bytes, position: int, shifts: range = INT_SHIFTS) -> tuple[int, int]:
    """(number, position after it): a varint as it stands, where the odd numbers are the negative ones.

    Like Kafka's reader it drops what the last byte has beyond 32 or 64 bits.
    """
    number = data[position]
    position += 1
    if number > 0x7F:
        number &= 0x7F
        for shift in shifts:
            byte = data[position]
            position += 1
            number |= (byte & 0x7F) << shift
            if byte <= 0x7F:
                break
        else:
            raise ValueError(f"a varint of more than {len(shifts) + 1} bytes")
        number &= 0xFFFFFFFF if shifts is INT_SHIFTS else 0xFFFFFFFFFFFFFFFF
    return number, position

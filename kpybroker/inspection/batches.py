"""A log from its first byte to its last: every batch where it stands, of whatever format, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from kpybroker.inspection.sources import Source
from kpybroker.wire.records import HEADER_SIZE, LEAST_LENGTH, LEAST_LENGTH_V0, MAGIC, MAGIC_END, OVERHEAD

BLOCK_BYTES = 1 << 20
_length_and_magic = Struct(">8xi4xb").unpack_from


class Broken(Exception):
    """From this position on a file cannot be read."""

    def __init__(self, position: int, reason: str, *, torn: bool = False) -> None:
        super().__init__(f"at {position}: {reason}")
        self.position = position
        self.reason = reason
        self.torn = torn  # as if the end had not reached the disk: what comes after a kill, and is no damage


class Stretch(NamedTuple):
    """One batch, or one message of an old format, as it stands in the file."""

    position: int
    magic: int
    data: memoryview


def stretches(source: Source, position: int = 0) -> Iterator[Stretch]:
    """What is in a log, from the position of a batch on; Broken where it cannot be followed any further."""
    size = source.size
    block, start = memoryview(b""), 0
    while position < size:
        left = size - position
        if position + HEADER_SIZE > start + len(block):
            block, start = memoryview(source.read(position, BLOCK_BYTES)), position
            if len(block) < min(left, BLOCK_BYTES):
                raise Broken(position + len(block), "the file became shorter while it was read")
        if left < MAGIC_END:
            raise Broken(position, f"{left} bytes, too few for a batch", torn=True)
        length, magic = _length_and_magic(block, position - start)
        if not 0 <= magic <= MAGIC or length < (LEAST_LENGTH if magic == MAGIC else LEAST_LENGTH_V0):
            if source.first_data(position) == size:
                raise Broken(position, f"zeros to the end, {left} bytes", torn=True)
            raise Broken(position, f"no batch begins here (length {length}, magic {magic}); {left} bytes are left")
        total = length + OVERHEAD
        if total > left:
            raise Broken(position, f"a batch of {total} bytes, and {left} are left", torn=True)
        if position + total > start + len(block):
            block, start = memoryview(source.read(position, max(BLOCK_BYTES, total))), position
            if len(block) < total:
                raise Broken(position, "the file became shorter while it was read")
        begin = position - start
        yield Stretch(position, magic, block[begin : begin + total])
        position += total

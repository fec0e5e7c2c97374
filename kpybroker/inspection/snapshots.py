"""`<offset>.snapshot` files as they stand: what was known of producers, or why it cannot be told."""

from __future__ import annotations

from kpybroker.inspection.batches import Broken
from kpybroker.storage.snapshots import HEAD, VERSION
from kpybroker.wire.checksum import crc32c
from kpybroker.wire.compiler import WireError
from kpybroker.wire.decode import decoder
from kpybroker.wire.schemas.files import ProducerSnapshot


def read_snapshot(data: bytes) -> list[ProducerSnapshot.ProducerEntry]:
    """The producers of a snapshot."""
    if len(data) < HEAD.size:
        raise Broken(0, f"{len(data)} bytes, too few for a snapshot", torn=True)
    version, crc = HEAD.unpack_from(data)
    if version != VERSION:
        raise Broken(0, f"version {version} of a snapshot, and only {VERSION} is known")
    if crc32c(data[HEAD.size :]) != crc:
        raise Broken(2, "the CRC does not match: something in this snapshot was changed")
    try:
        value, end = decoder(ProducerSnapshot, VERSION)(memoryview(data)[2:], 0)
    except WireError as error:
        raise Broken(HEAD.size, str(error)) from error
    if end + 2 != len(data):
        raise Broken(end + 2, f"{len(data) - end - 2} bytes after the last producer")
    return value.producer_entries

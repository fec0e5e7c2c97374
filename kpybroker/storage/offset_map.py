"""The last offset of each key of a stretch of log, in as many bytes as a setting says, and who is before it."""

from __future__ import annotations

from hashlib import blake2s
from struct import Struct

from kpybroker.wire.varints import read_unsigned

DIGEST_BYTES = 16  # as long as Kafka's MD5: as unlikely that two keys share one
ENTRY_BYTES = DIGEST_BYTES + 8
FILL = 48  # entries in a bucket, if there are as many keys as there may be
BUCKETS_AT_ONCE = 2000
LEAST_RECORD = 6 << 1  # as its length is written
_offset = Struct(">q")


class OffsetMap:
    """Key to offset, for as many keys as Kafka holds in as many bytes (SkimpyOffsetMap).

    Buckets of digests and offsets without an object for each: a dict would take seven times the memory. Its two loops
    walk records as they stand, and read varints of one and two bytes in place: a call for each would double the time.
    """

    def __init__(self, memory_bytes: int, load_factor: float, most_keys: int) -> None:
        """`most_keys`: there will not be more; what is beyond `capacity` finds the map full."""
        self.capacity = int(memory_bytes // ENTRY_BYTES * load_factor)
        self.entries = 0
        self.latest = -1  # up to this offset all keys are known
        self._buckets: list[bytearray | None] = [None] * (1 + min(most_keys, self.capacity) // FILL)

    def forget(self) -> bool:
        """Lets go of some of it; whether there is more. To let go of all at once would take long."""
        del self._buckets[-BUCKETS_AT_ONCE:]
        return bool(self._buckets)

    def learn(self, data: bytes, position: int, count: int, base_offset: int, least: int) -> int:
        """Enters the keys of the next records of a batch, except those before the offset `least`; returns where they
        end, or -1 where the map was full before."""
        buckets, places, capacity, size = self._buckets, len(self._buckets), self.capacity, len(data)
        put, digest_of = _offset.pack_into, blake2s
        for _ in range(count):
            number = data[position]
            position += 1
            if number > 0x7F:
                number, position = _two_bytes(data, position - 1)
            end = position + (number >> 1)
            if number & 1 or number < LEAST_RECORD or end > size:
                raise ValueError(f"a record of {number >> 1} bytes where {size - position} are left")
            position += 1
            while data[position] > 0x7F:  # the timestamp
                position += 1
            delta = data[position + 1]
            position += 2
            if delta > 0x7F:
                delta, position = _two_bytes(data, position - 1)
            number = data[position]
            position += 1
            if number > 0x7F:
                number, position = _two_bytes(data, position - 1)
            offset = base_offset + (delta >> 1)
            if not number & 1 and offset >= least:
                if self.entries >= capacity:
                    return -1
                if position + (number >> 1) > end:
                    raise ValueError(f"a key of {number >> 1} bytes in a record of {end - position}")
                key = data[position : position + (number >> 1)]
                digest = digest_of(key).digest()[:DIGEST_BYTES]
                bucket = buckets[hash(key) % places]
                at = -1 if bucket is None else bucket.find(digest)
                if bucket is None or at < 0:  # a new one, as += would leave it more room than it needs
                    buckets[hash(key) % places] = bytearray(b"".join((bucket or b"", digest, _offset.pack(offset))))
                    self.entries += 1
                else:
                    put(bucket, at + DIGEST_BYTES, offset)
                self.latest = offset
            position = end
        return position

    def sift(  # noqa: PLR0912
        self, data: bytes, position: int, count: int, base_offset: int, kept: list[int], *, tombstones: bool
    ) -> tuple[int, bool]:
        """Adds to `kept` where those of the next records of a batch begin that stay: the last ones of their keys, and
        if they have no value only with `tombstones`. Returns where these records end, and whether a tombstone stays."""
        buckets, places, latest, size = self._buckets, len(self._buckets), self.latest, len(data)
        get, digest_of = _offset.unpack_from, blake2s
        found_tombstone = False
        for _ in range(count):
            start = position
            number = data[position]
            position += 1
            if number > 0x7F:
                number, position = _two_bytes(data, position - 1)
            end = position + (number >> 1)
            if number & 1 or number < LEAST_RECORD or end > size:
                raise ValueError(f"a record of {number >> 1} bytes where {size - position} are left")
            position += 1
            while data[position] > 0x7F:  # the timestamp
                position += 1
            delta = data[position + 1]
            position += 2
            if delta > 0x7F:
                delta, position = _two_bytes(data, position - 1)
            number = data[position]
            position += 1
            if number > 0x7F:
                number, position = _two_bytes(data, position - 1)
            offset = base_offset + (delta >> 1)
            if number & 1:
                stays = offset > latest
            else:
                value = position + (number >> 1)
                if value >= end:
                    raise ValueError(f"a key of {number >> 1} bytes in a record of {end - position}")
                stays = True
                if offset <= latest:
                    key = data[position:value]
                    bucket = buckets[hash(key) % places]
                    if bucket is not None:
                        at = bucket.find(digest_of(key).digest()[:DIGEST_BYTES])
                        stays = at < 0 or get(bucket, at + DIGEST_BYTES)[0] <= offset
                position = value
            if stays:
                if data[position] & 1:  # any negative size is null
                    if tombstones or offset > latest:
                        kept.append(start)
                        found_tombstone = True
                else:
                    kept.append(start)
            position = end
        return position, found_tombstone


def _two_bytes(data: bytes, position: int) -> tuple[int, int]:
    """The number at the position, and what follows; few have more than two bytes."""
    high = data[position + 1]
    if high <= 0x7F:
        return data[position] & 0x7F | high << 7, position + 2
    return read_unsigned(data, position)

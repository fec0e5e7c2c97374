"""The map of keys and their last offsets: as many as Kafka's for the same setting, in no more memory than that."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from kpybroker.storage.offset_map import OffsetMap
from kpybroker.wire.records import HEADER_SIZE, build

NOW = 1_700_000_000_000
KIB = 1024


def payload(keys: list[bytes | None], *, value: bytes | None = b"v") -> bytes:
    return build([(NOW, key, value, ()) for key in keys])[HEADER_SIZE:]


@pytest.mark.parametrize("memory", [64 * KIB, 1024 * KIB])
@pytest.mark.parametrize("size", [4, 40])
def test_its_memory_is_bounded(memory: int, size: int) -> None:
    """It takes memory / 24 * load factor keys, as SkimpyOffsetMap does, of whatever length, and no byte more than the
    setting says."""
    keys = [b"%0*d" % (size, number) for number in range(memory // 20)]
    batches = [payload(list(keys[first : first + 100])) for first in range(0, len(keys), 100)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    offsets = OffsetMap(memory, 0.9, len(keys))
    for number, data in enumerate(batches):
        if offsets.learn(data, 0, min(100, len(keys) - number * 100), number * 100, 0) < 0:
            break
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert offsets.entries == offsets.capacity == int(memory // 24 * 0.9)
    assert used <= memory
    assert offsets.latest == offsets.entries - 1


def test_a_small_log_needs_little() -> None:
    """What a map takes follows the keys that there may be, not the setting."""
    tracemalloc.start()
    OffsetMap(128 * KIB * KIB, 0.9, 1000)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 2 * KIB


def test_the_last_offset_of_each_key() -> None:
    """Of all records exactly those stay that no later one of the same key follows; those without a key go."""
    random = Random(7)
    keys = [None if random.random() < 0.1 else b"%d" % random.randrange(50) for _ in range(300)]
    keys += [bytes(random.randrange(400)) for _ in range(20)]  # lengths of one byte and of two
    data = payload(keys)
    offsets = OffsetMap(KIB * KIB, 0.9, len(keys))
    assert offsets.learn(data, 0, len(keys), 1000, 0) == len(data)
    starts: list[int] = []
    position = 0
    for _ in keys:  # one by one, so that each one's start tells which it is
        position, _ = offsets.sift(data, position, 1, 1000 + len(starts), [], tombstones=True)
        starts.append(position)
    kept: list[int] = []
    assert offsets.sift(data, 0, len(keys), 1000, kept, tombstones=True) == (len(data), False)
    last = {key: number for number, key in enumerate(keys) if key is not None}
    assert kept == [([0, *starts])[number] for number in sorted(last.values())]


def test_what_is_before_an_offset_is_not_learned() -> None:
    """Records before the first dirty offset are known to be clean: another batch of the same segment tells of them."""
    data = payload([b"a", b"b", b"c"])
    offsets = OffsetMap(KIB * KIB, 0.9, 3)
    offsets.learn(data, 0, 3, 10, 12)
    assert offsets.entries == 1


@pytest.mark.parametrize("cut", [1, 5, 8])
def test_broken_records_are_refused(cut: int) -> None:
    """Records that end too early are an error, whatever they lack."""
    data = payload([b"a key", b"and another"])[:-cut]
    with pytest.raises((ValueError, IndexError)):
        OffsetMap(KIB * KIB, 0.9, 2).learn(data, 0, 2, 0, 0)

"""The two indexes: Kafka's bytes, and lookups that agree with a plain walk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kpybroker.storage.files import Files
from kpybroker.storage.indexes import NO_TIMESTAMP, OffsetIndex, TimeIndex
from kpybroker.storage.memory import MemoryFiles

BASE = 1000
ascending = st.lists(st.integers(1, 40), max_size=30).map(
    lambda steps: [sum(steps[: number + 1]) for number in range(len(steps))]
)


def test_entries_are_kafkas_bytes(files: Files) -> None:
    """`.index`: relative offset and position, int32 each; `.timeindex`: timestamp int64, relative offset int32."""
    offsets = OffsetIndex(files.create("index"), BASE)
    offsets.append(1005, 4200)
    offsets.entries.save()
    assert files.read_whole("index") == bytes.fromhex("00000005 00001068")
    times = TimeIndex(files.create("timeindex"), BASE)
    times.append(1_700_000_000_000, 1005)
    times.append(1_700_000_000_000, 1006)  # not larger: no entry
    times.entries.save()
    assert files.read_whole("timeindex") == bytes.fromhex("0000018bcfe56800 00000005")


@given(ascending, st.integers(0, 30), st.integers(BASE - 5, BASE + 1300))
def test_an_offset_is_found_as_by_walking(relative: list[int], saved: int, wanted: int) -> None:
    """The last entry at or below the offset, whether entries are in the file or still in memory."""
    index = OffsetIndex(MemoryFiles().create("index"), BASE)
    for number, offset in enumerate(relative):
        index.append(BASE + offset, number * 100)
        if number == saved:
            index.entries.save()
    expected = (BASE, 0)
    for number, offset in enumerate(relative):
        if BASE + offset <= wanted:
            expected = (BASE + offset, number * 100)
    assert index.lookup(wanted) == expected
    index.cut(wanted)
    assert len(index.entries) == sum(BASE + offset < wanted for offset in relative)
    assert index.last().offset == max([BASE, *[BASE + o for o in relative if BASE + o < wanted]])


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(-1, 55))
def test_a_timestamp_is_found_as_by_walking(timestamps: list[int], wanted: int) -> None:
    """Only growing timestamps become entries, and the last one at or below is found."""
    index = TimeIndex(MemoryFiles().create("timeindex"), BASE)
    expected = (NO_TIMESTAMP, BASE)
    largest = NO_TIMESTAMP
    for number, timestamp in enumerate(timestamps):
        index.append(timestamp, BASE + number)
        if timestamp > largest:
            largest = timestamp
            if timestamp <= wanted:
                expected = (timestamp, BASE + number)
    assert index.lookup(wanted) == expected


def test_many_entries_do_not_stay_in_memory(files: Files) -> None:
    """From time to time entries go to the file, and all of them are found."""
    index = OffsetIndex(files.create("index"), 0)
    for number in range(2000):
        index.append(number * 3, number * 7)
    assert len(files.read_whole("index") or b"") >= 1500 * 8
    for number in range(2000):
        assert index.lookup(number * 3 + 2) == (number * 3, number * 7)


def test_a_full_disk_does_not_lose_index_entries() -> None:
    """Entries that cannot be written wait in memory: the batch that they are for is in the log already."""
    files = MemoryFiles()
    index = OffsetIndex(files.create("none/index"), 0)  # there is no such directory
    for number in range(1500):
        index.append(number, number)
    assert index.lookup(1499) == (1499, 1499)
    files.make_directory("none")
    index.entries.save()
    assert len(files.read_whole("none/index") or b"") == 1500 * 8

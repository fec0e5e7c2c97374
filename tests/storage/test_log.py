"""The log: what was appended is read back from every offset, within every limit, before and after a restart."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpybroker.storage.files import Files, RealFiles, StorageError
from kpybroker.storage.flushing import flush_all
from kpybroker.storage.log import Log, delete
from kpybroker.storage.memory import MemoryFiles
from kpybroker.storage.recovery import open_log
from kpybroker.storage.segment import RECENT_LIMIT, LogConfig
from kpybroker.storage.timestamps import find_max_timestamp, find_timestamp
from kpybroker.wire.errors import Error
from kpybroker.wire.records import batches, read_header, records
from tests.storage.logs import (
    DIRECTORY,
    KAFKA,
    NOW,
    SMALL,
    append,
    batch,
    fill,
    kafka_lookups,
    read,
    reopen,
    segment_names,
)

WEEK = LogConfig().segment_ms
NEVER = 2**62


def new_log(files: Files, config: LogConfig = SMALL) -> Log:
    return Log(files, DIRECTORY, config, NOW, topic_id=b"0123456789abcdef")


def test_a_new_log_touches_no_file(files: Files) -> None:
    """Its directory, metadata and segment appear with the first append."""
    log = new_log(files)
    assert (log.start_offset, log.end_offset, log.read(0, 100, upper_bound=0)) == (0, 0, None)
    assert find_timestamp(log, 0) is None
    assert find_max_timestamp(log) is None
    log.roll(NOW)
    log.close()
    assert files.list("") == []
    fill(log, 1)
    name = "0" * 20
    assert files.list(DIRECTORY) == [f"{name}.log", "leader-epoch-checkpoint", "partition.metadata"]
    assert files.read_whole(f"{DIRECTORY}/partition.metadata") == b"version: 0\ntopic_id: MDEyMzQ1Njc4OWFiY2RlZg"
    log.close()
    assert f"{name}.index" in files.list(DIRECTORY)
    assert f"{name}.timeindex" in files.list(DIRECTORY)


# --- random use against a list ---

appends = st.tuples(
    st.just("append"),
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 120), st.integers(0, 3000)), min_size=1, max_size=6),
)
steps = st.lists(st.one_of(appends, appends, st.tuples(st.sampled_from(["roll", "clean", "unclean"]), st.none())))


def check_reads(log: Log, written: list[bytes], data: st.DataObject) -> None:
    """Any read is a stretch of the log's bytes that starts at the right batch and stops where it must."""
    headers = [read_header(one) for one in written]
    end = headers[-1].last_offset + 1 if headers else 0
    assert (log.start_offset, log.end_offset) == (0, end)
    assert [header for header, _ in log.batches()] == headers
    for _ in range(3):
        offset = data.draw(st.integers(-1, end + 1))
        max_bytes = data.draw(st.sampled_from([0, 1, 61, 100, 200, 1000, 10**6]))
        bounds = [header.base_offset for header in headers] + [end]
        upper_bound = data.draw(st.sampled_from(bounds))
        whole_first, cut_first = data.draw(st.booleans()), data.draw(st.booleans())
        options: dict[str, Any] = {"upper_bound": upper_bound, "whole_first": whole_first, "cut_first": cut_first}
        if not 0 <= offset <= end:
            assert log.read(offset, max_bytes, **options) is Error.OFFSET_OUT_OF_RANGE
            continue
        first = next((number for number, header in enumerate(headers) if header.last_offset >= offset), len(headers))
        below = b"".join(one for one, header in zip(written, headers, strict=True) if header.base_offset < upper_bound)
        rest = below[sum(len(one) for one in written[:first]) :]
        got = read(log, offset, max_bytes, **options)
        if offset >= upper_bound or not rest:
            assert got == b""
        elif len(written[first]) <= max_bytes:
            assert len(written[first]) <= len(got) <= max_bytes
            assert rest.startswith(got)
            assert list(log.headers(offset)) == headers[first:]
        elif whole_first:
            assert got == written[first]
        else:
            assert got == (rest[:max_bytes] if cut_first else b"")


@settings(max_examples=100, deadline=None)
@given(steps, st.data(), st.booleans())
def test_a_log_is_the_list_of_its_batches(
    operations: list[tuple[str, Any]], data: st.DataObject, on_disk: bool
) -> None:
    """Whatever is appended, rolled, closed or killed in whatever order."""
    with tempfile.TemporaryDirectory() as root:
        files: Files = RealFiles(root, open_limit=3) if on_disk else MemoryFiles()
        log = new_log(files)
        written: list[bytes] = []
        for operation, argument in operations:
            if operation == "append":
                offset, fresh = log.end_offset, []
                for count, size, timestamp in argument:
                    fresh.append(batch(offset, count=count, size=size, timestamp=timestamp))
                    offset += count
                append(log, *fresh)
                written += fresh
            elif operation == "roll":
                log.roll(NOW)
            else:
                log.close(clean=operation == "clean")
                log, recovery = reopen(files, clean=operation == "clean", recovery_point=0)
                assert recovery.cut_bytes == 0
            check_reads(log, written, data)
        for number, one in enumerate(written):
            header = read_header(one)
            wanted = header.max_timestamp
            found = find_timestamp(log, wanted)
            first = next(other for other in written[: number + 1] if read_header(other).max_timestamp >= wanted)
            assert found is not None
            assert (found.timestamp, found.offset) == (read_header(first).max_timestamp, read_header(first).base_offset)
        log.close()


# --- what Apache Kafka wrote ---


def kafka_config(topic: str) -> LogConfig:
    settings_of = {
        "plain": LogConfig(index_interval_bytes=300),
        "timed": LogConfig(index_interval_bytes=100, segment_ms=1000),
        "packed": LogConfig(index_interval_bytes=300),
    }
    return settings_of[topic]


@pytest.mark.parametrize("topic", ["plain", "timed", "packed"])
def test_the_same_appends_make_kafkas_files(topic: str, files: Files) -> None:
    """Segments roll where Kafka rolled them, and every .log, .index and .timeindex has Kafka's bytes."""
    kafka = KAFKA / f"{topic}-0"
    log = Log(files, DIRECTORY, kafka_config(topic), NOW)
    for source in sorted(kafka.glob("*.log")):
        for header, one in batches(memoryview(source.read_bytes())):
            log.append(one, [header], NOW)
    log.close()
    names = sorted(file.name for file in kafka.iterdir() if file.suffix in (".log", ".index", ".timeindex"))
    assert [name for name in files.list(DIRECTORY) if name != "leader-epoch-checkpoint"] == names
    for name in [*names, "leader-epoch-checkpoint"]:
        assert files.read_whole(f"{DIRECTORY}/{name}") == (kafka / name).read_bytes(), name


@pytest.mark.parametrize("indexes", ["kafkas", "ours"])
@pytest.mark.parametrize("topic", ["plain", "timed", "packed"])
def test_kafkas_files_answer_as_kafka_answered(topic: str, indexes: str, tmp_path: Path) -> None:
    """Offsets by time, the largest timestamp and the end are what Kafka said, with its indexes and with ours."""
    shutil.copytree(KAFKA / f"{topic}-0", tmp_path / DIRECTORY)
    if indexes == "ours":
        for file in (tmp_path / DIRECTORY).glob("*index"):
            file.unlink()
    log, recovery = open_log(RealFiles(str(tmp_path)), DIRECTORY, kafka_config(topic), NOW, clean=True)
    assert recovery.checked_segments == (len(list((tmp_path / DIRECTORY).glob("*.log"))) if indexes == "ours" else 0)
    expected = kafka_lookups()[topic]
    assert log.end_offset == expected["end"]
    for asked, *answer in expected["by_timestamp"]:
        found = find_timestamp(log, asked)
        assert (list(found) if found else [-1, -1, None]) == answer, asked
    largest = find_max_timestamp(log)
    assert largest is not None
    assert list(largest) == expected["max_timestamp"]
    for offset in range(log.end_offset):
        header = read_header(read(log, offset, 1))
        assert header.base_offset <= offset <= header.last_offset


# --- rolling ---


def test_a_segment_rolls_before_it_would_grow_too_large(files: Files) -> None:
    """No segment is larger than segment.bytes, and each is as full as it can be."""
    log = new_log(files)
    written = fill(log, 60)
    size = len(written[0])
    per_segment = SMALL.segment_bytes // size
    assert segment_names(files) == [f"{base:020d}.log" for base in range(0, 60, per_segment)]


@pytest.mark.parametrize(
    ("first", "then", "now", "rolls"),
    [
        (NOW, NOW + WEEK, NEVER, False),  # by the batches' own time, whatever the clock says
        (NOW, NOW + WEEK + 1, NOW, True),
        (-1, -1, NOW + WEEK, False),  # without timestamps by the clock, from when the segment was made
        (-1, -1, NOW + WEEK + 1, True),
    ],
)
def test_a_segment_rolls_when_it_is_old(files: Files, first: int, then: int, now: int, rolls: bool) -> None:
    """segment.ms counts from the first batch's largest timestamp."""
    log = new_log(files, LogConfig())
    append(log, batch(0, timestamp=first))
    append(log, batch(1, timestamp=then), now=now)
    assert len(segment_names(files)) == (2 if rolls else 1)
    assert read_header(read(log, 1)).base_offset == 1


def test_the_age_of_a_segment_is_known_after_a_restart(files: Files) -> None:
    """The first batch is looked at again."""
    log = new_log(files, LogConfig())
    append(log, batch(0))
    log.close()
    log, _ = reopen(files, clean=True, config=LogConfig())
    append(log, batch(1, timestamp=NOW + WEEK + 1))
    assert len(segment_names(files)) == 2


def test_a_segment_rolls_when_its_index_is_full(files: Files) -> None:
    """segment.index.bytes bounds the entries: three offsets here, or one timestamp and the last."""
    log = new_log(files, LogConfig(index_interval_bytes=0, segment_index_bytes=24))
    for number in range(10):
        append(log, batch(log.end_offset, timestamp=NOW + number))
    log.close()
    assert len(segment_names(files)) == 5
    for name in files.list(DIRECTORY):
        if name.endswith("index"):
            assert len(files.read_whole(f"{DIRECTORY}/{name}") or b"") <= 24


def test_a_segment_rolls_where_relative_offsets_end(files: Files) -> None:
    """An offset that is 2**31 beyond the first goes to a segment of its own, an empty log's first too."""
    log = new_log(files, LogConfig())
    append(log, batch(0))
    append(log, batch(2**31 - 1))
    assert len(segment_names(files)) == 1
    append(log, batch(2**31))
    assert segment_names(files) == [f"{0:020d}.log", f"{2**31:020d}.log"]
    for offset, base in ((1, 2**31 - 1), (2**31, 2**31)):
        assert read_header(read(log, offset)).base_offset == base


def test_rolling_twice_makes_one_segment(files: Files) -> None:
    """A segment without batches is good enough to go on in."""
    log = new_log(files)
    fill(log, 1)
    log.roll(NOW)
    log.roll(NOW)
    fill(log, 1)
    assert segment_names(files) == [f"{0:020d}.log", f"{1:020d}.log"]


# --- reading ---


def test_the_end_is_read_without_looking_into_files(files: Files) -> None:
    """A consumer at the end, and one 500 batches behind, cost no look at index or headers."""
    log = new_log(files, LogConfig(index_interval_bytes=0))
    fill(log, 5 * RECENT_LIMIT)
    segment = log.segments.last
    assert segment is not None
    segment.indexes.offsets.entries.file.remove()
    for offset in range(log.end_offset - RECENT_LIMIT, log.end_offset):
        assert read_header(read(log, offset, 1)).base_offset == offset


def test_old_offsets_are_found_through_the_index(files: Files) -> None:
    """Every offset of a segment with more batches than are remembered."""
    log = new_log(files, LogConfig())
    fill(log, 4 * RECENT_LIMIT)
    for offset in range(0, log.end_offset, 7):
        assert read_header(read(log, offset, 1)).base_offset == offset


def test_an_offset_in_a_gap_reads_on_after_it(files: Files) -> None:
    """Compaction leaves gaps, inside segments and between them."""
    log = new_log(files, LogConfig())
    append(log, batch(0), batch(10))
    log.roll(NOW)
    append(log, batch(50), batch(60))
    log.close()
    for clean in (True, False):
        log, _ = reopen(files, clean=clean, recovery_point=0)
        for offset, base in ((0, 0), (1, 10), (10, 10), (11, 50), (40, 50), (51, 60), (60, 60)):
            assert read_header(read(log, offset)).base_offset == base
        assert log.end_offset == 61
        log.close()


def test_an_upper_bound_ends_a_read_in_its_segment(files: Files) -> None:
    """Nothing at or above it is shown, in whichever segment it lies."""
    log = new_log(files)
    written = fill(log, 60)
    per_segment = SMALL.segment_bytes // len(written[0])
    for bound in range(61):
        expected = b"".join(written[: min(bound, per_segment)])
        assert read(log, 0, upper_bound=bound) == expected


def test_a_timestamp_inside_a_compressed_batch_is_found(tmp_path: Path) -> None:
    """Kafka's own compressed batches are opened to find the record."""
    shutil.copytree(KAFKA / "packed-0", tmp_path / DIRECTORY)
    log, _ = open_log(RealFiles(str(tmp_path)), DIRECTORY, kafka_config("packed"), NOW, clean=True)
    for header, data in log.batches():
        for record in records(data, header):
            found = find_timestamp(log, record.timestamp)
            assert found is not None
            assert found.offset <= record.offset
            assert found.timestamp >= record.timestamp


def test_a_deleted_log_is_gone_but_its_slices_are_not(files: Files) -> None:
    """What is being sent is sent to its end."""
    log = new_log(files)
    written = fill(log, 30)
    piece = log.read(0, 1000, upper_bound=30)
    delete(log, NOW)
    assert files.list("") == []
    assert piece is not None
    assert not isinstance(piece, Error)
    assert piece.read() == b"".join(written)[:1000]
    assert log.read(31, 1, upper_bound=30) is Error.OFFSET_OUT_OF_RANGE


def test_a_failed_append_changes_nothing() -> None:
    """The disk refuses once; what was there is read, and the next append follows it."""
    files = MemoryFiles()
    log = new_log(files, LogConfig())
    written = fill(log, 3)
    content = files.content(f"{DIRECTORY}/{0:020d}.log")
    assert content is not None
    files.remove_tree(DIRECTORY)
    with pytest.raises(StorageError):
        fill(log, 1)
    assert log.end_offset == 3
    files.make_directory(DIRECTORY)
    files.put(f"{DIRECTORY}/{0:020d}.log", content)
    written += fill(log, 2)
    assert read(log, 0) == b"".join(written)


def test_flush_moves_the_recovery_point(files: Files) -> None:
    """What was synced need not be checked again."""
    log = new_log(files)
    fill(log, 40)
    assert log.recovery_point == 0
    flush_all(log.files, [log])
    assert log.recovery_point == 40
    fill(log, 5)
    flush = log.durable.flush()
    assert flush.end_offset == 45
    segments = [name for name in segment_names(files) if int(name[:20]) >= 22]
    assert len(flush.calls) == 3 * len(segments) + 1  # a log and two indexes each, and the directory
    flush.carry_out()
    log.durable.done(flush, NOW)
    assert log.recovery_point == 45
    assert not log.durable.flush().calls  # nothing has come since
